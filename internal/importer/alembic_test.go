package importer

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/alembic"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// A file that doesn't do what its revision does is found, even if a later one makes up for it.
func TestSame(t *testing.T) {
	rev := &alembic.Revision{ID: "a1", File: "a1_x.py"}
	effects := func(text string) catalog.Effect {
		e, err := catalog.ParseEffect(text)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	const table, column = "+ table public.t\n", "+ column public.t.c: integer\n"
	chain := []step{{revision: rev, effect: effects(column + table)}, {revision: rev}}
	if err := same([]migration.Draft{{Effect: column + table}, {}}, chain); err != nil {
		t.Error(err)
	}
	err := same([]migration.Draft{{Name: "1_x.sql", Effect: table}, {Effect: column}}, chain)
	var differs *SchemaError
	if !errors.As(err, &differs) {
		t.Fatal(err)
	}
	const want = "nothing was written: 1_x.sql, recorded from a1 (a1_x.py), doesn't produce the schema that Alembic does:\n" +
		"  column public.t.c is missing (integer)\nplease report this, with the revision"
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}
