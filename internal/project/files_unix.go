//go:build unix

package project

import (
	"bytes"
	"sync"
	"syscall"
)

// buffers are what files are read into: most are much smaller, and keep only what
// they need of it.
var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// readFile reads a file without asking what kind it is. op is what failed.
func readFile(path string) (text []byte, op string, err error) {
	fd, err := again(func() (int, error) { return syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0) })
	if err != nil {
		return nil, "open", err
	}
	defer syscall.Close(fd)
	buffer := buffers.Get().(*[64 << 10]byte)
	defer buffers.Put(buffer)
	text = buffer[:0]
	for {
		n, err := again(func() (int, error) { return syscall.Read(fd, text[len(text):cap(text)]) })
		if err != nil {
			return nil, "read", err
		}
		if n == 0 {
			return bytes.Clone(text), "", nil
		}
		if text = text[:len(text)+n]; len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
	}
}

// again repeats what a signal interrupted.
func again(try func() (int, error)) (int, error) {
	for {
		n, err := try()
		if err != syscall.EINTR {
			return n, err
		}
	}
}
