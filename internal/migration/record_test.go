package migration

import (
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// TestChanges distinguishes statements that change the record from those that only mention it.
func TestChanges(t *testing.T) {
	for _, tt := range []struct {
		sql  string
		want bool
	}{
		{"CREATE TABLE alembic_version (version_num varchar(32))", true},
		{"create unlogged table if not exists public.ALEMBIC_VERSION (v text)", true},
		{"CREATE TEMP TABLE alembic_version (v text)", true},
		{`CREATE TABLE "alembic_version" AS SELECT 1`, true},
		{"CREATE OR REPLACE VIEW alembic_version AS SELECT 1", true},
		{"CREATE MATERIALIZED VIEW IF NOT EXISTS alembic_version AS SELECT 1", true},
		{"ALTER TABLE ONLY public.alembic_version ADD CONSTRAINT c PRIMARY KEY (v)", true},
		{"ALTER TABLE IF EXISTS alembic_version RENAME TO old", true},
		{"ALTER TABLE old RENAME TO alembic_version", true},
		{"DROP TABLE IF EXISTS a, public.alembic_version CASCADE", true},
		{"TRUNCATE a, alembic_version", true},
		{"TRUNCATE TABLE ONLY alembic_version *", true},
		{"LOCK TABLE alembic_version IN SHARE MODE", true},
		{"INSERT INTO alembic_version (version_num) VALUES ('a') RETURNING alembic_version.version_num", true},
		{`INSERT INTO U&"alembic\005fversion" VALUES ('a')`, true},
		{"UPDATE alembic_version SET version_num = 'b'", true},
		{"UPDATE ONLY public.alembic_version AS a SET version_num = 'b'", true},
		{"UPDATE ONLY (alembic_version) SET version_num = 'b'", true},
		{"DELETE FROM alembic_version", true},
		{"DELETE FROM ONLY alembic_version WHERE false", true},
		{"MERGE INTO alembic_version a USING b ON true WHEN MATCHED THEN DELETE", true},
		{"WITH x AS (UPDATE alembic_version SET version_num = 'b' RETURNING 1) SELECT * FROM x", true},
		{"WITH x AS (SELECT 1) DELETE FROM alembic_version", true},
		{"COPY alembic_version (version_num) FROM '/tmp/x'", true},

		{"CREATE TABLE alembic_version_old (v text)", false},
		{"CREATE TABLE other.alembic_version (v text)", false},
		{`CREATE TABLE "Alembic_version" (v text)`, false},
		{"CREATE TABLE t (alembic_version text REFERENCES v (alembic_version))", false},
		{"CREATE INDEX alembic_version ON t (alembic_version)", false},
		{"CREATE INDEX ON t (alembic_version)", false},
		{"ALTER TABLE t ADD COLUMN alembic_version text", false},
		{"ALTER TABLE t RENAME COLUMN a TO alembic_version", false},
		{"ALTER TABLE t DROP COLUMN alembic_version, ALTER alembic_version SET NOT NULL", false},
		{"DROP INDEX alembic_version", false},
		{"INSERT INTO t (alembic_version) VALUES ('INSERT INTO alembic_version')", false},
		{"UPDATE t SET alembic_version = 'UPDATE alembic_version'", false},
		{"DELETE FROM t WHERE alembic_version = 'x'", false},
		{"DELETE FROM t USING alembic_version", false},
		{"SELECT version_num FROM alembic_version", false},
		{"SELECT alembic_version FROM t FOR UPDATE", false},
		{"COPY alembic_version TO '/tmp/x'", false},
		{"COPY t (alembic_version) FROM '/tmp/x'", false},
		{"GRANT SELECT ON TABLE alembic_version TO PUBLIC", false},
		{"COMMENT ON COLUMN t.alembic_version IS 'UPDATE alembic_version'", false},
		{"CREATE TRIGGER x BEFORE INSERT OR UPDATE OF alembic_version ON t FOR EACH ROW EXECUTE FUNCTION f()", false},
		{"DO $$ BEGIN UPDATE alembic_version SET version_num = 'b'; END $$", false},
		{"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'DELETE FROM alembic_version'", false},
		{"SELECT 1 /* UPDATE alembic_version SET a = 1 */ -- DELETE FROM alembic_version", false},
		{"DROP", false}, {"INSERT INTO", false}, {"UPDATE", false}, {"ALTER TABLE alembic_version.", false}, {"", false},
	} {
		if got := changes(pgsql.Stmt{Text: tt.sql}.Parse(), "alembic_version"); got != tt.want {
			t.Errorf("%s: %t", tt.sql, got)
		}
	}
}
