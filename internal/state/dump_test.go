package state

import (
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestDumpedStatements(t *testing.T) {
	d := dumped{
		owner: `"Dev owner"`, roles: []string{`"Dev owner"`, "postgres"}, heap: true, opened: true,
		comments: map[string]bool{"COMMENT ON EXTENSION pg_trgm IS 'text similarity'": true},
	}
	for stmt, want := range map[string]string{
		"SELECT pg_catalog.set_config('search_path', '', false)":                     "",
		"SET statement_timeout = 0":                                                  "",
		"SET row_security = off":                                                     "",
		"SET default_table_access_method = heap":                                     "",
		"SET default_with_oids = false":                                              "SET LOCAL default_with_oids = false",
		"CREATE SCHEMA public":                                                       "",
		`CREATE SCHEMA "Odd; x"`:                                                     `CREATE SCHEMA IF NOT EXISTS "Odd; x"`,
		"COMMENT ON EXTENSION pg_trgm IS 'text similarity'":                          "",
		"COMMENT ON EXTENSION pg_trgm IS 'ours'":                                     "COMMENT ON EXTENSION pg_trgm IS 'ours'",
		"REVOKE ALL ON SCHEMA public FROM PUBLIC":                                    "",
		"GRANT ALL ON SCHEMA public TO PUBLIC":                                       "",
		"REVOKE ALL ON SCHEMA public FROM postgres":                                  "",
		`GRANT ALL ON SCHEMA public TO "Dev owner"`:                                  "",
		"GRANT SELECT ON TABLE public.postgres TO reader":                            "GRANT SELECT ON TABLE public.postgres TO reader",
		"GRANT SELECT ON TABLE public.item TO reader":                                "GRANT SELECT ON TABLE public.item TO reader",
		`ALTER DEFAULT PRIVILEGES FOR ROLE "Dev owner" GRANT ALL ON TYPES TO reader`: "ALTER DEFAULT PRIVILEGES GRANT ALL ON TYPES TO reader",
		"CREATE TABLE public.postgres (x integer)":                                   "CREATE TABLE public.postgres (x integer)",
	} {
		if got := d.stmt(stmt); got != want {
			t.Errorf("%s\nbecame %q\nwant   %q", stmt, got, want)
		}
	}
	for _, stmt := range []string{"SET default_table_access_method = heap", "REVOKE ALL ON SCHEMA public FROM PUBLIC"} {
		if got := (dumped{}).stmt(stmt); got == "" {
			t.Errorf("%s is omitted without the other one", stmt)
		}
	}
}

func TestStripMeta(t *testing.T) {
	const dump = "--\n\\restrict abc\nSELECT 1;\n\\restrict in a text\n\\unrestrict in a text\n\\unrestrict abc\n\n"
	const want = "--\nSELECT 1;\n\\restrict in a text\n\\unrestrict in a text\n\n"
	if got := stripMeta(dump); got != want {
		t.Errorf("got %q", got)
	}
}

// Without pg_dump, the engine writes what it can express.
func TestEngineSQL(t *testing.T) {
	ctx := t.Context()
	srv := pgtest.Server(t)
	dir := readDir(t, map[string]string{
		"20250101000000_a.sql": "CREATE TYPE mood AS ENUM ('a', 'b');\nCREATE TABLE a (x int PRIMARY KEY, m mood DEFAULT 'a');\nALTER TABLE a ADD CONSTRAINT again UNIQUE (x);\nCREATE INDEX ON a (m);\n",
	})
	replayed, err := Replay(ctx, srv, dir, 0, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer replayed.Close()
	sql, err := replayed.engineSQL(ctx)
	if err != nil {
		t.Fatal(err)
	}
	made, err := New(ctx, srv, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	if err := made.Run(ctx, split(t, sql), false, "x.sql"); err != nil {
		t.Fatal(err)
	}
	if err := made.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if !made.Catalog.Equal(replayed.Catalog) {
		t.Errorf("%v", catalog.Diff(replayed.Catalog, made.Catalog))
	}
}
