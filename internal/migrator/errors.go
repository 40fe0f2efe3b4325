package migrator

import (
	"context"
	"crypto/x509"
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

// ConnectError means that connecting failed. Its text never contains a password.
type ConnectError struct {
	Where string // "host:port"
	Text  string
	Err   error
}

func (e *ConnectError) Error() string { return e.Text }
func (e *ConnectError) Unwrap() error { return e.Err }

// WhereIs describes the address of the server of cfg.
func WhereIs(cfg *pgx.ConnConfig) string {
	port := strconv.Itoa(int(cfg.Port))
	if strings.HasPrefix(cfg.Host, "/") {
		return "the socket in " + cfg.Host + ", port " + port
	}
	return net.JoinHostPort(cfg.Host, port)
}

// NewConnectError returns an error that says why connecting with cfg failed with err.
func NewConnectError(cfg *pgx.ConnConfig, err error) *ConnectError {
	where := WhereIs(cfg)
	e := &ConnectError{Where: where, Err: err}
	var pg *pgconn.PgError
	var network *net.OpError
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &pg):
		e.Text = fmt.Sprintf("PostgreSQL at %s refused the connection to database %q as user %q: %s (SQLSTATE %s)%s", where, cfg.Database, cfg.User, pg.Message, pg.Code, connectAdvice(pg.Code))
	case errors.As(err, &unknown):
		e.Text = fmt.Sprintf("cannot verify the certificate of PostgreSQL at %s: it is signed by an authority that isn't trusted here; name the file with the authority's certificate by sslrootcert in the URL, or by PGSSLROOTCERT", where)
	case errors.As(err, &name):
		e.Text = fmt.Sprintf("cannot verify the certificate of PostgreSQL at %s: %v; connect by a name that the certificate has", where, name)
	case errors.As(err, &dns):
		e.Text = fmt.Sprintf("cannot reach PostgreSQL: unknown host name %q; check the URL", dns.Name)
	case errors.As(err, &network):
		e.Text = fmt.Sprintf("cannot reach PostgreSQL at %s: %v; check the host and port, and that the server is running", where, network.Err)
	case errors.Is(err, context.DeadlineExceeded) && cfg.ConnectTimeout > 0:
		e.Text = fmt.Sprintf("cannot reach PostgreSQL at %s: it accepted the connection, but did not answer within %s; check the host and port, and the server, or set connect_timeout in the URL", where, cfg.ConnectTimeout)
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
		return "; check the user and password, and the server's pg_hba.conf"
	case pgsql.InvalidCatalogName:
		return "; create it first, or check the URL"
	case pgsql.TooManyConnections:
		return "; try again when other sessions have ended"
	case pgsql.CannotConnectNow:
		return "; try again"
	}
	return ""
}

// RefusedError means that migrations can't run on the server, or in the role.
type RefusedError struct{ Text string }

func (e *RefusedError) Error() string { return e.Text }

// Holder is a session that holds the lock under which databases are migrated.
type Holder struct {
	PID         int // 0 if it ended before it could be identified
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
		s += ", connected at " + h.Since.UTC().Format("15:04:05 UTC")
	}
	return s
}

// LockedError means that the database could not be locked in time, because another session was migrating it. Nothing
// was done.
type LockedError struct {
	Holder Holder
	Waited time.Duration
	Err    error // why it isn't known whether that session still runs; nil if it does
}

func (e *LockedError) Unwrap() error { return e.Err }

func (e *LockedError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("could not lock this database within %s: %v; nothing was done", e.Waited.Round(time.Second/10), e.Err)
	}
	if e.Waited < time.Second/10 {
		return fmt.Sprintf("another session is migrating this database (%s); nothing was done: try again", e.Holder)
	}
	return fmt.Sprintf("another session is migrating this database (%s) and did not end within %s; nothing was done: try again", e.Holder, e.Waited.Round(time.Second/10))
}

// LostLockError means that the migration freed the lock, and another session took it.
type LostLockError struct {
	File   string // the file that could not continue
	Holder Holder
}

func (e *LostLockError) Error() string {
	return fmt.Sprintf("a migration freed the advisory lock on this database and another session took it (%s), so %s was stopped; remove DISCARD ALL and pg_advisory_unlock_all from the migration, and try again when the other session has ended", e.Holder, e.File)
}

// StmtError means that a statement failed.
type StmtError struct {
	File  string    // "VERSION_name.sql", or "down/VERSION_name.sql"
	Pos   pgsql.Pos // where PostgreSQL reports the error, or the statement's first token
	Stmt  string    // as in the file; passwords are masked in messages and in the journal
	N     int       // from 1
	Total int       // statements of the file
	State string    // the state of the database now, and what to do, in a sentence
	Role  string    // set by an earlier statement of the file, "" for none
	Err   error
	Cause error // the context's cause if its end interrupted the statement, otherwise nil
}

func (e *StmtError) Error() string {
	text := fmt.Sprintf("%s:%d:%d: %s; statement %d of %d: %s", e.File, e.Pos.Line, e.Pos.Col, e.Reason(), e.N, e.Total, pgsql.OneLine(e.Stmt, shown))
	if e.State != "" {
		text += "; " + e.State
	}
	return text
}

// Reason says why it failed, without the position.
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

// Unwrap returns the database's error and the cause of the interruption.
func (e *StmtError) Unwrap() []error {
	if e.Cause != nil {
		return []error{e.Err, e.Cause}
	}
	return []error{e.Err}
}

// shown is how many characters of a statement appear in messages.
const shown = 80

// BlockedError means that a lock on a table or a row was not available for as long as we tried. Err is the last error.
type BlockedError struct {
	Blockers []Blocker // at the last try; nil if unknown
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

// OutcomeError means that the outcome of a commit is unknown.
type OutcomeError struct{ Err error }

func (e *OutcomeError) Error() string {
	return fmt.Sprintf("the connection was lost during a commit, so its outcome is unknown (%v); run the command again: it reads the record and continues from there", e.Err)
}

func (e *OutcomeError) Unwrap() error { return e.Err }
