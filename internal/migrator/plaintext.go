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

// dial connects as pgx does, but for one thing. With sslmode=prefer, the default,
// pgx asks for TLS, hangs up on a server that has none, and dials again. This goes on
// with the connection on which it asked, as libpq does: the server starts one process
// less, for which the second connection would have to wait.
func dial(ctx context.Context, cfg *pgx.ConnConfig) (*pgx.Conn, error) {
	d := &dialer{dial: cfg.DialFunc, refused: make(map[string]refusal)}
	cfg.DialFunc = d.DialContext
	defer d.done()
	return pgx.ConnectConfig(ctx, cfg)
}

// A dialer keeps the connections on which servers said that they have no TLS, by the
// address, for who dials that again.
type dialer struct {
	dial pgconn.DialFunc

	mu      sync.Mutex
	refused map[string]refusal // nil when there is a session, which dials to cancel only
}

// refusal is a connection on which a server said that it has no TLS.
type refusal struct {
	conn net.Conn
	at   time.Time
}

// fresh is for how long it can be gone on with. Of a name with several addresses, the
// others are tried before, and a server hangs up on who doesn't say who he is: after
// authentication_timeout, which is a second at least.
const fresh = 500 * time.Millisecond

func (d *dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	d.mu.Lock()
	kept, asks := d.refused[addr], d.refused != nil
	delete(d.refused, addr)
	d.mu.Unlock()
	switch {
	case kept.conn == nil:
	case time.Since(kept.at) < fresh:
		return kept.conn, nil
	default:
		_ = kept.conn.Close()
	}
	conn, err := d.dial(ctx, network, addr)
	if err != nil || !asks {
		return conn, err
	}
	return &asking{Conn: conn, dialer: d, addr: addr}, nil
}

// keep is told of a connection that is closed, on which nothing was said but that the
// server has no TLS. It reports whether it is kept instead.
func (d *dialer) keep(addr string, conn net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refused == nil || d.refused[addr].conn != nil {
		return false
	}
	d.refused[addr] = refusal{conn, time.Now()}
	return true
}

// done closes what nobody went on with.
func (d *dialer) done() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, kept := range d.refused {
		_ = kept.conn.Close()
	}
	d.refused = nil
}

// sslRequest is the message by which a client asks for TLS (PostgreSQL's manual,
// "Message Formats"). The server answers with one byte: S or N.
var sslRequest = []byte{0, 0, 0, 8, 4, 210, 22, 47}

// asking is a connection that looks on while its first words are said.
type asking struct {
	net.Conn
	dialer *dialer
	addr   string
	said   atomic.Int32 // one of the below
}

const (
	nothing  = iota
	tlsAsked // sslRequest and nothing else
	tlsNo    // and the answer that there is none
	more
)

func (a *asking) Write(b []byte) (int, error) {
	if !bytes.Equal(b, sslRequest) || !a.said.CompareAndSwap(nothing, tlsAsked) {
		a.said.Store(more)
	}
	return a.Conn.Write(b)
}

func (a *asking) Read(b []byte) (int, error) {
	n, err := a.Conn.Read(b)
	if a.said.Load() != more && (n != 1 || b[0] != 'N' || !a.said.CompareAndSwap(tlsAsked, tlsNo)) {
		a.said.Store(more)
	}
	return n, err
}

// Close closes the connection, unless it can be gone on with.
func (a *asking) Close() error {
	if a.said.Load() == tlsNo && a.dialer.keep(a.addr, a.Conn) {
		return nil
	}
	return a.Conn.Close()
}
