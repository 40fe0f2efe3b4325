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
	// After keepAliveIdle without a word the system asks whether the other side is there, and after peerTimeout without an
	// acknowledgement it ends the connection.
	keepAliveIdle  = 30 * time.Second
	keepAliveEvery = 10 * time.Second
	peerTimeout    = 60 * time.Second

	// shortestWait is how long the server has for an answer at least, however short the wait for a lock may be.
	shortestWait = time.Second
)

// StalledError is a connection on which an answer did not come that takes the server no time. It is closed.
type StalledError struct {
	Where string // as in ConnectError
	For   time.Duration
}

func (e *StalledError) Error() string {
	return fmt.Sprintf("PostgreSQL at %s has not answered for %s; check the network and the server", e.Where, e.For.Round(time.Second/10))
}

// Timeout reports true, and so makes pgx keep the error: on any other it closes the connection, reads again, and says no more
// than that it is closed.
func (e *StalledError) Timeout() bool { return true }

// Temporary reports false.
func (e *StalledError) Temporary() bool { return false }

// answers watches the connections that are made with one configuration for answers that don't come. A statement of a
// migration may take as long as it likes, so an answer is only due while there is a limit, or once the server is known to wait
// for us.
type answers struct {
	where string

	mu    sync.Mutex
	limit time.Duration // 0: none
	conns map[*answering]bool
}

// watch has a watch the connections that cfg makes, and the system notice a peer that is gone.
func watch(cfg *pgx.ConnConfig) *answers {
	a := &answers{where: whereIs(cfg), conns: make(map[*answering]bool)}
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			// A system that can't goes without.
			_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: keepAliveIdle, Interval: keepAliveEvery, Count: int((peerTimeout - keepAliveIdle) / keepAliveEvery)})
			_ = setPeerTimeout(tcp, peerTimeout)
		}
		return &answering{Conn: conn, answers: a}, nil
	}
	return a
}

// within sets how long an answer may take from now on, 0 for as long as it likes, until the function that it returns is called.
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

// waits returns for how long an answer has been waited for; 0 if none is.
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

// late ends the connections on which an answer has been waited for longer than d.
func (a *answers) late(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for c := range a.conns {
		if !c.since.IsZero() && time.Since(c.since) > d {
			_ = c.Conn.SetReadDeadline(time.Now())
		}
	}
}

// answering is a connection that is watched.
type answering struct {
	net.Conn
	*answers

	// Under the mutex of answers:
	until   time.Time // the deadline that its user has set
	since   time.Time // when the Read began that runs; zero if none does
	stalled error     // what a Read has ended with
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

// promptly has the server answer within connect_timeout, and what it may wait for the locks of the record's two tables, until the
// function that it returns is called. Nothing that a migration says may run meanwhile.
func (s *session) promptly() (end func()) {
	return s.answers.within(s.conn.Config().ConnectTimeout + 2*s.limit)
}
