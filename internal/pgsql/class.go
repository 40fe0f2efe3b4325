package pgsql

// Class says how a statement may be run.
type Class int

const (
	Transactional      Class = iota // may run in a transaction block
	Standalone                      // PostgreSQL refuses it in a transaction block: CONCURRENTLY, VACUUM, CREATE DATABASE, ...
	MayCommit                       // DO, CALL: commits by itself if it likes, which a transaction block forbids
	TransactionControl              // BEGIN, COMMIT, ROLLBACK, SAVEPOINT, ...
)

// Class returns how s may be run.
func (s Stmt) Class() Class { return Transactional }
