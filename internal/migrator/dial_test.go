package migrator_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// TestDial applies through a connection that was begun before the directory was
// known, and leaves none open, taken or not.
func TestDial(t *testing.T) {
	b := setup(t, dir(t, shop...))
	ctx := context.Background()
	cfg := b.cfg
	cfg.Dir = nil
	for _, locked := range []bool{false, true, true} {
		m := migrator.Dial(ctx, cfg, locked)
		m.SetDir(b.cfg.Dir)
		if _, err := m.Apply(ctx, migrator.Options{}); err != nil {
			t.Fatal(err)
		}
		if st, err := m.Status(ctx); err != nil || len(st.Pending) > 0 {
			t.Errorf("the status is %+v, %v", st, err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if err := migrator.Dial(ctx, cfg, locked).Close(); err != nil {
			t.Error(err)
		}
	}
	b.nobodyLeft()
}

// nobodyLeft fails unless all our sessions end soon.
func (b *bench) nobodyLeft() {
	b.Helper()
	const ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'ibutsu-schema%'"
	for end := time.Now().Add(5 * time.Second); b.query(ours) != "0"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatalf("%s sessions are left", b.query(ours))
		}
	}
}

// TestDialInterrupted interrupts a command that has locked the database and is still reading its files.
func TestDialInterrupted(t *testing.T) {
	b := setup(t, dir(t, shop...))
	ctx, cancel := context.WithCancelCause(context.Background())
	stopped := errors.New("stopped")
	m := migrator.Dial(ctx, b.cfg, true)
	const locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
	for end := time.Now().Add(10 * time.Second); b.query(locks) != "1"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the database is not locked")
		}
	}
	cancel(stopped)
	b.nobodyLeft()
	m.SetDir(b.cfg.Dir)
	if _, err := m.Apply(ctx, migrator.Options{}); !errors.Is(err, stopped) {
		t.Errorf("apply gave %v", err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

// TestDialFull dials a server that has no connection left, for as long as it is told to
// wait, and until it is interrupted.
func TestDialFull(t *testing.T) {
	for _, wait := range []time.Duration{-1, 500 * time.Millisecond, 0} {
		t.Run(wait.String(), func(t *testing.T) {
			b := setup(t, dir(t, shop...))
			b.cfg.Wait = wait
			b.cfg.ConnConfig.DialFunc = func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go func() {
					defer server.Close()
					backend := pgproto3.NewBackend(server, server)
					if _, err := backend.ReceiveStartupMessage(); err != nil {
						return
					}
					backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "53300", Message: "too many clients already"})
					backend.Flush()
				}()
				return client, nil
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			start := time.Now()
			m := migrator.Dial(ctx, b.cfg, true)
			time.Sleep(100 * time.Millisecond) // the files are read
			m.SetDir(b.cfg.Dir)
			_, err := m.Apply(ctx, migrator.Options{})
			took := time.Since(start)
			var connect *migrator.ConnectError
			if !errors.As(err, &connect) || errors.Is(err, context.DeadlineExceeded) != (wait == 0) {
				t.Errorf("apply gave %v", err)
			}
			if took < wait || wait != 0 && took > max(wait, 100*time.Millisecond)+250*time.Millisecond {
				t.Errorf("that took %s", took)
			}
			for _, e := range logged[migrator.LogRetry](b.log) {
				if e.After <= 0 {
					t.Errorf("it wanted to try again after %s", e.After)
				}
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
