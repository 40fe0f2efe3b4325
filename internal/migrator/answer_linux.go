package migrator

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// setPeerTimeout limits how long sent data may remain unacknowledged.
func setPeerTimeout(conn *net.TCPConn, d time.Duration) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	err2 := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
	})
	if err2 != nil {
		return err2
	}
	return err
}
