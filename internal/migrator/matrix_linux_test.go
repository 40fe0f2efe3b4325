package migrator_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/wire"
)

// A boundary is a point between two messages of a run: before a message for which at is true, or a little later.
type boundary struct {
	name  string
	at    func(*place, wire.Message) bool
	later time.Duration
}

// place is the progress of a run's session.
type place struct {
	statements map[string]bool // the files' statements
	beginning  bool            // the client last sent the beginning of a step
	committing bool            // the client last sent the commit of a step
}

func says(sql ...string) func(*place, wire.Message) bool {
	return func(_ *place, m wire.Message) bool {
		for _, s := range sql {
			if sends(s)(m) {
				return true
			}
		}
		return false
	}
}

// boundaries are all boundaries. A message belongs to the first one that matches. The last, look, matches all SQL of
// the client.
var boundaries = []boundary{
	{"dial", func(_ *place, m wire.Message) bool { return m.Type == "StartupMessage" }, 0},
	{"statement", func(p *place, m wire.Message) bool { return !m.FromServer && p.statements[m.SQL] }, 0},
	{"in a statement", nil, 15 * time.Millisecond}, // has as many messages as "statement"
	{"set-up", says("pg_catalog.pg_backend_pid()"), 0},
	{"lock", says("pg_catalog.pg_is_in_recovery()"), 0},
	{"read record", says("SELECT true, COALESCE(version_num", "c.relname IN ('alembic_version'"), 0},
	{"begin", says("LOCK TABLE public.alembic_version"), 0},
	{"advance", func(p *place, m wire.Message) bool { return p.beginning && m.FromServer && m.SQL == "LOCK TABLE" }, 0},
	{"commit sent", func(p *place, m wire.Message) bool { return p.committing && !m.FromServer && m.SQL != "" }, 0},
	{"journal written", func(p *place, m wire.Message) bool {
		return p.committing && m.FromServer && (m.SQL == "INSERT 0 1" || m.SQL == "DELETE 1")
	}, 0},
	{"commit answered", func(p *place, m wire.Message) bool { return p.committing && m.FromServer && m.SQL == "COMMIT" }, 0},
	{"session", says("RESET ALL", "SET lock_timeout"), 0},
	{"unlock", says("pg_catalog.pg_advisory_unlock_all("), 0},
	{"look", func(_ *place, m wire.Message) bool { return !m.FromServer && m.SQL != "" }, 0},
}

// at returns the index of the message's boundary, or -1 if it has none.
func (p *place) at(m wire.Message) int {
	if m.Conn != 1 {
		return -1 // the observer's, at unpredictable times
	}
	if !m.FromServer && m.SQL != "" {
		p.beginning = strings.Contains(m.SQL, "LOCK TABLE public.alembic_version")
		p.committing = strings.HasPrefix(m.SQL, "SET CONSTRAINTS ALL IMMEDIATE")
	}
	for i, b := range boundaries {
		if b.at != nil && b.at(p, m) {
			return i
		}
	}
	return -1
}

// A fault is something that goes wrong during a run.
type fault struct {
	name string
	// prepare sets up the bench. strike causes the fault at a message, and returns what to do with the message; the
	// session's other messages wait meanwhile. mend undoes the fault after the run.
	prepare func(*ring)
	strike  func(*ring, wire.Message) wire.Action
	mend    func(*ring)
	process bool // the run is a separate process
}

// ring is the environment in which a fault is tried at each boundary.
type ring struct {
	*bench
	proxy *wire.Proxy
	own   *ownServer // nil: the tests' shared one
	slave *ownServer // its standby
	cmd   *exec.Cmd  // the run
	gone  chan struct{}
	tasks sync.WaitGroup // tasks that end by themselves
	cut   atomic.Bool    // cut the connection at the server's next ReadyForQuery
}

var faults = []fault{
	{name: "kill -9", process: true, strike: func(r *ring, _ wire.Message) wire.Action {
		r.cmd.Process.Kill()
		<-r.gone
		return wire.Cut
	}},
	{name: "TERM", process: true, strike: func(r *ring, _ wire.Message) wire.Action {
		r.cmd.Process.Signal(syscall.SIGTERM)
		time.Sleep(5 * time.Millisecond)
		return wire.Pass
	}},
	{name: "cut", strike: func(*ring, wire.Message) wire.Action { return wire.Cut }},
	{name: "answer lost", strike: func(r *ring, _ wire.Message) wire.Action {
		r.cut.Store(true)
		return wire.Pass
	}},
	{name: "stall", strike: func(*ring, wire.Message) wire.Action { return wire.Stall }},
	{name: "backend terminated", strike: func(r *ring, m wire.Message) wire.Action {
		sql := "SELECT pg_terminate_backend($1, 5000)"
		if r.server().VersionNum() < 140000 {
			sql = "SELECT pg_terminate_backend($1)"
		}
		conn, err := r.db.Connect(context.Background())
		if err != nil {
			r.Error(err)
			return wire.Pass
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(context.Background(), sql, m.PID); err != nil {
			r.Error(err)
		}
		return wire.Pass
	}},
	{name: "server restarted", prepare: func(r *ring) { r.serve() }, strike: func(r *ring, _ wire.Message) wire.Action {
		r.own.crash()
		r.own.start()
		return wire.Pass
	}},
	{name: "standby promoted", prepare: func(r *ring) {
		r.serve("wal_level=replica", "max_wal_senders=3", "hot_standby=on")
		r.standby()
	}, strike: func(r *ring, _ wire.Message) wire.Action {
		r.own.crash()
		r.slave.exec("postgres", "SELECT pg_promote()")
		// The standby takes over the address too.
		socket := ".s.PGSQL." + r.own.port
		os.Remove(filepath.Join(r.own.sockets, socket))
		if err := os.Symlink(filepath.Join(r.slave.sockets, socket), filepath.Join(r.own.sockets, socket)); err != nil {
			r.Error(err)
		}
		return wire.Pass
	}, mend: func(r *ring) { r.standby() }},
	{name: "disk full", prepare: func(r *ring) {
		r.serve()
		r.move()
	}, strike: func(r *ring, _ wire.Message) wire.Action {
		f, err := os.Create(r.filler())
		if err != nil {
			r.Error(err)
			return wire.Pass
		}
		defer f.Close()
		for chunk := make([]byte, 4096); err == nil; {
			_, err = f.Write(chunk)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			r.Error(err)
		}
		return wire.Pass
	}, mend: func(r *ring) {
		os.Remove(r.filler())
		// It has ended without room for its log, or is about to.
		r.own.crash()
		r.own.start()
	}},
	{name: "locked record", strike: func(r *ring, _ wire.Message) wire.Action {
		conn, err := r.db.Connect(context.Background())
		if err != nil {
			r.Error(err)
			return wire.Pass
		}
		pid := conn.PgConn().PID()
		held := make(chan struct{})
		r.tasks.Go(func() {
			defer conn.Close(context.Background())
			_, err := conn.PgConn().Exec(context.Background(), "BEGIN; LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE").ReadAll()
			close(held)
			if err != nil {
				r.Errorf("locking the record: %v", err)
			}
			time.Sleep(300 * time.Millisecond)
		})
		// It has the lock, or queues for it.
		for waits := false; !waits; {
			select {
			case <-held:
				return wire.Pass
			case <-time.After(5 * time.Millisecond):
				waits = r.query(fmt.Sprintf("SELECT EXISTS (SELECT FROM pg_locks WHERE pid = %d AND NOT granted)::text", pid)) == "true"
			}
		}
		return wire.Pass
	}},
}

// serve makes the ring use its own server.
func (r *ring) serve(settings ...string) {
	r.Helper()
	// A server waits for unauthenticated clients before it stops.
	settings = append(settings, "authentication_timeout=1s", "fsync=on", "full_page_writes=on", "synchronous_commit=on")
	r.own = newServer(r, settings...)
	db, err := r.own.throwaway.Create(context.Background())
	if err != nil { // the connection was from before a restart
		db, err = r.own.throwaway.Create(context.Background())
	}
	if err != nil {
		r.Fatal(err)
	}
	r.db.Database = db
	r.cfg.ConnConfig = db.ConnConfig()
}

// move moves the ring's server to a small disk of its own.
func (r *ring) move() {
	r.Helper()
	if os.Geteuid() != 0 {
		r.Skip("only root may mount a small disk")
	}
	r.own.stop(syscall.SIGINT)
	dir, err := os.MkdirTemp("", "disk")
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { os.RemoveAll(dir) })
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=128m"); err != nil {
		r.Skipf("a small disk can't be mounted here: %v", err)
	}
	r.Cleanup(func() {
		r.own.crash()
		syscall.Unmount(dir, syscall.MNT_DETACH)
	})
	own(r, r.own, dir)
	data := filepath.Join(dir, "data")
	if out, err := exec.Command("cp", "-a", r.own.data, data).CombinedOutput(); err != nil {
		r.Fatalf("%v\n%s", err, out)
	}
	r.own.data = data
	r.own.start()
}

// filler returns the path of the file that fills the small disk.
func (r *ring) filler() string { return filepath.Join(filepath.Dir(r.own.data), "filler") }

// standby makes a copy of the ring's server, which runs as its standby. If an earlier standby was promoted, it becomes
// the ring's server first.
func (r *ring) standby() {
	r.Helper()
	primary := r.own
	if r.slave != nil {
		os.RemoveAll(primary.data)
		r.slave.stop(syscall.SIGINT)
		if out, err := exec.Command("mv", r.slave.data, primary.data).CombinedOutput(); err != nil {
			r.Fatalf("%v\n%s", err, out)
		}
	} else {
		primary.stop(syscall.SIGINT)
		dir, err := os.MkdirTemp("", "standby")
		if err != nil {
			r.Fatal(err)
		}
		slave := *primary
		slave.data, slave.sockets = filepath.Join(dir, "data"), dir
		r.slave = &slave
		r.Cleanup(func() {
			r.slave.crash()
			os.RemoveAll(dir)
		})
		own(r, primary, dir)
	}
	slave := r.slave
	if out, err := exec.Command("cp", "-a", primary.data, slave.data).CombinedOutput(); err != nil {
		r.Fatalf("%v\n%s", err, out)
	}
	file := filepath.Join(slave.data, "standby.signal")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		r.Fatal(err)
	}
	own(r, primary, file)
	os.Remove(filepath.Join(primary.sockets, ".s.PGSQL."+primary.port))
	primary.start()
	slave.settings = append([]string{fmt.Sprintf("primary_conninfo=host=%s port=%s user=%s application_name=standby", primary.sockets, primary.port, primary.admin.User)}, primary.settings...)
	slave.start()
	// What is committed is on both from now on.
	primary.exec("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'standby'")
	primary.exec("postgres", "SELECT pg_reload_conf()")
	conn, err := pgx.ConnectConfig(context.Background(), primary.config("postgres"))
	if err != nil {
		r.Fatal(err)
	}
	defer conn.Close(context.Background())
	for range 500 {
		var n int
		if err := conn.QueryRow(context.Background(), "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").Scan(&n); err != nil {
			r.Fatal(err)
		}
		if n == 1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.Fatal("the standby does not follow")
}

// own makes the owner of a server's folder the owner of a path, which no other user may enter then.
func own(t testing.TB, s *ownServer, path string) {
	t.Helper()
	info, err := os.Stat(s.data)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
		t.Fatal(err)
	}
}

// travel brings the database to the head, or down to the base.
func travel(ctx context.Context, m *migrator.Migrator, down bool) (err error) {
	if down {
		_, err = m.Down(ctx, migrator.Options{To: "base", Yes: true})
	} else {
		_, err = m.Apply(ctx, migrator.Options{})
	}
	return err
}

// run runs apply or down through a proxy, and calls strike at a message.
func (r *ring) run(process, down bool, decide func(wire.Message) wire.Action) (took time.Duration, err error) {
	r.Helper()
	cfg := r.cfg
	started := make(chan struct{})
	r.proxy = wire.Start(r, cfg.ConnConfig, func(m wire.Message) wire.Action {
		<-started
		return decide(m)
	})
	through, err := pgx.ParseConfig(r.proxy.URL)
	if err != nil {
		r.Fatal(err)
	}
	through.ConnectTimeout = time.Second
	cfg.ConnConfig, cfg.LockTimeout = through, 200*time.Millisecond
	start := time.Now()
	if process {
		r.cmd = pgtest.VictimCommand(r, victim{URL: r.proxy.URL, Root: roots[cfg.Dir], Down: down})
		r.gone = make(chan struct{})
		var out strings.Builder
		r.cmd.Stdout, r.cmd.Stderr = &out, &out
		if err := r.cmd.Start(); err != nil {
			r.Fatal(err)
		}
		close(started)
		if err = r.cmd.Wait(); err != nil {
			err = fmt.Errorf("%w: %s", err, out.String())
		}
		close(r.gone)
		return time.Since(start), err
	}
	close(started)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = travel(ctx, migrator.New(cfg), down)
	return time.Since(start), err
}

// try causes a fault at the n-th message of a boundary, from 1. It reports whether there was such a message.
func (r *ring) try(f fault, at, n int, down bool) (struck bool) {
	r.Helper()
	where, later := at, boundaries[at].later
	if boundaries[at].at == nil {
		where = statementBoundary
	}
	known := &place{statements: statements(r.cfg.Dir, down)}
	count, pending := 0, false
	var deciding sync.Mutex
	over := false
	r.cut.Store(false)
	decide := func(m wire.Message) wire.Action {
		deciding.Lock()
		defer deciding.Unlock()
		if m.Conn != 1 || over {
			return wire.Pass
		}
		if r.cut.Load() && m.Type == "ReadyForQuery" {
			return wire.Cut
		}
		if known.at(m) == where && !struck {
			count++
			pending = pending || count == n
		}
		// The server's pid is known only after some messages.
		if !pending || f.name == "backend terminated" && m.PID == 0 {
			return wire.Pass
		}
		pending, struck = false, true
		if later == 0 {
			return f.strike(r, m)
		}
		r.tasks.Go(func() {
			time.Sleep(later)
			switch f.strike(r, m) {
			case wire.Cut, wire.Stall: // the messages that are under way
				r.proxy.HangUp()
			}
		})
		return wire.Pass
	}
	took, err := r.run(f.process, down, decide)
	deciding.Lock() // it may give up before the fault is over
	over = true
	deciding.Unlock()
	r.tasks.Wait()
	r.proxy.HangUp()
	if f.mend != nil && struck {
		f.mend(r)
	}
	if took > 15*time.Second {
		r.Errorf("it took %s, and gave %v", took, err)
	}
	name := boundaries[at].name
	if struck && f.name == "cut" && strings.HasPrefix(name, "commit ") && !errors.As(err, new(*migrator.OutcomeError)) {
		r.Errorf("it gave %v, want an OutcomeError", err)
	}
	if struck && err == nil && name == "statement" && (f.name == "cut" || f.name == "stall" || f.name == "kill -9" || f.name == "backend terminated") {
		r.Error("nothing failed")
	}
	return struck
}

var statementBoundary = func() int {
	for i, b := range boundaries {
		if b.name == "statement" {
			return i
		}
	}
	panic("no boundary of statements")
}()

// statements returns the statements of all files in one direction.
func statements(d *migration.Dir, down bool) map[string]bool {
	all := make(map[string]bool)
	for _, f := range d.Files() {
		stmts := f.Stmts
		if down {
			stmts = f.Down.Stmts
		}
		for _, s := range stmts {
			all[s.Text] = true
		}
	}
	return all
}

// TestFaults causes every fault at every boundary, in both directions, and compares the result of a second run with
// that of an undisturbed one. Unless the tests run in full, it takes one message of each boundary, in one direction.
func TestFaults(t *testing.T) {
	d := dir(t, slow...)
	var messages [2][]int // by direction and boundary
	first := &ring{bench: setup(t, d)}
	first.mustApply(migrator.Options{})
	if err := travel(context.Background(), first.m(), true); err != nil {
		t.Fatal(err)
	}
	for i, down := range []bool{false, true} {
		messages[i] = make([]int, len(boundaries))
		known := &place{statements: statements(d, down)}
		if _, err := first.run(false, down, func(m wire.Message) wire.Action {
			if at := known.at(m); at >= 0 {
				messages[i][at]++
			}
			return wire.Pass
		}); err != nil {
			t.Fatal(err)
		}
		for at, b := range boundaries {
			if b.at == nil {
				messages[i][at] = messages[i][statementBoundary]
			}
			if messages[i][at] == 0 {
				t.Fatalf("down=%t has no boundary %q", down, b.name)
			}
		}
	}
	for fi, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			r := &ring{bench: setup(t, d)}
			if f.prepare != nil {
				f.prepare(r)
			}
			r.mustApply(migrator.Options{})
			head := r.everything()
			if err := travel(context.Background(), r.m(), true); err != nil {
				t.Fatal(err)
			}
			ends := [2]string{head, r.everything()}
			cells, atHead := 0, false
			for bi, b := range boundaries {
				tried := 0
				for n := 1; n <= max(messages[0][bi], messages[1][bi]); n++ {
					for i, down := range []bool{false, true} {
						if most := messages[i][bi]; n > most || !full && (i != (fi+bi)%2 || n != 1+(fi*5+bi*3)%most) {
							continue
						}
						cell := fmt.Sprintf("%s, down=%t, %d of %d", b.name, down, n, messages[i][bi])
						if atHead != down {
							if err := travel(context.Background(), r.m(), !down); err != nil {
								t.Fatalf("before %s: %v", cell, err)
							}
						}
						if r.try(f, bi, n, down) {
							tried++
						}
						r.truthful()
						if err := travel(context.Background(), r.m(), down); err != nil {
							t.Fatalf("%s: the next run gave %v", cell, err)
						}
						atHead = !down
						if r.same(ends[i]); t.Failed() {
							t.Fatalf("that was %s", cell)
						}
					}
				}
				if want := messages[0][bi] + messages[1][bi]; tried == 0 || full && tried != want {
					t.Errorf("%s: tested only %d of %d", b.name, tried, want)
				}
				cells += tried
			}
			t.Attr("faults", fmt.Sprint(cells))
			t.Logf("%d faults at %d boundaries", cells, len(boundaries))
		})
	}
}

// docs/how-it-works.md lists the faults and the boundaries.
func TestFaultsDocument(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "how-it-works.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "<!-- faults -->\n")
	table, _, _ = strings.Cut(table, "<!-- end -->")
	var want []string
	for _, f := range faults {
		want = append(want, f.name)
	}
	for _, b := range boundaries {
		want = append(want, b.name)
	}
	var got []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(.*?)` \\|").FindAllStringSubmatch(table, -1) {
		got = append(got, m[1])
	}
	if !slices.Equal(got, want) {
		t.Errorf("the document lists %q, the test tries %q", got, want)
	}
	for _, count := range []string{fmt.Sprintf("%d faults:", len(faults)), fmt.Sprintf("%d moments:", len(boundaries)), fmt.Sprintf("which is %d times", len(faults)*len(boundaries))} {
		if !strings.Contains(string(text), count) {
			t.Errorf("the document doesn't say %q", count)
		}
	}
}
