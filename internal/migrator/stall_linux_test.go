package migrator_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/wire"
)

// TestDeadPeer checks the socket options that make the system detect a lost peer.
func TestDeadPeer(t *testing.T) {
	b := setup(t, dir(t, shop...))
	b.proxied(func(wire.Message) wire.Action { return wire.Pass })
	dial := b.cfg.ConnConfig.DialFunc
	var conns []*net.TCPConn
	b.cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err == nil {
			conns = append(conns, conn.(*net.TCPConn))
		}
		return conn, err
	}
	looked := false
	b.log.hook = func(e migrator.LogEntry) {
		if _, ok := e.(migrator.LogFile); ok && !looked {
			looked = true
			noticesDeath(t, conns[len(conns)-1])
		}
	}
	b.mustApply(migrator.Options{})
	if !looked {
		t.Error("no connection was looked at")
	}
}

// noticesDeath checks that the system ends a connection if its peer doesn't answer for a minute, whether something
// was sent or not.
func noticesDeath(t *testing.T, conn *net.TCPConn) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []struct {
		name          string
		level, option int
		want          int
	}{
		{"TCP_USER_TIMEOUT", unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 60_000},
		{"SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{"TCP_KEEPIDLE", unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 30},
		{"TCP_KEEPINTVL", unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 10},
		{"TCP_KEEPCNT", unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3},
	} {
		err := raw.Control(func(fd uintptr) {
			got, err := unix.GetsockoptInt(int(fd), o.level, o.option)
			if err != nil || got != o.want {
				t.Errorf("%s is %d, %v, want %d", o.name, got, err, o.want)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A busy machine may let time pass between the grant of a lock and the backend's next step. What the transaction has
// waited so far still counts.
func TestWaitsAddUpAfterALateGrant(t *testing.T) {
	b := setup(t, dir(t, three...))
	b.mustApply(migrator.Options{N: 1})
	b.cfg.LockTimeout = 2 * time.Second
	first, second := b.session("BEGIN; SELECT FROM a"), b.session("BEGIN; SELECT FROM b")
	done := make(chan error, 1)
	go func() {
		done <- func() error {
			b.waitsFor()
			pid, err := strconv.Atoi(b.query("SELECT pid FROM pg_locks WHERE NOT granted AND locktype = 'relation'"))
			if err != nil {
				return err
			}
			time.Sleep(time.Second)
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
				return err
			}
			b.end(first, "ROLLBACK")
			time.Sleep(400 * time.Millisecond)
			if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
				return err
			}
			b.waitsFor()
			time.Sleep(1400 * time.Millisecond)
			b.end(second, "ROLLBACK")
			return nil
		}()
	}()
	b.mustApply(migrator.Options{})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	retries := logged[migrator.LogRetry](b.log)
	if len(retries) == 0 {
		t.Error("the transaction waited 2.4 s, and never gave way")
	}
	for _, e := range retries {
		if !errors.As(e.Err, new(*migrator.WaitError)) {
			t.Errorf("it gave way by %v", e.Err)
		}
	}
}
