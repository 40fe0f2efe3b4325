//go:build unix

package devdb_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// ours returns the databases and roles that dev URLs' servers have created on the shared server.
func ours(t *testing.T) []string {
	t.Helper()
	admin, err := pgtest.Server(t).Admin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	return query(t, admin, `SELECT 'database ' || datname FROM pg_database WHERE datname LIKE 'ibutsu\_dev\_%'
		UNION SELECT 'role ' || rolname FROM pg_roles WHERE rolname LIKE 'ibutsu\_dev\_%' OR rolname = 'Reader' ORDER BY 1`)
}

// Only a superuser can create the extensions of Config.Extensions.
func TestDevURLExtensions(t *testing.T) {
	before := ours(t)
	_, err := devdb.Start(t.Context(), devdb.Config{Dev: pgtest.New(t).Login("secret", "CREATEDB CREATEROLE"), Extensions: []string{"xml2"}})
	if err == nil || !strings.Contains(err.Error(), "isn't a superuser, so it can't create the extensions that dev_extensions in atlas.hcl lists: use another user") || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(before, ours(t)); diff != "" {
		t.Error(diff)
	}
}

// Other users of a shared server can't use the rights with which extensions are created.
func TestDevURLExtensionsOfOthers(t *testing.T) {
	named := pgtest.New(t)
	s, err := devdb.Start(t.Context(), devdb.Config{Dev: named.Login("secret", "SUPERUSER"), Extensions: []string{"xml2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db := create(t, s)
	other, err := pgx.ParseConfig(named.Login("other", ""))
	if err != nil {
		t.Fatal(err)
	}
	other.Database = db.Name
	conn, err := pgx.ConnectConfig(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	run, _ := s.Statement("CREATE EXTENSION xml2 SCHEMA pg_catalog")
	_, err = conn.Exec(t.Context(), run)
	if want := fmt.Sprintf("permission denied for database %s", db.Name); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
	run, _ = s.Statement("CREATE EXTENSION xml2 SCHEMA public")
	query(t, connect(t, db), run)
}

func TestDevURL(t *testing.T) {
	ctx := context.Background()
	for _, test := range []struct {
		attributes string
		ownRole    bool // databases belong to a role created for them
	}{
		{"CREATEDB", false},
		{"CREATEDB CREATEROLE", true},
		{"SUPERUSER", true},
	} {
		t.Run(test.attributes, func(t *testing.T) {
			named := pgtest.New(t)
			named.Exec(`CREATE TABLE kept (n int)`)
			dev := named.Login("p@ss/w:r d'%", test.attributes)
			s := start(t, dev+"&search_path=kept")
			if want := pgtest.Server(t).VersionNum(); s.VersionNum() != want {
				t.Errorf("version %d, want %d", s.VersionNum(), want)
			}
			db := create(t, s)
			conn := connect(t, db)
			u, err := url.Parse(dev)
			if err != nil {
				t.Fatal(err)
			}
			got := query(t, conn, `SELECT rolsuper, rolcreaterole, pg_encoding_to_char(encoding), datcollate, current_setting('search_path')
				FROM pg_database, pg_roles WHERE datname = current_database() AND rolname = current_user AND pg_has_role(datdba, 'USAGE')`)
			if diff := cmp.Diff([]string{`f|f|UTF8|C|"$user", public`}, got); diff != "" {
				t.Error(diff)
			}
			if own := conn.Config().User != u.User.Username(); own != test.ownRole {
				t.Errorf("the owner is %s", conn.Config().User)
			}
			query(t, conn, `CREATE TABLE t (n int)`)
			if s.VersionNum() >= 150000 || test.attributes == "SUPERUSER" { // else no role here may change the schema's owner
				query(t, conn, `COMMENT ON SCHEMA public IS 'ours'`)
			}
			conn.Close(ctx)
			copied, err := s.Clone(ctx, db)
			if err != nil {
				t.Fatal(err)
			}
			conn, err = pgx.Connect(ctx, copied.URL())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(ctx)
			query(t, conn, `INSERT INTO t VALUES (1)`)
			if err := db.Drop(ctx); err != nil {
				t.Error(err)
			}
			if test.attributes == "CREATEDB" {
				if _, err := s.CreateRole(ctx, "Reader"); sqlState(err) != "42501" {
					t.Errorf("creating a role without the right: %v", err)
				}
			} else {
				for _, want := range []bool{true, false} {
					if created, err := s.CreateRole(ctx, "Reader"); err != nil || created != want {
						t.Errorf("role created %v, %v, want %v", created, err, want)
					}
				}
				query(t, conn, `SET ROLE "Reader"; CREATE TABLE mine (); CREATE SCHEMA mine; RESET ROLE`)
				query(t, conn, `CREATE SCHEMA s; ALTER TABLE t SET SCHEMA s; GRANT CREATE ON SCHEMA s TO "Reader"; ALTER TABLE s.t OWNER TO "Reader"; GRANT CONNECT ON DATABASE `+copied.Name+` TO "Reader"`)
			}
			// A dropped database, one with a session, and the role are gone.
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if left := ours(t); len(left) > 0 {
				t.Errorf("remaining: %q", left)
			}
			if diff := cmp.Diff([]string{"kept"}, query(t, named.Conn(), `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`)); diff != "" {
				t.Errorf("the database named was touched: %s", diff)
			}
		})
	}
}

// A sweep drops a killed process's objects and keeps those in use.
func TestDevURLSweep(t *testing.T) {
	named := pgtest.New(t)
	dev := named.Login("secret", "SUPERUSER")
	other := start(t, dev)
	conn := connect(t, create(t, other))
	cmd, u := startChild(t, "server", dev)
	dead := u.User.Username()
	cmd.Process.Kill()
	cmd.Wait()
	eventually(t, "the end of the child's sessions", func() bool {
		return query(t, conn, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'`)[0] == "1"
	})

	s := start(t, dev)
	if strings.Contains(fmt.Sprint(ours(t)), strings.TrimSuffix(dead, "owner")) {
		t.Errorf("%s was not swept: %q", dead, ours(t))
	}
	query(t, conn, "SELECT 1")
	s.Close()
	other.Close()
	if left := ours(t); len(left) > 0 {
		t.Errorf("remaining: %q", left)
	}
}

func TestDevURLErrors(t *testing.T) {
	named := pgtest.New(t)
	dev := named.Login("secret", "")
	u, err := url.Parse(dev)
	if err != nil {
		t.Fatal(err)
	}
	role := u.User.Username()
	wrong := strings.Replace(dev, ":secret@", ":not%20secret@", 1)
	for _, test := range []struct{ name, dev, want string }{
		{"no CREATEDB", dev, `the dev URL's user "` + role + `" may not create databases: run ALTER ROLE "` + role + `" CREATEDB on that server, or leave dev unset to use a throwaway server`},
		{"wrong password", wrong, "password authentication failed"},
		{"nobody there", "postgres://u:secret@127.0.0.1:1/d", "connecting to the dev URL's server: "},
		{"bad escape", "postgres://u:secret%zz@h/d", "malformed postgres:// URL"},
		{"unescaped slash", "postgres://u:sec/ret@h/d", "malformed postgres:// URL"},
		{"bad setting", "postgres://u:secret@h/d?sslmode=never&password=secret", "malformed postgres:// URL"},
		{"bad port", "postgres://u:secret@h:99999/d", "malformed postgres:// URL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := devdb.Start(context.Background(), devdb.Config{Dev: test.dev})
			if err == nil {
				s.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "sec/") {
				t.Errorf("the error shows the password: %v", err)
			}
			var noRight *devdb.CreateDBError
			if errors.As(err, &noRight) != (test.name == "no CREATEDB") {
				t.Errorf("the error is a %T", err)
			}
		})
	}
}

// A migration can't leave a database that no run can drop.
func TestDevURLTemplate(t *testing.T) {
	for _, attrs := range []string{"SUPERUSER", "CREATEDB CREATEROLE"} {
		t.Run(attrs, func(t *testing.T) {
			s := start(t, pgtest.New(t).Login("secret", attrs))
			db := create(t, s)
			query(t, connect(t, db), fmt.Sprintf("ALTER DATABASE %q IS_TEMPLATE true", db.Name))
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if left := ours(t); len(left) > 0 {
				t.Errorf("remaining: %q", left)
			}
		})
	}
}

// Two runs on a server share a role that their migrations name, and neither uses one that was there before.
func TestDevURLRoles(t *testing.T) {
	named := pgtest.New(t)
	admin, err := pgtest.Server(t).Admin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	query(t, admin, `CREATE ROLE "Taken"`)
	defer query(t, admin, `DROP ROLE "Taken"`)
	dev := named.Login("secret", "CREATEDB CREATEROLE")
	one, two := start(t, dev), start(t, dev)
	for i, s := range []*devdb.Server{one, two} {
		for _, name := range []string{"Shared", "Taken"} {
			created, err := s.CreateRole(t.Context(), name)
			if want := i == 0 && name == "Shared"; created != want || err != nil {
				t.Errorf("server %d, role %s: created %t, error %v", i, name, created, err)
			}
		}
		query(t, connect(t, create(t, s)), `CREATE TABLE a (); ALTER TABLE a OWNER TO "Shared"; SET ROLE "Shared"; CREATE TABLE b ()`)
		foreign, err := s.ForeignRoles(t.Context(), []string{"Shared", "Taken", "None"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"Taken"}, foreign); diff != "" {
			t.Errorf("foreign roles (-want +got):\n%s", diff)
		}
	}
	if err := one.Close(); err != nil { // the second still uses the first's role
		t.Error(err)
	}
	if err := two.Close(); err != nil {
		t.Error(err)
	}
	if err := start(t, dev).Close(); err != nil {
		t.Error(err)
	}
	if left := query(t, named.Conn(), `SELECT rolname FROM pg_roles WHERE rolname = 'Shared'`); len(left) > 0 {
		t.Errorf("remaining: %q", left)
	}
}
