package lint

import (
	"slices"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// A Rule is a hazard that lint looks for.
type Rule struct {
	Name string // "drop-column"
	// Code is Atlas's code if Atlas has one. Otherwise it is IB and a number whose first digit is the subject: 1 lost
	// data and dropped objects, 2 existing data, 3 running applications, 4 locks, scans and rewrites, 5 transactions, 6
	// the directory, 7 style and names.
	Code     string
	Analyzer string   // its block in atlas.hcl's lint block; empty if nothing can silence the rule
	Severity Severity // the default
	OptIn    bool     // whether it is off by default
	Help     string   // the danger, and what to do instead
}

// LosesData reports whether what the rule finds deletes data, or changes values so that the old ones are lost.
func (r Rule) LosesData() bool { return slices.Contains(losesData, r.Name) }

var losesData = []string{
	"drop-database", "drop-schema", "drop-table", "drop-column", "drop-sequence", "drop-owned", "truncate-table", "truncate-cascade",
	"delete-without-where", "lossy-type-change", "create-table-force",
}

// Drops reports whether the rule finds that an object which applications may use is dropped.
func (r Rule) Drops() bool { return r.LosesData() && strings.HasPrefix(r.Name, "drop-") }

// NeedsWindow reports whether the danger is how long others wait for a table, or for many rows.
func (r Rule) NeedsWindow() bool { return r.BySize() || slices.Contains(locksRows, r.Name) }

var locksRows = []string{"update-without-where", "delete-without-where", "most-rows-changed", "refresh-matview-blocking"}

// BySize reports whether the danger is how long a table is blocked, which depends on its size. On small tables its
// findings are warnings.
func (r Rule) BySize() bool { return slices.Contains(bySize, r.Name) }

var bySize = []string{
	"create-index-blocking", "drop-index-blocking", "create-index-on-partitioned", "reindex-blocking", "index-gap",
	"add-unique-blocking", "add-pk-blocking", "add-pk-nullable-scan", "add-exclusion-constraint", "add-fk-validating", "add-check-validating",
	"set-not-null-scan", "alter-domain-constraint-scan", "add-column-volatile-default", "add-column-stored-generated",
	"add-column-serial-identity", "add-column-constrained-domain", "type-change-rewrite", "table-rewrite", "table-scan", "type-change-recheck",
	"type-change-reindex", "type-change-revalidates-fk", "set-logged-rewrite", "set-access-method", "set-tablespace", "cluster-rewrite",
	"vacuum-full", "explicit-lock-table", "attach-partition-scan", "default-partition-scan", "detach-partition-blocking",
	"validate-in-same-transaction", "work-while-access-exclusive",
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

// titles are the headings of an analyzer's findings, in Atlas's words if Atlas has it.
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

// hazards are the rules about statements, by subject.
var hazards = []Rule{
	// Lost data and dropped objects.
	{"drop-database", "IB101", Destructive, Error, false, "Migrations never drop a database. Do it by hand, with a backup."},
	{"drop-schema", "DS101", Destructive, Error, false, "Drops everything in the schema. Empty it in earlier releases, then drop it without CASCADE."},
	{"drop-table", "DS102", Destructive, Error, false, "Deletes the rows, and queries that still use the table fail. Stop using it in one release, then drop its foreign keys and the table in a later one."},
	{"drop-column", "DS103", Destructive, Error, false, "Deletes the values, and queries that still name the column fail. Stop writing and reading it in one release, then drop it in a later one."},
	{"drop-column-drops-index", "IB102", Destructive, Error, false, "PostgreSQL silently drops the column's indexes and constraints. First drop the index concurrently and the constraint by name."},
	{"drop-cascade", "IB103", Destructive, Error, false, "CASCADE drops objects that the statement doesn't name. Drop each by name, then the rest without CASCADE."},
	{"drop-sequence", "IB104", Destructive, Error, false, "Loses the sequence's position, and inserts that use it fail. First remove it from column defaults."},
	{"drop-owned", "IB105", Destructive, Error, false, "What a role owns differs between databases. Name each object."},
	{"truncate-table", "IB106", Destructive, Error, false, "Deletes all rows under a lock that blocks reads. Delete in batches, or replace the table with a new one."},
	{"truncate-cascade", "IB107", Destructive, Error, false, "Also empties the tables that reference the truncated one. Name every table."},
	{"delete-without-where", "IB108", Destructive, Error, false, "Deletes all rows in one long transaction. Add a WHERE clause and delete in batches."},
	{"update-without-where", "IB109", Destructive, Error, false, "Rewrites and locks every row until the transaction ends. Update in batches, outside the migration's transaction."},
	{"lossy-type-change", "IB110", Destructive, Error, false, "Silently changes or truncates values. Add a new column, fill and compare it, then swap the two."},
	{"sequence-restart", "IB111", Destructive, Error, false, "Hands out numbers that are already in use. Only move a sequence forward."},
	{"create-table-force", "IB112", Destructive, Error, false, "Drops and recreates the table, which loses its rows. Use ALTER TABLE."},
	{"disable-rls", "IB113", Destructive, Error, false, "Makes rows visible or writable that weren't before. Have it reviewed."},
	{"grant-to-public", "IB114", Destructive, Error, false, "Grants the privilege to every role on the server, including future ones. Grant it to a specific role."},
	{"disable-trigger", "IB115", Destructive, Error, false, "Rows written while triggers are disabled are never checked, not even by foreign keys. Leave triggers enabled."},
	{"drop-trigger", "IB116", Destructive, Error, false, "Stops the work that the trigger did. Make sure that nothing relies on it."},
	{"drop-foreign-key", "CD101", ConstraintDrop, Error, false, "Lets in orphan rows, which remain. First add the replacement NOT VALID."},
	{"drop-check-constraint", "CD102", ConstraintDrop, Error, false, "Lets in values that the check rejected, and they remain. First add the replacement NOT VALID."},
	{"drop-primary-key", "CD103", ConstraintDrop, Error, false, "Drops the index and lets in duplicates. Build the new unique index concurrently, then swap the keys in one statement."},
	{"drop-unique-constraint", "IB117", ConstraintDrop, Error, false, "Drops the index and lets in duplicates. First build the new unique index concurrently."},

	// Existing data.
	{"unique-data", "MF101", DataDependent, Error, false, "Fails if there are duplicates. Look for them first; a failed concurrent build leaves an INVALID index."},
	{"add-not-null-column-no-default", "MF103", DataDependent, Error, false, "Fails if the table has rows, and so do inserts that don't set the column. Give it a default, or add it nullable, fill it, then set it NOT NULL."},
	{"set-not-null-data", "MF104", DataDependent, Error, false, "Fails if the column has NULLs. Fill those rows first."},
	{"narrowing-type-change", "IB201", DataDependent, Error, false, "Fails if a value doesn't fit. Add a NOT VALID check of the new limit, validate it, and keep the wider type."},
	{"cast-may-fail", "IB202", DataDependent, Error, false, "Fails at the first value that can't be cast. Look for such rows first, or fill a new column."},
	{"constraint-may-fail-on-data", "IB203", DataDependent, Warning, false, "Fails if a row violates the constraint. Look for such rows first."},
	{"not-null-table-default-removed", "IB204", DataDependent, Error, false, "Inserts that omit the column fail from now on. Keep the default for one more release."},

	// Running applications.
	{"drop-view", "IB301", Incompatible, Error, false, "Queries that still read the view fail. Use CREATE OR REPLACE VIEW, or drop it once nothing reads it."},
	{"drop-function", "IB302", Incompatible, Error, false, "Calls of the function fail. Deploy its callers first, then drop it."},
	{"drop-type", "IB303", Incompatible, Error, false, "Statements that still name the type fail. Drop it once nothing uses it."},
	{"drop-extension", "IB304", Incompatible, Error, false, "Drops its functions, types and operators. Check what uses them, then drop it without CASCADE."},
	{"extension-upgrade", "IB305", Incompatible, Warning, false, "Runs the upgrade script that this server has installed. Try it on a copy."},
	{"recreate-enum-type", "IB306", Incompatible, Error, false, "Rows and applications that still use a removed value fail. Keep the value, and forbid it with a NOT VALID check."},
	{"rename-table", "BC101", Incompatible, Error, false, "Queries that use the old name fail at once. Create a view with the old name in the same transaction, and drop it later."},
	{"rename-column", "BC102", Incompatible, Error, false, "Queries that use the old name fail at once. Add a new column, write both, fill it, read from it, then drop the old one."},
	{"rename-schema", "IB307", Incompatible, Error, false, "Queries that use the old name fail at once. Create a new schema, and move its readers."},
	{"rename-enum-value", "IB308", Incompatible, Error, false, "Statements that write or compare the old value fail at once. Add the new value, read both, then update the rows."},
	{"rename-view", "IB309", Incompatible, Error, false, "Queries that use the old name fail at once. Create a new object next to the old one."},
	{"rename-constraint", "IB310", Incompatible, Warning, optIn, "ON CONFLICT ON CONSTRAINT and error messages use the name. Keep it."},
	{"move-table-schema", "IB311", Incompatible, Error, false, "Queries that use the old name fail at once. Leave a view in the old schema."},
	{"drop-not-null", "IB312", Incompatible, Warning, false, "Readers may get NULLs that they never got before. Prepare them first."},
	{"drop-default", "IB313", Incompatible, Error, false, "Inserts that omit the column fail from now on. Wait until there are none."},
	{"change-default", "IB314", Incompatible, Warning, optIn, "Old writers that omit the column now write a different value. First deploy writers that set it."},
	{"identity-always", "IB315", Incompatible, Error, false, "Inserts that set the column fail from now on. Use GENERATED BY DEFAULT first."},
	{"view-columns-changed", "IB316", Incompatible, Error, false, "Readers of columns that are gone or have a different type fail. Use CREATE OR REPLACE VIEW, which can only append."},
	{"view-select-star-stale", "IB317", Incompatible, Warning, optIn, "A view of SELECT * doesn't show the new column. Recreate the view."},
	{"function-signature-changed", "IB318", Incompatible, Warning, false, "CREATE OR REPLACE with different arguments creates a second function, and calls may become ambiguous. Drop the old one once its callers have moved."},
	{"enable-rls", "IB319", Incompatible, Error, false, "Hides rows from roles that no policy covers. Create the policies in the same transaction."},
	{"privilege-change", "IB320", Incompatible, Warning, optIn, "Changes who may do what. Have it reviewed."},
	{"replaced-object", "IB321", Incompatible, Error, false, "An object that takes another's name doesn't have its grants, indexes, keys, triggers and defaults, and rows that are written meanwhile stay in the old one. Change the object itself, or give the new one all of that first."},
	{"replica-identity-change", "PG314", Incompatible, Warning, false, "Subscribers of logical replication get different keys. Check them first."},

	// Locks, scans and rewrites.
	{"create-index-blocking", "PG101", ConcurrentIndex, Error, false, "Blocks writes until the index is built. Use CREATE INDEX CONCURRENTLY in a file without a transaction."},
	{"drop-index-blocking", "PG102", ConcurrentIndex, Error, false, "Blocks reads and writes while it waits for the lock. Use DROP INDEX CONCURRENTLY in a file without a transaction."},
	{"create-index-on-partitioned", "PG108", ConcurrentIndex, Error, false, "Blocks writes to all partitions until all indexes are built. Create it ON ONLY the parent, concurrently on each partition, then attach those."},
	{"concurrently-on-partitioned", "IB401", ConcurrentIndex, Error, false, "PostgreSQL can't do it. Create the index ON ONLY the parent, concurrently on each partition, then attach those."},
	{"index-left-invalid", "IB432", ConcurrentIndex, Warning, false, "An index that was created ON ONLY a partitioned table isn't used until an equal one of each partition is attached to it."},
	{"reindex-blocking", "IB402", ConcurrentIndex, Error, false, "Blocks writes, and queries that would use the index, until it is rebuilt. Use REINDEX CONCURRENTLY."},
	{"index-gap", "IB403", ConcurrentIndex, Error, false, "Leaves the table without the index while the new one is built. Build the new one under another name, drop the old one, then rename."},
	{"index-build-load", "IB404", ConcurrentIndex, Warning, optIn, "Reads the table twice and waits for old transactions. Run it off-peak."},
	{"drop-index-query-perf", "IB405", ConcurrentIndex, Warning, optIn, "Queries may need the index. Check pg_stat_user_indexes first."},
	{"add-unique-blocking", "PG105", Blocking, Error, false, "Blocks reads and writes until the index is built. Build the unique index concurrently, then add the constraint USING INDEX."},
	{"add-pk-blocking", "PG104", Blocking, Error, false, "Blocks reads and writes until the index is built. Build the unique index concurrently, then add the key USING INDEX."},
	{"add-pk-nullable-scan", "PG304", Blocking, Error, false, "Blocks reads and writes while every row is checked for NULLs. First set the columns NOT NULL with a validated check."},
	{"add-exclusion-constraint", "PG109", Blocking, Error, false, "Blocks reads and writes while the index is built and checked. There is no online method: use a new table or a maintenance window."},
	{"add-fk-validating", "PG306", Blocking, Error, false, "Blocks writes to both tables while every row is checked. Add it NOT VALID, then validate it in another transaction."},
	{"not-valid-fk-on-partitioned", "IB406", Blocking, Error, false, "PostgreSQL can't do it before version 18. Add it NOT VALID on each partition, validate those, then add it to the parent."},
	{"add-check-validating", "PG305", Blocking, Error, false, "Blocks reads and writes while every row is checked. Add it NOT VALID, then validate it in another transaction."},
	{"set-not-null-scan", "PG303", Blocking, Error, false, "Blocks reads and writes while every row is checked. Add a NOT VALID check, validate it, set NOT NULL, then drop the check."},
	{"create-table-fk-locks-parent", "IB407", Blocking, Warning, optIn, "Blocks writes to the referenced table until the transaction ends. Keep the transaction short."},
	{"multiple-foreign-keys", "IB408", Blocking, Warning, false, "Blocks writes to all referenced tables until the transaction ends. Add one foreign key per file."},
	{"drop-fk-locks-parent", "IB409", Blocking, Warning, false, "Blocks reads and writes of the referenced table until the transaction ends. Drop one foreign key per file."},
	{"alter-domain-constraint-scan", "IB410", Blocking, Error, false, "Blocks writes to every table that uses the domain while its rows are checked. Put the constraint on the tables."},
	{"add-column-volatile-default", "PG302", Blocking, Error, false, "Blocks reads and writes while the table is rewritten. Add the column, then the default, and fill it in batches."},
	{"add-column-stored-generated", "PG309", Blocking, Error, false, "Blocks reads and writes while the table is rewritten. Use a plain column with a trigger, and fill it in batches."},
	{"add-column-serial-identity", "PG310", Blocking, Error, false, "Blocks reads and writes while the table is rewritten. Add a bigint column with a sequence as its default, and fill it in batches."},
	{"add-column-constrained-domain", "IB411", Blocking, Error, false, "Blocks reads and writes while the table is rewritten. Use the base type and a NOT VALID check."},
	{"type-change-rewrite", "PG301", Blocking, Error, false, "Blocks reads and writes while the table and its indexes are rewritten. Change the type in the schema file and run `plan`, which writes an expansion, a swap and a contraction. By hand: add a new column, write both, fill it in batches, then swap them."},
	{"table-rewrite", "IB429", Blocking, Error, false, "Blocks reads and writes while the table is rewritten. Use a new table or column, and fill it in batches."},
	{"table-scan", "IB430", Blocking, Error, false, "Blocks writes, or reads too, while every row is read. Take the lock and read the table in separate transactions."},
	{"type-change-recheck", "IB412", Blocking, Error, false, "Blocks reads and writes while every row is checked. Drop the check, change the type, add the check NOT VALID and validate it."},
	{"type-change-reindex", "IB413", Blocking, Error, false, "Blocks reads and writes while an index is rebuilt. Drop the index concurrently first and rebuild it concurrently afterwards, or use a new column."},
	{"type-change-revalidates-fk", "IB414", Blocking, Error, false, "Blocks reads and writes of both tables while the foreign key is checked. Use a new column."},
	{"type-change-loses-statistics", "IB415", Blocking, Warning, optIn, "The planner has no statistics for the column until it is analyzed. Run ANALYZE right afterwards."},
	{"set-logged-rewrite", "PG307", Blocking, Error, false, "Blocks reads and writes while the table is rewritten. Decide when you create the table."},
	{"set-access-method", "PG311", Blocking, Error, false, "Blocks reads and writes while the table is rewritten. Use a new table."},
	{"set-tablespace", "IB416", Blocking, Error, false, "Blocks reads and writes while the files are copied. Use a new table, or pg_repack."},
	{"cluster-rewrite", "IB417", Blocking, Error, false, "Blocks reads and writes while the table is rewritten. Use pg_repack."},
	{"vacuum-full", "IB418", Blocking, Error, false, "Blocks reads and writes while the table is rewritten. Use VACUUM, or pg_repack."},
	{"refresh-matview-blocking", "IB419", Blocking, Error, false, "Blocks reads while the query runs. Use a unique index and REFRESH ... CONCURRENTLY."},
	{"create-trigger-lock", "PG308", Blocking, Warning, false, "Blocks writes until the transaction ends. Put it in a separate file."},
	{"create-rule", "IB420", Blocking, Error, false, "Blocks reads and writes until the transaction ends, and rules rewrite queries in surprising ways. Use a trigger or a view."},
	{"explicit-lock-table", "IB421", Blocking, Error, false, "Holds the lock until the transaction ends. Remove it: each statement takes the lock it needs."},
	{"autovacuum-disabled", "PG320", Blocking, Warning, false, "Dead rows are never removed. Tune autovacuum instead."},
	{"attach-partition-scan", "IB422", Blocking, Error, false, "Locks the partition while every row is checked or its indexes are built. Add a check of the bounds NOT VALID, validate it, build the indexes concurrently, attach the partition, then drop the check."},
	{"default-partition-scan", "IB423", Blocking, Error, false, "Locks the default partition while every row is checked. First add a check that excludes the new bounds."},
	{"create-partition-locks-parent", "IB424", Blocking, Warning, optIn, "Blocks reads and writes of the parent while it waits for the lock. Create the table separately, then attach it."},
	{"drop-partition-locks-parent", "IB425", Blocking, Warning, false, "Blocks reads and writes of the parent while it waits for the lock. Detach it concurrently, then drop it."},
	{"detach-partition-blocking", "IB426", Blocking, Error, false, "Blocks reads and writes of the parent while it waits for the lock. Use DETACH PARTITION CONCURRENTLY."},
	{"missing-lock-timeout", "IB427", Blocking, Warning, optIn, "While a statement waits for its lock, all others queue up after it. Set lock_timeout."},
	{"lock-timeout-off", "IB431", Blocking, Warning, false, "Without lock_timeout, all other statements queue up after one that waits for its lock. Leave it to apply, or use -- migrate:lock_timeout."},
	{"missing-statement-timeout", "IB428", Blocking, Warning, optIn, "A statement may run indefinitely. Set statement_timeout."},

	// Transactions.
	{"concurrently-in-transaction", "PG103", Transaction, Error, false, "PostgreSQL rejects it in a transaction. Put it in a file with -- atlas:txmode none."},
	{"nontransactional-in-transaction", "TX101", Transaction, Error, false, "PostgreSQL rejects it in a transaction. Put it in a file with -- atlas:txmode none, and not in a block or function."},
	{"validate-in-same-transaction", "IB501", Transaction, Error, false, "Checks the rows while a strong lock is held. Validate in another transaction."},
	{"work-while-access-exclusive", "IB502", Transaction, Error, false, "Blocks reads and writes of the locked table until the slow statement is done. Use separate transactions."},
	{"wide-lock-window", "IB503", Transaction, Warning, optIn, "Locks several tables until the transaction ends, which makes deadlocks likely. Change one table per file."},
	{"dml-in-migration", "IB504", Transaction, Warning, optIn, "Locks the rows until the transaction ends. Use a data migration that works in batches."},
	{"nested-transaction", "TX201", Transaction, Error, false, "The runner begins and ends a transaction for each file. Remove BEGIN and COMMIT. A file with -- atlas:txmode none has no transaction, except between a BEGIN and a COMMIT, in pairs and without options."},
	{"uncommitted-transaction", "IB505", Transaction, Error, false, "A transaction that is never committed is rolled back. Add the COMMIT, or remove the BEGIN."},
	{"enum-value-used-in-same-transaction", "IB506", Transaction, Error, false, "PostgreSQL rejects a new enum value in the transaction that adds it. Add it in an earlier file."},
	{"pending-trigger-events", "IB512", Transaction, Error, false, "PostgreSQL rejects it if the transaction changed rows for which a deferred constraint is still to be checked. Use separate transactions, or SET CONSTRAINTS ALL IMMEDIATE in between."},
	{"most-rows-changed", "IB514", Transaction, Error, false, "Locks and rewrites most rows of a large table until the transaction ends. Change them in batches. It needs the sizes of tables, and is a warning if only the form of the condition shows it."},
	{"session-setting", "IB513", Transaction, Warning, optIn, "SET without LOCAL outlasts the transaction, for whatever runs in the session afterwards. Use SET LOCAL."},
	{"not-rerunnable", "IB507", Transaction, Warning, optIn, "If the file stops halfway, it can't be run again. Use IF [NOT] EXISTS, or one statement per file."},
	{"repeatable-unsaid", "IB509", Transaction, Error, false, "It commits before it is recorded, so apply runs it again if interrupted in between. Make it repeatable, and give the reason above it: -- repeatable REASON."},
	{"frees-migration-lock", "IB510", Transaction, Error, false, "Another apply can begin in the middle of this one. Release only your own locks."},
	{"opaque-dynamic-sql", "IB508", Transaction, Warning, false, "A block executes a text that it computes, and didn't do so on the scratch database, so lint can't tell what it does. Write plain statements."},
	{"anonymous-block", "IB511", Transaction, Warning, optIn, "What a block or procedure does may depend on the data. Write plain statements."},

	// The directory, and what a file claims.
	{"if-not-exists-hides-invalid-index", "IB601", Blocking, Warning, false, "An INVALID index left by a failed build satisfies IF NOT EXISTS. Drop it concurrently first."},
	{"concurrent-index-corruption", "IB602", Blocking, Error, false, "PostgreSQL 14.0 to 14.3 may omit rows from an index that is built concurrently. Upgrade first."},
	{"replace-function-used-by-index", "IB603", DataDependent, Error, false, "Values that the old function computed don't change, so the index is silently wrong. Use a new function and a new index."},
	{"if-not-exists-noop", "IB604", DataDependent, Warning, false, "The object already exists with a different definition, which doesn't change. Use ALTER."},
	{"irreversible", "IB605", Style, Warning, optIn, "The migration can't be reverted. Write a down file."},
	{"deploy-order-split", "IB623", Incompatible, Warning, optIn, "The application's old version still runs while the migration does, and fails if it uses what the migration drops or renames. First deploy the code that stops using it, then merge the migration in a change of its own."},
	{"create-extension", "IB606", Blocking, Warning, optIn, "Runs the extension's script, which may require a superuser. Install it outside the migrations."},

	// Style and names.
	{"prefer-bigint", "IB701", Style, Warning, optIn, "An integer overflows at about two billion. Use bigint."},
	{"short-primary-key", "IB702", Style, Warning, optIn, "An integer key overflows at about two billion. Use bigint or uuid."},
	{"prefer-identity", "IB703", Style, Warning, optIn, "A serial's sequence has its own privileges and default. Use GENERATED BY DEFAULT AS IDENTITY."},
	{"prefer-text", "IB704", Style, Warning, optIn, "A length limit is hard to change. Use text with a check."},
	{"ban-char-field", "IB705", Style, Warning, optIn, "char(n) is padded with blanks. Use text."},
	{"prefer-timestamptz", "IB706", Style, Warning, optIn, "A timestamp without a time zone isn't a point in time. Use timestamptz."},
	{"prefer-jsonb", "IB707", Style, Warning, optIn, "json has no equality operator, so DISTINCT and GROUP BY fail. Use jsonb."},
	{"avoid-money", "IB708", Style, Warning, optIn, "money depends on the server's locale. Use numeric."},
	{"avoid-float", "IB709", Style, Warning, optIn, "Floating-point numbers aren't exact. Use numeric for amounts."},
	{"create-enum", "IB710", Style, Warning, optIn, "Enum values can't be removed. Use a table of values."},
	{"enum-value-ordering", "IB711", Style, Warning, optIn, "The value sorts last. Write BEFORE or AFTER."},
	{"create-domain-with-constraint", "IB712", Style, Warning, optIn, "A domain's constraint can't be changed online. Put the check on the column."},
	{"fk-without-index", "IB713", Style, Warning, optIn, "Deletes from the referenced table scan this one. Build an index concurrently. It is on by default for ON DELETE CASCADE, SET NULL and SET DEFAULT."},
	{"fk-type-mismatch", "IB714", Style, Warning, optIn, "Comparing different types is slow and may fail. Use the referenced column's type."},
	{"table-without-pk", "IB715", Style, Warning, optIn, "Rows without a key can't be told apart or replicated. Add a primary key."},
	{"wide-index", "IB716", Style, Warning, optIn, "An index on more than three columns is large and rarely used in full. Narrow it."},
	{"redundant-index", "IB717", Style, Warning, optIn, "Another index begins with the same columns. Drop one of the two."},
	{"unlogged-table", "IB718", Style, Warning, optIn, "An unlogged table is empty after a crash and isn't replicated. Omit UNLOGGED."},
	{"combine-alter-table", "IB719", Style, Warning, optIn, "Each statement takes the lock again. Combine them."},
	{"unnamed-constraint", "IB720", Style, Warning, optIn, "A name that PostgreSQL chooses may differ between databases. Name the constraint."},
	{"column-alignment", "PG110", Style, Warning, optIn, "Values that need alignment are padded. Declare the columns with the longest alignment first."},
	{"sql-injection-in-function", "IB725", Style, Warning, optIn, "A value in a text that EXECUTE executes can contain SQL. Use format with %I and %L, or USING."},
	{"vulnerable-extension", "IB726", Style, Warning, optIn, "The version has a published vulnerability. Install a later one."},
	{"add-inheritance-column", "IB727", Incompatible, Warning, optIn, "Rails takes a column named type for the class of each row. Use another name, or make the application ignore the column first."},
	{"naming-convention", "NM102", Naming, Warning, optIn, "A name doesn't match the project's pattern, which the naming block of atlas.hcl sets. Rename it before it is merged."},
	{"ownership-policy", "OW101", Naming, Warning, optIn, "The statement changes what an owner block of atlas.hcl says another team owns. Have them review it."},
	{"custom-rule", "IB728", Naming, Warning, optIn, "A statement matches a rule block of atlas.hcl, which says why it is reported."},
	{"duplicate-column-assignment", "IB724", Naming, Warning, optIn, "PostgreSQL rejects a column that is named twice. Remove one."},
	{"identifier-too-long", "IB721", Naming, Warning, optIn, "Names are truncated to 63 bytes. Shorten it."},
	{"mixed-case-identifier", "IB722", Naming, Warning, optIn, "The name must always be quoted. Use lower case."},
	{"require-table-schema", "IB723", Naming, Warning, optIn, "What the name refers to depends on search_path. Write the schema."},
}

// fixed are the rules about the directory and whole files, which no directive silences.
var fixed = []Rule{
	{"migration-fails", "IB607", "", Error, false, "PostgreSQL rejected the statement."},
	{"non-linear-history", "IB608", "", Error, false, "Databases that have run a later file won't run this one. Give it a later version."},
	{"edited-applied-file", "IB609", "", Error, false, "Databases that have run the file won't run it again. Restore it, and write a new one."},
	{"checksum-mismatch", "IB610", "", Error, false, "atlas.sum doesn't match the files. Restore them, or run rehash."},
	{"invalid-file", "IB611", "", Error, false, "The file can't be read."},
	{"misread-by-atlas", "IB612", "", Warning, false, "The stock Atlas CLI would run different statements."},
	{"unused-nolint", "IB613", "", Warning, false, "A directive that silences nothing hides later findings. Remove it."},
	{"unknown-nolint", "IB614", "", Error, false, "A directive that names an unknown check silences nothing. Correct the name."},
	{"down-file-missing", "IB615", "", Error, false, "Without a down file the migration can't be reverted. Write one, or explain in it why it can't be reverted: -- alembic:down none REASON."},
	{"down-file-wrong", "IB616", "", Error, false, "The down file doesn't restore the schema as it was before the migration. Correct it."},
	{"empty-file", "IB618", "", Warning, false, "A file without statements changes nothing. Write it or delete it."},
	{"byte-order-mark", "IB619", "", Warning, false, "Tools disagree about a byte order mark. Save the file without one."},
	{"carriage-returns", "IB620", "", Warning, false, "Line endings that git converts break the checksums. Save the file with LF."},
	{"large-file", "IB621", "", Warning, false, "A large file won't be reviewed, and holds its locks for long. Split it."},
	{"lint-settings-changed", "IB622", "", Warning, false, "A change must not decide how it is judged, so lint uses the base's settings until it is merged. Merge the change to atlas.hcl separately, first."},
	{"schema-not-planned", "IB617", "", Error, false, "The migrations don't produce the schema file. Run plan, or change the schema file."},
}

// HelpURI returns the address of the rule's page, which is docs/hazards/NAME.md.
func (r Rule) HelpURI() string {
	return "https://github.com/ibutsu/ibutsu-schema/blob/main/docs/hazards/" + r.Name + ".md"
}

// FindRule returns the rule with a name or code. If there is none, near is the name or code that was probably meant, ""
// if none is close.
func FindRule(name string) (r Rule, near string) {
	if alias, ok := aliases[name]; ok {
		name = alias
	}
	for _, r := range Rules() {
		if r.Name == name || r.Code == name {
			return r, ""
		}
	}
	for _, code := range namingCodes {
		if code == name {
			return rulesByName()["naming-convention"], ""
		}
	}
	return Rule{}, words.Nearest(name, CheckNames())
}

// Rules returns all rules, by subject.
func Rules() []Rule { return append(append([]Rule(nil), hazards...), fixed...) }

var rulesByName = sync.OnceValue(func() map[string]Rule {
	m := make(map[string]Rule)
	for _, r := range Rules() {
		m[r.Name] = r
	}
	return m
})
