package state

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// Extensions that only a superuser may create are created where a migration says so, if they are listed.
func TestExtensions(t *testing.T) {
	for _, dev := range []string{"throwaway", "shared"} {
		t.Run(dev, func(t *testing.T) {
			cfg := devdb.Config{Extensions: []string{"pg_stat_statements", "earthdistance", "autoinc", "xml2", "adminpack", "nowhere", `O'"dd`}}
			if dev == "shared" {
				cfg.Dev = pgtest.New(t).Login("secret", "SUPERUSER")
			}
			testExtensions(t, pgtest.Start(t, cfg))
		})
	}
}

func testExtensions(t *testing.T, srv *devdb.Server) {
	const dollar = "$$"
	const listed = `which lists the extensions that dev servers create as a superuser`
	for _, tt := range []struct{ name, sql, want, err string }{
		{"plain", "CREATE EXTENSION pg_stat_statements", "pg_stat_statements in public", ""},
		{"of a transaction that fails", "CREATE EXTENSION pg_stat_statements; SELECT 1 / 0", "", "test.sql:1:38: division by zero (SQLSTATE 22012); the file must run on the schema that the files before it produce, without any data"},
		{"if not exists", "create /* x */ extension IF NOT EXISTS \"pg_stat_statements\"; CREATE EXTENSION IF NOT EXISTS PG_STAT_STATEMENTS", "pg_stat_statements in public", ""},
		{"twice", "CREATE EXTENSION autoinc; CREATE EXTENSION autoinc", "", `test.sql:1:27: extension "autoinc" already exists (SQLSTATE 42710); the file must run on the schema that the files before it produce, without any data`},
		{"in a schema of the same transaction", `CREATE SCHEMA "X y"; CREATE EXTENSION autoinc WITH SCHEMA "X y" VERSION '1.0' CASCADE`, `autoinc in "X y"`, ""},
		{"in the path's schema", `CREATE SCHEMA a; SET search_path = a; CREATE EXTENSION autoinc VERSION "1.0"`, "autoinc in a", ""},
		{"without a schema", `SET search_path = nowhere; CREATE EXTENSION autoinc`, "", "test.sql:1:28: no schema has been selected to create in (SQLSTATE 3F000); the file must run on the schema that the files before it produce, without any data"},
		{"in a schema that isn't there", `CREATE EXTENSION autoinc SCHEMA x`, "", `test.sql:1:1: schema "x" does not exist (SQLSTATE 3F000); the file must run on the schema that the files before it produce, without any data`},
		{"another version", `CREATE EXTENSION autoinc VERSION '9'`, "", `test.sql:1:1: extension "autoinc" has no version "9" (SQLSTATE 58P01); install the extension's package on the dev server`},
		{"with what it requires", "CREATE EXTENSION earthdistance CASCADE", "cube in public; earthdistance in public", ""},
		{"without what it requires", "CREATE EXTENSION earthdistance", "", `test.sql:1:1: required extension "cube" is not installed (SQLSTATE 42704), Use CREATE EXTENSION ... CASCADE to install required extensions too; the file must run on the schema that the files before it produce, without any data`},
		{"in the control file's schema", "CREATE SCHEMA a; CREATE EXTENSION adminpack SCHEMA a CASCADE", "adminpack in pg_catalog", ""},
		{"not in the control file's schema", "CREATE SCHEMA a; CREATE EXTENSION adminpack SCHEMA a", "", `test.sql:1:18: extension "adminpack" must be installed in schema "pg_catalog" (SQLSTATE 0A000); leave out the SCHEMA clause`},
		{"in a schema that isn't there, in spite of the control file", "CREATE EXTENSION adminpack SCHEMA a CASCADE", "", `test.sql:1:1: schema "a" does not exist (SQLSTATE 3F000); the file must run on the schema that the files before it produce, without any data`},
		{"with a long comment", "CREATE EXTENSION autoinc /*" + strings.Repeat("x", 5000) + "*/ SCHEMA public -- y", "autoinc in public", ""},
		{"with escapes", `CREATE EXTENSION U&"auto!0069nc" UESCAPE '!'`, "autoinc in public", ""},
		{"with an option twice", "CREATE EXTENSION autoinc SCHEMA public SCHEMA public", "", "test.sql:1:40: conflicting or redundant options (SQLSTATE 42601); the file must run on the schema that the files before it produce, without any data"},
		{"in a form that isn't read", "CREATE EXTENSION autoinc VERSION E'1.0'", "", `test.sql:1:1: permission denied to create extension "autoinc" (SQLSTATE 42501), Must be superuser to create this extension; write the statement in its simplest form: dev_extensions in atlas.hcl applies to CREATE EXTENSION [IF NOT EXISTS] name [SCHEMA name] [VERSION 'version'] [CASCADE], with each option once`},
		{"in a form that isn't read, with a continuation", "CREATE EXTENSION autoinc VERSION '1.'\n'0'", "", `test.sql:1:1: permission denied to create extension "autoinc" (SQLSTATE 42501), Must be superuser to create this extension; write the statement in its simplest form: dev_extensions in atlas.hcl applies to CREATE EXTENSION [IF NOT EXISTS] name [SCHEMA name] [VERSION 'version'] [CASCADE], with each option once`},
		{"trusted", "CREATE EXTENSION hstore", "hstore in public", ""},
		{"dropped again", "CREATE EXTENSION xml2; COMMENT ON EXTENSION xml2 IS 'x'; DROP EXTENSION xml2", "", ""},
		{"as another role", "GRANT CREATE ON SCHEMA public TO extension_maker; SET ROLE extension_maker; CREATE EXTENSION xml2; DROP EXTENSION xml2", "", ""},
		{"without tokens", "CREATE EXTENSION", "", "test.sql:1:17: syntax error at end of input (SQLSTATE 42601); the file must run on the schema that the files before it produce, without any data"},
		{"not available", "CREATE EXTENSION IF NOT EXISTS nowhere", "", `test.sql:1:1: extension "nowhere" is not available (SQLSTATE 58P01); install the extension's package on the dev server`},
		{"not available, in quotes", `CREATE EXTENSION "O'""dd"`, "", `test.sql:1:1: extension "O'"dd" is not available (SQLSTATE 58P01); install the extension's package on the dev server`},
		{"not listed", "CREATE EXTENSION IF NOT EXISTS pageinspect", "", `test.sql:1:1: permission denied to create extension "pageinspect" (SQLSTATE 42501), Must be superuser to create this extension; add "pageinspect" to dev_extensions in atlas.hcl, ` + listed},
		{"not listed, in a block", "DO " + dollar + "BEGIN CREATE EXTENSION pageinspect; END" + dollar, "", `test.sql:1:1: permission denied to create extension "pageinspect" (SQLSTATE 42501), Must be superuser to create this extension; add "pageinspect" to dev_extensions in atlas.hcl, ` + listed},
		{"listed, in a block", "DO " + dollar + "BEGIN CREATE EXTENSION autoinc; END" + dollar, "", `test.sql:1:1: permission denied to create extension "autoinc" (SQLSTATE 42501), Must be superuser to create this extension; run CREATE EXTENSION as a top-level statement: dev_extensions in atlas.hcl doesn't apply inside functions and DO blocks`},
		{"a function in C", "CREATE FUNCTION f() RETURNS void LANGUAGE C AS '$libdir/autoinc', 'autoinc'", "", `test.sql:1:1: permission denied for language c (SQLSTATE 42501); only a superuser may create functions in this language: package them as an extension, and add it to dev_extensions in atlas.hcl`},
		{"the script could call a function", "CREATE FUNCTION xpath_string(text, varchar) RETURNS text LANGUAGE sql AS 'SELECT ''1'''; CREATE EXTENSION xml2", "", `test.sql:1:90: the script of extension "xml2" runs as a superuser, and could call function public.xpath_string(text,character varying) (SQLSTATE 55006); create the extension before your functions and operators, or use its SCHEMA clause to put it in a schema that has none`},
		{"the script could call an operator", "CREATE OPERATOR public.=== (FUNCTION = pg_catalog.int4eq, LEFTARG = int, RIGHTARG = int); CREATE EXTENSION xml2", "", `test.sql:1:91: the script of extension "xml2" runs as a superuser, and could call operator public.===(integer,integer) (SQLSTATE 55006); create the extension before your functions and operators, or use its SCHEMA clause to put it in a schema that has none`},
		{"the script could call a function of another schema", "CREATE EXTENSION cube; CREATE FUNCTION cube_dim(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE SCHEMA a; CREATE EXTENSION earthdistance SCHEMA a", "", `test.sql:1:111: the script of extension "earthdistance" runs as a superuser, and could call function public.cube_dim(integer) (SQLSTATE 55006); create the extension before your functions and operators, or use its SCHEMA clause to put it in a schema that has none`},
		{"a relocatable one's script couldn't", "CREATE FUNCTION autoinc() RETURNS text LANGUAGE sql AS 'SELECT ''mine'''; CREATE SCHEMA b; CREATE EXTENSION autoinc SCHEMA b", "autoinc in b", ""},
		{"in a call of our own", "SELECT pg_catalog.ibutsu_schema_create_extension('pageinspect', true, NULL, NULL, true, current_user, 'public')", "", `test.sql:1:1: permission denied to create extension "pageinspect" (SQLSTATE 42501); add "pageinspect" to dev_extensions in atlas.hcl, ` + listed},
		{"in a call for another role", "SELECT pg_catalog.ibutsu_schema_create_extension('autoinc', true, NULL, NULL, true, 'pg_monitor', 'public')", "", `test.sql:1:1: permission denied for role pg_monitor (SQLSTATE 42501); migrations are replayed as the database's owner, which isn't a superuser: leave this to an administrator, or make the statement conditional`},
	} {
		if strings.Contains(tt.sql, "adminpack") && srv.VersionNum() >= 170000 {
			continue // PostgreSQL 17 dropped it, the only extension of its own with a schema in the control file
		}
		t.Run(tt.name, func(t *testing.T) {
			s, err := New(t.Context(), srv, catalog.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			empty := s.Catalog
			stmts, err := pgsql.Split(tt.sql)
			if err != nil {
				t.Fatal(err)
			}
			text := ""
			if err := s.Run(t.Context(), stmts, false, "test.sql"); err != nil {
				text = err.Error()
			}
			if diff := cmp.Diff(tt.err, text); diff != "" {
				t.Error(diff)
			}
			rows, err := s.Conn().Query(t.Context(), `SELECT pg_catalog.format('%I in %I', extname, nspname) FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace
				WHERE extname <> 'plpgsql' ORDER BY 1`)
			if err != nil {
				t.Fatal(err)
			}
			got, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "; ")); diff != "" {
				t.Error(diff)
			}
			if tt.want != "" || tt.err != "" {
				return
			}
			if err := s.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(empty.String(), s.Catalog.String()); diff != "" {
				t.Errorf("something remains: %s", diff)
			}
		})
	}
}

// An extension belongs to who creates it, and its objects don't.
func TestExtensionOwner(t *testing.T) {
	s, err := New(t.Context(), pgtest.Start(t, devdb.Config{Extensions: []string{"xml2"}}), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	stmts, err := pgsql.Split("CREATE EXTENSION xml2")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), stmts, false, "test.sql"); err != nil {
		t.Fatal(err)
	}
	var extension, depends, member bool
	err = s.Conn().QueryRow(t.Context(), `SELECT extowner::regrole::text = current_user,
		EXISTS (SELECT FROM pg_shdepend d JOIN pg_database b ON b.oid = dbid AND datname = current_database()
			WHERE classid = 'pg_extension'::regclass AND objid = e.oid AND refobjid = extowner AND deptype = 'o'),
		EXISTS (SELECT FROM pg_proc WHERE proname = 'xpath_string' AND proowner = extowner)
		FROM pg_extension e WHERE extname = 'xml2'`).Scan(&extension, &depends, &member)
	if err != nil || !extension || !depends || member {
		t.Errorf("the extension belongs to its creator: %v, with a dependency: %v, and so do its objects: %v; %v", extension, depends, member, err)
	}
}

// A saved state is only for the same list of extensions.
func TestExtensionsInCache(t *testing.T) {
	if os.Getenv("XDG_CACHE_HOME") == "" {
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
	}
	const state = "a state that only TestExtensionsInCache saves"
	save := func(extensions ...string) string {
		t.Helper()
		srv, err := devdb.Start(t.Context(), devdb.Config{States: []string{state}, Extensions: extensions, Log: t.Logf})
		if err != nil {
			t.Fatal(err)
		}
		began := srv.State()
		db, err := srv.Create(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		srv.SaveState(t.Context(), db, state)
		if err := srv.Close(); err != nil {
			t.Fatal(err)
		}
		return began
	}
	for _, extensions := range [][]string{nil, {"xml2"}, {"xml2", "autoinc"}} {
		if began := save(extensions...); began != "" {
			t.Errorf("%q began with %q", extensions, began)
		}
	}
	for _, extensions := range [][]string{nil, {"xml2"}, {"autoinc", "xml2", "xml2"}} {
		if began := save(extensions...); began != state {
			t.Errorf("%q began with %q", extensions, began)
		}
	}
}
