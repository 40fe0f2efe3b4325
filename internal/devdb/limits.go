package devdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Limits bound what migrations use on a dev server, because a pull request's endless loop must not occupy a CI machine.
// A zero value is the default.
type Limits struct {
	Statement time.Duration // for one statement; default 1 minute
	Total     time.Duration // for all statements together; default 30 minutes
	Disk      int64         // for a throwaway server's files, in bytes; default 4 GiB, negative: unlimited
}

// The names of the limits in atlas.hcl.
const (
	StatementLimit = "replay_statement_timeout"
	TotalLimit     = "replay_timeout"
	DiskLimit      = "replay_disk"
)

func (l Limits) orDefaults() Limits {
	return Limits{
		Statement: cmp.Or(l.Statement, time.Minute),
		Total:     cmp.Or(l.Total, 30*time.Minute),
		Disk:      cmp.Or(l.Disk, 4<<30),
	}
}

// tempFiles returns the limit as PostgreSQL's temp_file_limit, in kB.
func (l Limits) tempFiles() int64 {
	if l.Disk < 0 {
		return -1
	}
	return min((l.Disk+1023)>>10, math.MaxInt32)
}

// A LimitError is the error of a statement that exceeded one of the limits. Its SQLSTATE is that of a canceled
// statement.
type LimitError struct {
	Setting string // the limit's name in atlas.hcl; "" for [MaxMessage]
	Msg     string
}

func (e *LimitError) Error() string { return e.Msg }

// SQLState returns "" if the connection was closed.
func (e *LimitError) SQLState() string {
	if e.Setting == "" {
		return ""
	}
	return pgsql.QueryCanceled
}

// Advice says what to do.
func (e *LimitError) Advice() string {
	if e.Setting == "" {
		return "return or report less"
	}
	return "if the migration needs more, set " + e.Setting + " in atlas.hcl"
}

// A budget is what is left of a server's limits.
type budget struct {
	limits Limits
	data   string // the data directory, or "" if its size is unlimited

	mu     sync.Mutex
	spent  time.Duration
	looked time.Duration   // spent at the last look
	size   int64           // of the data directory when it was measured
	free   int64           // of the file system then
	next   time.Time       // when it is measured again
	full   context.Context // ends when the disk limit is exceeded
	cause  context.CancelCauseFunc
}

func newBudget(l Limits) *budget {
	b := &budget{limits: l.orDefaults()}
	b.full, b.cause = context.WithCancelCause(context.Background())
	return b
}

// MaxMessage is how many bytes a row or a message of a migration's may have.
const MaxMessage = 64 << 20

// Bound returns a context for one statement of a migration, which ends when the statement
// exceeds one of the server's limits. done is called after the statement, with its error, and
// returns the error to report: a *LimitError if that was the reason.
func (s *Server) Bound(ctx context.Context) (bounded context.Context, done func(error) error) {
	b := s.budget
	b.mu.Lock()
	left := b.limits.Total - b.spent
	b.mu.Unlock()
	limit, err := b.limits.Statement, &LimitError{StatementLimit, fmt.Sprintf("the statement ran for more than %s", b.limits.Statement)}
	if left < limit {
		limit, err = left, &LimitError{TotalLimit, fmt.Sprintf("the statements ran for more than %s in total", b.limits.Total)}
	}
	start := time.Now()
	timed, cancelTimeout := context.WithTimeoutCause(ctx, limit, err)
	bounded, cancel := context.WithCancelCause(timed)
	stop := context.AfterFunc(b.full, func() { cancel(context.Cause(b.full)) })
	ended := make(chan struct{})
	if b.data != "" {
		go b.watch(ended)
	}
	return bounded, func(err error) error {
		switch {
		case err == nil:
		case ctx.Err() != nil:
			err = context.Cause(ctx) // PostgreSQL only says that the statement was canceled
		default:
			err = b.reason(bounded, err)
		}
		close(ended)
		stop()
		cancel(nil)
		cancelTimeout()
		b.spend(time.Since(start))
		return err
	}
}

// spend adds a statement's time, and looks at the data directory if short statements have run for long enough.
func (b *budget) spend(d time.Duration) {
	b.mu.Lock()
	b.spent += d
	due := b.data != "" && b.spent-b.looked >= lookEvery
	if due {
		b.looked = b.spent
	}
	b.mu.Unlock()
	if due {
		b.look()
	}
}

// reason returns the error of a statement, as a limit's if it exceeded one.
func (b *budget) reason(bounded context.Context, err error) error {
	switch {
	case bounded.Err() != nil:
		return context.Cause(bounded)
	case pgsql.SQLState(err) == pgsql.ConfigurationLimitExceeded:
		return &LimitError{DiskLimit, fmt.Sprintf("the temporary files have more than %d MiB", b.limits.Disk>>20)}
	case errors.As(err, new(*pgproto3.ExceededMaxBodyLenErr)), errors.Is(err, pgconn.ErrConnClosed): // pgx may drop the former
		return &LimitError{Msg: fmt.Sprintf("the connection was closed, as it is for a row or a message of more than %d MiB", MaxMessage>>20)}
	}
	return err
}

// look measures the data directory if it is time or the file system has become much fuller, and ends full if it is too
// large.
func (b *budget) look() { b.lookAt(freeSpace(b.data)) }

func (b *budget) lookAt(free int64) {
	start := time.Now()
	b.mu.Lock()
	due := !start.Before(b.next) || b.free-free > (b.limits.Disk-b.size)/2
	b.mu.Unlock()
	if !due {
		return
	}
	size := sizeOf(b.data)
	end := time.Now()
	b.mu.Lock()
	b.size, b.free, b.next = size, free, end.Add(min(measureShare*end.Sub(start), measureEvery))
	b.mu.Unlock()
	if size > b.limits.Disk {
		b.cause(&LimitError{DiskLimit, fmt.Sprintf("the throwaway PostgreSQL's files have %d MiB, more than %d MiB", size>>20, b.limits.Disk>>20)})
	}
}

// watch looks at the data directory while a statement runs.
func (b *budget) watch(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(lookEvery):
			b.look()
		}
	}
}

// lookEvery is the running time of statements between two looks at the data directory.
const lookEvery = time.Second

// Measuring the data directory reads the size of each file, of which there may be 100,000. It should take at most one
// part in measureShare of the time, but happens after measureEvery.
const (
	measureShare = 20
	measureEvery = 10 * time.Second
)

// sizeOf returns how many bytes the files below a folder have, without those that are removed meanwhile.
func sizeOf(folder string) int64 {
	var size int64
	_ = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	return size
}
