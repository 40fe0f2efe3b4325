package state_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// The head of the inspected file says what the file doesn't create as it is.
func TestInspectChecks(t *testing.T) {
	for name, tt := range map[string]struct {
		sql  string
		want string
	}{
		"empty":    {"", ""},
		"all well": {`CREATE TABLE t (id bigserial PRIMARY KEY, a text DEFAULT '"x"', CHECK (1 > 0)); CREATE INDEX ON t (lower(a));`, ""},
		"what is carried over": {`CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY (CACHE 5), a int UNIQUE DEFERRABLE, b text) WITH (fillfactor = 70); ALTER TABLE t ALTER b SET STORAGE EXTERNAL;
			COMMENT ON INDEX t_a_key IS 'x'; CREATE TABLE u (a int CHECK (a > 0) NO INHERIT, r int4range, EXCLUDE USING gist (r WITH &&)); ALTER TABLE u ENABLE ROW LEVEL SECURITY;`, ""},
		"sequences":       {`CREATE SCHEMA app; CREATE SEQUENCE app.order_no INCREMENT BY 5 CACHE 2; CREATE TABLE t (id bigint DEFAULT nextval('app.order_no'));`, ""},
		"what is outside": {`CREATE TABLE t (a int PRIMARY KEY); CREATE VIEW v AS SELECT a FROM t; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p DEFAULT;`, ""},
		"a lost collation": {`CREATE TABLE p (a text) PARTITION BY LIST (a COLLATE "C"); CREATE TABLE t (a text COLLATE "C");`,
			`# Different in a database created from this file: table public.p is partitioned by LIST (a); expected partitioned by LIST (a COLLATE "C")`},
		"what needs an extension": {`CREATE SCHEMA "E x"; CREATE EXTENSION btree_gist SCHEMA "E x"; CREATE EXTENSION citext;
			CREATE TABLE b (room int, r tsrange, name citext, EXCLUDE USING gist (room WITH =, r WITH &&)); CREATE INDEX ON b USING gist (room);`, ""},
		"an exclusion that needs a function": {`CREATE FUNCTION f(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE TABLE b (a int, EXCLUDE (a WITH =) WHERE (f(a)));`, ""},
		"types and functions": {`CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('sad', 'ok'); CREATE FUNCTION app."F x"(app.mood) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
			CREATE DOMAIN d AS app.mood DEFAULT 'ok' NOT NULL CHECK (VALUE > 'sad') CHECK (app."F x"(VALUE) = 1); CREATE TYPE "Pair" AS (a d, "B" app.mood[]); CREATE TYPE span AS RANGE (subtype = text, collation = "C");
			CREATE TABLE t (a d, b d[], c "Pair", e int DEFAULT app."F x"('sad'), f span, m app.mood, CHECK (app."F x"(m) > 0)); CREATE INDEX ON t (app."F x"(m));`, ""},
		"a function of a table": {`CREATE TABLE u (a int); CREATE FUNCTION f(u) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE FUNCTION f() RETURNS u LANGUAGE sql AS 'SELECT NULL::u'; CREATE TABLE t (a text DEFAULT f()::text);`,
			`# Not checked whether this file creates the same schema: column a of table t: function public.f() does not exist (SQLSTATE 42883), No function matches the given name and argument types. You might need to add explicit type casts; correct the name, or create the function in a migration first: run new, write its SQL, and then run plan`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(tt.sql, "EXTENSION") {
				pgtest.Versions(t, "13-") // an owner can create them
			}
			db := pgtest.New(t)
			db.Exec(tt.sql)
			hcl, err := state.Inspect(t.Context(), db.ConnConfig(), catalog.Options{}, state.CheckOn(func(context.Context) (*devdb.Server, error) { return pgtest.Server(t), nil }))
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(regexp.MustCompile(`(?m)^# (?:Diff|Not).*$`).FindAllString(string(hcl), -1), "\n")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, hcl)
			}
		})
	}
	t.Run("no server", func(t *testing.T) {
		hcl, err := state.Inspect(t.Context(), pgtest.New(t).ConnConfig(), catalog.Options{}, state.CheckOn(func(context.Context) (*devdb.Server, error) { return nil, errors.New("no PostgreSQL") }))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff("# Not checked whether this file creates the same schema: no PostgreSQL\n\nschema \"public\" {\n}\n", string(hcl)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
