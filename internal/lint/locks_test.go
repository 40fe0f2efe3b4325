package lint_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// TestLocks compares the observed effects of statements with the known ones, in a transaction and outside. What the
// transaction locked before makes no difference.
func TestLocks(t *testing.T) {
	const none = "-- atlas:txmode none\n\n"
	const before = `CREATE TABLE parents (id bigint PRIMARY KEY);
CREATE TABLE rows (id bigint PRIMARY KEY, parent bigint, name varchar(10), note text);
ALTER TABLE rows ADD CONSTRAINT odd CHECK (note <> '') NOT VALID;
CREATE INDEX rows_name ON rows (name);
CREATE INDEX rows_short ON rows (id) WHERE name <> '';
CREATE TABLE children (id bigint PRIMARY KEY, row bigint CONSTRAINT children_row REFERENCES rows (id));
CREATE TABLE parts (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE alone (id bigint, at date NOT NULL);
CREATE INDEX alone_id ON alone (id);
CREATE TRIGGER bump BEFORE UPDATE ON rows FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE MATERIALIZED VIEW seen AS SELECT id FROM parents;
CREATE UNIQUE INDEX seen_id ON seen (id);
INSERT INTO rows (id, name) VALUES (1, 'a');
`
	// all takes every lock on every table.
	all := "REFRESH MATERIALIZED VIEW seen;\nREFRESH MATERIALIZED VIEW CONCURRENTLY seen;\n"
	for _, mode := range []string{"ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"} {
		all += "LOCK TABLE parents, rows, children, parts, alone IN " + mode + " MODE;\n"
	}
	detached := "AccessExclusiveLock"
	if pgtest.Server(t).VersionNum() < 140000 {
		detached = "ShareUpdateExclusiveLock"
	}
	for _, test := range []struct{ sql, want string }{
		{"SELECT * FROM rows", ""},
		{"UPDATE rows SET name = 'b'", ""},
		{"COMMENT ON TABLE rows IS 'x'", "rows ShareUpdateExclusiveLock"},
		{"ALTER TABLE rows ADD COLUMN x text", "rows AccessExclusiveLock"},
		{"ALTER TABLE rows ADD COLUMN x int DEFAULT 1 NOT NULL", "rows AccessExclusiveLock"},
		{"ALTER TABLE rows ADD COLUMN x float DEFAULT random()", "rows AccessExclusiveLock rewritten"},
		{"ALTER TABLE rows ALTER note SET NOT NULL", "rows AccessExclusiveLock scanned"},
		{"ALTER TABLE rows ALTER note SET STATISTICS 1000", "rows ShareUpdateExclusiveLock"},
		{"ALTER TABLE rows ADD CHECK (id > 0)", "rows AccessExclusiveLock scanned"},
		{"ALTER TABLE rows VALIDATE CONSTRAINT odd", "rows ShareUpdateExclusiveLock scanned"},
		{"ALTER TABLE rows ALTER name TYPE varchar(20)", "rows AccessExclusiveLock scanned"},
		{"ALTER TABLE rows ALTER id TYPE numeric", "children AccessExclusiveLock scanned; rows AccessExclusiveLock rewritten"},
		{"CREATE INDEX ON rows (note)", "rows ShareLock scanned"},
		{"DROP INDEX rows_name", "rows AccessExclusiveLock"},
		{"REINDEX TABLE rows", "rows ShareLock scanned"},
		{"ALTER TABLE rows ADD FOREIGN KEY (parent) REFERENCES parents NOT VALID", "parents ShareRowExclusiveLock; rows ShareRowExclusiveLock"},
		{"CREATE TABLE more (id bigint REFERENCES parents)", "parents ShareRowExclusiveLock"},
		{"ALTER TABLE children DROP CONSTRAINT children_row", "children AccessExclusiveLock; rows AccessExclusiveLock"},
		{"DROP TABLE children", "children AccessExclusiveLock; rows AccessExclusiveLock"},
		{"ALTER TABLE children DROP COLUMN row", "children AccessExclusiveLock; rows AccessExclusiveLock"},
		{"CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')", "parts AccessExclusiveLock"},
		{"ALTER TABLE parts ATTACH PARTITION alone FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')", "alone AccessExclusiveLock scanned; parts ShareUpdateExclusiveLock"},
		{"ALTER TABLE parts DETACH PARTITION parts_1", "parts AccessExclusiveLock; parts_1 " + detached},
		{"DROP TABLE parts_1", "parts AccessExclusiveLock; parts_1 AccessExclusiveLock"},
		{"ALTER TABLE rows RENAME note TO notes", "rows AccessExclusiveLock"},
		{"ALTER TABLE rows RENAME TO lines", "rows AccessExclusiveLock"},
		{"ALTER TABLE rows SET (fillfactor = 70)", "rows ShareUpdateExclusiveLock"},
		{"ALTER TABLE rows ALTER note SET (n_distinct = 5)", "rows ShareUpdateExclusiveLock"},
		{"ALTER TABLE rows CLUSTER ON rows_name", "rows ShareUpdateExclusiveLock"},
		{"ALTER TABLE rows SET UNLOGGED", ""},
		{"ALTER TABLE alone SET UNLOGGED", "alone AccessExclusiveLock rewritten"},
		{"ALTER TABLE rows ENABLE ROW LEVEL SECURITY", "rows AccessExclusiveLock"},
		{"ALTER TABLE rows REPLICA IDENTITY FULL", "rows AccessExclusiveLock"},
		{"ALTER TABLE rows DISABLE TRIGGER USER", "rows ShareRowExclusiveLock"},
		{"ALTER TABLE rows DISABLE TRIGGER bump", "rows ShareRowExclusiveLock"},
		{"ALTER TABLE rows ADD UNIQUE (note)", "rows AccessExclusiveLock scanned"},
		{"ALTER TABLE rows ADD COLUMN x bigint, ADD FOREIGN KEY (parent) REFERENCES parents NOT VALID", "parents ShareRowExclusiveLock; rows AccessExclusiveLock"},
		{"ALTER TABLE children ALTER CONSTRAINT children_row DEFERRABLE", "children AccessExclusiveLock"},
		{"ALTER TABLE parts ADD CHECK (id > 0)", "parts AccessExclusiveLock; parts_1 AccessExclusiveLock scanned"},
		{"CREATE INDEX ON parts (id)", "parts ShareLock; parts_1 ShareLock scanned"},
		{"CREATE TRIGGER more BEFORE UPDATE ON rows FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()", "rows ShareRowExclusiveLock"},
		{"DROP TRIGGER bump ON rows", "rows AccessExclusiveLock"},
		{"CREATE RULE silent AS ON DELETE TO rows DO INSTEAD NOTHING", "rows AccessExclusiveLock"},
		{"CREATE POLICY p ON rows USING (true)", "rows AccessExclusiveLock"},
		{"CREATE STATISTICS s ON name, note FROM rows", "rows ShareUpdateExclusiveLock"},
		{"COMMENT ON COLUMN rows.note IS 'x'", "rows ShareUpdateExclusiveLock"},
		{"ANALYZE rows", "rows ShareUpdateExclusiveLock"},
		{"CLUSTER alone USING alone_id", "alone AccessExclusiveLock rewritten"},
		{"TRUNCATE alone", "alone AccessExclusiveLock rewritten"},
		{"REINDEX INDEX rows_name", "rows ShareLock scanned"},
		{"REFRESH MATERIALIZED VIEW seen", "seen AccessExclusiveLock rewritten"},
		{"DO $$ BEGIN CREATE INDEX ON alone (at); END $$", "alone ShareLock scanned"},
		{"DO $$ BEGIN UPDATE rows SET note = 'a'; ALTER TABLE alone ADD x int; END $$", "alone AccessExclusiveLock"},
		{"LOCK TABLE rows IN SHARE MODE", "rows ShareLock"},
		{"REFRESH MATERIALIZED VIEW CONCURRENTLY seen", "seen ExclusiveLock scanned"},
		{none + "CREATE INDEX CONCURRENTLY ON rows (note)", "rows ShareUpdateExclusiveLock scanned"},
		{none + "DROP INDEX CONCURRENTLY rows_name", "rows ShareUpdateExclusiveLock"},
		{none + "REINDEX TABLE CONCURRENTLY rows", "rows ShareUpdateExclusiveLock scanned"},
		{none + "VACUUM rows", "rows ShareUpdateExclusiveLock"},
		{none + "VACUUM FULL rows", "rows AccessExclusiveLock rewritten"},
		{none + "ALTER TABLE rows ADD COLUMN x text", "rows AccessExclusiveLock"},
		{none + "DO $$ BEGIN PERFORM 1; COMMIT; END $$", ""},
	} {
		t.Run(test.sql, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, effects(t, before, test.sql, "")); diff != "" {
				t.Error(diff)
			}
			if strings.HasPrefix(test.sql, none) {
				return
			}
			if diff := cmp.Diff(test.want, effects(t, before, all+test.sql, "AccessExclusiveLock")); diff != "" {
				t.Error("with all locks held:", diff)
			}
		})
	}
}

// effects returns the effects of a change's last statement, before which its tables are locked in the mode held.
func effects(t *testing.T, before, change, held string) string {
	t.Helper()
	r := mustRun(t, folder(t, map[string]string{first: before, second: change + ";\n"}), lint.Config{Latest: 1})
	list := r.Files[0].Statements
	if len(list) == 0 {
		t.Fatal(findings(r))
	}
	var got []string
	for _, e := range list[len(list)-1].Effects {
		if e.Weak() || e.Lock == "" || e.Lock == "RowExclusiveLock" {
			continue // shown for its scan while a lock is held
		}
		text := e.Table + " " + e.Lock
		if e.Rewritten {
			text += " rewritten"
		}
		if e.Scanned {
			text += " scanned"
		}
		if e.Held != held {
			text += " held " + e.Held
		}
		got = append(got, text)
	}
	return strings.Join(got, "; ")
}
