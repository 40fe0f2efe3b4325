package importer

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/alembic"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A Suggestion is a migration for a revision that is missing.
type Suggestion struct {
	File
	SQL string // of the file
}

// Upstream returns the migrations for the revisions that a comparison has found missing, in their order. It runs the
// revisions on a throwaway database after all migrations have run there, and writes nothing.
func Upstream(ctx context.Context, base proof.Base, cmd *alembic.Command, c *alembic.Comparison) ([]Suggestion, error) {
	for {
		list, err := upstream(ctx, base, cmd, c)
		if !errors.Is(err, errAgain) {
			return list, err
		}
	}
}

func upstream(ctx context.Context, base proof.Base, cmd *alembic.Command, c *alembic.Comparison) ([]Suggestion, error) {
	files := base.Dir.Files()
	s, err := state.Replay(ctx, base.Server, base.Dir, len(files)-1, base.Options)
	if err != nil {
		return nil, err
	}
	r, err := newRecorder(cmd, s)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if err := recordAt(ctx, s.Conn(), base.Options.AlembicSchema, c.Known()); err != nil {
		return nil, fmt.Errorf("preparing the throwaway database for Alembic: %w", err)
	}
	if err := r.reach(ctx); err != nil {
		return nil, err
	}
	var list []Suggestion
	last := ""
	if len(files) > 0 {
		last = files[len(files)-1].Version
	}
	for _, rev := range c.Missing {
		step := step{revision: rev}
		if err := step.goUp(ctx, r, base.Options.AlembicSchema); err != nil {
			return nil, err
		}
		m := step.migration(last)
		last = m.Version
		f, d := m.draft(len(last), make(map[string]source))
		f.Apart, f.Depends = step.up.apart(), step.up.depends()
		list = append(list, Suggestion{f, d.SQL})
	}
	return list, nil
}

// recordAt creates alembic_version with revisions.
func recordAt(ctx context.Context, conn *pgx.Conn, schema string, revisions []string) error {
	table := pgsql.QualifiedIdent(schema, recordTable)
	if _, err := conn.Exec(ctx, fmt.Sprintf("CREATE SCHEMA IF NOT EXISTS %s; CREATE TABLE %s (version_num text NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY)",
		pgsql.Ident(schema), table)); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "INSERT INTO "+table+" SELECT pg_catalog.unnest($1::text[])", revisions)
	return err
}
