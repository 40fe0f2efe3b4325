package lint_test

import (
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

// TestRenames renames what other objects print. Run fails if they aren't read again, because each snapshot is compared
// with one that is read in full.
func TestRenames(t *testing.T) {
	const before = `
CREATE TABLE a (id int PRIMARY KEY, n int CHECK (n > 0), m int GENERATED ALWAYS AS (n + 1) STORED);
CREATE TABLE b (id serial, a_id int REFERENCES a, whole a CHECK ((whole).n > 1), several a[], EXCLUDE (a_id WITH =) WHERE (id > 5));
CREATE INDEX ON b (a_id) WHERE id > 3;
CREATE TYPE pair AS (first a, second int);
CREATE DOMAIN d AS pair;
CREATE TABLE e (n int);
CREATE DOMAIN of_e AS e;
CREATE TABLE p (k int, CHECK (k > 0)) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE c (b_row b, r regclass DEFAULT 'a'::regclass);
CREATE SCHEMA other;
`
	const change = `
ALTER TABLE a RENAME COLUMN n TO amount;
ALTER TABLE a RENAME TO accounts;
ALTER INDEX a_pkey RENAME TO accounts_pkey;
ALTER SEQUENCE b_id_seq RENAME TO b_ids;
ALTER TABLE b RENAME COLUMN id TO number;
ALTER TABLE b RENAME COLUMN a_id TO account;
ALTER TABLE accounts SET SCHEMA other;
ALTER TABLE p RENAME COLUMN k TO kind;
ALTER TABLE p1 RENAME TO p_one;
ALTER TABLE b RENAME TO balances;
ALTER TYPE pair RENAME ATTRIBUTE second TO last;
ALTER TYPE pair RENAME TO two;
ALTER TABLE e RENAME TO elements;
CREATE FUNCTION f() RETURNS SETOF balances LANGUAGE sql AS 'SELECT * FROM balances';
ALTER TABLE balances RENAME TO b;
ALTER TABLE other.accounts RENAME COLUMN amount TO n;
`
	r := mustRun(t, folder(t, map[string]string{first: before, second: change}), lint.Config{Latest: 1})
	for _, f := range r.Files {
		for _, s := range f.Statements {
			if s.Refused {
				t.Errorf("PostgreSQL refused %s", s.Text)
			}
		}
	}
}
