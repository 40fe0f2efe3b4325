package lint_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// TestLocks compares the observed effects of statements with the known ones, in a transaction and outside.
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
CREATE MATERIALIZED VIEW seen AS SELECT id FROM parents;
CREATE UNIQUE INDEX seen_id ON seen (id);
INSERT INTO rows (id, name) VALUES (1, 'a');
`
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
			r := mustRun(t, folder(t, map[string]string{first: before, second: test.sql + ";\n"}), lint.Config{Latest: 1})
			var got []string
			for _, s := range r.Files[0].Statements {
				for _, e := range s.Effects {
					text := e.Table + " " + e.Lock
					if e.Rewritten {
						text += " rewritten"
					}
					if e.Scanned {
						text += " scanned"
					}
					got = append(got, text)
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "; ")); diff != "" {
				t.Error(diff, fmt.Sprint(findings(r)))
			}
		})
	}
}
