package migrator

import (
	"sync"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

type (
	// Logger is told what happens while it happens, by one goroutine at a time.
	Logger interface {
		Log(LogEntry)
	}

	// LogEntry is one of the types below.
	LogEntry interface{ logEntry() }

	// LogWait says that another session migrates this database and that we
	// wait for it: at first, whenever the holder is another one, and every half
	// minute.
	LogWait struct {
		Holder Holder
		Waited time.Duration
	}

	// LogBuilding says that another session builds the index that is to be
	// built next, and that we wait for it.
	LogBuilding struct {
		Index string // schema.name
		PID   int
	}

	// LogBlocked says that what runs waits for other sessions' locks: after a
	// moment, whenever they are others, and every ten seconds.
	LogBlocked struct {
		Blockers []Blocker // at least one
		Waited   time.Duration
	}

	// LogProgress says each second how far a statement has come that takes long.
	LogProgress struct {
		Stmt    pgsql.Stmt
		N       int // from 1
		Total   int
		Elapsed time.Duration

		// What one of PostgreSQL's progress views says; Phase is "" where none
		// knows the statement, and Of is 0 where the phase has no measure.
		Phase    string
		Done, Of int64
		Unit     string // "blocks", "rows", "sessions"
	}

	// LogSettled says that the record was made to agree with itself, and why.
	LogSettled struct{ Note string }

	// LogPlan says what is going to be run, at least one file.
	LogPlan struct {
		Files []*migration.File
		Down  bool
	}

	// LogFile says that a file begins.
	LogFile struct {
		File    *migration.File
		Down    bool
		Skipped int // statements that an earlier run has done
		Total   int // statements of the file
	}

	// LogStmt says that a statement begins.
	LogStmt struct {
		Stmt  pgsql.Stmt
		N     int // from 1
		Total int
	}

	// LogStmtDone says that the statement ended.
	LogStmtDone struct {
		Stmt    pgsql.Stmt
		N       int
		Total   int
		Elapsed time.Duration
		Known   bool // it was not run: the catalog shows that it was done before
	}

	// LogFileDone says that a file is applied, or taken back, and recorded.
	LogFileDone struct {
		File    *migration.File
		Down    bool
		Elapsed time.Duration
	}

	// LogDisk says how much disk what is to be run takes at least, where it is a
	// gigabyte or more, and how much is free can't be known.
	LogDisk struct {
		Need       int64 // bytes
		Tablespace string
		Stmt       string // which takes most of it
	}

	// LogStopped says that a file ended with an error.
	LogStopped struct {
		File *migration.File
		Down bool
		Err  error
	}

	// LogRetry says that what was tried gave way to other sessions and will be
	// tried again.
	LogRetry struct {
		What     string // the file, or "the record"
		Err      error
		Blockers []Blocker     // who kept it waiting; nil if that was not seen
		After    time.Duration // until the next try
	}

	// LogRebuild says that an index that an interrupted build left INVALID is
	// dropped, to be built again.
	LogRebuild struct{ Index string }

	// LogMend says that an INVALID index is built again, or dropped, which no migration
	// that runs makes.
	LogMend struct {
		Index string // schema.name, quoted where needed
		Next  Next   // NextBuild or NextDrop
	}

	// LogNotice is a NOTICE, WARNING or the like of the server.
	LogNotice struct{ Severity, Message string }
)

func (LogWait) logEntry()     {}
func (LogBuilding) logEntry() {}
func (LogBlocked) logEntry()  {}
func (LogProgress) logEntry() {}
func (LogSettled) logEntry()  {}
func (LogPlan) logEntry()     {}
func (LogFile) logEntry()     {}
func (LogStmt) logEntry()     {}
func (LogStmtDone) logEntry() {}
func (LogFileDone) logEntry() {}
func (LogDisk) logEntry()     {}
func (LogStopped) logEntry()  {}
func (LogRetry) logEntry()    {}
func (LogRebuild) logEntry()  {}
func (LogMend) logEntry()     {}
func (LogNotice) logEntry()   {}

type nobody struct{}

func (nobody) Log(LogEntry) {}

// oneByOne is a Logger for several goroutines.
type oneByOne struct {
	mu sync.Mutex
	to Logger
}

func (l *oneByOne) Log(e LogEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.to.Log(e)
}
