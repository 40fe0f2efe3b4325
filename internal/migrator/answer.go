package migrator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// The operating system probes the other side after keepAliveIdle without traffic, and closes the connection after
	// peerTimeout without an acknowledgement.
	keepAliveIdle  = 30 * time.Second
	keepAliveEvery = 10 * time.Second
	peerTimeout    = 60 * time.Second

	// shortestWait is the least time that the server has for an answer, even if -wait is shorter.
	shortestWait = time.Second
)

// StalledError means that the server did not answer a request that it can answer at once. The connection is closed.
type StalledError struct {
	Where string // as in ConnectError
	For   time.Duration
}

func (e *StalledError) Error() string {
	return fmt.Sprintf("PostgreSQL at %s has not answered for %s; check the network and the server", e.Where, e.For.Round(time.Second/10))
}

// Timeout reports true so that pgx returns the error: after any other it closes the connection, reads again, and
// reports only that the connection is closed.
func (e *StalledError) Timeout() bool { return true }

// Temporary reports false.
func (e *StalledError) Temporary() bool { return false }

// answers watches the connections of one configuration for answers that don't arrive. Because a migration's statement
// may take any time, an answer is due only while a limit is set, or when the server is known to wait for us.
type answers struct {
	where string

	mu    sync.Mutex
	limit time.Duration // 0: none
	conns map[*answering]bool
}

// watch watches the connections of cfg, and makes the operating system detect a lost peer.
func watch(cfg *pgx.ConnConfig) *answers {
	a := &answers{where: WhereIs(cfg), conns: make(map[*answering]bool)}
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			// Not every system supports these.
			_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: keepAliveIdle, Interval: keepAliveEvery, Count: int((peerTimeout - keepAliveIdle) / keepAliveEvery)})
			_ = setPeerTimeout(tcp, peerTimeout)
		}
		return &answering{Conn: conn, answers: a}, nil
	}
	return a
}

// within sets how long an answer may take, 0 for any time, until the function that it returns is called.
func (a *answers) within(d time.Duration) (end func()) {
	set := func(d time.Duration) (before time.Duration) {
		a.mu.Lock()
		defer a.mu.Unlock()
		before, a.limit = a.limit, d
		return before
	}
	before := set(d)
	return func() { set(before) }
}

// waits returns how long the longest wait for an answer has taken so far; 0 if there is none.
func (a *answers) waits() (longest time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for c := range a.conns {
		if !c.since.IsZero() {
			longest = max(longest, time.Since(c.since))
		}
	}
	return longest
}

// late closes the connections that have waited for an answer for longer than d.
func (a *answers) late(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for c := range a.conns {
		if !c.since.IsZero() && time.Since(c.since) > d {
			_ = c.Conn.SetReadDeadline(time.Now())
		}
	}
}

// answering is a watched connection.
type answering struct {
	net.Conn
	*answers

	// Under the mutex of answers:
	until   time.Time // the deadline set by its user
	since   time.Time // when the current Read began; zero if none is running
	stalled error     // of an earlier Read
}

func (c *answering) Read(b []byte) (int, error) {
	c.mu.Lock()
	if c.stalled != nil {
		defer c.mu.Unlock()
		return 0, c.stalled
	}
	c.since = time.Now()
	until := c.until
	if c.limit > 0 {
		if due := c.since.Add(c.limit); until.IsZero() || due.Before(until) {
			until = due
		}
	}
	_ = c.Conn.SetReadDeadline(until)
	c.conns[c] = true
	c.mu.Unlock()

	n, err := c.Conn.Read(b)

	c.mu.Lock()
	defer c.mu.Unlock()
	waited, ours := time.Since(c.since), c.until.IsZero() || time.Now().Before(c.until)
	c.since = time.Time{}
	delete(c.conns, c)
	if ours && errors.Is(err, os.ErrDeadlineExceeded) {
		c.stalled = &StalledError{Where: c.where, For: waited}
		return n, c.stalled
	}
	return n, err
}

func (c *answering) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until = t
	return c.Conn.SetDeadline(t)
}

func (c *answering) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until = t
	return c.Conn.SetReadDeadline(t)
}

// promptly requires answers within connect_timeout, plus the time that the server may wait for the locks of the
// record's two tables, until the function that it returns is called. No statement of a migration may run in that time.
func (s *session) promptly() (end func()) {
	return s.answers.within(s.conn.Config().ConnectTimeout + 2*s.limit)
}
