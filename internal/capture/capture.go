// Package capture runs a proxy between a program and a PostgreSQL server, and records which statements took effect, in
// which transactions. It knows the protocol and what ends a transaction, but not what statements mean. It can write a
// recorded statement as a script: parameters become literals, and rows that were copied become INSERTs.
package capture

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A Proxy forwards messages between clients and a server, and records the statements.
type Proxy struct {
	listener net.Listener
	server   *pgx.ConnConfig
	password string
	served   sync.WaitGroup

	mu    sync.Mutex
	rec   Recording
	txs   int // transactions so far
	talks map[*talk]bool
	ended chan struct{} // receives when a talk has ended
}

// A Recording is what clients did.
type Recording struct {
	Connected  bool         // at least one client did
	Statements []*Statement // that succeeded, in the order in which they ended
	Failed     *Failure     // the last error, nil if there was none
	Running    []string     // the statements that hadn't ended when their client's connection was closed
	Refused    string       // what can't be recorded and was used, "" if nothing
}

// A Failure is an error that the server reported for a statement.
type Failure struct {
	SQL string
	Err *pgconn.PgError
}

// Listen starts a proxy for a database on a loopback port. It runs until Close.
func Listen(server *pgx.ConnConfig) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the proxy that records statements: %w", err)
	}
	p := &Proxy{listener: l, server: server, password: rand.Text(), talks: make(map[*talk]bool), ended: make(chan struct{}, 1)}
	p.served.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.served.Go(func() { p.serve(client) })
		}
	})
	return p, nil
}

// URL returns how to connect, with a password, because other users of the machine can reach the port.
func (p *Proxy) URL() *url.URL {
	return &url.URL{Scheme: "postgresql", User: url.UserPassword(p.server.User, p.password), Host: p.listener.Addr().String(), Path: "/" + p.server.Database}
}

// patience is how long clients may take to close their connections.
const patience = 5 * time.Second

// Take waits until the clients have closed their connections, closes those that remain after 5 seconds or when ctx
// ends, and returns what was recorded since the last call.
func (p *Proxy) Take(ctx context.Context) *Recording {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		p.mu.Lock()
		if len(p.talks) == 0 {
			rec := p.rec
			p.rec = Recording{}
			p.mu.Unlock()
			return &rec
		}
		p.mu.Unlock()
		select {
		case <-p.ended:
		case <-ctx.Done():
			p.hangUp()
			<-p.ended
		}
	}
}

// hangUp closes all connections.
func (p *Proxy) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for t := range p.talks {
		t.close()
	}
}

// Close stops the proxy and closes its connections.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.hangUp()
	p.served.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
