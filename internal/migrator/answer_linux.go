package migrator

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// setPeerTimeout bounds how long what is sent may go without an acknowledgement.
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
