package revision_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// TestTakes checks which migrations accept an index that exists already.
func TestTakes(t *testing.T) {
	const (
		ix  = `index public."T".ix: CREATE INDEX ix ON public."T" USING btree (a)`
		odd = `index app."T"."Ix.1": CREATE INDEX "Ix.1" ON app."T" USING btree (a)`
	)
	for _, tt := range []struct {
		sql            string
		line           string
		valid, invalid bool
	}{
		{`CREATE INDEX ix ON public."T" (a)`, ix, false, false},
		{`CREATE INDEX IF NOT EXISTS ix ON "T" (a)`, ix, true, false},
		{`CREATE INDEX CONCURRENTLY ix ON "T" (a)`, ix, false, true},
		{`CREATE INDEX CONCURRENTLY IF NOT EXISTS IX ON public."T" (a)`, ix, true, true},
		{`DROP INDEX ix; CREATE INDEX ix ON "T" (a)`, ix, true, true},
		{`DROP INDEX CONCURRENTLY IF EXISTS public.ix; CREATE INDEX CONCURRENTLY ix ON "T" (a)`, ix, true, true},
		{`DROP INDEX app.ix; CREATE INDEX ix ON "T" (a)`, ix, false, false},
		{`CREATE INDEX ix ON "T" (a); DROP INDEX ix`, ix, false, false},
		{`CREATE INDEX CONCURRENTLY IF NOT EXISTS "Ix" ON "T" (a)`, ix, false, false},
		{`CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON app."T" (a)`, ix, false, false},
		{`CREATE INDEX CONCURRENTLY ON "T" (a)`, ix, false, false}, // PostgreSQL chooses another name
		{`SELECT 'CREATE INDEX IF NOT EXISTS ix ON "T" (a)'`, ix, false, false},
		{`CREATE INDEX CONCURRENTLY IF NOT EXISTS "Ix.1" ON app."T" (a)`, odd, true, true},
		{`CREATE INDEX CONCURRENTLY IF NOT EXISTS "Ix.1" ON "T" (a)`, odd, false, false},
	} {
		dir, err := migration.Read(fstest.MapFS{
			"1_a.sql":        {Data: []byte("-- atlas:txmode none\n\n" + tt.sql + ";\n")},
			"effect/1_a.txt": {Data: []byte("+ " + tt.line + "\n")},
		})
		if err != nil {
			t.Fatal(err)
		}
		file := dir.Files()[0]
		takes := func(line string) bool {
			e, err := catalog.ParseEffect("+ " + line)
			if err != nil {
				t.Fatal(err)
			}
			live, err := catalog.Catalog{}.Apply(e)
			if err != nil {
				t.Fatal(err)
			}
			return revision.Takes(file, catalog.Diff(catalog.Catalog{}, live)[0])
		}
		if got := takes(tt.line); got != tt.valid {
			t.Errorf("%s: %v with a valid index", tt.sql, got)
		}
		if got := takes(tt.line + " [INVALID, not ready]"); got != tt.invalid {
			t.Errorf("%s: %v with an INVALID index", tt.sql, got)
		}
		if takes(strings.Replace(tt.line, "(a)", "(b)", 1)) || takes(strings.Replace(tt.line, "(a)", "(b)", 1)+" [INVALID]") {
			t.Errorf("%s: with an index of another definition", tt.sql)
		}
	}
}
