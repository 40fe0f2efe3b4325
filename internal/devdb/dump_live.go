package devdb

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// DumpLockTimeout is how long DumpLive waits for a table that another session has locked.
const DumpLockTimeout = 2 * time.Second

// DumpLive returns the schema of a live database as pg_dump writes it: in UTF-8, without data, owners, tablespaces,
// subscriptions and security labels. It runs as role, if that isn't empty, with further options. The error is a
// *NoDumpError if no pg_dump fits the server.
//
// pg_dump talks to the server over a connection that pgx has opened: its own parser of connection strings knows other
// options, and it would need the password on its command line or in its environment.
func DumpLive(ctx context.Context, cfg *pgx.ConnConfig, role string, options ...string) (string, error) {
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	program, err := findDump(ctx, pgsql.MajorVersion(conn.PgConn().ParameterStatus("server_version")))
	if err != nil {
		return "", err
	}
	if role != "" {
		if _, err := conn.Exec(ctx, "SET ROLE "+pgsql.Ident(role)); err != nil {
			return "", fmt.Errorf("setting the role for pg_dump: %w", err)
		}
	}
	dir, err := os.MkdirTemp("", "dump")
	if err != nil {
		return "", fmt.Errorf("creating a folder for pg_dump's socket: %w", err)
	}
	defer os.RemoveAll(dir)
	listener, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL."+port))
	if err != nil {
		return "", fmt.Errorf("opening a socket for pg_dump: %w", err)
	}
	defer listener.Close()
	live, err := conn.PgConn().Hijack()
	if err != nil {
		return "", fmt.Errorf("passing a connection to pg_dump: %w", err)
	}
	go func() {
		if client, err := listener.Accept(); err == nil {
			join(client, live)
		}
		live.Conn.Close()
	}()
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") })
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	target := fmt.Sprintf("host='%s' port=%s user='%s' dbname='%s' sslmode=disable", quoted.Replace(dir), port, quoted.Replace(cfg.User), quoted.Replace(cfg.Database))
	options = append(slices.Clone(options), fmt.Sprintf("--lock-wait-timeout=%d", DumpLockTimeout.Milliseconds()), "--dbname="+target)
	return runDump(ctx, program, env, options...)
}

// join plays the server for a client that connects, and then passes everything on between it and a server's session.
func join(client net.Conn, server *pgconn.HijackedConn) {
	defer client.Close()
	backend := pgproto3.NewBackend(client, client)
	for { // until it is neither a request to encrypt nor to cancel
		msg, err := backend.ReceiveStartupMessage()
		if err != nil {
			return
		}
		if _, ok := msg.(*pgproto3.StartupMessage); ok {
			break
		}
		if _, err := client.Write([]byte{'N'}); err != nil {
			return
		}
	}
	backend.Send(&pgproto3.AuthenticationOk{})
	for name, value := range server.ParameterStatuses {
		backend.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	backend.Send(&pgproto3.BackendKeyData{ProcessID: server.PID, SecretKey: server.SecretKey})
	backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if backend.Flush() != nil {
		return
	}
	go func() {
		// pg_dump's Terminate ends the session; the copy back then ends too.
		_, _ = io.Copy(server.Conn, client)
		_ = server.Conn.SetReadDeadline(time.Now().Add(time.Second))
	}()
	_, _ = io.Copy(client, server.Conn)
}
