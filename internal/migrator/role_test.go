package migrator_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// roles creates roles that the database's owner is a member of, which may create in public.
func (b *bench) roles(names ...string) {
	b.Helper()
	admin := b.admin()
	for _, name := range names {
		role := pgsql.Ident(name)
		for _, sql := range []string{"CREATE ROLE " + role, "GRANT " + role + " TO " + pgsql.Ident(b.cfg.ConnConfig.User)} {
			if _, err := admin.Exec(context.Background(), sql); err != nil {
				b.Fatal(err)
			}
		}
		b.db.Exec("GRANT CREATE, USAGE ON SCHEMA public TO " + role)
		b.Cleanup(func() {
			b.db.Exec("DROP OWNED BY " + role)
			if _, err := b.admin().Exec(context.Background(), "DROP ROLE "+role); err != nil {
				b.Error(err)
			}
		})
	}
}

// owners are the owners of the tables, the record's among them.
func (b *bench) owners() string {
	b.Helper()
	return b.query(`SELECT string_agg(concat_ws(' ', relname, pg_get_userbyid(relowner)), ', ' ORDER BY relname) FROM pg_class
		WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`)
}

// The record is written as the role that the run began with, whatever a file has set.
func TestFilesRole(t *testing.T) {
	b := setup(t, nil)
	mine, other := b.db.Name+" Own", b.db.Name+"_other"
	b.roles(mine, other)
	set := "SET ROLE " + pgsql.Ident(other) + ";\n\n"
	b.cfg.Dir = read(t, write(t, []file{
		{"1_a.sql", set + "CREATE TABLE a ();\n", set + "DROP TABLE a;\n"},
		{"2_b.sql", "-- atlas:txmode none\n\n" + set + "CREATE TABLE b (n int);\n\nCREATE INDEX CONCURRENTLY b_n ON b (n);\n\nRESET ROLE;\n\nCREATE TABLE b_login ();\n", ""},
		{"3_c.sql", strings.Replace(set, "SET", "SET LOCAL", 1) + "CREATE TABLE c ();\n", ""},
		{"4_d.sql", "CREATE TABLE d ();\n", ""},
	}))
	for _, role := range []string{"", mine} {
		b.cfg.Role = role
		b.mustApply(migrator.Options{})
		login := b.cfg.ConnConfig.User
		begun := login
		if role != "" {
			begun = role
		}
		want := fmt.Sprintf("a %[1]s, alembic_version %[2]s, atlas_schema_revisions %[2]s, b %[1]s, b_login %[3]s, c %[1]s, d %[2]s", other, begun, login)
		if got := b.owners(); got != want {
			t.Errorf("the owners are\n%s\nwant\n%s", got, want)
		}
		if got := b.alembic() + " " + b.journal(); got != "4 1 2 2/2,2 2 5/5,3 2 2/2,4 2 1/1" {
			t.Errorf("the record is %s", got)
		}
		b.db.Exec("DROP TABLE a, b, b_login, c, d, alembic_version, atlas_schema_revisions")
	}
}

// If a statement fails in a role that the file has set, the error names the role, and the journal records the error.
func TestFilesRoleFails(t *testing.T) {
	b := setup(t, nil)
	other := b.db.Name + "_other"
	b.roles(other)
	b.db.Exec("CREATE TABLE ours (n int)")
	b.cfg.Dir = read(t, write(t, []file{
		{"1_a.sql", "-- atlas:txmode none\n\nSET ROLE " + other + ";\n\nCREATE TABLE theirs (n int);\n\nCREATE INDEX CONCURRENTLY i ON ours (n);\n", ""},
	}))
	b.db.Exec(revision.Store{}.AlembicDDL(revision.Record{}) + ";" + revision.Store{}.JournalDDL())
	for range 2 { // the second run continues in the same role
		_, err := b.apply(migrator.Options{})
		if want := "; it ran as role " + other + ", which the file sets: grant that role the missing privileges"; err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("apply gave\n%v\nwant\n...%s", err, want)
		}
		if got := b.query("SELECT concat_ws(' ', applied, total, error) FROM atlas_schema_revisions"); got != "2 3 ERROR: must be owner of table ours (SQLSTATE 42501)" {
			t.Errorf("the journal says %s", got)
		}
	}
	b.db.Exec("ALTER TABLE ours OWNER TO " + other)
	b.mustApply(migrator.Options{})
	if got := b.alembic() + " " + b.journal(); got != "1 1 2 3/3" {
		t.Errorf("the record is %s", got)
	}
}

func TestMissingRoleIsNamed(t *testing.T) {
	for _, sql := range []string{`CREATE TABLE a (n int); GRANT SELECT ON a TO "No such";`, `SET ROLE "No such";`} {
		b := setup(t, read(t, write(t, []file{{"1_a.sql", sql, ""}})))
		_, err := b.apply(migrator.Options{})
		want := `create role "No such" on this server first: roles belong to the whole server, and migrations don't create them`
		if err == nil || strings.Count(err.Error(), want) != 1 {
			t.Errorf("%s gave\n%v\nwant\n...%s", sql, err, want)
		}
	}
}

func TestMissingLoginRole(t *testing.T) {
	b := setup(t, dir(t, shop...))
	b.cfg.ConnConfig.User = "nobody here"
	_, err := b.apply(migrator.Options{})
	if err == nil || !strings.HasSuffix(err.Error(), "; check the user and password, and the server's pg_hba.conf") {
		t.Errorf("apply gave %v", err)
	}
}

// An extension that only a superuser may create is created by one, and the file runs again.
func TestExtensionOfASuperuser(t *testing.T) {
	b := setup(t, read(t, write(t, []file{{"1_a.sql", "CREATE EXTENSION IF NOT EXISTS pageinspect;", ""}})))
	_, err := b.apply(migrator.Options{})
	if want := "; ask a superuser to create extension pageinspect in this database first: CREATE EXTENSION IF NOT EXISTS then does nothing"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Fatalf("apply gave %v", err)
	}
	if _, err := b.admin().Exec(t.Context(), "CREATE EXTENSION pageinspect"); err != nil {
		t.Fatal(err)
	}
	b.mustApply(migrator.Options{})
}

// A superuser's file may change the session's user.
func TestFilesSessionAuthorization(t *testing.T) {
	b := setup(t, nil)
	other := b.db.Name + "_other"
	b.roles(other)
	owner := b.cfg.ConnConfig.User
	b.cfg.ConnConfig.User = b.admin().Config().User
	set := "SET SESSION AUTHORIZATION " + other + ";\n\n"
	b.cfg.Dir = read(t, write(t, []file{
		{"1_a.sql", set + "CREATE TABLE a ();\n", ""},
		{"2_b.sql", "-- atlas:txmode none\n\n" + set + "CREATE TABLE b ();\n\nCREATE TABLE b2 ();\n\nRESET SESSION AUTHORIZATION;\n\nSET ROLE " + owner + ";\n\nCREATE TABLE b3 ();\n", ""},
		{"3_c.sql", "CREATE TABLE c ();\n", ""},
	}))
	script := b.mustApply(migrator.Options{DryRun: true}).Script
	super := b.cfg.ConnConfig.User
	want := fmt.Sprintf("a %[1]s, alembic_version %[2]s, atlas_schema_revisions %[2]s, b %[1]s, b2 %[1]s, b3 %[3]s, c %[2]s", other, super, owner)
	b.mustApply(migrator.Options{})
	if got := b.owners(); got != want {
		t.Errorf("the owners are\n%s\nwant\n%s", got, want)
	}
	if _, err := b.admin().Exec(context.Background(), "DROP TABLE a, b, b2, b3, c, alembic_version, atlas_schema_revisions"); err != nil {
		t.Fatal(err)
	}
	url := b.db.URL
	b.db.URL = strings.Replace(url, owner+"@", super+"@", 1)
	out, err := b.psql(script)
	b.db.URL = url
	if err != nil {
		t.Fatalf("psql said %s, %v", out, err)
	}
	if got := b.owners(); got != want {
		t.Errorf("the script's owners are\n%s\nwant\n%s", got, want)
	}
}
