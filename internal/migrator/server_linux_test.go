package migrator_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
)

// ownServer is a server that belongs to a test, which can stop and start it.
type ownServer struct {
	testing.TB
	exe, data, sockets, port string
	settings                 []string
	cmd                      *exec.Cmd
	ended                    chan struct{}
	admin                    *pgx.ConnConfig
	throwaway                *devdb.Server
}

// newServer starts one with settings such as "wal_level=replica".
func newServer(t testing.TB, settings ...string) *ownServer {
	t.Helper()
	ctx := context.Background()
	var cfg devdb.Config
	if major := os.Getenv("SCHEMA_TEST_MAJOR"); major != "" {
		cfg.Dev = "docker://postgres/" + major + "/dev"
	}
	throwaway, err := devdb.Start(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { throwaway.Close() })
	conn, err := throwaway.Admin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s := &ownServer{TB: t, settings: settings, admin: conn.Config(), throwaway: throwaway}
	if err := conn.QueryRow(ctx, "SELECT current_setting('data_directory'), current_setting('unix_socket_directories'), current_setting('port')").Scan(&s.data, &s.sockets, &s.port); err != nil {
		t.Fatal(err)
	}
	conn.Close(ctx)
	pid := s.postmaster()
	if s.exe, err = os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err != nil {
		t.Fatal(err)
	}
	// The server as it is started here, not devdb's: ended before ours begins.
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if _, err := os.Stat(filepath.Join(s.data, "postmaster.pid")); os.IsNotExist(err) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.start()
	t.Cleanup(s.crash)
	return s
}

func (s *ownServer) postmaster() int {
	s.Helper()
	text, err := os.ReadFile(filepath.Join(s.data, "postmaster.pid"))
	if err != nil {
		s.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		s.Fatal(err)
	}
	return pid
}

// start starts the server and waits until it takes connections.
func (s *ownServer) start() {
	s.Helper()
	info, err := os.Stat(s.data)
	if err != nil {
		s.Fatal(err)
	}
	args := []string{"-D", s.data, "-k", s.sockets, "-p", s.port}
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(s.exe, args...)
	cmd.Dir = s.data
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if owner := info.Sys().(*syscall.Stat_t); os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
	}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.cmd, s.ended = cmd, make(chan struct{})
	go func() {
		cmd.Wait()
		close(s.ended)
	}()
	cfg := s.config("postgres")
	for range 1000 {
		conn, err := pgx.ConnectConfig(context.Background(), cfg)
		if err == nil {
			conn.Close(context.Background())
			return
		}
		select {
		case <-s.ended:
			s.Fatalf("the server ended\n%s", log.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
	s.Fatalf("the server does not answer\n%s", log.String())
}

// crash stops the server immediately, without writing anything.
func (s *ownServer) crash() { s.stop(syscall.SIGQUIT) }

func (s *ownServer) stop(sig syscall.Signal) {
	s.cmd.Process.Signal(sig)
	<-s.ended
}

// config connects to a database as the superuser.
func (s *ownServer) config(database string) *pgx.ConnConfig {
	cfg := s.admin.Copy()
	cfg.Database, cfg.Host = database, s.sockets
	port, _ := strconv.Atoi(s.port)
	cfg.Port = uint16(port)
	return cfg
}

func (s *ownServer) exec(database, sql string) {
	s.Helper()
	conn, err := pgx.ConnectConfig(context.Background(), s.config(database))
	if err != nil {
		s.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.PgConn().Exec(context.Background(), sql).ReadAll(); err != nil {
		s.Fatalf("%v\nin: %s", err, sql)
	}
}
