package fix_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// A run is a text of an entry and its expected result.
type run struct {
	text   fix.Text
	before string // SQL, after the fixture's
	blank  string // the author's replacement of the blank
	then   string // the condition that holds afterwards
	since  int    // the first major version that supports the text
	admin  bool   // whether it requires a superuser
}

var column = fix.Column{Table: keyed, Name: `"New one"`, Type: "integer"}

// odd is a conversion whose expression reads columns with the names of the query's variables.
var odd = fix.Conversion{Table: testRuns, Column: unit, From: "text", To: "character varying(3)",
	Value: `left(` + unit + `, n + 3) || r.batch_start`, Same: fix.SameText}

// index returns an index on column ünit.
func index(name string, unique bool) fix.Index {
	return fix.Index{Name: pgsql.Ident(name), Full: pgsql.QualifiedIdent("My App", name), Table: testRuns, Unique: unique, On: "USING btree (" + unit + ", \"Id\")"}
}

// leaf returns an index of a partition.
func leaf(table, name string) fix.PartitionedIndex {
	return fix.PartitionedIndex{Index: fix.Index{
		Name: pgsql.Ident(name), Full: pgsql.QualifiedIdent("My App", name), Table: pgsql.QualifiedIdent("My App", table), On: "(n)",
	}}
}

const (
	valid       = "NOT EXISTS (SELECT FROM pg_constraint WHERE NOT convalidated) AND NOT EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)"
	notRewriten = " AND (SELECT count(DISTINCT xmin::text) FROM " + testRuns + ") = 1"
)

// has returns the condition that a table has a number of columns, constraints or indexes with a name.
func has(kind, name string, n int) string {
	from := map[string]string{"column": "pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class WHERE relkind IN ('r', 'p')) AND attname", "constraint": "pg_constraint WHERE conname", "index": "pg_class WHERE relkind IN ('i', 'I') AND relname"}[kind]
	return fmt.Sprintf("(SELECT count(*) FROM %s = %s) = %d", from, pgsql.Literal(name), n)
}

// runs are the runs of each entry.
var runs = map[string][]run{
	"in-batches": {
		{text: fix.Batch{Table: keyed, Statement: "UPDATE " + testRuns + " SET n = n + batch_start"}.File(),
			then: "(SELECT count(*) = 12000 AND bool_and(n = batch_start) AND count(DISTINCT xmin::text) = 3 FROM " + testRuns + ")"},
		{text: fix.Batch{Table: keyed, Alias: "r", Statement: "DELETE FROM " + testRuns + " r"}.File(), then: "NOT EXISTS (SELECT FROM " + testRuns + ")"},
		{text: fix.Batch{Table: keyed, Alias: `"R r"`, Statement: "DELETE FROM ONLY " + testRuns + ` AS "R r"`, Where: "n = 1"}.File(), then: "(SELECT count(*) = 12000 FROM " + testRuns + ")"},
		{text: fix.Batch{Table: partitioned, Alias: "r", Statement: "UPDATE " + parts + " r SET n = r.n + 1"}.File(),
			then: "(SELECT count(*) = 12000 AND bool_and(n = 1) FROM " + parts + ")"},
		{text: column.Fill(`'$$' || r."Id"`).File(), before: "ALTER TABLE " + testRuns + ` ADD COLUMN "New one" text`,
			then: `(SELECT bool_and("New one" = '$$' || "Id") FROM ` + testRuns + ")"},
		{text: column.Fill("1").File(), before: "ALTER TABLE " + testRuns + ` ADD COLUMN "New one" integer; TRUNCATE ` + testRuns, then: "true"},
		{text: fix.Column{Table: keyless, Name: `"New one"`}.Fill("DEFAULT").File(), before: "ALTER TABLE " + noKey + ` ADD COLUMN "New one" integer, ALTER COLUMN "New one" SET DEFAULT 1`,
			then: `(SELECT count(*) = 12000 AND bool_and("New one" = 1) AND count(DISTINCT xmin::text) > 1 FROM ` + noKey + ")"},
		{text: fix.Batch{Table: keyless, Statement: "DELETE FROM " + noKey}.File(), then: "NOT EXISTS (SELECT FROM " + noKey + ")"},
	},
	"all-at-once": {
		{text: fix.Column{Table: fix.Table{Name: parts, Spread: true}, Name: `"New one"`}.Fill("1").File(), before: "ALTER TABLE " + parts + ` ADD COLUMN "New one" integer`,
			then: `(SELECT count(*) = 12000 AND bool_and("New one" = 1) FROM ` + parts + ")"},
	},
	"set-not-null": {
		{text: fix.SetNotNull(fix.Column{Table: keyed, Name: unit}, `"Ünit there"`), then: valid + notRewriten + " AND " + has("constraint", "Ünit there", 0) +
			" AND (SELECT attnotnull FROM pg_attribute WHERE attrelid = " + pgsql.Literal(testRuns) + "::regclass AND attname = 'ünit')"},
		{text: fix.SetEachNotNull([]fix.Column{{Table: keyed, Name: unit}, {Table: keyed, Name: `"order"`}}, []string{`"a b"`, "c"}),
			then: "(SELECT bool_and(attnotnull) FROM pg_attribute WHERE attrelid = " + pgsql.Literal(testRuns) + "::regclass AND attname IN ('ünit', 'order'))"},
	},
	"add-not-null-column": {
		{text: fix.AddNotNull(column, `"New's there"`), blank: `r."Id"`, then: valid + ` AND (SELECT bool_and("New one" = "Id") FROM ` + testRuns + ") AND " + has("constraint", "New's there", 0)},
	},
	"add-column-then-default": {
		{text: fix.AddDefault(fix.Column{Table: keyed, Name: `"New one"`, Type: "double precision"}, "random()", `"x y"`), then: valid +
			` AND (SELECT count(DISTINCT "New one") > 11000 AND count(DISTINCT xmin::text) = 3 FROM ` + testRuns + ")"},
		{text: fix.AddDefault(fix.Column{Table: partitioned, Name: `"New one"`, Type: "double precision"}, "random()", ""), then: `(SELECT bool_and("New one" IS NOT NULL) FROM ` + parts + ")"},
	},
	"add-numbered-column": {
		{text: fix.AddNumbered(column, `"My App"."New's seq"`, `"x y"`), then: valid + ` AND (SELECT count(DISTINCT "New one") = 12000 AND max("New one") = 12000 FROM ` + testRuns +
			") AND nextval(pg_get_serial_sequence(" + pgsql.Literal(testRuns) + ", 'New one')) = 12001"},
	},
	"add-computed-column": {
		{text: fix.AddComputed(column, `"Id" * 2`), then: `(SELECT bool_and("New one" = "Id" * 2) FROM ` + testRuns + ")"},
	},
	"add-checked-column": {
		{text: fix.AddChecked(column, []fix.Constraint{{Table: testRuns, Name: `"New > 0"`, Definition: `CHECK ("New one" > 0)`}, {Table: testRuns, Name: "b", Definition: `CHECK ("New one" < 9)`}}),
			then: valid + notRewriten + " AND " + has("constraint", "New > 0", 1)},
	},
	"expand-column": {
		{text: fix.ExpandColumn(fix.Expand{Old: unit, New: column, Value: "substr(" + unit + ", 2)::integer"}), before: "UPDATE " + testRuns + ` SET "ünit" = NULL WHERE "Id" % 9 = 0`,
			then: `(SELECT bool_and("New one" = "Id" OR "ünit" IS NULL AND "New one" IS NULL) FROM ` + testRuns + ")"},
	},
	"expand-column-outline": {
		{text: fix.Expand{Old: unit, New: column, Value: "substr(" + unit + ", 2)::integer"}.Outline(), blank: `"New one" IS NULL`,
			then: `(SELECT bool_and("New one" = "Id") FROM ` + testRuns + ")"},
	},
	"add-plain-column": {
		{text: fix.AddPlain(column), then: has("column", "New one", 1) + notRewriten},
	},
	"find-unconvertible": {
		{text: fix.Unconvertible(odd), then: "true"},
		{text: fix.Unconvertible(fix.Conversion{Table: parts, Column: `"Day"`, From: "date", To: "integer", Value: `r."Day"::text`}), then: "true"},
	},
	"find-altered": {
		{text: fix.Altered(odd), then: "true"},
	},
	"add-column": {
		{text: fix.AddColumn(column), then: has("column", "New one", 1) + notRewriten},
	},
	"fill-rows": {
		{text: fix.FillRows(column, unit, fix.Blank), blank: `"New one" IS NULL AND "Id" < 100`, before: "ALTER TABLE " + testRuns + ` ADD COLUMN "New one" text`,
			then: `(SELECT count("New one") = 99 FROM ` + testRuns + ")"},
		{text: fix.FillRows(column, fix.Blank, `"New one" IS NULL`), blank: "1", before: "ALTER TABLE " + testRuns + ` ADD COLUMN "New one" integer`,
			then: `(SELECT bool_and("New one" = 1) FROM ` + testRuns + ")"},
	},
	"add-not-valid": {
		{text: fix.AddNotValid(nil, fix.Constraint{Table: testRuns, Name: `"To order"`, Definition: `FOREIGN KEY ("order") REFERENCES ` + orders + ` ("Id")`}),
			then: valid + " AND " + has("constraint", "To order", 1)},
		{text: fix.AddNotValid([]fix.Column{column}, fix.Constraint{Table: testRuns, Name: `"New > 0"`, Definition: `CHECK ("New one" > 0)`}),
			then: valid + notRewriten + " AND " + has("constraint", "New > 0", 1)},
	},
	"validate-apart": {
		{text: fix.Validate(testRuns, `"n's"`), before: "ALTER TABLE " + testRuns + ` ADD CONSTRAINT "n's" CHECK (n < 5) NOT VALID`, then: valid},
	},
	"change-under-checks": {
		{text: fix.Recheck("ALTER TABLE "+testRuns+" ALTER COLUMN "+unit+" TYPE varchar", []fix.Constraint{{Table: testRuns, Name: `"n's"`, Definition: `CHECK (("ünit" <> ''::text))`}}),
			before: "ALTER TABLE " + testRuns + ` ADD CONSTRAINT "n's" CHECK ("ünit" <> '')`, then: valid + notRewriten + " AND " + has("constraint", "n's", 1)},
	},
	"add-key-using-index": {
		{text: fix.UsingIndex(nil, fix.Key{Table: testRuns, Name: `"Ünit once"`, Kind: "UNIQUE", Build: index("Ünit once", true), Deferrable: "DEFERRABLE INITIALLY DEFERRED"}),
			then: valid + " AND " + has("constraint", "Ünit once", 1)},
		{text: fix.UsingIndex(nil, fix.Key{Table: testRuns, Name: `"Test ""Runs""_pkey"`, Kind: "PRIMARY KEY", Build: fix.Index{Name: `"new key"`, Table: testRuns, Unique: true, On: `("Id")`}, Replaces: `"Test ""Runs""_pkey"`}),
			then: valid + " AND (SELECT count(*) = 1 AND bool_and(conkey = '{2}') FROM pg_constraint WHERE contype = 'p' AND conrelid = " + pgsql.Literal(testRuns) + "::regclass)"},
		{text: fix.UsingIndex([]fix.Column{column}, fix.Key{Table: testRuns, Name: "k", Kind: "UNIQUE", Build: fix.Index{Name: "k", Table: testRuns, Unique: true, On: `("New one")`}}),
			then: valid + " AND " + has("constraint", "k", 1)},
	},
	"replace-primary-key": {
		{text: fix.ReplaceKey(testRuns, `"Test ""Runs""_pkey"`, `"new key"`, `"group", "Id"`), then: valid + " AND " + has("index", "new key", 0) + " AND " + has("constraint", `Test "Runs"_pkey`, 1)},
	},
	"create-index-concurrently": {
		{text: fix.CreateIndex(index("New 'index'", true)), then: valid + " AND " + has("index", "New 'index'", 1)},
	},
	"drop-index-concurrently": {
		{text: fix.DropIndexes([]string{`"My App"."Ünit's"`}, testRuns, []string{`"Test ""Runs""_pkey"`}), then: has("index", "Ünit's", 0) + " AND " + has("constraint", `Test "Runs"_pkey`, 0)},
		{text: fix.DropIndexes(nil, testRuns, []string{`"Test ""Runs""_pkey"`}), then: has("constraint", `Test "Runs"_pkey`, 0)},
	},
	"rebuild-index": {
		{text: fix.RebuildIndex(index("Ünit's new", false), `"My App"."Ünit's"`, `"Ünit's"`), then: valid + " AND " + has("index", "Ünit's", 1) + " AND " + has("index", "Ünit's new", 0)},
	},
	"build-index-again": {
		{text: fix.BuildAgain(`"My App"."Ünit's"`, `CREATE INDEX CONCURRENTLY "Ünit's" ON `+testRuns+" (n)"), before: `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '"My App"."Ünit''s"'::regclass`,
			admin: true, then: valid + " AND " + has("index", "Ünit's", 1)},
	},
	"partitioned-index": {
		{text: fix.CreatePartitionedIndex(fix.PartitionedIndex{Index: leaf("Parts", "By n").Index, Partitioned: true, Parts: []fix.PartitionedIndex{
			{Index: leaf("Parts 2025", "By n '25").Index, Partitioned: true, Parts: []fix.PartitionedIndex{leaf("Parts 2025 low", "By n '25 low"), leaf("Parts 2025 high", "By n '25 high")}},
			{Index: leaf("Parts 2026", "By n '26").Index, Built: true},
		}}), before: `CREATE INDEX "By n '26" ON "My App"."Parts 2026" (n)`, then: valid + " AND " + has("index", "By n", 1) + " AND " + has("index", "By n '25 high", 1)},
	},
	"reindex-concurrently": {
		{text: fix.Reindex(`REINDEX INDEX CONCURRENTLY "My App"."Ünit's"`), then: valid},
	},
	"attach-partition": {
		{text: fix.Attach(`"My App"."Parts 2027"`, `"2027's"`, `(("Day" IS NOT NULL) AND ("Day" >= '2027-01-01'::date) AND ("Day" < '2028-01-01'::date))`,
			"ALTER TABLE "+parts+` ATTACH PARTITION "My App"."Parts 2027" FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')`),
			before: `CREATE TABLE "My App"."Parts 2027" (LIKE ` + parts + ` INCLUDING ALL); INSERT INTO "My App"."Parts 2027" SELECT g, '2027-05-05' FROM generate_series(1, 12000) g`,
			then:   "(SELECT count(*) = 24000 FROM " + parts + ") AND " + has("constraint", "2027's", 0)},
	},
	"partition-with-default": {
		{text: fix.BesideDefault(`"My App"."Parts rest"`, `"no 2027"`, `(("Day" IS NOT NULL) AND ("Day" >= '2027-01-01'::date) AND ("Day" < '2028-01-01'::date))`,
			`CREATE TABLE "My App"."Parts 2027" PARTITION OF `+parts+" FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')"),
			before: `CREATE TABLE "My App"."Parts rest" PARTITION OF ` + parts + " DEFAULT; INSERT INTO " + parts + ` SELECT g, '2030-05-05' FROM generate_series(1, 12000) g`,
			then:   "(SELECT count(*) = 24000 FROM " + parts + ") AND " + has("constraint", "no 2027", 0)},
	},
	"create-partition": {
		{text: fix.CreatePartition(`"My App"."Parts 2027"`, parts, "FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')"),
			then: `(SELECT relispartition FROM pg_class WHERE relname = 'Parts 2027') AND (SELECT count(*) = 12000 FROM ` + parts + ")"},
	},
	"detach-partition": {
		{text: fix.Detach(`"My App"."Parts 2026"`, parts), since: 14, then: `NOT (SELECT relispartition FROM pg_class WHERE relname = 'Parts 2026')`},
		{text: fix.DetachAndDrop(`"My App"."Parts 2026"`, parts), since: 14, then: `NOT EXISTS (SELECT FROM pg_class WHERE relname = 'Parts 2026')`},
	},
	"keep-old-name": {
		{text: fix.KeepName("ALTER TABLE "+testRuns+` RENAME TO "Runs of tests"`, testRuns, `"My App"."Runs of tests"`), then: "(SELECT count(*) = 12000 FROM " + testRuns + ")"},
	},
	"add-id": {
		{text: fix.AddID(noKey, `"New id"`), then: has("column", "New id", 1) + ` AND (SELECT count(DISTINCT "New id") = 12000 FROM ` + noKey + ")"},
	},
	"tune-autovacuum": {
		{text: fix.TuneAutovacuum(testRuns), then: "(SELECT reloptions = '{autovacuum_vacuum_scale_factor=0.01}' FROM pg_class WHERE oid = " + pgsql.Literal(testRuns) + "::regclass)"},
	},
	"policy-first": {
		{text: fix.PolicyFirst(testRuns, `"All rows"`, "ALTER TABLE "+testRuns+" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"), then: "(SELECT count(*) = 12000 FROM " + testRuns + ")"},
	},
	"refresh-concurrently": {
		{text: fix.Refresh(`"My App"."Some units"`), before: `CREATE MATERIALIZED VIEW "My App"."Some units" AS SELECT * FROM ` + testRuns + `; CREATE UNIQUE INDEX ON "My App"."Some units" ("group", "Id"); DELETE FROM ` + testRuns,
			then: `NOT EXISTS (SELECT FROM "My App"."Some units")`},
		{text: fix.RefreshFirst(`"My App"."Some units"`), blank: `"Id", "group"`, before: `CREATE MATERIALIZED VIEW "My App"."Some units" AS SELECT * FROM ` + testRuns + "; DELETE FROM " + testRuns,
			then: `NOT EXISTS (SELECT FROM "My App"."Some units")`},
	},
	"vacuum": {
		{text: fix.Vacuum(testRuns), then: "true"},
	},
	"analyze-column": {
		{text: fix.Analyze(testRuns, unit), then: "EXISTS (SELECT FROM pg_stats WHERE schemaname = 'My App' AND attname = 'ünit')"},
	},
	"without-transaction": {
		{text: fix.WithoutTransaction("VACUUM (ANALYZE) " + testRuns), then: "true"},
	},
	"committing-block": {
		{text: fix.Committing("DO $$BEGIN UPDATE " + testRuns + " SET n = 1; COMMIT; END$$"), then: "(SELECT bool_and(n = 1) FROM " + testRuns + ")"},
	},
	"bound-statements": {
		{text: fix.LockTimeout(), then: "true"},
		{text: fix.StatementTimeout(), then: "true"},
	},
	"drop-function": {
		{text: fix.DropFunction(`"My App"."In total"(integer, text)`), before: `CREATE FUNCTION "My App"."In total"(integer, text) RETURNS integer LANGUAGE sql AS 'SELECT 1'`, then: "NOT EXISTS (SELECT FROM pg_proc WHERE proname = 'In total')"},
	},
	"add-enum-value": {
		{text: fix.AddEnumValue(`"My App"."Mood"`, "can't say"), before: `CREATE TYPE "My App"."Mood" AS ENUM ('ok')`, then: "EXISTS (SELECT FROM pg_enum WHERE enumlabel = 'can''t say')"},
	},
	"set-sequence": {
		{text: fix.Setval(`"My App"."Number's"`, "-5"), before: `CREATE SEQUENCE "My App"."Number's"; SELECT setval('"My App"."Number''s"', 40)`, then: `(SELECT last_value = 40 FROM "My App"."Number's")`},
		{text: fix.Setval(`"My App"."Number's"`, "50"), before: `CREATE SEQUENCE "My App"."Number's"; SELECT setval('"My App"."Number''s"', 40)`, then: `(SELECT last_value = 50 FROM "My App"."Number's")`},
	},
	"rename-sequence": {
		{text: fix.RenameSequence(`"My App"."Number's"`, `"It's old"`), before: `CREATE SEQUENCE "My App"."Number's"`, then: `to_regclass('"My App"."It''s old"') IS NOT NULL`},
	},
	"identity-by-default": {
		{text: fix.IdentityByDefault("ALTER TABLE " + testRuns + ` ALTER COLUMN "Id" ADD GENERATED BY DEFAULT AS IDENTITY`), then: "EXISTS (SELECT FROM pg_attribute WHERE attidentity = 'd')"},
	},
	"count-rows": {
		{text: fix.CountRows(testRuns, ""), then: "true"},
		{text: fix.CountRows(testRuns, unit+" IS NULL"), then: "true"},
		{text: fix.CountOrphans(testRuns, []string{"n", `"Id"`}, testRuns, []string{`"Id"`, "n"}, false), then: "true"},
		{text: fix.CountOrphans(testRuns, []string{"n", `"Id"`}, testRuns, []string{`"Id"`, "n"}, true), then: "true"},
		{text: fix.CountDuplicates(unit+", n % 2", testRuns, "n > 0"), then: "true"},
		{text: fix.CountDuplicates("(true), ((NULL)), "+unit, testRuns, ""), then: "true"},
		{text: fix.CountConflicts(testRuns, "EXCLUDE USING gist (n WITH =)", "n > 0"), then: "true"},
	},
	"find-rows": {
		{text: fix.Rows(testRuns, unit+" LIKE '%''%'"), then: "true"},
	},
	"find-orphans": {
		{text: fix.Orphans(testRuns, []string{`"order"`, unit}, orders, []string{`"Id"`, `"user"`}), then: "true"},
	},
	"find-duplicates": {
		{text: fix.Duplicates(`"group", lower(`+unit+")", testRuns, "n = 0"), then: "true"},
		{text: fix.Duplicates(`"group"`, testRuns, ""), then: "true"},
		{text: fix.Duplicates(`"group", (1), ((n) + (1)), 'x, y'`, testRuns, ""), then: "true"},
	},
	"last-value": {
		{text: fix.LastValue(`"My App"."Number's"`), before: `CREATE SEQUENCE "My App"."Number's"`, then: "true"},
	},
	"index-use": {
		{text: fix.IndexUse(`"My App"."Ünit's"`, 15), then: "true"},
		{text: fix.IndexUse(`"My App"."Ünit's"`, 16), since: 16, then: "true"},
	},
	"full-replica-identity": {
		{text: fix.FullReplicaIdentity(`"Order"`), before: `CREATE TABLE "Order" (a int)`, then: "(SELECT relreplident = 'f' FROM pg_class WHERE relname = 'Order')"},
	},
	"show-sessions": {
		{text: fix.ShowSessions(`"See r"`), before: `CREATE ROLE "See r"`, admin: true, then: "pg_has_role('See r', 'pg_read_all_stats', 'MEMBER')"},
	},
	"allow-createdb": {
		{text: fix.AllowCreateDB(`"Own er"`), before: `CREATE ROLE "Own er"`, admin: true, then: "(SELECT rolcreatedb FROM pg_roles WHERE rolname = 'Own er')"},
	},
}

// TestEntries runs every entry of the registry on a real PostgreSQL.
func TestEntries(t *testing.T) {
	seen := make(map[string]bool)
	for _, e := range fix.Registry {
		if seen[e.ID] || e.For == "" {
			t.Errorf("entry %s: duplicate, or without a purpose", e.ID)
		}
		seen[e.ID] = true
		if len(runs[e.ID]) == 0 {
			t.Errorf("entry %s has no run", e.ID)
		}
	}
	for id, list := range runs {
		if !seen[id] {
			t.Errorf("%s isn't an entry", id)
		}
		for i, r := range list {
			t.Run(fmt.Sprintf("%s/%d", id, i), func(t *testing.T) {
				t.Parallel()
				if r.text.ID() != id {
					t.Fatalf("a run of %q", r.text.ID())
				}
				tryRun(t, r)
			})
		}
	}
}

func tryRun(t *testing.T, r run) {
	t.Helper()
	if since := pgtest.Server(t).VersionNum() / 10000; since < r.since {
		t.Skipf("it is for PostgreSQL %d and later", r.since)
	}
	if r.text.Whole() != (r.blank == "" && !strings.Contains(r.text.String(), "-- repeatable REASON\n")) {
		t.Errorf("whole: %v", r.text.Whole())
	}
	db := fixture(t)
	conn := connect(t, db)
	if r.admin {
		cfg := db.ConnConfig()
		admin, err := pgtest.Server(t).Admin(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		cfg.User = admin.Config().User
		admin.Close(context.Background())
		conn = connectAs(t, cfg)
	}
	if r.before != "" {
		exec(t, conn, r.before)
	}
	if err := apply(conn, r.text, r.blank); err != nil {
		t.Fatalf("%v\nof:\n%s", err, r.text)
	}
	if !query[bool](t, conn, "SELECT "+r.then) {
		t.Errorf("false: %s\nafter:\n%s", r.then, r.text)
	}
}

// guide is the example for changing many rows in docs/howto/backfill.md.
var guide = fix.Batch{Table: fix.Table{Name: "results", Keyed: true}, Statement: "UPDATE results SET flaky = false", Where: "flaky IS NULL"}.File()

func init() {
	runs["in-batches"] = append(runs["in-batches"], run{text: guide,
		before: "CREATE TABLE results (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, flaky boolean); INSERT INTO results SELECT FROM generate_series(1, 12000)",
		then:   "(SELECT bool_and(NOT flaky) FROM results)"})
}
