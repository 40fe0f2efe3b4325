package pgsql_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// The extensions that the server has provide what the table says.
func TestProviders(t *testing.T) {
	const exists = `SELECT CASE $1
		WHEN 'type' THEN EXISTS (SELECT FROM pg_type WHERE typname = $2)
		WHEN 'operator class' THEN EXISTS (SELECT FROM pg_opclass WHERE opcname = $2)
		WHEN 'function' THEN EXISTS (SELECT FROM pg_proc WHERE proname = $2)
		WHEN 'access method' THEN EXISTS (SELECT FROM pg_am WHERE amname = $2)
		WHEN 'default operator class' THEN (SELECT count(*) > 0 FROM pg_opclass o JOIN pg_am a ON a.oid = opcmethod AND a.amname = $2 WHERE opcdefault AND opcintype = 'integer'::regtype)
		END`
	conn, err := pgx.Connect(t.Context(), pgtest.New(t).Login("secret", "SUPERUSER"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	tested := 0
	for extension, kinds := range pgsql.Providers() {
		if _, err := conn.Exec(t.Context(), "BEGIN"); err != nil {
			t.Fatal(err)
		}
		has := func(kind, name string) (yes bool) {
			t.Helper()
			if err := conn.QueryRow(t.Context(), exists, kind, name).Scan(&yes); err != nil {
				t.Fatal(err)
			}
			return yes
		}
		for kind, names := range kinds {
			for _, name := range names {
				if has(kind, name) {
					t.Errorf("%s %s exists without %s", kind, name, extension)
				}
			}
		}
		_, err := conn.Exec(t.Context(), "CREATE EXTENSION "+pgsql.Ident(extension)+" CASCADE")
		if code := pgsql.SQLState(err); code == "" && err == nil {
			tested++
			for kind, names := range kinds {
				for _, name := range names {
					if !has(kind, name) {
						t.Errorf("%s has no %s %s", extension, kind, name)
					}
				}
			}
			for _, typ := range pgsql.NotScalar() {
				var n int
				const added = `SELECT count(*) FROM pg_opclass c JOIN pg_depend d ON d.classid = 'pg_opclass'::regclass AND d.objid = c.oid AND d.deptype = 'e'
					JOIN pg_extension e ON e.oid = d.refobjid AND extname IN ('btree_gin', 'btree_gist') WHERE opcintype = $1::regtype`
				if err := conn.QueryRow(t.Context(), added, typ).Scan(&n); err != nil || n > 0 {
					t.Errorf("%s has %d operator classes for %s, error %v", extension, n, typ, err)
				}
			}
		} else if code != pgsql.UndefinedFile && code != pgsql.FeatureNotSupported { // not installed
			t.Error(err)
		}
		if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
	}
	if tested < 8 {
		t.Errorf("only %d extensions are installed", tested)
	}
}
