package migrator

import (
	"bytes"
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// dial connects as pgx does, with one difference. With sslmode=prefer, the default, pgx asks for TLS, closes the
// connection if the server has none, and dials again. dial continues on the first connection, as libpq does, so that
// the server needn't start another process.
func dial(ctx context.Context, cfg *pgx.ConnConfig) (*pgx.Conn, error) {
	d := &dialer{dial: cfg.DialFunc, refused: make(map[string]refusal)}
	cfg.DialFunc = d.DialContext
	defer d.done()
	return pgx.ConnectConfig(ctx, cfg)
}

// A dialer keeps, by address, the connections on which servers refused TLS, for when pgx dials that address again.
type dialer struct {
	dial pgconn.DialFunc

	mu      sync.Mutex
	refused map[string]refusal // nil once there is a session, which dials only to cancel
}

// refusal is a connection on which the server refused TLS.
type refusal struct {
	conn net.Conn
	at   time.Time
}

// fresh is how long a refusal can be used. pgx tries all addresses of a name before it dials again, and a server closes
// a connection without authentication after authentication_timeout, which is at least a second.
const fresh = 500 * time.Millisecond

func (d *dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	d.mu.Lock()
	r, asks := d.refused[addr], d.refused != nil
	delete(d.refused, addr)
	d.mu.Unlock()
	switch {
	case r.conn == nil:
	case time.Since(r.at) < fresh:
		return r.conn, nil
	default:
		_ = r.conn.Close()
	}
	conn, err := d.dial(ctx, network, addr)
	if err != nil || !asks {
		return conn, err
	}
	return &asking{Conn: conn, dialer: d, addr: addr}, nil
}

// keep keeps a connection on which the server refused TLS, instead of closing it. It reports whether it did.
func (d *dialer) keep(addr string, conn net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refused == nil || d.refused[addr].conn != nil {
		return false
	}
	d.refused[addr] = refusal{conn, time.Now()}
	return true
}

// done closes the connections that were not used.
func (d *dialer) done() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.refused {
		_ = r.conn.Close()
	}
	d.refused = nil
}

// sslRequest is the message that asks for TLS (PostgreSQL's manual, "Message Formats"). The server answers with one
// byte, S or N.
var sslRequest = []byte{0, 0, 0, 8, 4, 210, 22, 47}

// asking is a connection that watches its first messages.
type asking struct {
	net.Conn
	dialer *dialer
	addr   string
	phase  atomic.Int32 // one of the constants below
}

const (
	nothing  = iota
	tlsAsked // sslRequest only
	tlsNo    // and the answer N
	more
)

func (a *asking) Write(b []byte) (int, error) {
	if !bytes.Equal(b, sslRequest) || !a.phase.CompareAndSwap(nothing, tlsAsked) {
		a.phase.Store(more)
	}
	return a.Conn.Write(b)
}

func (a *asking) Read(b []byte) (int, error) {
	n, err := a.Conn.Read(b)
	if a.phase.Load() != more && (n != 1 || b[0] != 'N' || !a.phase.CompareAndSwap(tlsAsked, tlsNo)) {
		a.phase.Store(more)
	}
	return n, err
}

// Close closes the connection, unless the dialer keeps it.
func (a *asking) Close() error {
	if a.phase.Load() == tlsNo && a.dialer.keep(a.addr, a.Conn) {
		return nil
	}
	return a.Conn.Close()
}
