package migrator

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
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

// Ask asks the database as runner.Ask does.
func (v *Survey) Ask(ctx context.Context, query pgsql.Stmt) (answer bool, err error) {
	return runner.Ask(ctx, v.s.conn, query)
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
