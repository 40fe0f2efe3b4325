package lint

import (
	"context"
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/oidmap"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A tracer runs files on a throwaway database, one after the other.
type tracer struct {
	st      *state.State
	conn    *pgx.Conn
	session *runner.Session // on conn
	target  target
	base    *snapshot // before the change
	earlier []*step   // from the files that were run
	now     *snapshot
	tx      int
	// scanned are the tables whose scans may include an earlier transaction's. If unread is set, any table may have
	// been scanned: by what was rolled back, or when a transaction committed.
	scanned map[uint32]bool
	unread  bool
	// creates means that the statement that has just run only creates something.
	creates bool

	messages []*pgconn.Notice
}

// newTracer returns a tracer with its own session: the counters that reveal scans include a session's earlier
// transactions for a while.
func newTracer(ctx context.Context, st *state.State, target target) (*tracer, error) {
	t := &tracer{st: st, target: target, scanned: make(map[uint32]bool)}
	if err := t.connect(ctx); err != nil {
		return nil, err
	}
	var err error
	if t.base, err = readSnapshot(ctx, t.conn, &snapshot{}); err != nil {
		t.close(ctx)
		return nil, err
	}
	for oid := range t.base.relations.All() {
		t.base.newest = oid
	}
	t.now = t.base
	return t, nil
}

func (t *tracer) connect(ctx context.Context) error {
	cfg := t.st.DB.MigrationConfig()
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { t.messages = append(t.messages, n) }
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("connecting to the dev database: %w", err)
	}
	t.conn = conn
	opts := t.st.SessionOptions()
	opts.Messages = "debug1"
	if t.session, err = runner.Open(ctx, conn, opts); err != nil {
		t.close(ctx)
		return err
	}
	return nil
}

func (t *tracer) close(ctx context.Context) { _ = t.conn.Close(context.WithoutCancel(ctx)) }

// reset makes the session like a live database's before the next file.
func (t *tracer) reset(ctx context.Context) error {
	ok, err := t.session.Reset(ctx)
	if err != nil {
		return err
	}
	if !ok {
		t.close(ctx)
		if err := t.connect(ctx); err != nil {
			return err
		}
	}
	// Temporary tables are gone, and the search path is public again.
	if t.now, err = t.now.advance(ctx, t.conn, true, false); err != nil {
		return err
	}
	t.now.path = nil
	return nil
}

func (t *tracer) exec(ctx context.Context, sql string) error { return t.session.Exec(ctx, sql) }

// snapshot reads the catalogs.
func (t *tracer) snapshot(ctx context.Context) (s *snapshot, err error) {
	var path []string
	err = t.pinned(ctx, func(schemas []string) error {
		path = schemas
		s, err = t.now.advance(ctx, t.conn, t.unread, t.creates)
		if err != nil {
			return err
		}
		for c := range oidmap.Changes(t.now.scans, s.scans) {
			t.scanned[c.Key] = true
		}
		return err
	})
	if s != nil {
		s.path = path
	}
	return s, err
}

// pinned calls read with the search path public and no statement_timeout, whatever the file has set, because the search
// path determines how PostgreSQL prints names and which functions and operators our queries call. schemas is the file's
// search path, or nil if that is public too.
func (t *tracer) pinned(ctx context.Context, read func(schemas []string) error) error {
	var path, timeout string
	var schemas []string
	if err := t.conn.QueryRow(ctx, "SELECT pg_catalog.current_setting('search_path'), pg_catalog.current_setting('statement_timeout'), pg_catalog.current_schemas(false)::pg_catalog.text[]").Scan(&path, &timeout, &schemas); err != nil {
		return fmt.Errorf("reading the search path: %w", err)
	}
	if path == "public" && timeout == "0" {
		return read(nil)
	}
	local := t.conn.PgConn().TxStatus() != 'I'
	set := func(path, timeout string) error {
		if _, err := t.conn.Exec(ctx, "SELECT pg_catalog.set_config('statement_timeout', $3, $2), pg_catalog.set_config('search_path', $1, $2)", path, local, timeout); err != nil {
			return fmt.Errorf("setting the search path: %w", err)
		}
		return nil
	}
	if err := set("public", "0"); err != nil {
		return err
	}
	if err := read(append([]string{}, schemas...)); err != nil {
		return err
	}
	return set(path, timeout)
}
