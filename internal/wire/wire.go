// Package wire drops messages between a client and a PostgreSQL server, or cuts or stalls the connection, for tests.
package wire

import (
	"io"
	"net"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Message is a message that a [Proxy] has received and not yet forwarded.
type Message struct {
	Conn       int    // number of the connection, from 1
	PID        uint32 // of the backend, once it has reported it
	FromServer bool
	Type       string // name of the type in pgproto3, such as "Parse"
	SQL        string // text of a Parse or Query, tag of a CommandComplete, otherwise ""
}

// An Action says what to do with a message.
type Action int

const (
	Pass    Action = iota
	Swallow        // drop it, but not what follows
	Cut            // drop it, and close both connections
	Stall          // hold it and all that follows in both directions, and keep the connections open
)

// A Proxy forwards messages between clients and a server, without TLS or passwords.
type Proxy struct {
	URL string // of the database through the proxy

	server atomic.Pointer[pgx.ConnConfig]

	deciding sync.Mutex
	decide   func(Message) Action

	mu     sync.Mutex
	number int // of the last connection
	talks  map[*talk]bool
}

// Start starts a proxy for the server of cfg. It calls decide for each message, one at a time. The proxy stops at the
// end of the test.
func Start(t testing.TB, cfg *pgx.ConnConfig, decide func(Message) Action) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{decide: decide, talks: make(map[*talk]bool)}
	p.To(cfg)
	p.URL = "postgres://" + cfg.User + "@" + l.Addr().String() + "/" + cfg.Database + "?sslmode=disable"
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		for done := false; !done; {
			p.HangUp()
			p.mu.Lock()
			done = len(p.talks) == 0
			p.mu.Unlock()
		}
		all.Wait()
	})
	return p
}

// To sets the server of new connections. decide may call it.
func (p *Proxy) To(cfg *pgx.ConnConfig) { p.server.Store(cfg) }

// HangUp closes all connections on both sides. decide may call it.
func (p *Proxy) HangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for t := range p.talks {
		t.end()
	}
}

// talk is a client's connection and the one to the server.
type talk struct {
	p      *Proxy
	number int

	client net.Conn
	back   *pgproto3.Backend // speaks with the client

	server net.Conn
	front  *pgproto3.Frontend // speaks with the server

	pid   atomic.Uint32
	stuck atomic.Bool
	ended chan struct{}
	end   func()
}

func (p *Proxy) serve(client net.Conn) {
	t := &talk{p: p, client: client, back: pgproto3.NewBackend(client, client), ended: make(chan struct{})}
	cfg := p.server.Load()
	network, addr := pgconn.NetworkAddress(cfg.Host, cfg.Port)
	server, err := net.Dial(network, addr)
	if err != nil {
		client.Close()
		return
	}
	t.server, t.front = server, pgproto3.NewFrontend(server, server)
	t.end = sync.OnceFunc(func() {
		close(t.ended)
		client.Close()
		server.Close()
	})
	p.mu.Lock()
	p.talks[t] = true
	p.mu.Unlock()
	defer func() {
		t.end()
		p.mu.Lock()
		delete(p.talks, t)
		p.mu.Unlock()
	}()

	for t.number == 0 {
		first, err := t.back.ReceiveStartupMessage()
		if err != nil {
			return
		}
		switch first.(type) {
		case *pgproto3.SSLRequest, *pgproto3.GSSEncRequest:
			if _, err := client.Write([]byte("N")); err != nil {
				return
			}
		case *pgproto3.StartupMessage:
			p.mu.Lock()
			p.number++
			t.number = p.number
			p.mu.Unlock()
			if !t.pass(first, false) {
				return
			}
		default: // CancelRequest: the server only closes the connection
			t.front.Send(first)
			_ = t.front.Flush()
			_, _ = io.Copy(client, server)
			return
		}
	}
	var answers sync.WaitGroup
	answers.Go(func() {
		defer t.end()
		for {
			m, err := t.front.Receive()
			if err != nil || !t.pass(m, true) {
				return
			}
		}
	})
	for {
		m, err := t.back.Receive()
		if err != nil || !t.pass(m, false) {
			break
		}
	}
	t.end()
	answers.Wait()
}

// pass handles a message as decided, and reports whether the talk continues.
func (t *talk) pass(m pgproto3.Message, fromServer bool) bool {
	msg := Message{Conn: t.number, FromServer: fromServer, Type: reflect.TypeOf(m).Elem().Name()}
	switch m := m.(type) {
	case *pgproto3.BackendKeyData:
		t.pid.Store(m.ProcessID)
	case *pgproto3.Parse:
		msg.SQL = m.Query
	case *pgproto3.Query:
		msg.SQL = m.String
	case *pgproto3.CommandComplete:
		msg.SQL = string(m.CommandTag)
	}
	msg.PID = t.pid.Load()
	t.p.deciding.Lock()
	action := t.p.decide(msg)
	t.p.deciding.Unlock()
	if action == Stall {
		t.stuck.Store(true)
	}
	if t.stuck.Load() {
		<-t.ended
		return false
	}
	var err error
	switch {
	case action == Swallow:
	case action == Cut:
		return false
	case fromServer:
		t.back.Send(m.(pgproto3.BackendMessage))
		err = t.back.Flush()
	default:
		t.front.Send(m.(pgproto3.FrontendMessage))
		err = t.front.Flush()
	}
	return err == nil
}
