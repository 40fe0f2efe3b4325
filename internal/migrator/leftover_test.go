package migrator_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// Whatever a file does to its session, its record is written, by apply and by the script alike.
func TestRecordWhateverTheSession(t *testing.T) {
	const shadow = `CREATE SCHEMA evil;
CREATE FUNCTION evil.count() RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint';
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS $$SELECT timestamptz 'epoch'$$;
CREATE FUNCTION evil.concat_ws(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS $$SELECT 'x'::text$$;
CREATE FUNCTION evil.jsonb_array_length(jsonb) RETURNS int LANGUAGE sql AS 'SELECT 99';
CREATE FUNCTION evil.set_config(text, text, bool) RETURNS text LANGUAGE sql AS $$SELECT 'x'::text$$;
CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE sql AS $$SELECT 'x'::text$$;
CREATE FUNCTION evil.eq(text, text) RETURNS bool LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR evil.= (leftarg = text, rightarg = text, function = evil.eq);
CREATE TABLE evil.alembic_version (version_num varchar(32));
CREATE DOMAIN evil.text AS pg_catalog.int4;
SET search_path = evil, pg_catalog;
`
	for _, tt := range []struct{ name, sql string }{
		{"shadows", shadow},
		{"encoding", "SET client_encoding = 'LATIN1';\n"},
		{"encoding by name", "SET NAMES 'LATIN1';\n"},
		{"strings", "SET standard_conforming_strings = off;\n"},
		{"isolation", "SET default_transaction_isolation = 'serializable'; SET default_transaction_deferrable = on;\n"},
		{"read-only", "DO $$ BEGIN INSERT INTO public.t VALUES (1); PERFORM set_config('default_transaction_read_only', 'on', false); END $$;\nSELECT 1;\n"},
	} {
		for _, mode := range []string{"", "-- atlas:txmode none\n"} {
			t.Run(strings.TrimSpace(tt.name+" "+strings.TrimPrefix(mode, "-- ")), func(t *testing.T) {
				b := setup(t, nil)
				b.cfg.Role = b.db.Name + `_"bär\`
				b.roles(b.cfg.Role)
				b.db.Exec("GRANT CREATE ON DATABASE " + pgsql.Ident(b.db.Name) + " TO " + pgsql.Ident(b.cfg.Role))
				last := "INSERT INTO public.t VALUES (2);\n"
				if tt.name == "read-only" && mode != "" {
					last = ""
				}
				b.cfg.Dir = dir(t,
					file{"1_größe.sql", mode + "\nCREATE TABLE public.t (n int);\n" + tt.sql + last, ""},
					file{"2_länge.sql", mode + "\nCREATE TABLE u AS SELECT 'ä' AS a, length('ä'), '\\' AS b;\n", ""})
				script := b.mustApply(migrator.Options{DryRun: true}).Script
				b.mustApply(migrator.Options{})
				if got := b.query("SELECT string_agg(description, ' ' ORDER BY version) FROM atlas_schema_revisions") + " " + b.alembic(); got != "größe länge 2" {
					t.Errorf("the record is %s", got)
				}
				want := b.everything()
				b.db.Exec("DROP OWNED BY " + pgsql.Ident(b.cfg.Role))
				b.db.Exec("GRANT CREATE ON DATABASE " + pgsql.Ident(b.db.Name) + " TO " + pgsql.Ident(b.cfg.Role) + "; GRANT CREATE, USAGE ON SCHEMA public TO " + pgsql.Ident(b.cfg.Role))
				if out, err := b.psql(script); err != nil {
					t.Fatalf("psql said %s, %v", out, err)
				}
				b.same(want)
			})
		}
	}
}

// An error in the encoding that the file has set is recorded too.
func TestErrorInAnotherEncoding(t *testing.T) {
	b := setup(t, read(t, write(t, []file{{"1_a.sql", "-- atlas:txmode none\n\nCREATE TABLE t (n int);\nSET client_encoding = 'LATIN1';\nDO $$ BEGIN RAISE 'no %', chr(228); END $$;\n", ""}})))
	if _, err := b.apply(migrator.Options{}); err == nil || strings.Contains(err.Error(), "does not say why") {
		t.Errorf("error: %v", err)
	}
	if got := b.query("SELECT error FROM atlas_schema_revisions"); !strings.Contains(got, "no \uFFFD") {
		t.Errorf("the journal says %s", got)
	}
}

// The settings of a file without statements don't affect other files.
func TestLockTimeoutOfAnEmptyFile(t *testing.T) {
	b := setup(t, dir(t,
		file{"1_empty.sql", "-- migrate:lock_timeout 30s\n\n", ""},
		file{"2_sees.sql", "CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS locks;\n", ""},
		file{"3_empty.sql", "-- migrate:lock_timeout 31s\n\n", ""},
		file{"4_sees.sql", "INSERT INTO seen SELECT current_setting('lock_timeout');\n", ""}))
	b.mustApply(migrator.Options{})
	if got := b.query("SELECT string_agg(DISTINCT locks, ' ') FROM seen"); got != "2s" {
		t.Errorf("the files after it waited for %s", got)
	}
}

// The locks are freed, however often files took or freed them, and without a message.
func TestUnlocksWhateverFilesLock(t *testing.T) {
	b := setup(t, dir(t,
		file{"1_leaves.sql", "CREATE TABLE t (n int);\nSELECT pg_advisory_lock(1);\n", ""},
		file{"2_leaves.sql", "SELECT pg_advisory_lock(1), pg_advisory_lock_shared(2, 3);\n", ""},
		file{"3_frees.sql", "-- atlas:txmode none\n\nSELECT pg_advisory_unlock_all();\nSELECT 1;\n", ""}))
	b.mustApply(migrator.Options{})
	if notices := logged[migrator.LogNotice](b.log); len(notices) > 0 {
		t.Errorf("it said %v", notices)
	}
}

// All columns of the journal's row are read back.
func TestWholeRowIsConfirmed(t *testing.T) {
	for name, change := range map[string]string{
		"description": "NEW.description := 'other'",
		"error":       "NEW.error_stmt := 'other'",
		"hash":        `IF NEW.applied = 1 THEN NEW.partial_hashes := '["other"]'; END IF`,
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, dir(t,
				file{"1_a.sql", "CREATE TABLE a (id int);\n", ""},
				file{"2_b.sql", "-- atlas:txmode none\n\nALTER TABLE a ADD COLUMN b int;\nALTER TABLE a ADD COLUMN c int;\n", ""}))
			b.mustApply(migrator.Options{N: 1})
			b.db.Exec("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN " + change + "; RETURN NEW; END$$;" +
				"CREATE TRIGGER t BEFORE INSERT OR UPDATE ON atlas_schema_revisions FOR EACH ROW EXECUTE FUNCTION f()")
			if _, err := b.apply(migrator.Options{}); !errors.As(err, new(*revision.UnwrittenError)) {
				t.Errorf("error: %v", err)
			}
		})
	}
}
