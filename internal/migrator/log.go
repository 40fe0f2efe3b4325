package migrator

import (
	"sync"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

type (
	// Logger receives entries as they happen, from one goroutine at a time.
	Logger interface {
		Log(LogEntry)
	}

	// LogEntry is one of the types below.
	LogEntry interface{ logEntry() }

	// LogWait says that another session migrates this database and that we wait for it: at first, whenever the holder
	// changes, and every 30 seconds.
	LogWait struct {
		Holder Holder
		Waited time.Duration
	}

	// LogBuilding says that another session builds the next index, and that we wait for it.
	LogBuilding struct {
		Index string // schema.name
		PID   int
	}

	// LogBlocked says that a statement waits for other sessions' locks: after 300 ms, whenever the sessions change, and
	// every ten seconds.
	LogBlocked struct {
		Blockers []Blocker // at least one
		Waited   time.Duration
	}

	// LogProgress reports the progress of a long statement every second.
	LogProgress struct {
		Stmt    pgsql.Stmt
		N       int // from 1
		Total   int
		Elapsed time.Duration

		// From PostgreSQL's progress views. Phase is "" if the statement is in none of them, and Of is 0 if there is no
		// total. Of a DO or CALL, Done is how often it has committed.
		Phase    string
		Done, Of int64
		Unit     string // "blocks", "rows", "sessions", "commits"
	}

	// LogBatch reports how far a statement that runs in batches has come: after the first batch, every second, and at
	// the end.
	LogBatch struct {
		Stmt    pgsql.Stmt
		N       int // from 1
		Total   int
		Elapsed time.Duration // since this run began the statement

		Batches int     // that this run has committed
		Size    int     // rows of the next one
		Pass    int     // over the table, from 1
		Repeats bool    // whether passes are repeated until one changes no row
		Walked  int64   // rows in this pass
		Of      int64   // rows of the table, as PostgreSQL estimates; negative before the table is analyzed
		Changed int64   // rows in all passes
		Rate    float64 // rows walked per second by this run
	}

	// LogPace says that batches wait for something: when they begin to, and every ten seconds.
	LogPace struct {
		Reason Pace
		Table  string
		Waited time.Duration
		Lag    time.Duration // of the slowest replica, if it is waited for
		// Others are the sessions that vacuum the table, or the sessions whose snapshot keeps dead rows.
		Others []Blocker
	}

	// LogSettled says that the record was inconsistent and has been repaired, and why.
	LogSettled struct{ Note string }

	// LogDrift says how the database differs from its recorded version before pending files run: at least one
	// difference, for which apply goes on.
	LogDrift struct{ Differences []catalog.Difference }

	// LogPlan lists the files that will run, at least one.
	LogPlan struct {
		Files []*migration.File
		Down  bool
	}

	// LogFile says that a file begins.
	LogFile struct {
		File    *migration.File
		Down    bool
		Skipped int // statements that an earlier run completed
		Total   int // statements of the file
		// Batch is how far an earlier run's batches of the next statement have come; its Pass is 0 if there were none.
		Batch batch.Note
	}

	// LogStmt says that a statement begins.
	LogStmt struct {
		Stmt  pgsql.Stmt
		N     int // from 1
		Total int
	}

	// LogStmtDone says that the statement has ended.
	LogStmtDone struct {
		Stmt    pgsql.Stmt
		N       int
		Total   int
		Elapsed time.Duration
		Known   bool // it was skipped: the catalog shows that it has run before
	}

	// LogFileDone says that a file is applied or reverted, and recorded.
	LogFileDone struct {
		File    *migration.File
		Down    bool
		Elapsed time.Duration
	}

	// LogDisk says how much disk space the files need at least, if it is 1 GB or more and the free space is unknown.
	LogDisk struct {
		Need       int64 // bytes
		Tablespace string
		Stmt       string // that needs most of it
	}

	// LogStopped says that a file ended with an error.
	LogStopped struct {
		File *migration.File
		Down bool
		Err  error
	}

	// LogRetry says that something gave way to other sessions and will be retried.
	LogRetry struct {
		What     string // the file, "the record", or similar
		Err      error
		Blockers []Blocker     // what it waited for; nil if unknown
		After    time.Duration // until the next try
	}

	// LogRebuild says that an index that an interrupted build left INVALID is dropped, to be rebuilt.
	LogRebuild struct{ Index string }

	// LogMend says that an INVALID index that none of the files creates is rebuilt or dropped.
	LogMend struct {
		Index string // schema.name, quoted where needed
		Next  Next   // NextBuild or NextDrop
	}

	// LogUnsupported is logged once if PostgreSQL's developers no longer support the server's version.
	LogUnsupported struct {
		Version string // "12.22"
		Since   string // "November 2024"
	}

	// LogNotice is a NOTICE, WARNING or similar message of the server.
	LogNotice struct{ Severity, Message string }
)

// Left returns how long the rest of the pass takes at the rate so far. ok is false if that is unknown.
func (e LogBatch) Left() (d time.Duration, ok bool) {
	if e.Of < 0 || e.Walked > e.Of || e.Rate <= 0 {
		return 0, false
	}
	return time.Duration(float64(e.Of-e.Walked) / e.Rate * float64(time.Second)), true
}

func (LogWait) logEntry()        {}
func (LogBuilding) logEntry()    {}
func (LogBlocked) logEntry()     {}
func (LogProgress) logEntry()    {}
func (LogBatch) logEntry()       {}
func (LogPace) logEntry()        {}
func (LogSettled) logEntry()     {}
func (LogDrift) logEntry()       {}
func (LogPlan) logEntry()        {}
func (LogFile) logEntry()        {}
func (LogStmt) logEntry()        {}
func (LogStmtDone) logEntry()    {}
func (LogFileDone) logEntry()    {}
func (LogDisk) logEntry()        {}
func (LogStopped) logEntry()     {}
func (LogRetry) logEntry()       {}
func (LogRebuild) logEntry()     {}
func (LogMend) logEntry()        {}
func (LogUnsupported) logEntry() {}
func (LogNotice) logEntry()      {}

type discard struct{}

func (discard) Log(LogEntry) {}

// serial is a Logger for several goroutines.
type serial struct {
	mu sync.Mutex
	to Logger
}

func (l *serial) Log(e LogEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.to.Log(e)
}
