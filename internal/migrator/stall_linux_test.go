package migrator_test

import (
	"context"
	"net"
	"testing"

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
