package migrator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// ConnectError is a database that could not be connected to. Its text never
// holds a password.
type ConnectError struct {
	Where string // "host:port"
	Text  string
	Err   error
}

func (e *ConnectError) Error() string { return e.Text }
func (e *ConnectError) Unwrap() error { return e.Err }

// whereIs says where the server of cfg is.
func whereIs(cfg *pgx.ConnConfig) string {
	port := strconv.Itoa(int(cfg.Port))
	if strings.HasPrefix(cfg.Host, "/") {
		return "the socket in " + cfg.Host + ", port " + port
	}
	return net.JoinHostPort(cfg.Host, port)
}

// NewConnectError says in words why connecting with cfg failed with err.
func NewConnectError(cfg *pgx.ConnConfig, err error) *ConnectError {
	where := whereIs(cfg)
	e := &ConnectError{Where: where, Err: err}
	var pg *pgconn.PgError
	var network *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &pg):
		e.Text = fmt.Sprintf("PostgreSQL at %s refuses the connection to database %q as user %q: %s (SQLSTATE %s)%s", where, cfg.Database, cfg.User, pg.Message, pg.Code, connectAdvice(pg.Code))
	case errors.As(err, &dns):
		e.Text = fmt.Sprintf("cannot reach PostgreSQL: the host name %q is not known; check the URL", dns.Name)
	case errors.As(err, &network):
		e.Text = fmt.Sprintf("cannot reach PostgreSQL at %s: %v; check host and port, and that the server runs", where, network.Err)
	case errors.Is(err, context.DeadlineExceeded) && cfg.ConnectTimeout > 0:
		e.Text = fmt.Sprintf("cannot reach PostgreSQL at %s: it took the connection, but did not answer within %s; check host and port, and the server; connect_timeout in the URL sets another time", where, cfg.ConnectTimeout)
	default:
		if inner := errors.Unwrap(err); inner != nil {
			err = inner
		}
		e.Text = fmt.Sprintf("cannot connect to PostgreSQL at %s: %v", where, err)
	}
	return e
}

func connectAdvice(code string) string {
	switch code {
	case pgsql.InvalidPassword, pgsql.InvalidAuthorizationSpecification:
		return "; check user and password, and the server's pg_hba.conf"
	case pgsql.InvalidCatalogName:
		return "; create it first, or check the URL"
	case pgsql.TooManyConnections:
		return "; try again when others have left"
	case pgsql.CannotConnectNow:
		return "; try again"
	}
	return ""
}

// RefusedError is a server on which migrations cannot be run, or a role that
// cannot run them.
type RefusedError struct{ Text string }

func (e *RefusedError) Error() string { return e.Text }

// Holder is a session that holds the lock under which databases are migrated.
type Holder struct {
	PID         int // 0 if it left before it could be looked at
	User        string
	Application string
	Client      string    // its address, "" on a Unix socket
	Since       time.Time // when it connected
}

func (h Holder) String() string {
	if h.PID == 0 {
		return "another session"
	}
	s := fmt.Sprintf("pid %d", h.PID)
	if h.User != "" {
		s += ", user " + h.User
	}
	if h.Application != "" {
		s += ", application " + h.Application
	}
	if h.Client != "" {
		s += ", from " + h.Client
	}
	if !h.Since.IsZero() {
		s += ", connected since " + h.Since.UTC().Format("15:04:05 UTC")
	}
	return s
}

// LockedError is a database that another session migrated for as long as we
// wanted to wait. Nothing was done.
type LockedError struct {
	Holder Holder
	Waited time.Duration
	Err    error // why it is not known whether that session goes on; nil if it does
}

func (e *LockedError) Unwrap() error { return e.Err }

func (e *LockedError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("the lock of this database was not to be had within %s: %v; nothing was done", e.Waited.Round(time.Second/10), e.Err)
	}
	if e.Waited < time.Second/10 {
		return fmt.Sprintf("another session migrates this database (%s); nothing was done: try again", e.Holder)
	}
	return fmt.Sprintf("another session migrates this database (%s), and did not end within %s; nothing was done: try again", e.Holder, e.Waited.Round(time.Second/10))
}

// LostLockError is a lock that the migration itself freed, and that another session took.
type LostLockError struct {
	File   string // that was to go on
	Holder Holder
}

func (e *LostLockError) Error() string {
	return fmt.Sprintf("a migration freed the lock under which databases are migrated, and another session took it (%s): %s does not go on; take DISCARD ALL and pg_advisory_unlock_all out of the migration, and try again when the other has ended", e.Holder, e.File)
}

// StmtError is a statement that failed.
type StmtError struct {
	File  string    // "VERSION_name.sql", or "down/VERSION_name.sql"
	Pos   pgsql.Pos // what PostgreSQL points at, or the statement's first token
	Stmt  string    // as in the file; messages and the journal have its passwords masked
	N     int       // from 1
	Total int       // statements of the file
	State string    // what state the database is in now, in a sentence
	Role  string    // that an earlier statement of the file set, "" for none
	Err   error
	Cause error // the context's cause if that ended the statement, otherwise nil
}

func (e *StmtError) Error() string {
	text := fmt.Sprintf("%s:%d:%d: %s; statement %d of %d: %s", e.File, e.Pos.Line, e.Pos.Col, e.Reason(), e.N, e.Total, pgsql.OneLine(e.Stmt, shown))
	if e.State != "" {
		text += "; " + e.State
	}
	return text
}

// Reason is why it failed, without where, and what that means.
func (e *StmtError) Reason() string {
	var waited *WaitError
	switch {
	case e.Cause != nil:
		return fmt.Sprintf("interrupted (%v)", e.Cause)
	case errors.As(e.Err, &waited):
		return waited.Error()
	}
	return pgsql.MaskMessage(runner.Message(e.Err), e.Stmt)
}

// Unwrap returns the database's error and the cause of an interruption.
func (e *StmtError) Unwrap() []error {
	if e.Cause != nil {
		return []error{e.Err, e.Cause}
	}
	return []error{e.Err}
}

// shown is how many characters of a statement messages show.
const shown = 80

// BlockedError is a lock on a table, or a row, that was not to be had for as long
// as we wanted to try. What was tried last is Err.
type BlockedError struct {
	Blockers []Blocker // who held it at the last try; nil if that was not seen
	Tries    int
	For      time.Duration
	Err      error
}

func (e *BlockedError) Error() string {
	by := ""
	if len(e.Blockers) > 0 {
		by = "blocked by " + blockedBy(e.Blockers) + "; "
	}
	return fmt.Sprintf("%stried %d times in %s: %v", by, e.Tries, e.For.Round(time.Second/10), e.Err)
}

func (e *BlockedError) Unwrap() error { return e.Err }

// OutcomeError is a commit whose answer never came.
type OutcomeError struct{ Err error }

func (e *OutcomeError) Error() string {
	return fmt.Sprintf("the connection was lost while committing, so it is not known here whether the last step was done (%v); run the command again: it reads the record and goes on from there", e.Err)
}

func (e *OutcomeError) Unwrap() error { return e.Err }
