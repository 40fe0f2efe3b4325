package migrator_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// If something suppresses or changes a write of the record, that is detected before the commit, and the error names it.
func TestRecordIsConfirmed(t *testing.T) {
	const (
		function = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN %s; END$$;\n"
		undo     = "UPDATE alembic_version SET version_num = 'aaa111' WHERE version_num <> 'aaa111'; RETURN NULL"
	)
	for _, tt := range []struct {
		name   string
		change string
		by     string
	}{
		{
			"a trigger returns nothing",
			strings.Replace(function, "%s", "RETURN NULL", 1) +
				"CREATE TRIGGER t BEFORE UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION f()",
			"trigger t on alembic_version",
		},
		{
			"a trigger returns another id",
			strings.Replace(function, "%s", "NEW.version_num := 'other'; RETURN NEW", 1) +
				`CREATE TRIGGER "Odd ""T" BEFORE UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION f()`,
			`trigger "Odd ""T" on alembic_version`,
		},
		{
			"a trigger adds a row",
			strings.Replace(function, "%s", "INSERT INTO alembic_version VALUES ('second'); RETURN NULL", 1) +
				"CREATE TRIGGER t AFTER UPDATE ON alembic_version FOR EACH STATEMENT EXECUTE FUNCTION f()",
			"trigger t on alembic_version",
		},
		{
			"a deferred trigger sets it back",
			strings.Replace(function, "%s", undo, 1) +
				"CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON alembic_version DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.version_num <> 'aaa111') EXECUTE FUNCTION f()",
			"trigger t on alembic_version",
		},
		{
			"a deferred trigger of the journal sets it back",
			strings.Replace(function, "%s", undo, 1) +
				"CREATE CONSTRAINT TRIGGER t AFTER INSERT OR UPDATE ON atlas_schema_revisions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f()",
			"trigger t on atlas_schema_revisions",
		},
		{
			"a rule does nothing",
			"CREATE RULE r AS ON UPDATE TO alembic_version DO INSTEAD NOTHING",
			"rule r on alembic_version",
		},
		{
			"a rule goes elsewhere",
			"CREATE TABLE elsewhere (v text); INSERT INTO elsewhere VALUES (''); CREATE RULE r AS ON UPDATE TO alembic_version DO INSTEAD UPDATE elsewhere SET v = NEW.version_num",
			"rule r on alembic_version",
		},
		{
			"a trigger keeps the journal's row out",
			strings.Replace(function, "%s", "RETURN NULL", 1) +
				"CREATE TRIGGER t BEFORE INSERT ON atlas_schema_revisions FOR EACH ROW EXECUTE FUNCTION f()",
			"trigger t on atlas_schema_revisions",
		},
		{
			"a trigger changes the journal's row",
			strings.Replace(function, "%s", "NEW.applied := NEW.applied + 1; RETURN NEW", 1) +
				"CREATE TRIGGER t BEFORE INSERT OR UPDATE ON atlas_schema_revisions FOR EACH ROW EXECUTE FUNCTION f()",
			"trigger t on atlas_schema_revisions",
		},
		{
			"two of them",
			"CREATE RULE r AS ON UPDATE TO alembic_version DO INSTEAD NOTHING;" + strings.Replace(function, "%s", "RETURN NULL", 1) +
				"CREATE TRIGGER t BEFORE INSERT ON atlas_schema_revisions FOR EACH ROW EXECUTE FUNCTION f()",
			"rule r on alembic_version, trigger t on atlas_schema_revisions",
		},
	} {
		for _, mode := range []string{"", "-- atlas:txmode none\n"} {
			t.Run(strings.TrimSpace(tt.name+" "+strings.TrimPrefix(mode, "-- ")), func(t *testing.T) {
				b := setup(t, dir(t,
					file{"1_a.sql", "-- alembic:revision aaa111\n\nCREATE TABLE a (id int);\n", ""},
					file{"2_b.sql", "-- alembic:revision bbb222\n" + mode + "\nALTER TABLE a ADD COLUMN b int;\n", ""}))
				b.mustApply(migrator.Options{N: 1})
				b.db.Exec(tt.change)
				before := b.everything()
				if out, err := b.psql(b.mustApply(migrator.Options{DryRun: true}).Script); err == nil ||
					!strings.Contains(out, "don't hold what was just written to them: there is a trigger, a rule or row security on them") {
					t.Errorf("psql said %s", out)
				}
				if mode == "" {
					b.same(before)
				}
				_, err := b.apply(migrator.Options{})
				var unwritten *revision.UnwrittenError
				if !errors.As(err, &unwritten) {
					t.Fatalf("error: %v", err)
				}
				if by := strings.Join(unwritten.By, ", "); by != tt.by {
					t.Errorf("by %s, want %s", by, tt.by)
				}
				if mode == "" {
					b.same(before)
				} else if got := b.alembic(); got != "aaa111" {
					t.Errorf("alembic_version holds %s", got)
				}
			})
		}
	}
}

// If row security hides the row from the role, an UPDATE changes nothing and gives no error.
func TestRecordUnderRowSecurity(t *testing.T) {
	b := setup(t, dir(t,
		file{"1_a.sql", "-- alembic:revision aaa111\n\nCREATE TABLE a (id int);\n", ""},
		file{"2_b.sql", "-- alembic:revision bbb222\n\nALTER TABLE a ADD COLUMN b int;\n", ""}))
	b.mustApply(migrator.Options{N: 1})
	b.db.Exec("ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY p ON alembic_version FOR SELECT USING (true)")
	before := b.everything()
	if out, err := b.psql(b.mustApply(migrator.Options{DryRun: true}).Script); err == nil {
		t.Errorf("psql said %s", out)
	}
	_, err := b.apply(migrator.Options{})
	var unwritten *revision.UnwrittenError
	if !errors.As(err, &unwritten) || len(unwritten.By) != 1 || unwritten.By[0] != "row security of alembic_version" {
		t.Errorf("error: %v", err)
	}
	b.same(before)
}

// live returns a DO statement that runs SQL only in a database with a record, not where the file's effect is measured.
func live(sql string) string {
	return "DO $y$BEGIN IF pg_catalog.to_regclass('public.alembic_' || 'version') IS NOT NULL THEN EXECUTE $x$" + sql + "$x$; END IF; END$y$;\n"
}

// A file itself can change its record.
func TestRecordIsChangedByItsOwnFile(t *testing.T) {
	for name, sql := range map[string]string{
		"a rule":  live("CREATE RULE r AS ON INSERT TO public.atlas_schema_revisions DO INSTEAD NOTHING"),
		"emptied": live("DELETE FROM public.alembic_version"),
		"emptied at last": "CREATE TABLE d (id int);\n" +
			"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN " + strings.TrimSuffix(live("DELETE FROM public.alembic_version"), "\n") + " RETURN NULL; END$f$;\n" +
			"CREATE CONSTRAINT TRIGGER t AFTER INSERT ON d DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f();\n" +
			"INSERT INTO d VALUES (1);\n",
	} {
		t.Run(name, func(t *testing.T) {
			sql := strings.Replace(sql, "AS $f$BEGIN DO $y$BEGIN IF", "AS $f$BEGIN IF", 1)
			sql = strings.Replace(sql, "END IF; END$y$; RETURN", "END IF; RETURN", 1)
			b := setup(t, dir(t, shop[0], file{"20240102000000_odd.sql", sql, ""}))
			b.mustApply(migrator.Options{N: 1})
			before := b.everything()
			if out, err := b.psql(b.mustApply(migrator.Options{DryRun: true}).Script); err == nil {
				t.Errorf("psql said %s", out)
			}
			b.same(before)
			_, err := b.apply(migrator.Options{})
			var unwritten *revision.UnwrittenError
			if !errors.As(err, &unwritten) || len(unwritten.By) != 0 {
				t.Errorf("error: %v", err)
			}
			b.same(before)
		})
	}
}

// A settlement is confirmed as well.
func TestSettlementIsConfirmed(t *testing.T) {
	b := setup(t, dir(t, shop...))
	b.mustApply(migrator.Options{})
	b.db.Exec("CREATE RULE r AS ON DELETE TO atlas_schema_revisions DO INSTEAD NOTHING")
	before := b.everything()
	_, err := b.m().Stamp(t.Context(), migrator.StampOptions{To: "bbb222", Yes: true})
	var unwritten *revision.UnwrittenError
	if !errors.As(err, &unwritten) || len(unwritten.By) != 1 || unwritten.By[0] != "rule r on atlas_schema_revisions" {
		t.Errorf("error: %v", err)
	}
	b.same(before)
}

// A file can't prepare its transaction, which contains the record.
func TestPreparedTransaction(t *testing.T) {
	root := write(t, []file{{"20240101000000_odd.sql", "CREATE TABLE odd (id int);\nPREPARE TRANSACTION 'x';\n", ""}})
	if _, err := migration.Read(os.DirFS(root)); err == nil || !strings.Contains(err.Error(), "20240101000000_odd.sql:2:1: PREPARE TRANSACTION") {
		t.Errorf("reading it: %v", err)
	}
	b := setup(t, dir(t, shop[0], file{"20240102000000_odd.sql", "CREATE TABLE odd (id int);\n" + live("PREPARE TRANSACTION 'x'"), ""}))
	b.mustApply(migrator.Options{N: 1})
	before := b.everything()
	if _, err := b.apply(migrator.Options{}); err == nil || !strings.Contains(err.Error(), "20240102000000_odd.sql:2:1") {
		t.Errorf("applying it: %v", err)
	}
	b.same(before)
	if n := b.query("SELECT count(*)::text FROM pg_prepared_xacts WHERE database = current_database()"); n != "0" {
		t.Errorf("%s prepared transactions", n)
	}
}
