//go:build unix

package devdb

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// serverCommand describes how to start a server process.
type serverCommand struct {
	bins    binaries
	account account
	data    string
	sockets string // the socket's folder
	log     string // the log file, which is truncated
	bound   bool   // whether the server ends with this process
	// settings are name=value pairs that override the configuration file.
	settings []string
}

// process is a started server.
type process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when the server ends
	free func()
}

// startServer starts a server process. It doesn't wait until the server accepts connections.
func startServer(c serverCommand) (*process, error) {
	if err := removeStalePID(c.data); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args := []string{"-D", c.data, "-k", c.sockets, "-p", port}
	for _, s := range c.settings {
		args = append(args, "-c", s)
	}
	cmd := c.account.command(c.bins.path("postgres"), args...)
	cmd.Dir = c.data
	cmd.Stdout, cmd.Stderr = log, log
	p := &process{cmd: cmd, log: c.log, done: make(chan struct{}), free: func() {}}
	if c.bound {
		bindToParent(cmd, syscall.SIGQUIT)
	} else {
		// In its own session, the server doesn't get a hangup of this terminal.
		cmd.SysProcAttr.Setpgid = false
		cmd.SysProcAttr.Setsid = true
	}

	started := make(chan error)
	go func() {
		// Linux sends the parent-death signal when the thread that forked ends, so this goroutine keeps its thread for
		// as long as the server runs.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	if c.bound {
		p.free = watchParent(cmd.Process.Pid)
	}
	return p, nil
}

// await returns a connection as soon as the server accepts one.
func (p *process) await(ctx context.Context, cfg *pgx.ConnConfig) (*pgx.Conn, error) {
	socket := filepath.Join(cfg.Host, ".s.PGSQL."+port)
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		if _, err := os.Stat(socket); err == nil {
			conn, err := pgx.ConnectConfig(ctx, cfg.Copy())
			if err == nil {
				return conn, nil
			}
			if code := pgsql.SQLState(err); code != "" && code != pgsql.CannotConnectNow {
				return nil, err
			}
		}
		select {
		case <-p.done:
			return nil, fmt.Errorf("the server exited; the end of its log, %s:\n%s", p.log, tail(p.log))
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// stop signals the server and waits for it to end. If it is still running after 10 seconds, stop kills it and its
// children.
func (p *process) stop(sig syscall.Signal) {
	p.free()
	p.cmd.Process.Signal(sig)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	}
}

// tail returns the last lines of a log.
func tail(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return "  " + strings.Join(lines[max(0, len(lines)-10):], "\n  ")
}

// run runs a program as account in folder dir, with input, and waits for it. The error includes its output. When ctx
// ends, run sends SIGTERM, because a killed server would not free its shared memory.
func run(ctx context.Context, a account, dir, input, program string, args ...string) error {
	_, err := output(ctx, a, dir, input, program, args...)
	return err
}

// output is like run, and returns what the program prints to its standard output and its standard error.
func output(ctx context.Context, a account, dir, input, program string, args ...string) (string, error) {
	cmd := a.command(program, args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(input)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	bindToParent(cmd, syscall.SIGTERM)

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return "", err
	}
	// Only to the program: initdb ends after its current step, but a server in bootstrap mode would end at once.
	stop := context.AfterFunc(ctx, func() { cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	err := cmd.Wait()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("running %s: %w: %s", filepath.Base(program), err, strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}
