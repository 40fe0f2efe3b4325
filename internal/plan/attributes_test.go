package plan

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// attributes are attributes of tables, columns, constraints and indexes, by the major version that added them or 0.
// T is the table, which has the columns id (its primary key), n, m and s. Constraints that are NOT VALID and INVALID
// indexes are missing, because plan finishes them.
var attributes = []struct {
	name string
	from int
	sql  string
}{
	{"storage", 0, `ALTER TABLE T ALTER s SET STORAGE EXTERNAL`},
	{"statistics", 0, `ALTER TABLE T ALTER n SET STATISTICS 500, ALTER m SET STATISTICS 0`},
	{"column options", 0, `ALTER TABLE T ALTER n SET (n_distinct = -0.5, n_distinct_inherited = 3)`},
	{"stored column", 0, `ALTER TABLE T ADD g int GENERATED ALWAYS AS (n * 2) STORED, ADD "g G" text GENERATED ALWAYS AS (upper(s)) STORED NOT NULL`},
	{"identity", 0, `ALTER TABLE T ADD i bigint GENERATED ALWAYS AS IDENTITY (START -3 MINVALUE -3 MAXVALUE 99 INCREMENT 2 CACHE 7 CYCLE)`},
	{"serial", 0, `ALTER TABLE T ADD i smallserial, ADD j bigserial; ALTER SEQUENCE T_j_seq CACHE 9 INCREMENT 3; COMMENT ON SEQUENCE T_j_seq IS 'numbers'`},
	{"collation", 0, `ALTER TABLE T ADD c text COLLATE "POSIX", ADD d text[] COLLATE "C"`},
	{"constant default of an added column", 0, `ALTER TABLE T ADD c text NOT NULL DEFAULT 'it''s'`},
	{"domains", 0, `CREATE DOMAIN T_d AS int DEFAULT 7 NOT NULL CHECK (VALUE > 0); ALTER TABLE T ADD d T_d, ADD e T_d NOT NULL, ADD f T_d DEFAULT 8`},
	{"dropped column", 0, `ALTER TABLE T DROP m; ALTER TABLE T ADD m text`},
	{"unlogged", 0, `ALTER TABLE T SET UNLOGGED`},
	{"storage parameters", 0, `ALTER TABLE T SET (fillfactor = 70, autovacuum_enabled = off, toast.autovacuum_enabled = off, parallel_workers = 2)`},
	{"row security", 0, `ALTER TABLE T ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY "the policy" ON T USING (n > 0)`},
	{"replica identity", 0, `ALTER TABLE T REPLICA IDENTITY FULL`},
	{"replica identity by index", 0, `ALTER TABLE T ALTER n SET NOT NULL; CREATE UNIQUE INDEX T_x ON T (n); ALTER TABLE T REPLICA IDENTITY USING INDEX T_x`},
	{"clustered", 0, `ALTER TABLE T CLUSTER ON T_pkey`},
	{"comments", 0, `COMMENT ON TABLE T IS 'a'; COMMENT ON COLUMN T.n IS 'b'; COMMENT ON CONSTRAINT T_pkey ON T IS 'c'; COMMENT ON INDEX T_pkey IS 'd'`},
	{"grants", 0, `GRANT SELECT ON T TO PUBLIC; GRANT UPDATE (n) ON T TO PUBLIC`},
	{"trigger and rule", 0, `CREATE TRIGGER x BEFORE UPDATE ON T FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger(); CREATE RULE r AS ON DELETE TO T DO INSTEAD NOTHING; ALTER TABLE T DISABLE TRIGGER x`},
	{"extended statistics", 0, `CREATE STATISTICS T_st (ndistinct, mcv) ON n, m FROM T`},
	{"extended statistics with a target", 13, `CREATE STATISTICS T_st (ndistinct, mcv) ON n, m FROM T; ALTER STATISTICS T_st SET STATISTICS 10`},
	{"inheritance", 0, `CREATE TABLE T_heir (h int) INHERITS (T); ALTER TABLE T_heir ALTER n SET DEFAULT 4, ALTER m SET NOT NULL; CREATE INDEX ON T_heir (h)`},

	{"check without columns", 0, `ALTER TABLE T ADD CHECK (1 > 0), ADD CONSTRAINT "whole row" CHECK (T IS NOT NULL)`},
	{"check NO INHERIT", 0, `ALTER TABLE T ADD CHECK (n > 0) NO INHERIT`},
	{"foreign key MATCH FULL", 0, `ALTER TABLE T ADD FOREIGN KEY (n, m) REFERENCES other (id, k) MATCH FULL ON DELETE SET DEFAULT ON UPDATE RESTRICT`},
	{"foreign key DEFERRABLE", 0, `ALTER TABLE T ADD FOREIGN KEY (n) REFERENCES other DEFERRABLE INITIALLY DEFERRED, ADD FOREIGN KEY (m) REFERENCES T DEFERRABLE`},
	{"unique DEFERRABLE", 0, `ALTER TABLE T ADD UNIQUE (n) DEFERRABLE, ADD UNIQUE (m, n) INCLUDE (s) INITIALLY DEFERRED`},
	{"primary key DEFERRABLE", 0, `ALTER TABLE T DROP CONSTRAINT T_pkey, ADD CONSTRAINT "the key" PRIMARY KEY (id) INCLUDE (n) DEFERRABLE`},
	{"exclusion constraint", 0, `ALTER TABLE T ADD r int4range, ADD EXCLUDE USING gist (r WITH &&) WHERE (n > 0), ADD CONSTRAINT "no two" EXCLUDE (n WITH =) DEFERRABLE`},

	{"index storage parameters in their order", 13, `CREATE INDEX T_x ON T (n) WITH (fillfactor = 70, deduplicate_items = off)`},
	{"index storage parameters", 0, `CREATE INDEX T_x ON T (n) WITH (fillfactor = 70); CREATE INDEX T_y ON T USING brin (n) WITH (pages_per_range = 4, autosummarize = on)`},
	{"index operator classes", 0, `CREATE INDEX T_x ON T (s text_pattern_ops DESC NULLS LAST) INCLUDE (n) WHERE n > 0`},
	{"index operator class parameters", 13, `CREATE INDEX T_y ON T USING gist (to_tsvector('simple', s) tsvector_ops (siglen = 100))`},
	{"index methods", 0, `CREATE INDEX T_x ON T USING hash (n); CREATE INDEX T_y ON T USING gin (to_tsvector('simple', s)) WITH (fastupdate = off); CREATE INDEX T_z ON T USING spgist (s)`},
	{"index statistics", 0, `CREATE INDEX T_x ON T ((n + m), s COLLATE "C"); ALTER INDEX T_x ALTER COLUMN 1 SET STATISTICS 100`},

	{"partitions", 0, `CREATE TABLE T_p (at date NOT NULL, n int DEFAULT 1, s text) PARTITION BY RANGE (at); CREATE TABLE T_p1 PARTITION OF T_p (n DEFAULT 2) FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') WITH (fillfactor = 50);
		CREATE TABLE T_p2 PARTITION OF T_p DEFAULT; CREATE INDEX T_px ON T_p (n); ALTER TABLE T_p1 ADD CHECK (n > 0); CREATE INDEX ON T_p1 (s)`},
	{"partitions by list and hash", 0, `CREATE TABLE T_p (k text, n int) PARTITION BY LIST (lower(k)); CREATE TABLE T_p1 PARTITION OF T_p FOR VALUES IN ('a', NULL) PARTITION BY HASH (n); CREATE TABLE T_p11 PARTITION OF T_p1 FOR VALUES WITH (MODULUS 2, REMAINDER 1)`},

	{"compression", 14, `ALTER TABLE T ALTER s SET COMPRESSION pglz`},
	{"multiranges", 14, `ALTER TABLE T ADD r datemultirange DEFAULT '{[2020-01-01,2021-01-01)}'; CREATE INDEX T_x ON T USING gist (r)`},
	{"brin classes", 14, `CREATE INDEX T_x ON T USING brin (n int4_minmax_multi_ops (values_per_range = 16), m int4_bloom_ops)`},
	{"expressions in extended statistics", 14, `CREATE STATISTICS T_st ON (n + m), n FROM T`},
	{"NULLS NOT DISTINCT", 15, `CREATE UNIQUE INDEX T_x ON T (n) NULLS NOT DISTINCT; ALTER TABLE T ADD UNIQUE NULLS NOT DISTINCT (m, s)`},
	{"SET NULL of some columns", 15, `ALTER TABLE T ADD FOREIGN KEY (n, m) REFERENCES other (id, k) ON DELETE SET NULL (m)`},
	{"published columns", 15, `CREATE PUBLICATION T_pub FOR TABLE T (id, n) WHERE (id > 0)`},
	{"storage at creation", 16, `ALTER TABLE T ADD e text STORAGE MAIN, ADD d text COMPRESSION default`},
	{"identity of partitions", 17, `CREATE TABLE T_p (at date, i int GENERATED ALWAYS AS IDENTITY) PARTITION BY RANGE (at); CREATE TABLE T_p1 PARTITION OF T_p DEFAULT`},
	{"exclusion constraint of partitions", 17, `CREATE TABLE T_p (k int4range, r int4range, EXCLUDE USING gist (k WITH =, r WITH &&)) PARTITION BY HASH (k); CREATE TABLE T_p1 PARTITION OF T_p FOR VALUES WITH (MODULUS 1, REMAINDER 0)`},

	{"virtual column", 18, `ALTER TABLE T ADD g int GENERATED ALWAYS AS (n * 2) VIRTUAL, ADD "g G" text GENERATED ALWAYS AS (upper(s)) VIRTUAL NOT NULL`},
	{"NOT NULL NO INHERIT", 18, `ALTER TABLE T ADD NOT NULL n NO INHERIT, ADD CONSTRAINT "m nn" NOT NULL m`},
	{"NOT NULL of a generated column", 18, `ALTER TABLE T ADD g int GENERATED ALWAYS AS (id * 2), ADD CONSTRAINT gnn NOT NULL g`},
	{"check NOT ENFORCED", 18, `ALTER TABLE T ADD CHECK (n > 0) NOT ENFORCED, ADD CONSTRAINT "n e" CHECK (m > 0) NO INHERIT NOT ENFORCED`},
	{"foreign key NOT ENFORCED", 18, `ALTER TABLE T ADD FOREIGN KEY (n) REFERENCES other NOT ENFORCED, ADD CONSTRAINT "m fk" FOREIGN KEY (m) REFERENCES T DEFERRABLE NOT ENFORCED`},
	{"WITHOUT OVERLAPS", 18, `ALTER TABLE T ADD k int4range, ADD at daterange, ADD CONSTRAINT T_u UNIQUE (k, at WITHOUT OVERLAPS)`},
	{"primary key WITHOUT OVERLAPS", 18, `CREATE TABLE T_k (k int4range, "The Time" tstzrange, n int, PRIMARY KEY (k, "The Time" WITHOUT OVERLAPS))`},
	{"PERIOD", 18, `CREATE TABLE T_k (k int4range, at daterange, PRIMARY KEY (k, at WITHOUT OVERLAPS)); ALTER TABLE T ADD k int4range, ADD at daterange, ADD FOREIGN KEY (k, PERIOD at) REFERENCES T_k (k, PERIOD at)`},
	{"index on a virtual column's base", 18, `ALTER TABLE T ADD g int GENERATED ALWAYS AS (n * 2) VIRTUAL; CREATE INDEX T_x ON T ((n * 2))`},
	{"uuidv7", 18, `ALTER TABLE T ADD u uuid DEFAULT uuidv7()`},
}

// TestAttributes creates a table for each attribute by SQL, and inspects the database. Nothing is planned for it. Then
// each table gets a column with an index: that alone is planned, can be applied and reverted, and keeps the rest.
func TestAttributes(t *testing.T) {
	major := pgtest.Server(t).VersionNum() / 10000
	sql := "CREATE TABLE other (id int PRIMARY KEY, k int UNIQUE, UNIQUE (id, k));\n"
	names := map[string]string{}
	for i, a := range attributes {
		if a.from > major {
			continue
		}
		table := fmt.Sprintf("t%d", i)
		names[table] = a.name
		sql += "CREATE TABLE " + table + " (id int PRIMARY KEY, n int, m int, s text);\n"
		sql += regexp.MustCompile(`\bT\b`).ReplaceAllString(regexp.MustCompile(`\bT_`).ReplaceAllString(a.sql, table+"_"), table) + ";\n"
	}
	live := created(t, sql)
	hcl := inspected(t, live.DB.ConnConfig(), catalog.Options{})
	defer func() {
		if t.Failed() {
			t.Logf("%v", names)
		}
	}()
	w, _ := proposeFor(t, live, hcl)
	if w == nil {
		t.Fatal("the plan for the untouched database is refused")
	}
	for _, f := range w.files {
		t.Errorf("planned for the untouched database: %s\n%s", f.Name, f.SQL)
	}
	edited := regexp.MustCompile(`(?ms)^table "(t[0-9]+|other)" .*?^}\n`).ReplaceAllFunc(hcl, func(table []byte) []byte {
		return []byte(strings.TrimSuffix(string(table), "}\n") + "  column \"added\" {\n    type = text\n    null = true\n  }\n  index \"" +
			regexp.MustCompile(`"(\w+)"`).FindStringSubmatch(string(table))[1] + "_added\" {\n    columns = [column.added]\n  }\n}\n")
	})
	if n := strings.Count(string(edited), `column "added"`); n != len(names)+1 {
		t.Errorf("%d of %d tables are in the file", n, len(names)+1)
	}
	w, want := proposeFor(t, live, edited)
	if w == nil {
		t.Fatal("the plan for the edit is refused")
	}
	only := regexp.MustCompile(`^(ALTER TABLE public\.\w+ ADD COLUMN added text|CREATE INDEX CONCURRENTLY \w+_added ON public\.\w+ \(added\))$`)
	thereAndBack(t, live, w.files, want, only.MatchString)
}
