package lint

import "sync"

// A Rule is a hazard that lint knows.
type Rule struct {
	Name string // "drop-column"
	// Code is Atlas's code where Atlas has one. Ours are IB and a number whose first digit says what it is about: 1 data and
	// objects that go, 2 existing data, 3 running applications, 4 locks, scans and rewrites, 5 transactions, 6 the directory,
	// 7 style and names.
	Code     string
	Analyzer string   // the block of atlas.hcl's lint block that its severity is set in; empty for a finding that nothing silences
	Severity Severity // the default
	OptIn    bool     // looked for only if it is turned on
	Help     string   // why it is dangerous and what to do instead
}

// Names of the analyzers, as in atlas.hcl's lint block. The first five are Atlas's.
const (
	Destructive     = "destructive"
	DataDependent   = "data_depend"
	ConstraintDrop  = "condrop"
	Incompatible    = "incompatible"
	ConcurrentIndex = "concurrent_index"
	Blocking        = "blocking"
	Transaction     = "transaction"
	Style           = "style"
	Naming          = "naming"
)

// titles head the findings of an analyzer, as Atlas words them where it has one.
var titles = map[string]string{
	Destructive:     "destructive changes detected",
	DataDependent:   "data dependent changes detected",
	ConstraintDrop:  "constraint deletion detected",
	Incompatible:    "backward incompatible changes detected",
	ConcurrentIndex: "concurrent index violations detected",
	Blocking:        "blocking table changes detected",
	Transaction:     "transaction hazards detected",
	Style:           "style hazards detected",
	Naming:          "naming hazards detected",
}

const optIn = true

// hazards are all that lint reports about statements, sorted by subject. Findings about the directory are below.
var hazards = []Rule{
	// Data and objects that go.
	{"drop-database", "IB101", Destructive, Error, false, "A migration never drops a database: do that by hand, with a backup."},
	{"drop-schema", "DS101", Destructive, Error, false, "All that is in the schema goes. Empty it in earlier releases, and drop it without CASCADE."},
	{"drop-table", "DS102", Destructive, Error, false, "The rows are gone, and what still reads the table fails. Stop using it in one release, drop it in a later one, its foreign keys first."},
	{"drop-column", "DS103", Destructive, Error, false, "The values are gone, and what still names the column fails. Stop writing and reading it in one release, drop it in a later one."},
	{"drop-column-drops-index", "IB102", Destructive, Error, false, "Indexes and constraints of a column go with it, without a word. Drop the index concurrently and the constraint by name before."},
	{"drop-cascade", "IB103", Destructive, Error, false, "CASCADE takes objects along that the statement does not name. Drop each by name, and the rest without CASCADE."},
	{"drop-sequence", "IB104", Destructive, Error, false, "The sequence's position is lost, and inserts that take numbers from it fail. Take it from the defaults first."},
	{"drop-owned", "IB105", Destructive, Error, false, "What belongs to a role differs between databases. Name each object."},
	{"truncate-table", "IB106", Destructive, Error, false, "All rows go, under a lock that stops readers. Delete in batches, or put a new table in its place."},
	{"truncate-cascade", "IB107", Destructive, Error, false, "Tables that refer to the truncated one are emptied too. Name every table."},
	{"delete-without-where", "IB108", Destructive, Error, false, "All rows go, in one long transaction. Add a WHERE and delete in batches."},
	{"update-without-where", "IB109", Destructive, Error, false, "Every row is written anew and locked until the transaction ends. Update in batches, outside the migration's transaction."},
	{"lossy-type-change", "IB110", Destructive, Error, false, "Values are rounded or cut off without an error. Add a new column, fill and compare it, then swap the two."},
	{"sequence-restart", "IB111", Destructive, Error, false, "Numbers that were given out already are given out again. Only move a sequence forward."},
	{"create-table-force", "IB112", Destructive, Error, false, "The table is dropped and made anew: its rows are gone. Change it by ALTER TABLE."},
	{"disable-rls", "IB113", Destructive, Error, false, "Rows become visible, or can be changed, that were not before. Have it reviewed."},
	{"grant-to-public", "IB114", Destructive, Error, false, "Every role of the server gets the privilege, future ones too. Grant it to a role."},
	{"disable-trigger", "IB115", Destructive, Error, false, "What is written meanwhile is never checked, foreign keys included. Leave triggers on."},
	{"drop-trigger", "IB116", Destructive, Error, false, "What the trigger kept up is not kept up any more. Make sure that nothing relies on it."},
	{"drop-foreign-key", "CD101", ConstraintDrop, Error, false, "Rows that refer to nothing are let in, and stay. Add the replacement NOT VALID first."},
	{"drop-check-constraint", "CD102", ConstraintDrop, Error, false, "Values that were refused are let in, and stay. Add the replacement NOT VALID first."},
	{"drop-primary-key", "CD103", ConstraintDrop, Error, false, "The index goes with it, and duplicates are let in. Build the new unique index concurrently, and swap in one statement."},
	{"drop-unique-constraint", "IB117", ConstraintDrop, Error, false, "The index goes with it, and duplicates are let in. Build the new unique index concurrently first."},

	// Existing data.
	{"unique-data", "MF101", DataDependent, Error, false, "It fails if rows have the same values. Look for them before; a concurrent build that fails leaves an INVALID index."},
	{"add-not-null-column-no-default", "MF103", DataDependent, Error, false, "It fails if the table has a row, and so do inserts that do not know the column. Give it a default, or add it nullable, fill it, then set it NOT NULL."},
	{"set-not-null-data", "MF104", DataDependent, Error, false, "It fails if a row has a NULL there. Fill those rows first."},
	{"narrowing-type-change", "IB201", DataDependent, Error, false, "It fails if a value does not fit. Add a NOT VALID check of the new limit, validate it, and keep the wide type."},
	{"cast-may-fail", "IB202", DataDependent, Error, false, "It fails at the first text that cannot be cast. Look for those rows first, or fill a new column."},
	{"constraint-may-fail-on-data", "IB203", DataDependent, Warning, false, "It fails if a row violates the constraint. Look for those rows first."},
	{"not-null-table-default-removed", "IB204", DataDependent, Error, false, "Inserts that leave the column out fail from now on. Keep the default for one release more."},

	// Running applications.
	{"drop-view", "IB301", Incompatible, Error, false, "What still reads the view fails. Use CREATE OR REPLACE, or drop it after its last reader."},
	{"drop-function", "IB302", Incompatible, Error, false, "What still calls the function fails. Deploy its callers first, drop it later."},
	{"drop-type", "IB303", Incompatible, Error, false, "What still names the type fails. Drop it after its last use."},
	{"drop-extension", "IB304", Incompatible, Error, false, "Its functions, types and operators go. Check what uses them, and drop without CASCADE."},
	{"extension-upgrade", "IB305", Incompatible, Warning, false, "The extension's script runs as it is on this server. Try it on a copy."},
	{"recreate-enum-type", "IB306", Incompatible, Error, false, "Rows and applications that still have a removed value fail. Keep the value, and forbid it by a NOT VALID check."},
	{"rename-table", "BC101", Incompatible, Error, false, "What uses the old name fails at once. Leave a view under the old name in the same transaction, and drop it later."},
	{"rename-column", "BC102", Incompatible, Error, false, "What uses the old name fails at once. Add a new column, write both, fill it, read from it, and drop the old one later."},
	{"rename-schema", "IB307", Incompatible, Error, false, "What uses the old name fails at once. Make a new schema, and move its readers."},
	{"rename-enum-value", "IB308", Incompatible, Error, false, "What writes or compares the old value fails at once. Add the new value, read both, rewrite the rows."},
	{"rename-view", "IB309", Incompatible, Error, false, "What uses the old name fails at once. Make a new object beside the old one."},
	{"rename-constraint", "IB310", Incompatible, Warning, optIn, "ON CONFLICT ON CONSTRAINT and error messages use the name. Keep it."},
	{"move-table-schema", "IB311", Incompatible, Error, false, "What uses the old name fails at once. Leave a view behind in the old schema."},
	{"drop-not-null", "IB312", Incompatible, Warning, false, "Readers may get NULLs that they never got. Make them ready for that first."},
	{"drop-default", "IB313", Incompatible, Error, false, "Inserts that leave the column out fail from now on. Wait until there are none."},
	{"change-default", "IB314", Incompatible, Warning, optIn, "Old writers that leave the column out write another value now. Deploy writers that set it."},
	{"identity-always", "IB315", Incompatible, Error, false, "Inserts that give the column a value fail from now on. Use GENERATED BY DEFAULT first."},
	{"view-columns-changed", "IB316", Incompatible, Error, false, "Readers of columns that are gone or have another type fail. Use CREATE OR REPLACE VIEW, which can only append."},
	{"view-select-star-stale", "IB317", Incompatible, Warning, optIn, "A view of SELECT * does not show the new column. Make the view anew."},
	{"function-signature-changed", "IB318", Incompatible, Warning, false, "CREATE OR REPLACE with other arguments makes a second function beside the old one, and calls may become ambiguous. Drop the old one after its callers moved."},
	{"enable-rls", "IB319", Incompatible, Error, false, "Rows disappear for roles that no policy covers. Make the policies in the same transaction."},
	{"privilege-change", "IB320", Incompatible, Warning, optIn, "It changes who may do what. Have it reviewed."},
	{"replica-identity-change", "PG314", Incompatible, Warning, false, "Subscribers of logical replication get other keys. Check them first."},

	// Locks, scans and rewrites.
	{"create-index-blocking", "PG101", ConcurrentIndex, Error, false, "Writes wait until the index is built. Use CREATE INDEX CONCURRENTLY in a file without a transaction."},
	{"drop-index-blocking", "PG102", ConcurrentIndex, Error, false, "Reads and writes wait for the lock. Use DROP INDEX CONCURRENTLY in a file without a transaction."},
	{"create-index-on-partitioned", "PG108", ConcurrentIndex, Error, false, "Writes to all partitions wait until all indexes are built. Create it ON ONLY the parent, concurrently on each partition, and attach those."},
	{"concurrently-on-partitioned", "IB401", ConcurrentIndex, Error, false, "PostgreSQL cannot do it. Create the index ON ONLY the parent, concurrently on each partition, and attach those."},
	{"reindex-blocking", "IB402", ConcurrentIndex, Error, false, "Writes wait until the index is rebuilt, and queries that would use it too. Rebuild it CONCURRENTLY."},
	{"index-gap", "IB403", ConcurrentIndex, Error, false, "There is no index while the new one is built. Build the new one under another name, drop the old one, then rename."},
	{"index-build-load", "IB404", ConcurrentIndex, Warning, optIn, "The build reads the table twice and waits for old transactions. Run it off peak."},
	{"drop-index-query-perf", "IB405", ConcurrentIndex, Warning, optIn, "Queries may need the index. Look into pg_stat_user_indexes first."},
	{"add-unique-blocking", "PG105", Blocking, Error, false, "Reads and writes wait until the index is built. Build the unique index concurrently, then add the constraint USING INDEX."},
	{"add-pk-blocking", "PG104", Blocking, Error, false, "Reads and writes wait until the index is built. Build the unique index concurrently, then add the key USING INDEX."},
	{"add-pk-nullable-scan", "PG304", Blocking, Error, false, "Reads and writes wait while every row is looked at for NULLs. Set the columns NOT NULL by a validated check first."},
	{"add-exclusion-constraint", "PG109", Blocking, Error, false, "Reads and writes wait while the index is built and checked. There is no online way: use a new table, or a maintenance window."},
	{"add-fk-validating", "PG306", Blocking, Error, false, "Writes to both tables wait while every row is checked. Add it NOT VALID, and validate it in another transaction."},
	{"not-valid-fk-on-partitioned", "IB406", Blocking, Error, false, "PostgreSQL before 18 cannot do it. Add it NOT VALID on each partition, validate those, then add it to the parent."},
	{"add-check-validating", "PG305", Blocking, Error, false, "Reads and writes wait while every row is checked. Add it NOT VALID, and validate it in another transaction."},
	{"set-not-null-scan", "PG303", Blocking, Error, false, "Reads and writes wait while every row is looked at. Add a NOT VALID check, validate it, set NOT NULL, drop the check."},
	{"create-table-fk-locks-parent", "IB407", Blocking, Warning, optIn, "Writes to the referenced table wait until the transaction ends. Keep the transaction short."},
	{"multiple-foreign-keys", "IB408", Blocking, Warning, false, "Writes to all referenced tables wait until the transaction ends. Add one foreign key a file."},
	{"drop-fk-locks-parent", "IB409", Blocking, Warning, false, "Reads and writes of the referenced table wait until the transaction ends. Drop one foreign key a file."},
	{"alter-domain-constraint-scan", "IB410", Blocking, Error, false, "Writes to every table with the domain wait while its rows are checked. Put the constraint on the tables."},
	{"add-column-volatile-default", "PG302", Blocking, Error, false, "Reads and writes wait while the table is rewritten. Add the column, then the default, and fill it in batches."},
	{"add-column-stored-generated", "PG309", Blocking, Error, false, "Reads and writes wait while the table is rewritten. Use a plain column, a trigger, and fill it in batches."},
	{"add-column-serial-identity", "PG310", Blocking, Error, false, "Reads and writes wait while the table is rewritten. Add a bigint column, a sequence as its default, and fill it in batches."},
	{"add-column-constrained-domain", "IB411", Blocking, Error, false, "Reads and writes wait while the table is rewritten. Use the plain type and a NOT VALID check."},
	{"type-change-rewrite", "PG301", Blocking, Error, false, "Reads and writes wait while the table and its indexes are rewritten. Add a new column, write both, fill it in batches, swap."},
	{"table-rewrite", "IB429", Blocking, Error, false, "Reads and writes wait while the table's files are replaced. Use a new table or column, and fill it in batches."},
	{"table-scan", "IB430", Blocking, Error, false, "Writes, or reads too, wait while every row is read. Take the lock and read the table in transactions of their own."},
	{"type-change-recheck", "IB412", Blocking, Error, false, "Reads and writes wait while a check is made on every row. Drop the check, change the type, add it NOT VALID and validate it."},
	{"type-change-reindex", "IB413", Blocking, Error, false, "Reads and writes wait while an index is rebuilt. Drop the index concurrently before and build it concurrently after, or use a new column."},
	{"type-change-revalidates-fk", "IB414", Blocking, Error, false, "Reads and writes of both tables wait while the foreign key is checked. Use a new column."},
	{"type-change-loses-statistics", "IB415", Blocking, Warning, optIn, "The planner knows nothing about the column until it is analyzed. Run ANALYZE right after."},
	{"set-logged-rewrite", "PG307", Blocking, Error, false, "Reads and writes wait while the table is rewritten. Choose it when the table is made."},
	{"set-access-method", "PG311", Blocking, Error, false, "Reads and writes wait while the table is rewritten. Use a new table."},
	{"set-tablespace", "IB416", Blocking, Error, false, "Reads and writes wait while the files are copied. Use a new table, or pg_repack."},
	{"cluster-rewrite", "IB417", Blocking, Error, false, "Reads and writes wait while the table is rewritten. Use pg_repack."},
	{"vacuum-full", "IB418", Blocking, Error, false, "Reads and writes wait while the table is rewritten. Use VACUUM, or pg_repack."},
	{"refresh-matview-blocking", "IB419", Blocking, Error, false, "Readers wait while the query runs. Use a unique index and REFRESH ... CONCURRENTLY."},
	{"create-trigger-lock", "PG308", Blocking, Warning, false, "Writes wait until the transaction ends. Put it into a file of its own."},
	{"create-rule", "IB420", Blocking, Error, false, "Reads and writes wait until the transaction ends, and rules rewrite queries in ways that surprise. Use a trigger or a view."},
	{"explicit-lock-table", "IB421", Blocking, Error, false, "The lock is kept until the transaction ends. Leave it out: each statement takes what it needs."},
	{"autovacuum-disabled", "PG320", Blocking, Warning, false, "Dead rows are never cleaned away. Tune autovacuum instead."},
	{"attach-partition-scan", "IB422", Blocking, Error, false, "The partition is locked while every row is checked or its indexes are built. Add a check of the bounds NOT VALID, validate it, build the indexes concurrently, attach, drop the check."},
	{"default-partition-scan", "IB423", Blocking, Error, false, "The default partition is locked while every row is checked. Add a check to it that excludes the new bounds first."},
	{"create-partition-locks-parent", "IB424", Blocking, Warning, optIn, "Reads and writes of the parent wait for the lock. Create the table alone, then attach it."},
	{"drop-partition-locks-parent", "IB425", Blocking, Warning, false, "Reads and writes of the parent wait for the lock. Detach it concurrently, then drop it."},
	{"detach-partition-blocking", "IB426", Blocking, Error, false, "Reads and writes of the parent wait for the lock. Detach it CONCURRENTLY."},
	{"missing-lock-timeout", "IB427", Blocking, Warning, optIn, "A statement that waits for its lock makes all others wait behind it. Set lock_timeout."},
	{"lock-timeout-off", "IB431", Blocking, Warning, false, "Without a lock_timeout a statement that waits for its lock makes all others wait behind it. Leave it to apply, or use -- migrate:lock_timeout."},
	{"missing-statement-timeout", "IB428", Blocking, Warning, optIn, "A statement may run for ever. Set statement_timeout."},

	// Transactions.
	{"concurrently-in-transaction", "PG103", Transaction, Error, false, "PostgreSQL refuses it in a transaction. Put it into a file with -- atlas:txmode none."},
	{"nontransactional-in-transaction", "TX101", Transaction, Error, false, "PostgreSQL refuses it in a transaction. Put it into a file with -- atlas:txmode none."},
	{"validate-in-same-transaction", "IB501", Transaction, Error, false, "The rows are checked while a strong lock from earlier is kept. Validate in another transaction."},
	{"work-while-access-exclusive", "IB502", Transaction, Error, false, "Reads and writes of the locked table wait until the slow statement is done. Use separate transactions."},
	{"wide-lock-window", "IB503", Transaction, Warning, optIn, "Several tables are locked until the transaction ends, and deadlocks become likely. Change one table a file."},
	{"dml-in-migration", "IB504", Transaction, Warning, optIn, "Rows stay locked until the transaction ends. Put it into a data migration, in batches."},
	{"nested-transaction", "TX201", Transaction, Error, false, "The file is run in a transaction already. Leave transactions to the runner, or use -- atlas:txmode none."},
	{"uncommitted-transaction", "IB505", Transaction, Error, false, "A transaction that nobody commits is rolled back. Add the COMMIT, or leave the BEGIN out."},
	{"enum-value-used-in-same-transaction", "IB506", Transaction, Error, false, "PostgreSQL refuses to use an enum's new value in the transaction that adds it. Add it in a file of its own, before."},
	{"not-rerunnable", "IB507", Transaction, Warning, optIn, "If the file stops half-way it cannot be run again. Use IF [NOT] EXISTS, or one statement a file."},
	{"repeatable-unsaid", "IB509", Transaction, Error, false, "It commits before it is recorded, so an apply that is cut off between the two runs it again. Make it repeatable, and say why above it: -- repeatable REASON."},
	{"frees-migration-lock", "IB510", Transaction, Error, false, "Another apply can begin in the middle of this one. Free only locks of your own."},
	{"opaque-dynamic-sql", "IB508", Transaction, Warning, optIn, "What it does depends on the data. Write plain statements."},

	// The directory and what a file says about itself.
	{"if-not-exists-hides-invalid-index", "IB601", Blocking, Warning, false, "An INVALID index that a failed build left satisfies IF NOT EXISTS. Drop it concurrently first."},
	{"concurrent-index-corruption", "IB602", Blocking, Error, false, "PostgreSQL 14.0 to 14.3 may leave rows out of an index that is built concurrently. Upgrade first."},
	{"replace-function-used-by-index", "IB603", DataDependent, Error, false, "What was computed by the old function stays as it is, and the index is wrong without an error. Use a new function and a new index."},
	{"if-not-exists-noop", "IB604", DataDependent, Warning, false, "The object exists already, with another definition, and stays as it is. Change it by ALTER."},
	{"irreversible", "IB605", Style, Warning, optIn, "There is no way back. Write a down file."},
	{"create-extension", "IB606", Blocking, Warning, optIn, "It runs the extension's script and may need a superuser. Install it beside the migrations."},

	// Style and names.
	{"prefer-bigint", "IB701", Style, Warning, optIn, "An integer runs out at two thousand million. Use bigint."},
	{"short-primary-key", "IB702", Style, Warning, optIn, "A key of integers runs out at two thousand million. Use bigint or uuid."},
	{"prefer-identity", "IB703", Style, Warning, optIn, "A serial's sequence has privileges and a default of its own. Use GENERATED BY DEFAULT AS IDENTITY."},
	{"prefer-text", "IB704", Style, Warning, optIn, "A limit is hard to change. Use text with a check."},
	{"ban-char-field", "IB705", Style, Warning, optIn, "char(n) is padded with blanks. Use text."},
	{"prefer-timestamptz", "IB706", Style, Warning, optIn, "A timestamp without a time zone is no point in time. Use timestamptz."},
	{"prefer-jsonb", "IB707", Style, Warning, optIn, "json has no equality, so DISTINCT and GROUP BY fail. Use jsonb."},
	{"avoid-money", "IB708", Style, Warning, optIn, "money depends on the server's locale. Use numeric."},
	{"avoid-float", "IB709", Style, Warning, optIn, "Floating point is not exact. Use numeric for amounts."},
	{"create-enum", "IB710", Style, Warning, optIn, "Values of an enum cannot be removed. Use a table of values."},
	{"enum-value-ordering", "IB711", Style, Warning, optIn, "The value is sorted last. Say BEFORE or AFTER."},
	{"create-domain-with-constraint", "IB712", Style, Warning, optIn, "A domain's constraint cannot be changed online. Put the check on the column."},
	{"fk-without-index", "IB713", Style, Warning, optIn, "Deletes from the referenced table read the whole table. Build an index concurrently."},
	{"fk-type-mismatch", "IB714", Style, Warning, optIn, "Comparisons of different types are slow and may fail. Use the referenced column's type."},
	{"table-without-pk", "IB715", Style, Warning, optIn, "Rows without a key cannot be told apart, nor replicated. Add a primary key."},
	{"wide-index", "IB716", Style, Warning, optIn, "An index on more than three columns is large and rarely used whole. Narrow it."},
	{"redundant-index", "IB717", Style, Warning, optIn, "Another index begins with the same columns. Drop one of the two."},
	{"unlogged-table", "IB718", Style, Warning, optIn, "An unlogged table is empty after a crash, and not replicated. Leave UNLOGGED out."},
	{"combine-alter-table", "IB719", Style, Warning, optIn, "Each statement takes the lock anew. Write one."},
	{"unnamed-constraint", "IB720", Style, Warning, optIn, "A name that PostgreSQL chooses may differ between databases. Give one."},
	{"identifier-too-long", "IB721", Naming, Warning, optIn, "A name is cut after 63 bytes. Shorten it."},
	{"mixed-case-identifier", "IB722", Naming, Warning, optIn, "The name has to be quoted for ever. Use lower case."},
	{"require-table-schema", "IB723", Naming, Warning, optIn, "What the name means depends on search_path. Write the schema."},
}

// fixed are findings about the directory and about files as such, which no directive silences.
var fixed = []Rule{
	{"migration-fails", "IB607", "", Error, false, "PostgreSQL refused the statement."},
	{"non-linear-history", "IB608", "", Error, false, "Databases that have run a later file will not run this one. Give it a later version."},
	{"edited-applied-file", "IB609", "", Error, false, "Databases that have run the file will not run it again. Restore it, and write a new one."},
	{"checksum-mismatch", "IB610", "", Error, false, "atlas.sum does not fit the files. Restore them, or run rehash."},
	{"invalid-file", "IB611", "", Error, false, "The file cannot be read."},
	{"misread-by-atlas", "IB612", "", Warning, false, "The stock Atlas CLI would run other statements than PostgreSQL sees."},
	{"unused-nolint", "IB613", "", Warning, false, "A directive that silences nothing hides what comes there later. Remove it."},
	{"unknown-nolint", "IB614", "", Error, false, "A directive that names no check silences nothing. Correct the name."},
	{"down-file-missing", "IB615", "", Error, false, "Without a down file there is no way back. Write one, or say in it why there is none: -- alembic:down none REASON."},
	{"down-file-wrong", "IB616", "", Error, false, "The way back does not lead to the schema before the migration. Correct the down file."},
	{"empty-file", "IB618", "", Warning, false, "A file without statements changes nothing. Write it or delete it."},
	{"byte-order-mark", "IB619", "", Warning, false, "Tools disagree about a byte order mark. Save the file without one."},
	{"carriage-returns", "IB620", "", Warning, false, "Line ends that git converts break the sums. Save the file with LF."},
	{"large-file", "IB621", "", Warning, false, "A large file is not reviewed, and holds its locks for long. Split it."},
	{"schema-not-planned", "IB617", "", Error, false, "The migrations do not give what the schema file says. Run plan, or change the schema file."},
}

// Rules returns all that lint may report, sorted by subject.
func Rules() []Rule { return append(append([]Rule(nil), hazards...), fixed...) }

var rulesByName = sync.OnceValue(func() map[string]Rule {
	m := make(map[string]Rule)
	for _, r := range Rules() {
		m[r.Name] = r
	}
	return m
})
