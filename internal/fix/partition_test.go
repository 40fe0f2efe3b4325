package fix_test

import (
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// What the advice about partitions says to do first makes the last statement build and check nothing.
func TestOnPartitions(t *testing.T) {
	for _, tt := range []struct{ name, first, last string }{
		{"IndexOnPartitions", `CREATE INDEX CONCURRENTLY "a I" ON a (k)`, `CREATE INDEX i ON p (k)`},
		{"KeyOnPartitions", `CREATE UNIQUE INDEX CONCURRENTLY u ON a (id); ALTER TABLE a ADD CONSTRAINT a_pk PRIMARY KEY USING INDEX u`, `ALTER TABLE p ADD CONSTRAINT p_pk PRIMARY KEY (id)`},
		{"ForeignKeyOnPartitions", `ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (k) REFERENCES r NOT VALID; ALTER TABLE a VALIDATE CONSTRAINT f`, `ALTER TABLE p ADD CONSTRAINT f FOREIGN KEY (k) REFERENCES r`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := pgtest.New(t)
			db.Exec(`CREATE TABLE r (k int PRIMARY KEY); CREATE TABLE p (id int NOT NULL, k int) PARTITION BY LIST (id); CREATE TABLE a PARTITION OF p FOR VALUES IN (1)`)
			conn := db.Conn()
			state := func() (s string) {
				err := conn.QueryRow(t.Context(), `SELECT concat((SELECT string_agg(indexrelid::text || ' ' || pg_relation_filenode(indexrelid), ', ' ORDER BY indexrelid) FROM pg_index WHERE indrelid = 'a'::regclass),
					'; ', (SELECT string_agg(oid::text, ', ' ORDER BY oid) FROM pg_constraint WHERE conrelid = 'a'::regclass AND contype <> 'n'))`).Scan(&s)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			stmts, err := pgsql.Split(tt.first)
			if err != nil {
				t.Fatal(err)
			}
			for _, stmt := range stmts {
				db.Exec(stmt.Text)
			}
			before := state()
			db.Exec(tt.last)
			if after := state(); after != before {
				t.Errorf("the last statement changed %s to %s", before, after)
			}
			var attached int
			err = conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid AND x.indrelid = 'a'::regclass)
				+ (SELECT count(*) FROM pg_constraint WHERE conrelid = 'a'::regclass AND contype = 'f' AND conparentid <> 0)`).Scan(&attached)
			if err != nil || attached != 1 {
				t.Errorf("attached %d, %v", attached, err)
			}
		})
	}
}
