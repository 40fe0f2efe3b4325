package lint_test

import (
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// TestPendingEvents runs changes on tables with rows: those that PostgreSQL rejects because of pending trigger events
// are reported, and no others.
func TestPendingEvents(t *testing.T) {
	const before = `CREATE TABLE parents (id bigint PRIMARY KEY, code int);
CREATE TABLE lines (id bigint PRIMARY KEY, parent bigint REFERENCES parents DEFERRABLE INITIALLY DEFERRED, n int CONSTRAINT lines_n UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE INDEX lines_parent ON lines (parent);
CREATE TABLE tags (id bigint PRIMARY KEY, parent bigint REFERENCES parents DEFERRABLE);
`
	const rows = `INSERT INTO parents VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO lines VALUES (1, 1, 1), (2, 2, 2);
INSERT INTO tags VALUES (1, 1);
`
	for _, change := range []string{
		"UPDATE lines SET parent = 2 WHERE id = 1; ALTER TABLE lines ADD COLUMN x int;",
		"UPDATE lines SET parent = 2 WHERE id = 1; TRUNCATE lines;",
		"UPDATE lines SET parent = 2 WHERE id = 1; DROP TABLE lines;",
		"UPDATE lines SET parent = 2 WHERE id = 1; CLUSTER lines USING lines_parent;",
		"UPDATE lines SET parent = 2 WHERE id = 1; CREATE INDEX ON lines (n);",
		"UPDATE lines SET parent = 2 WHERE id = 1; ALTER TABLE parents ADD COLUMN x int;",
		"UPDATE lines SET n = 3 WHERE id = 1; ALTER TABLE lines ADD COLUMN x int;",
		"UPDATE lines SET id = 9 WHERE id = 1; ALTER TABLE lines ADD COLUMN x int;",
		"INSERT INTO lines VALUES (3, 3, 3); ALTER TABLE lines ADD COLUMN x int;",
		"DELETE FROM lines WHERE id = 1; ALTER TABLE lines ADD COLUMN x int;",
		"DELETE FROM parents WHERE id = 3; ALTER TABLE parents ADD COLUMN x int;",
		"UPDATE parents SET code = 9 WHERE id = 3; ALTER TABLE parents ADD COLUMN x int;",
		"UPDATE tags SET parent = 2 WHERE id = 1; ALTER TABLE tags ADD COLUMN x int;",
		"SET CONSTRAINTS ALL DEFERRED; UPDATE tags SET parent = 2 WHERE id = 1; ALTER TABLE tags ADD COLUMN x int;",
		"UPDATE lines SET parent = 2 WHERE id = 1; SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE lines ADD COLUMN x int;",
	} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			db.Exec(before + rows)
			_, err := db.Conn().Exec(t.Context(), "BEGIN; "+change+" COMMIT;")
			rejected := err != nil && strings.Contains(err.Error(), "pending trigger events")
			if err != nil && !rejected {
				t.Fatal(err)
			}
			r := mustRun(t, folder(t, map[string]string{first: before, second: change}), lint.Config{Latest: 1})
			found := strings.Contains(strings.Join(findings(r), "\n"), "pending-trigger-events")
			if found != rejected {
				t.Errorf("PostgreSQL says %v, but lint finds %q", err, findings(r))
			}
		})
	}
}
