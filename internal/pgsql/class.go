package pgsql

import "strings"

// Class is how a statement may be run.
type Class int

const (
	// Transactional statements may run in a transaction block.
	Transactional Class = iota
	// Standalone statements are refused in a transaction block, with SQLSTATE 25001: CREATE INDEX CONCURRENTLY, VACUUM,
	// CREATE DATABASE, ALTER SYSTEM and so on.
	Standalone
	// MayCommit statements run code that may end the transaction, and fail if it does so in a transaction block: DO,
	// CALL.
	MayCommit
	// Either statements are refused in a transaction block, with SQLSTATE 25001, if their object is partitioned:
	// REINDEX of a table or an index, CLUSTER of a table.
	Either
	// Enclosed statements are refused outside a transaction block, with SQLSTATE 25P01, because they would have no
	// effect: LOCK, and DECLARE of a cursor that isn't held.
	Enclosed
	// TransactionControl statements begin, end or subdivide a transaction: BEGIN, COMMIT, ROLLBACK, SAVEPOINT and so
	// on.
	TransactionControl
)

func (c Class) String() string {
	switch c {
	case Standalone:
		return "standalone"
	case MayCommit:
		return "may commit"
	case Either:
		return "either"
	case Enclosed:
		return "enclosed"
	case TransactionControl:
		return "transaction control"
	}
	return "transactional"
}

// Class returns how s may be run on PostgreSQL 12 to 18. A statement whose class depends on its object is Either,
// except DROP SUBSCRIPTION, which is Standalone, as it is while the subscription has a slot.
func (s Stmt) Class() Class {
	r := newReader(s.Text)
	switch {
	case r.accept("BEGIN"), r.accept("START"), r.accept("END"), r.accept("ABORT"), r.accept("SAVEPOINT"), r.accept("RELEASE"):
		return TransactionControl
	case r.accept("COMMIT"), r.accept("ROLLBACK"):
		if r.is("PREPARED") {
			return Standalone
		}
		return TransactionControl
	case r.accept("PREPARE"):
		// Not PREPARE transaction AS SELECT ...
		if r.accept("TRANSACTION") && r.kind == String {
			return TransactionControl
		}
		return Transactional
	case r.accept("DO"), r.accept("CALL"):
		return MayCommit
	case r.accept("LOCK"):
		return Enclosed
	case r.accept("DECLARE"):
		return r.declare()
	}
	either := r.is("REINDEX") || r.is("CLUSTER")
	switch {
	case r.standalone():
		return Standalone
	case either:
		return Either
	}
	return Transactional
}

// Begins reports whether s is BEGIN without options.
func (s Stmt) Begins() bool { return s.only("BEGIN") }

// Commits reports whether s is COMMIT without options.
func (s Stmt) Commits() bool { return s.only("COMMIT") }

// only reports whether s is the word, and possibly WORK or TRANSACTION.
func (s Stmt) only(word string) bool {
	r := newReader(s.Text)
	if !r.accept(word) {
		return false
	}
	_ = r.accept("WORK") || r.accept("TRANSACTION")
	return r.kind == 0
}

// declare parses a DECLARE after its first word: a name, the cursor's properties, CURSOR, WITH HOLD, FOR.
func (r *reader) declare() Class {
	r.name()
	for r.kind != 0 && !r.accept("CURSOR") {
		r.advance()
	}
	if r.accept("WITH") && r.is("HOLD") {
		return Transactional
	}
	return Enclosed
}

// Concurrently reports whether s is a [Standalone] statement that builds, drops or detaches CONCURRENTLY: in several
// transactions, waiting for other transactions without a lock that blocks readers or writers. If such a wait is
// interrupted, an INVALID index or a half detached partition remains.
func (s Stmt) Concurrently() bool {
	r := newReader(s.Text)
	return r.standalone() && r.concurrently
}

// standalone reports whether the statement calls PreventInTransactionBlock in PostgreSQL's source.
func (r *reader) standalone() bool {
	switch {
	case r.accept("VACUUM"):
		return true
	case r.accept("DISCARD"):
		return r.is("ALL")
	case r.accept("CLUSTER"):
		r.accept("VERBOSE")
		r.options()
		return r.kind == 0
	case r.accept("REINDEX"):
		return r.reindexStandalone()
	case r.accept("CREATE"):
		return r.createStandalone()
	case r.accept("ALTER"):
		return r.alterStandalone()
	case r.accept("DROP"):
		if r.accept("INDEX") {
			return r.isConcurrently()
		}
		return r.is("DATABASE") || r.is("TABLESPACE") || r.is("SUBSCRIPTION")
	}
	return false
}

func (r *reader) reindexStandalone() bool {
	r.concurrently = r.options().isOn("concurrently", false)
	switch {
	case r.accept("DATABASE"), r.accept("SYSTEM"), r.accept("SCHEMA"):
		r.isConcurrently()
		return true
	case r.accept("TABLE"), r.accept("INDEX"):
		return r.isConcurrently()
	}
	return r.concurrently
}

// isConcurrently reports whether CONCURRENTLY is the next word or was among the options.
func (r *reader) isConcurrently() bool {
	r.concurrently = r.concurrently || r.is("CONCURRENTLY")
	return r.concurrently
}

func (r *reader) createStandalone() bool {
	switch {
	case r.is("DATABASE"), r.is("TABLESPACE"):
		return true
	case r.is("UNIQUE"), r.is("INDEX"):
		r.accept("UNIQUE")
		return r.accept("INDEX") && r.isConcurrently()
	case r.accept("SUBSCRIPTION"):
		// Creating the slot on the publisher cannot be rolled back.
		o := r.optionsAfter("WITH")
		return o.isOn("create_slot", o.isOn("connect", true))
	}
	return false
}

func (r *reader) alterStandalone() bool {
	switch {
	case r.is("SYSTEM"):
		return true
	case r.accept("DATABASE"):
		r.name()
		return r.accept("SET") && r.is("TABLESPACE")
	case r.accept("TABLE"):
		r.ifExists()
		r.relation()
		if r.accept("DETACH") && r.accept("PARTITION") {
			r.qualifiedName()
			return r.isConcurrently()
		}
	case r.accept("SUBSCRIPTION"):
		r.name()
		switch {
		case r.is("REFRESH"):
			return true
		case r.accept("SET"):
			if o := r.options(); o != nil {
				// Both change the slot on the publisher.
				return o.has("failover") || o.has("two_phase")
			}
			return r.is("PUBLICATION") && r.optionsAfter("WITH").isOn("refresh", true)
		case r.accept("ADD"), r.accept("DROP"):
			return r.is("PUBLICATION") && r.optionsAfter("WITH").isOn("refresh", true)
		}
	}
	return false
}

// SetsRole returns the role that SET ROLE, in any of its forms, or SET SESSION AUTHORIZATION names, or "" for the
// session's original role. ok is false for other statements.
func (s Stmt) SetsRole() (role string, ok bool) {
	r := newReader(s.Text)
	switch {
	case r.accept("SET"):
		local := r.accept("LOCAL")
		if !local {
			r.accept("SESSION")
		}
	case !r.accept("RESET"):
		return "", false
	}
	if !r.accept("ROLE") && !r.accept("AUTHORIZATION") && (!r.accept("SESSION") || !r.accept("AUTHORIZATION")) {
		return "", false
	}
	if !r.accept("TO") {
		r.accept("=")
	}
	switch {
	case r.is("NONE"), r.is("DEFAULT"):
		return "", true
	case r.kind == String:
		return strings.ReplaceAll(strings.Trim(r.text(), "'"), "''", "'"), true
	}
	role, _ = r.name()
	return role, true
}
