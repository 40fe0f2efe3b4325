package migrator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// A Survey is what a session sees of a database.
type Survey struct {
	Record  revision.Record
	Catalog catalog.Catalog
	s       *session
}

// Position returns what the record says, like [revision.Judge].
func (v *Survey) Position() (revision.Position, error) {
	return revision.Judge(v.s.m.dir, v.Record, func() (catalog.Catalog, error) { return v.Catalog, nil })
}

// ErrNoAnswer means that a query didn't return one row with true or false.
var ErrNoAnswer = errors.New("it must return one row with true or false")

// Ask runs a query for true or false in a read-only transaction, for at most limit. The error is ErrNoAnswer if it
// returns something else, or PostgreSQL's.
func (v *Survey) Ask(ctx context.Context, query string, limit time.Duration) (answer bool, err error) {
	tx, err := v.s.conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return false, fmt.Errorf("beginning a transaction: %w", err)
	}
	defer v.s.rollback(ctx)
	settings := fmt.Sprintf("SET LOCAL statement_timeout = %[1]d; SET LOCAL lock_timeout = %[1]d", limit.Milliseconds())
	if _, err := tx.Exec(ctx, settings, pgx.QueryExecModeSimpleProtocol); err != nil {
		return false, err
	}
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return false, err
	}
	values, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (any, error) {
		columns, err := row.Values()
		if err != nil || len(columns) != 1 {
			return nil, err
		}
		return columns[0], nil
	})
	if err != nil {
		return false, err
	}
	if len(values) == 1 {
		if answer, ok := values[0].(bool); ok {
			return answer, nil
		}
	}
	return false, ErrNoAnswer
}

// Survey calls look with what the database holds. It writes and locks nothing.
func (m *Migrator) Survey(ctx context.Context, look func(context.Context, *Survey) error) error {
	return m.outcome(ctx, m.survey(ctx, look))
}

func (m *Migrator) survey(ctx context.Context, look func(context.Context, *Survey) error) error {
	s, err := m.session(ctx, false)
	if err != nil {
		return err
	}
	defer s.close(ctx)
	v, err := s.survey(ctx)
	if err != nil {
		return err
	}
	return look(ctx, v)
}

// survey reads the record and the catalog.
func (s *session) survey(ctx context.Context) (*Survey, error) {
	if err := s.readRecord(ctx); err != nil {
		return nil, err
	}
	cat, err := s.live(ctx)
	return &Survey{Record: s.rec, Catalog: cat, s: s}, err
}

// Record takes the lock, calls decide with what the database then holds, and sets both tables to the version at the
// index that decide returns. If decide returns ok as false or an error, nothing is written.
func (m *Migrator) Record(ctx context.Context, decide func(context.Context, *Survey) (index int, ok bool, err error)) (*StampResult, error) {
	res := &StampResult{}
	return res, m.outcome(ctx, m.record(ctx, decide, res))
}

func (m *Migrator) record(ctx context.Context, decide func(context.Context, *Survey) (int, bool, error), res *StampResult) error {
	s, err := m.session(ctx, true)
	if err != nil {
		return err
	}
	defer s.close(ctx)
	v, err := s.survey(ctx)
	if err != nil {
		return err
	}
	to, ok, err := decide(ctx, v)
	if err != nil || !ok {
		return err
	}
	return s.stamp(ctx, s.stamping(to, res), res)
}

// Canceled reports whether PostgreSQL ended a query because of its limit.
func Canceled(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == pgsql.QueryCanceled || pg.Code == pgsql.LockNotAvailable)
}
