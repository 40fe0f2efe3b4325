//go:build !linux

package migrator

import (
	"net"
	"time"
)

// setPeerTimeout does nothing: only Linux can limit how long sent data may remain unacknowledged.
func setPeerTimeout(*net.TCPConn, time.Duration) error { return nil }
