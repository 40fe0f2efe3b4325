package capture

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// talk is a client's connection and the one to the server. The proxy's mutex protects what both directions use.
type talk struct {
	p       *Proxy
	client  net.Conn
	back    *pgproto3.Backend // speaks with the client
	server  *pgconn.HijackedConn
	closing atomic.Bool
	close   func()

	session  session
	waiting  []*request // that the server hasn't answered
	copying  []byte     // what the client copies
	prepared map[string]*prepared
	portals  map[string]*Statement
}

// A request is a message that the server answers.
type request struct {
	kind  requestKind
	stmts []*Statement // of a query those that it hasn't run
	of    *prepared    // that is described
}

type requestKind int

const (
	query requestKind = iota
	parse
	describe
	bind
	execute
	syncs
)

type prepared struct {
	sql       string
	oids      []uint32 // that the client gave, 0 or nothing if it leaves that to the server
	described []uint32 // that the server has answered with; nil if it wasn't asked
}

func (p *Proxy) serve(client net.Conn) {
	t := &talk{p: p, client: client, back: pgproto3.NewBackend(client, client), prepared: map[string]*prepared{}, portals: map[string]*Statement{}}
	t.session.number = func() int {
		p.txs++
		return p.txs
	}
	t.close = func() {
		t.closing.Store(true)
		_ = client.Close()
	}
	p.mu.Lock()
	p.talks[t] = true
	p.mu.Unlock()
	defer func() {
		t.close()
		p.mu.Lock()
		t.session.close()
		for _, r := range t.waiting {
			if len(r.stmts) > 0 && (r.kind == query || r.kind == execute) {
				var texts []string // the server tells the ends of all but the last late
				for _, st := range r.stmts {
					texts = append(texts, st.SQL)
				}
				p.rec.Running = append(p.rec.Running, strings.Join(texts, "; "))
				break
			}
		}
		delete(p.talks, t)
		p.mu.Unlock()
		select {
		case p.ended <- struct{}{}:
		default:
		}
	}()
	if err := t.connect(); err != nil {
		fatal := &pgproto3.ErrorResponse{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: pgsql.CannotConnectNow, Message: err.Error()}
		var pg *pgconn.PgError
		if errors.As(err, &pg) {
			fatal.Code, fatal.Message = pg.Code, pg.Message
		}
		t.back.Send(fatal)
		_ = t.back.Flush() // the client may be gone
		return
	}
	server := t.server.Conn
	p.mu.Lock() // hangUp calls it, too
	t.close = func() {
		t.closing.Store(true)
		_ = client.Close()
		_ = server.Close()
	}
	p.mu.Unlock()
	var answers sync.WaitGroup
	answers.Go(func() {
		defer t.close()
		for {
			m, err := t.server.Frontend.Receive()
			if err != nil {
				return
			}
			t.answered(m)
			t.back.Send(m)
			if err := t.back.Flush(); err != nil {
				return
			}
		}
	})
	for {
		m, err := t.back.Receive()
		if err != nil {
			break
		}
		t.asked(m)
		t.server.Frontend.Send(m)
		if err := t.server.Frontend.Flush(); err != nil {
			break
		}
	}
	if !t.closing.Load() { // the client has left without saying so
		t.server.Frontend.Send(&pgproto3.Terminate{})
		_ = t.server.Frontend.Flush()
	}
	t.close()
	answers.Wait()
}

// errIgnored means that a connection isn't one for statements.
var errIgnored = errors.New("this isn't a session")

// connect lets the client in, and connects to the server as it asks to, but always as the same user to the same
// database.
func (t *talk) connect() error {
	var params map[string]string
	for params == nil {
		first, err := t.back.ReceiveStartupMessage()
		if err != nil {
			return err
		}
		switch m := first.(type) {
		case *pgproto3.SSLRequest, *pgproto3.GSSEncRequest:
			if _, err := t.client.Write([]byte("N")); err != nil {
				return err
			}
		case *pgproto3.StartupMessage:
			params = m.Parameters
		default: // what a CancelRequest wants to cancel ends when the connection does
			return errIgnored
		}
	}
	t.back.Send(&pgproto3.AuthenticationCleartextPassword{})
	if err := t.back.Flush(); err != nil {
		return err
	}
	if err := t.back.SetAuthType(pgproto3.AuthTypeCleartextPassword); err != nil {
		return err
	}
	m, err := t.back.Receive()
	if err != nil {
		return err
	}
	if given, ok := m.(*pgproto3.PasswordMessage); !ok || subtle.ConstantTimeCompare([]byte(given.Password), []byte(t.p.password)) == 0 {
		return errors.New("the password is wrong")
	}
	cfg := t.p.server.Copy()
	var set []*Statement
	for _, name := range slices.Sorted(maps.Keys(params)) {
		value := params[name]
		switch name {
		case "user", "database":
			continue
		case "replication":
			return errors.New("replication can't be recorded")
		case "options":
			set = append(set, settings(value)...)
		case "application_name", "client_encoding", "extra_float_digits", "jit":
		default:
			set = append(set, setting(name, value))
		}
		cfg.RuntimeParams[name] = value
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, &cfg.Config)
	if err != nil {
		return err
	}
	if t.server, err = conn.Hijack(); err != nil {
		return err
	}
	t.p.mu.Lock()
	t.p.rec.Connected = true
	t.p.rec.Statements = append(t.p.rec.Statements, set...)
	t.p.mu.Unlock()
	t.back.Send(&pgproto3.AuthenticationOk{})
	for name, value := range t.server.ParameterStatuses {
		t.parameter(name, value)
		t.back.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	t.back.Send(&pgproto3.BackendKeyData{ProcessID: t.server.PID, SecretKey: t.server.SecretKey})
	t.back.Send(&pgproto3.ReadyForQuery{TxStatus: t.server.TxStatus})
	return t.back.Flush()
}

// setting returns the statement that sets what a client asks for when it connects.
func setting(name, value string) *Statement {
	return &Statement{SQL: "SELECT pg_catalog.set_config(" + pgsql.Literal(name) + ", " + pgsql.Literal(value) + ", false)"}
}

// settings returns the statements for those in the options that a client connects with: -c name=value, or --name=value.
// A backslash escapes a blank.
func settings(options string) (list []*Statement) {
	const escaped = "\x00"
	fields := strings.Fields(strings.ReplaceAll(options, `\ `, escaped))
	for i := 0; i < len(fields); i++ {
		text, ok := strings.CutPrefix(fields[i], "--")
		if !ok {
			if text, ok = strings.CutPrefix(fields[i], "-c"); ok && text == "" && i+1 < len(fields) {
				i++
				text = fields[i]
			}
		}
		if name, value, is := strings.Cut(strings.ReplaceAll(text, escaped, " "), "="); ok && is {
			list = append(list, setting(strings.ReplaceAll(name, "-", "_"), value))
		}
	}
	return list
}

// parameter takes note of settings under which a text means something else than in a script.
func (t *talk) parameter(name, value string) {
	if name == "client_encoding" && value != "UTF8" || name == "standard_conforming_strings" && value != "on" {
		t.p.mu.Lock()
		defer t.p.mu.Unlock()
		t.refuse(fmt.Sprintf("statements with %s = %s", name, value))
	}
}

func (t *talk) refuse(what string) { t.p.rec.Refused = what }

// asked takes note of a message to the server.
func (t *talk) asked(m pgproto3.FrontendMessage) {
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	wait := func(kind requestKind, stmts ...*Statement) {
		t.waiting = append(t.waiting, &request{kind: kind, stmts: stmts})
	}
	switch m := m.(type) {
	case *pgproto3.Query:
		wait(query, split(m.String)...)
	case *pgproto3.Parse:
		t.prepared[m.Name] = &prepared{sql: trimmed(m.Query), oids: slices.Clone(m.ParameterOIDs)}
		wait(parse, &Statement{SQL: m.Query})
	case *pgproto3.Describe:
		wait(describe)
		if m.ObjectType == 'S' {
			t.waiting[len(t.waiting)-1].of = t.prepared[m.Name]
		}
	case *pgproto3.Bind:
		st := &Statement{}
		if of := t.prepared[m.PreparedStatement]; of != nil {
			st.SQL, st.args = of.sql, of.arguments(m)
		}
		t.portals[m.DestinationPortal] = st
		wait(bind, st)
	case *pgproto3.Execute:
		st := t.portals[m.Portal]
		if st == nil { // a cursor that SQL has declared
			st = &Statement{SQL: "FETCH FORWARD ALL FROM " + pgsql.Ident(m.Portal)}
		}
		wait(execute, st)
	case *pgproto3.Sync:
		wait(syncs)
	case *pgproto3.CopyData:
		t.copying = append(t.copying, m.Data...) // perhaps before the server has asked for it
	case *pgproto3.FunctionCall:
		t.refuse("the protocol's function calls, as for large objects")
	}
}

// split returns the statements of a query. Text that PostgreSQL will refuse is one statement.
func split(text string) (list []*Statement) {
	stmts, err := pgsql.Split(text)
	if err != nil {
		return []*Statement{{SQL: text}}
	}
	for _, s := range stmts {
		list = append(list, &Statement{SQL: s.Text})
	}
	return list
}

// trimmed returns a statement without what surrounds it.
func trimmed(text string) string {
	if list := split(text); len(list) == 1 {
		return list[0].SQL
	}
	return text
}

// answered takes note of a message from the server.
func (t *talk) answered(m pgproto3.BackendMessage) {
	switch m := m.(type) {
	case *pgproto3.ParameterStatus:
		t.parameter(m.Name, m.Value)
		return
	case *pgproto3.DataRow:
		return
	}
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	switch m := m.(type) {
	case *pgproto3.ParseComplete:
		t.drop(parse)
	case *pgproto3.BindComplete:
		t.drop(bind)
	case *pgproto3.ParameterDescription:
		if len(t.waiting) > 0 && t.waiting[0].of != nil {
			t.waiting[0].of.described = m.ParameterOIDs
		}
	case *pgproto3.RowDescription, *pgproto3.NoData:
		t.drop(describe)
	case *pgproto3.CopyInResponse:
		if st := t.current(); st != nil {
			st.copied = &copied{binary: m.OverallFormat == 1, columns: len(m.ColumnFormatCodes)}
		}
		// While it copies, the server ignores a Sync.
		t.waiting = slices.DeleteFunc(t.waiting, func(r *request) bool { return r.kind == syncs })
	case *pgproto3.CommandComplete:
		t.completed(string(m.CommandTag))
	case *pgproto3.EmptyQueryResponse, *pgproto3.PortalSuspended:
		t.drop(execute)
	case *pgproto3.ErrorResponse:
		t.failed(m)
	case *pgproto3.ReadyForQuery:
		for len(t.waiting) > 0 {
			kind := t.waiting[0].kind
			t.waiting = t.waiting[1:]
			if kind == query || kind == syncs {
				break
			}
		}
		t.copying = nil
		t.session.ready(m.TxStatus != 'I')
	}
}

// drop removes the first request if it is of that kind.
func (t *talk) drop(kind requestKind) {
	if len(t.waiting) > 0 && t.waiting[0].kind == kind {
		t.waiting = t.waiting[1:]
	}
}

// current returns the statement that the server runs, nil if it is unknown.
func (t *talk) current() *Statement {
	if len(t.waiting) == 0 || len(t.waiting[0].stmts) == 0 {
		return nil
	}
	return t.waiting[0].stmts[0]
}

// completed records the statement that the server has run.
func (t *talk) completed(tag string) {
	st := t.current()
	if st == nil {
		return
	}
	r := t.waiting[0]
	if r.stmts = r.stmts[1:]; r.kind != query {
		t.waiting = t.waiting[1:]
	}
	if st.copied != nil {
		st.copied.data, t.copying = t.copying, nil
	}
	if t.session.done(st, tag) {
		t.p.rec.Statements = append(t.p.rec.Statements, st)
	}
}

// failed takes note of an error. The server skips what follows, up to a Sync.
func (t *talk) failed(m *pgproto3.ErrorResponse) {
	st := t.current()
	if st == nil { // the server ends the connection, or a Sync failed to commit
		st = &Statement{}
	}
	t.session.error()
	t.p.rec.Failed = &Failure{st.SQL, pgconn.ErrorResponseToPgError(m)}
	if len(t.waiting) > 0 && t.waiting[0].kind == query {
		t.waiting[0].stmts = nil
		return
	}
	for len(t.waiting) > 0 && t.waiting[0].kind != syncs {
		t.waiting = t.waiting[1:]
	}
}
