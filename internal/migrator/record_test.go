package migrator_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// TestRecord covers the states in which a database and its record can be. Each case begins with a database at a version
// or at the head.
func TestRecord(t *testing.T) {
	d := dir(t, shop...)
	const all = "20240101000000 2 2/2,20240102000000 2 1/1,20240103000000 2 2/2,20240104000000 2 3/3"
	for _, tt := range []struct {
		name    string
		at      string    // applied before
		change  string    // SQL, run then
		cutOff  [2]string // then, a table and the build of an index that is cut off
		files   []file    // the directory afterwards; nil: the same
		opts    migrator.Options
		kind    revision.Kind // of the error, "" for none
		err     string        // the error's text
		settled string
		rebuilt []string
		applied []string // versions that were run
		alembic string   // afterwards, if there is no error
		journal string
		ahead   []string
	}{
		{
			name:    "fresh",
			at:      "base",
			change:  "CREATE SCHEMA app",
			applied: []string{"20240101000000", "20240102000000", "20240103000000", "20240104000000"},
			alembic: "ddd444", journal: all,
		},
		{
			name:    "public created again",
			at:      "base",
			change:  "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
			applied: []string{"20240101000000", "20240102000000", "20240103000000", "20240104000000"},
			alembic: "ddd444", journal: all,
		},
		{
			name:   "a function but no record",
			at:     "base",
			change: "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
			kind:   revision.Unrecorded,
			err:    "the database has objects (function public.f()) but no record of migrations; if the migrations don't create them, `stamp -to=base -yes` lets `apply` start and keeps them; if it is this project's, `adopt` finds out which version it has",
		},
		{
			name:   "tables but no record",
			at:     "base",
			change: `CREATE TABLE users (id int); CREATE TABLE "Odd ""T" (id int)`,
			kind:   revision.Unrecorded,
			err:    `the database has tables (public."Odd ""T", public.users) but no record of migrations; if it is this project's, ` + "`adopt` finds out which version it has",
		},
		{
			name:   "tables with comments but no record",
			at:     "base",
			change: `CREATE TABLE "a: b" (id int); COMMENT ON TABLE "a: b" IS 'x'; CREATE TABLE "line\` + "\n" + `" (id int); COMMENT ON TABLE "line\` + "\n" + `" IS 'y'; COMMENT ON SCHEMA public IS 'ours'`,
			kind:   revision.Unrecorded,
			err:    `the database has tables (public."a: b", public."line\\\n") but no record of migrations; if it is this project's, ` + "`adopt` finds out which version it has",
		},
		{
			name:   "a function with a comment but no record",
			at:     "base",
			change: `CREATE FUNCTION "f: g"(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON FUNCTION "f: g" IS 'x'`,
			kind:   revision.Unrecorded,
			err:    "the database has objects (function public.\"f: g\"(integer)) but no record of migrations; if the migrations don't create them, `stamp -to=base -yes` lets `apply` start and keeps them; if it is this project's, `adopt` finds out which version it has",
		},
		{
			name:   "tables of a version but no record",
			at:     "bbb222",
			change: "DROP TABLE alembic_version, atlas_schema_revisions",
			kind:   revision.Unrecorded,
			err:    "the database has tables (public.items, public.orders) but no record of migrations; its schema is exactly that of 20240102000000 (bbb222, total) and of 20240103000000 (ccc333, fill), which differ only in data: check the data, then `stamp -to=20240102000000` or `stamp -to=20240103000000`",
		},
		{
			name:   "a record in another schema",
			at:     "bbb222",
			change: "CREATE SCHEMA app; ALTER TABLE alembic_version SET SCHEMA app; DROP TABLE atlas_schema_revisions; ALTER TABLE items ADD COLUMN extra int",
			kind:   revision.Unrecorded,
			err:    "the database has tables (app.alembic_version, public.items, public.orders) but no record of migrations; there is app.alembic_version, does atlas.hcl name the right schemas (alembic_version_schema, revisions_schema)? Otherwise, if it is this project's, `adopt` finds out which version it has",
		},
		{
			name:    "at the base, and other tables",
			at:      "base",
			change:  "CREATE TABLE users (id int); CREATE TABLE alembic_version (version_num varchar(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)); " + revision.Store{}.JournalDDL(),
			applied: []string{"20240101000000", "20240102000000", "20240103000000", "20240104000000"},
			alembic: "ddd444", journal: all,
		},
		{
			name:   "several rows",
			at:     "bbb222",
			change: "INSERT INTO alembic_version VALUES ('aaa111')",
			kind:   revision.Branches,
			err:    "alembic_version has 2 rows (\"aaa111\", \"bbb222\"): branches aren't supported, and it must have one row, the revision that the database is at; the schema is exactly that of 20240102000000 (bbb222, total): `stamp -to=20240102000000` records it",
		},
		{
			name:   "several rows, and another schema",
			at:     "bbb222",
			change: "INSERT INTO alembic_version VALUES ('aaa111'); CREATE TABLE mine (id int)",
			kind:   revision.Branches,
			err:    "alembic_version has 2 rows (\"aaa111\", \"bbb222\"): branches aren't supported, and it must have one row, the revision that the database is at; `adopt` finds out which one",
		},
		{
			name:   "unknown id",
			at:     "bbb222",
			change: "UPDATE alembic_version SET version_num = 'ddd445'",
			kind:   revision.Unknown,
			err:    "alembic_version holds \"ddd445\", which no migration of this directory has (was 20240104000000 (ddd444, index) meant?); the schema is exactly that of 20240102000000 (bbb222, total); check out the commit that has \"ddd445\", or install its release; if there is none, `stamp -to=20240102000000` records the version that the schema has",
		},
		{
			name:   "unknown id, alone, at the head's schema",
			at:     "head",
			change: "UPDATE alembic_version SET version_num = 'ade4f4'; DROP TABLE atlas_schema_revisions",
			kind:   revision.Unknown,
			err:    "alembic_version holds \"ade4f4\", which no migration of this directory has; the schema is exactly that of 20240104000000 (ddd444, index); check out the commit that has \"ade4f4\", or install its release; if there is none, `stamp -to=20240104000000` records the version that the schema has",
		},
		{
			name:   "unknown id, alone, with further indexes",
			at:     "head",
			change: `UPDATE alembic_version SET version_num = 'eee555'; DROP TABLE atlas_schema_revisions; CREATE UNIQUE INDEX "Odd.Ix" ON orders (note); COMMENT ON INDEX "Odd.Ix" IS 'x'`,
			cutOff: [2]string{"items", "CREATE INDEX CONCURRENTLY two ON items (order_id)"},
			kind:   revision.Unknown,
			err:    `alembic_version holds "eee555", which no migration of this directory has; the schema is that of 20240104000000 (ddd444, index) plus 2 indexes (public.two, public."Odd.Ix"); check out the commit that has "eee555", or install its release; if there is none, ` + "`stamp -to=20240104000000 -yes` records the version that the schema has",
		},
		{
			name:   "unknown id, alone, and only data tells",
			at:     "bbb222",
			change: "UPDATE alembic_version SET version_num = 'eee555'; DROP TABLE atlas_schema_revisions",
			kind:   revision.Unknown,
			err:    "alembic_version holds \"eee555\", which no migration of this directory has; the schema is exactly that of 20240102000000 (bbb222, total) and of 20240103000000 (ccc333, fill), which differ only in data; check out the commit that has \"eee555\", or install its release; if there is none, check the data, then `stamp -to=20240102000000` or `stamp -to=20240103000000`",
		},
		{
			name:   "unknown id, alone, of a later schema",
			at:     "head",
			change: "UPDATE alembic_version SET version_num = 'eee555'; DROP TABLE atlas_schema_revisions; ALTER TABLE orders ADD COLUMN extra int; CREATE TABLE carts (id int)",
			kind:   revision.Unknown,
			err:    "alembic_version holds \"eee555\", which no migration of this directory has; the schema is that of none of its versions (20240104000000 (ddd444, index) is nearest: table public.carts is extra, column public.orders.extra is extra (integer)); check out the commit that has \"eee555\", or install its release; if there is none, `adopt` shows how the schema differs from the nearest version's",
		},
		{
			name:   "unknown id, and no schema",
			at:     "base",
			change: "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)); INSERT INTO alembic_version VALUES ('eee555')",
			kind:   revision.Unknown,
			err:    "alembic_version holds \"eee555\", which no migration of this directory has; the schema is exactly that of the base; check out the commit that has \"eee555\", or install its release; if there is none, `stamp -to=base` records the version that the schema has",
		},
		{
			name:   "unknown id, half applied",
			at:     "ccc333",
			change: `UPDATE alembic_version SET version_num = 'eee555'; INSERT INTO atlas_schema_revisions SELECT '20240104000000', 'index', 2, 0, 3, now(), 0, NULL, NULL, 'x', '[]', 'test'`,
			cutOff: [2]string{"orders", "CREATE INDEX CONCURRENTLY ix_orders_total ON orders (total)"},
			kind:   revision.Unknown,
			err:    "alembic_version holds \"eee555\", which no migration of this directory has; the schema is that of 20240103000000 (ccc333, fill) plus 1 index (public.ix_orders_total); check out the commit that has \"eee555\", or install its release; if there is none, `stamp -to=20240103000000 -yes` records the version that the schema has",
		},
		{
			name:    "Alembic's alone",
			at:      "aaa111",
			change:  "DROP TABLE atlas_schema_revisions",
			settled: `alembic_version says "aaa111" and the schema is exactly that revision's: the journal is filled in, 1 row`,
			applied: []string{"20240102000000", "20240103000000", "20240104000000"},
			alembic: "ddd444", journal: "20240101000000 4 0/0,20240102000000 2 1/1,20240103000000 2 2/2,20240104000000 2 3/3",
		},
		{
			name:    "Alembic's alone, at the head",
			at:      "head",
			change:  "TRUNCATE atlas_schema_revisions; INSERT INTO atlas_schema_revisions VALUES ('.atlas_cloud_identifier', 'f7c5', 2, 0, 0, now(), 0, NULL, NULL, '', NULL, 'Atlas CLI')",
			settled: `alembic_version says "ddd444" and the schema is exactly that revision's: the journal is filled in, 4 rows`,
			alembic: "ddd444", journal: ".atlas_cloud_identifier 2 0/0,20240101000000 4 0/0,20240102000000 4 0/0,20240103000000 4 0/0,20240104000000 4 0/0",
		},
		{
			name:    "Alembic's alone, at the head over an INVALID index",
			at:      "head",
			change:  "DROP TABLE atlas_schema_revisions; DROP INDEX ix_items_price",
			cutOff:  [2]string{"items", "CREATE INDEX CONCURRENTLY ix_items_price ON items ((price + 1)) WHERE price > 0"},
			settled: `alembic_version says "ddd444" and the schema is that of 20240104000000 (ddd444, index) except for 1 INVALID index (public.ix_items_price): the journal is filled in, 4 rows`,
			rebuilt: []string{"public.ix_items_price"},
			alembic: "ddd444", journal: "20240101000000 4 0/0,20240102000000 4 0/0,20240103000000 4 0/0,20240104000000 4 0/0",
		},
		{
			name:    "Alembic's alone, cut off in the next one's build",
			at:      "ccc333",
			change:  "DROP TABLE atlas_schema_revisions",
			cutOff:  [2]string{"orders", "CREATE INDEX CONCURRENTLY ix_orders_total ON orders (total)"},
			settled: `alembic_version says "ccc333" and the schema is that of 20240103000000 (ccc333, fill) plus 1 index (public.ix_orders_total): the journal is filled in, 3 rows`,
			applied: []string{"20240104000000"},
			alembic: "ddd444", journal: "20240101000000 4 0/0,20240102000000 4 0/0,20240103000000 4 0/0,20240104000000 2 3/3",
		},
		{
			name:   "Alembic's alone, cut off in another build of that name",
			at:     "ccc333",
			change: "DROP TABLE atlas_schema_revisions",
			cutOff: [2]string{"orders", "CREATE UNIQUE INDEX CONCURRENTLY ix_orders_total ON orders (total)"},
			kind:   revision.Drifted,
			err:    "alembic_version says 20240103000000 (ccc333, fill) and there is no journal, but the schema isn't that revision's: index public.orders.ix_orders_total is extra (CREATE UNIQUE INDEX ix_orders_total ON public.orders USING btree (total) [INVALID, not ready]); `adopt` lists all differences, and if they are intended, `stamp -to=20240103000000 -yes` records the version anyway",
		},
		{
			name:   "Alembic's alone, with an index over which the next one fails",
			at:     "ccc333",
			change: "DROP TABLE atlas_schema_revisions; CREATE INDEX ix_orders_total ON orders (total)",
			kind:   revision.Drifted,
			err:    "alembic_version says 20240103000000 (ccc333, fill) and there is no journal, but the schema isn't that revision's: index public.orders.ix_orders_total is extra (CREATE INDEX ix_orders_total ON public.orders USING btree (total)); `adopt` lists all differences, and if they are intended, `stamp -to=20240103000000 -yes` records the version anyway",
		},
		{
			name:    "taken further by Alembic, over an INVALID index",
			at:      "head",
			change:  "DELETE FROM atlas_schema_revisions WHERE version = '20240104000000'; DROP INDEX ix_orders_total",
			cutOff:  [2]string{"orders", "CREATE INDEX CONCURRENTLY ix_orders_total ON orders (total)"},
			settled: `alembic_version says "ddd444", and the journal says that 20240103000000 (ccc333, fill) was applied last; the schema is that of 20240104000000 (ddd444, index) except for 1 INVALID index (public.ix_orders_total), so another tool has upgraded the database: the journal is changed to match`,
			rebuilt: []string{"public.ix_orders_total"},
			alembic: "ddd444", journal: "20240101000000 2 2/2,20240102000000 2 1/1,20240103000000 2 2/2,20240104000000 4 0/0",
		},
		{
			name:    "in order, except for an INVALID index",
			at:      "head",
			change:  "DROP INDEX ix_orders_total",
			cutOff:  [2]string{"orders", "CREATE INDEX CONCURRENTLY ix_orders_total ON orders (total)"},
			rebuilt: []string{"public.ix_orders_total"},
			alembic: "ddd444", journal: all,
		},
		{
			name:   "Alembic's alone, drifted",
			at:     "bbb222",
			change: "DROP TABLE atlas_schema_revisions; ALTER TABLE orders DROP COLUMN note, ADD COLUMN remark text",
			kind:   revision.Drifted,
			err:    "alembic_version says 20240102000000 (bbb222, total) and there is no journal, but the schema isn't that revision's: column public.orders.note is missing (text), column public.orders.remark is extra (text); `adopt` lists all differences, and if they are intended, `stamp -to=20240102000000 -yes` records the version anyway",
		},
		{
			name:   "Alembic's alone, of another version",
			at:     "bbb222",
			change: "DROP TABLE atlas_schema_revisions; UPDATE alembic_version SET version_num = 'aaa111'",
			kind:   revision.Drifted,
			err:    "alembic_version says 20240101000000 (aaa111, shop) and there is no journal, but the schema isn't that revision's: column public.orders.total is extra (integer); the database's is exactly that of 20240102000000 (bbb222, total) and of 20240103000000 (ccc333, fill), which differ only in data: check the data, then `stamp -to=20240102000000` or `stamp -to=20240103000000`",
		},
		{
			name:    "the Atlas CLI's alone",
			at:      "bbb222",
			change:  "DROP TABLE alembic_version",
			settled: "alembic_version doesn't exist, and the journal says that 20240102000000 (bbb222, total) was applied last; the schema is exactly that of 20240102000000 (bbb222, total): alembic_version is changed to match",
			applied: []string{"20240103000000", "20240104000000"},
			alembic: "ddd444", journal: all,
		},
		{
			name:    "stamped back by Alembic",
			at:      "head",
			change:  "UPDATE alembic_version SET version_num = 'ccc333'",
			settled: `alembic_version says "ccc333", and the journal says that 20240104000000 (ddd444, index) was applied last; the schema is exactly that of 20240104000000 (ddd444, index), so another tool has stamped an earlier revision, or migrated without alembic_version: alembic_version is changed to match`,
			alembic: "ddd444", journal: all,
		},
		{
			name:    "reverted by Alembic",
			at:      "bbb222",
			change:  "ALTER TABLE orders DROP COLUMN total; UPDATE alembic_version SET version_num = 'aaa111'",
			settled: `alembic_version says "aaa111", and the journal says that 20240102000000 (bbb222, total) was applied last; the schema is exactly that of 20240101000000 (aaa111, shop), so another tool has downgraded the database: the journal is changed to match`,
			applied: []string{"20240102000000", "20240103000000", "20240104000000"},
			alembic: "ddd444", journal: all,
		},
		{
			name:   "they disagree by data alone",
			at:     "ccc333",
			change: "UPDATE alembic_version SET version_num = 'bbb222'",
			kind:   revision.Disagree,
			err:    `alembic_version says "bbb222", and the journal says that 20240103000000 (ccc333, fill) was applied last; both have the same schema, so it doesn't show which is right: ` + "`adopt`" + ` looks at the data if the migrations say how; otherwise check it, then ` + "`stamp -to=20240102000000` or `stamp -to=20240103000000`",
		},
		{
			name:    "they disagree, and the schema has something more",
			at:      "head",
			change:  `UPDATE alembic_version SET version_num = 'aaa111'; ALTER TABLE items ADD COLUMN "Ex tra" int; ALTER TABLE items RENAME CONSTRAINT items_pkey TO pk`,
			settled: `alembic_version says "aaa111", and the journal says that 20240104000000 (ddd444, index) was applied last; the schema is that of 20240104000000 (ddd444, index) apart from column public.items."Ex tra", constraint public.items.items_pkey, so another tool has stamped an earlier revision, or migrated without alembic_version: alembic_version is changed to match`,
			alembic: "ddd444", journal: all,
		},
		{
			name:   "they disagree, and the schema with both",
			at:     "head",
			change: "UPDATE alembic_version SET version_num = 'aaa111'; ALTER TABLE orders DROP COLUMN note",
			kind:   revision.Disagree,
			err:    `alembic_version says "aaa111", and the journal says that 20240104000000 (ddd444, index) was applied last; the schema is that of neither: ` + "`adopt` shows which is nearer, and `stamp -to=20240101000000 -yes` or `stamp -to=20240104000000 -yes` records one of them",
		},
		{
			name:  "ahead",
			at:    "head",
			files: shop[:2],
			ahead: []string{"20240103000000", "20240104000000"}, alembic: "ddd444", journal: all,
		},
		{
			name:  "ahead, and edited",
			at:    "head",
			files: []file{shop[0], {"20240102000000_total.sql", shop[1].sql + "\n-- later", ""}},
			kind:  revision.Missing,
			err:   "migration 20240103000000 (fill) is applied, but the directory doesn't have it, and it has others that the database doesn't have as they are: check out the commit that has both, or `stamp`",
		},
		{
			name:   "ahead, but Alembic knows better",
			at:     "head",
			files:  shop[:2],
			change: "UPDATE alembic_version SET version_num = 'aaa111'",
			kind:   revision.Disagree,
			err:    "alembic_version says \"aaa111\", but the journal has later migrations, up to 20240104000000, that this directory doesn't have; check out the commit that has them, or correct the record with `stamp`",
		},
		{
			name:  "edited",
			at:    "ccc333",
			files: []file{shop[0], {"20240102000000_total.sql", strings.ReplaceAll(shop[1].sql, "int", "bigint"), ""}, shop[2], shop[3]},
			kind:  revision.Edited,
			err:   "migration 20240102000000 (bbb222, total) was edited or renamed after it was applied on TODAY; restore 20240102000000_total.sql and put the change into a new migration, or if the database matches what it says now, `stamp -to=20240103000000`",
		},
		{
			name:  "missing",
			at:    "ccc333",
			files: []file{shop[0], shop[2], shop[3]},
			kind:  revision.Missing,
			err:   "migration 20240102000000 (total) is applied, but the directory doesn't have it; restore its file, or if it was deleted for good, `stamp -to=VERSION` makes the record match the directory",
		},
		{
			name:  "out of order",
			at:    "ccc333",
			files: []file{shop[0], {"20240101120000_between.sql", "CREATE TABLE between_them (id int);\n", ""}, shop[1], shop[2], shop[3]},
			kind:  revision.OutOfOrder,
			err:   "migration 20240101120000 (between) is pending, but the later 20240103000000 is already applied: it would run out of order; if it isn't merged yet, give it a version after 20240103000000 (rename the file, its down and effect file, then `rehash`); if it is and the later ones aren't, revert those on a checkout without it (`down`), then `rebase`; if it has run and its row was lost, `stamp -to=20240103000000` restores the row",
		},
		{
			name:  "another project's",
			at:    "head",
			files: []file{{"20200101000000_other.sql", "CREATE TABLE other (id int);\n", ""}},
			kind:  revision.Missing,
			err:   "the database has migrations, the first of which is 20240101000000 (shop), but none of this directory's; is it another project's database?",
		},
		{
			name:    "a baseline of the Atlas CLI",
			at:      "bbb222",
			change:  "DELETE FROM atlas_schema_revisions WHERE version < '20240102'; UPDATE atlas_schema_revisions SET type = 1, applied = 0, total = 0, hash = ''",
			applied: []string{"20240103000000", "20240104000000"},
			alembic: "ddd444", journal: "20240102000000 1 0/0,20240103000000 2 2/2,20240104000000 2 3/3",
		},
		{
			name:   "half-applied in the past",
			at:     "head",
			change: "UPDATE atlas_schema_revisions SET applied = 1 WHERE version = '20240103000000'",
			kind:   revision.HalfOld,
			err:    "migration 20240103000000 (ccc333, fill) is recorded as half applied (1 of 2 statements), but later ones are applied; finish it by hand, then `stamp -to=20240104000000`",
		},
		{
			name:   "a negative count",
			at:     "head",
			change: "UPDATE atlas_schema_revisions SET applied = -1 WHERE version = '20240104000000'",
			kind:   revision.Malformed,
			err:    "the journal says that -1 of the 3 statements of migration 20240104000000 (ddd444, index) have run, which is impossible; MAL",
		},
		{
			name:   "more statements than there are",
			at:     "head",
			change: "UPDATE atlas_schema_revisions SET applied = 4 WHERE version = '20240104000000'",
			kind:   revision.Malformed,
			err:    "the journal says that 4 of the 3 statements of migration 20240104000000 (ddd444, index) have run, which is impossible; MAL",
		},
		{
			name:   "a count without the hashes that prove it",
			at:     "head",
			change: "UPDATE atlas_schema_revisions SET applied = 50, total = 51 WHERE version = '20240104000000'; UPDATE alembic_version SET version_num = 'ccc333'",
			kind:   revision.Malformed,
			err:    "the journal says that 50 of the 51 statements of migration 20240104000000 (ddd444, index) have run, but not which (partial_hashes holds 0 of their hashes); MAL",
		},
		{
			name:    "applied, and marked as half reverted",
			at:      "head",
			change:  `UPDATE atlas_schema_revisions SET partial_hashes = '["down", "h1:x", "h1:y", "h1:z"]', executed_at = 'infinity' WHERE version = '20240104000000'`,
			alembic: "ddd444", journal: all,
		},
		{
			name:   "an empty id",
			at:     "head",
			change: "UPDATE alembic_version SET version_num = ''",
			kind:   revision.Malformed,
			err:    "alembic_version has a row with an empty revision id: delete the row if the database is at the base, otherwise `stamp -to=REVISION` sets it",
		},
		{
			name:   "no id",
			at:     "head",
			change: "ALTER TABLE alembic_version DROP CONSTRAINT alembic_version_pkc, ALTER version_num DROP NOT NULL; UPDATE alembic_version SET version_num = NULL",
			kind:   revision.Malformed,
			err:    "alembic_version has a row with an empty revision id: delete the row if the database is at the base, otherwise `stamp -to=REVISION` sets it",
		},
	} {
		tt.err = strings.Replace(tt.err, "MAL", "its row was edited: check the database, then `stamp -to=20240103000000` or `stamp -to=20240104000000`", 1)
		t.Run(tt.name, func(t *testing.T) {
			b := setup(t, d)
			if tt.at != "base" {
				b.mustApply(migrator.Options{To: tt.at})
			}
			if tt.change != "" {
				b.db.Exec(tt.change)
			}
			if tt.cutOff[0] != "" {
				b.db.CutOff(tt.cutOff[0], tt.cutOff[1])
			}
			if tt.files != nil {
				b.cfg.Dir = read(t, write(t, tt.files))
			}
			before := b.everything()
			b.status() // which changes nothing
			b.same(before)

			res, err := b.apply(tt.opts)
			if tt.err != "" {
				var p *revision.Problem
				if !errors.As(err, &p) {
					t.Fatalf("apply gave %v, want a Problem", err)
				}
				want := strings.ReplaceAll(tt.err, "TODAY", b.query("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD')"))
				if d := cmp.Diff(want, err.Error()); d != "" || p.Kind != tt.kind {
					t.Errorf("apply gave a problem of kind %s (-want +got):\n%s", p.Kind, d)
				}
				b.same(before)
				if st := b.status(); st.Clean() || st.Problems[0].Text != p.Text {
					t.Errorf("the status is %+v", st)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.settled, res.Settled); d != "" {
				t.Errorf("settled (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.rebuilt, res.Rebuilt); d != "" {
				t.Errorf("rebuilt (-want +got):\n%s", d)
			}
			if n := b.query("SELECT count(*)::text FROM pg_index WHERE NOT indisvalid"); n != "0" {
				t.Errorf("%s indexes are INVALID", n)
			}
			if d := cmp.Diff(tt.applied, ran(res.Ran)); d != "" {
				t.Errorf("applied (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.ahead, res.Ahead); d != "" {
				t.Errorf("ahead (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.alembic+" "+tt.journal, b.alembic()+" "+b.journal()); d != "" || res.Revision != tt.alembic {
				t.Errorf("the record, %s (-want +got):\n%s", res.Revision, d)
			}
			again := b.everything()
			if res := b.mustApply(tt.opts); len(res.Ran) > 0 || res.Settled != "" || len(res.Rebuilt) > 0 {
				t.Errorf("a second apply gave %+v", res)
			}
			b.same(again)
		})
	}
}

// apply can't continue from an empty id, but stamp can correct it.
func TestStampOverAnEmptyID(t *testing.T) {
	b := setup(t, dir(t, shop...))
	b.mustApply(migrator.Options{})
	before := b.everything()
	b.db.Exec("UPDATE alembic_version SET version_num = ''")
	if _, err := b.m().Stamp(context.Background(), migrator.StampOptions{To: "head"}); err != nil {
		t.Fatal(err)
	}
	b.same(before)
}

// If another tool stamps in the middle of a migration, completed statements don't run again: the schema doesn't show an
// INSERT.
func TestStampedInTheMiddle(t *testing.T) {
	half := file{"20240102000000_half.sql", "-- atlas:txmode none\n\nINSERT INTO items VALUES (8);\nALTER TABLE items ADD COLUMN x int;\n", ""}
	b := setup(t, dir(t, shop[0], half))
	b.mustApply(migrator.Options{N: 1})
	b.db.Exec("CREATE VIEW x AS SELECT 1; ALTER TABLE items ADD COLUMN x int")
	if _, err := b.apply(migrator.Options{}); err == nil {
		t.Fatal("nothing failed")
	}
	b.db.Exec("DROP VIEW x; ALTER TABLE items DROP COLUMN x; UPDATE alembic_version SET version_num = '20240102000000'")
	res := b.mustApply(migrator.Options{})
	if res.Settled == "" || len(res.Ran) != 1 || res.Ran[0].Skipped != 1 {
		t.Errorf("settled %q, ran %+v", res.Settled, res.Ran)
	}
	if got := b.query("SELECT count(*) FROM items WHERE id = 8"); got != "1" {
		t.Errorf("the row was inserted %s times", got)
	}
}

// However a file changes its session, the next file gets a fresh one, and the server still checks that its client is
// connected.
func TestEachFileHasItsSession(t *testing.T) {
	for name, sql := range map[string]string{
		"set":        "SET\n  search_path = pg_temp;\n",
		"a function": "DO $$ BEGIN PERFORM set_config('search_path', 'pg_temp', false); END $$;\n",
		"discard":    "-- atlas:txmode none\n\nSET search_path = pg_temp;\nDISCARD ALL;\n",
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, dir(t, file{"1_sets.sql", sql, ""}, file{"2_sees.sql", "CREATE TABLE seen AS SELECT COALESCE(current_setting('client_connection_check_interval', true), '2s') AS checks, current_setting('lock_timeout') AS locks;\n", ""}))
			b.mustApply(migrator.Options{})
			if got := b.query("SELECT checks || ' ' || (locks <> '0') FROM public.seen"); got != "2s true" {
				t.Errorf("the second file saw %s", got)
			}
		})
	}
}

// A command that doesn't wait for the lock can follow immediately after another one.
func TestUnlocksBeforeItEnds(t *testing.T) {
	b := setup(t, dir(t, shop...))
	b.cfg.Wait = -1
	for range 100 {
		b.mustApply(migrator.Options{})
	}
}

func TestAheadIsAnErrorIfStrict(t *testing.T) {
	b := setup(t, dir(t, shop...))
	b.mustApply(migrator.Options{})
	b.cfg.Dir = read(t, write(t, shop[:3]))
	before := b.everything()
	_, err := b.apply(migrator.Options{Strict: true})
	var ahead *migrator.AheadError
	if !errors.As(err, &ahead) || len(ahead.Versions) != 1 {
		t.Errorf("apply gave %v", err)
	}
	_, err = b.down(migrator.Options{})
	if want := "the database is ahead: its last migration is 20240104000000, which this directory doesn't have; check out the commit that has it to revert it"; err == nil || err.Error() != want {
		t.Errorf("down gave %v, want %s", err, want)
	}
	b.same(before)
}

func TestForeignTables(t *testing.T) {
	for _, tt := range []struct{ name, change, err string }{
		{"a view", "CREATE VIEW alembic_version AS SELECT 'aaa111'::varchar AS version_num", "public.alembic_version isn't the table that records migrations: it isn't an ordinary table"},
		{"other columns", "CREATE TABLE alembic_version (id int)", "public.alembic_version isn't the table that records migrations: it has no column version_num of type character varying, but id integer"},
		{"a column to fill", "CREATE TABLE alembic_version (version_num varchar(32), who text NOT NULL)", "public.alembic_version isn't the table that records migrations: it has another column, who, which is NOT NULL without a default"},
		{"another journal", "CREATE TABLE atlas_schema_revisions (version varchar, applied int)", "public.atlas_schema_revisions isn't the table that records migrations: it has no column description of type character varying, but version character varying, applied integer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := setup(t, dir(t, shop...))
			b.db.Exec(tt.change)
			before := b.everything()
			want := tt.err + "; rename it, or set another schema for the record in atlas.hcl (alembic_version_schema, revisions_schema)"
			if _, err := b.apply(migrator.Options{}); err == nil || err.Error() != want {
				t.Errorf("apply gave\n%v\nwant\n%s", err, want)
			}
			b.same(before)
		})
	}
}
