package migrator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// victim is what a process of its own does until it is killed: this test's binary
// runs itself with it in the environment.
type victim struct {
	URL, Root string
	Down      bool
	N         int            // the statement at which it is killed
	Later     bool           // a little after the statement began
	Signal    syscall.Signal // which it sends itself
}

const victimVariable = "MIGRATOR_TEST_VICTIM"

func init() {
	text := os.Getenv(victimVariable)
	if text == "" {
		return
	}
	var v victim
	err := json.Unmarshal([]byte(text), &v)
	if err == nil {
		err = v.run()
	}
	fmt.Fprintln(os.Stderr, err)
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

func (v victim) run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	conn, err := pgx.ParseConfig(v.URL)
	if err != nil {
		return err
	}
	d, err := migration.Read(os.DirFS(v.Root))
	if err != nil {
		return err
	}
	die := func() {
		syscall.Kill(os.Getpid(), v.Signal)
		if v.Signal != syscall.SIGKILL {
			<-ctx.Done()
		}
	}
	count := 0
	log := &recorder{hook: func(e migrator.LogEntry) {
		if _, ok := e.(migrator.LogStmt); !ok {
			return
		}
		switch count++; {
		case count != v.N:
		case v.Later:
			time.AfterFunc(15*time.Millisecond, die)
		default:
			die()
		}
	}}
	m := migrator.New(migrator.Config{ConnConfig: conn, Dir: d, OperatorVersion: "test", Log: log})
	if v.Down {
		_, err = m.Down(ctx, migrator.DownOptions{To: "base", Yes: true})
	} else {
		_, err = m.Apply(ctx, migrator.ApplyOptions{})
	}
	return err
}

// die runs a victim and reports whether it died.
func (b *bench) die(v victim) bool {
	b.Helper()
	v.URL, v.Root = b.db.URL, roots[b.cfg.Dir]
	text, err := json.Marshal(v)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimVariable+"="+string(text))
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		b.Fatal(err)
	}
	status := exit.Sys().(syscall.WaitStatus)
	if v.Signal == syscall.SIGKILL && !status.Signaled() {
		b.Errorf("statement %d: the process was not killed but failed: %s", v.N, out)
	}
	return true
}

// boundaries is the number of statements of all files, one way.
func boundaries(d *migration.Dir, down bool) (n int) {
	for _, f := range d.Files() {
		if down {
			n += len(f.Down.Stmts)
		} else {
			n += len(f.Stmts)
		}
	}
	return n
}

// ends returns what the database holds at both ends of an undisturbed run.
func ends(t *testing.T, d *migration.Dir) (head, base string) {
	t.Helper()
	b := setup(t, d)
	b.mustApply(migrator.ApplyOptions{})
	head = b.everything()
	if _, err := b.down(migrator.DownOptions{To: "base", Yes: true}); err != nil {
		t.Fatal(err)
	}
	return head, b.everything()
}

// disturb lets something happen to a run at every sampled statement, in both
// directions, and holds what a second run makes of it against an undisturbed one.
func (b *bench) disturb(head, base string, at func(n int, down bool) (happened bool)) (cases int) {
	b.Helper()
	most := max(boundaries(b.cfg.Dir, false), boundaries(b.cfg.Dir, true))
	for n := 1; n <= most && !b.Failed(); n++ {
		if !sampled(n) {
			continue
		}
		if at(n, false) {
			cases++
		}
		b.truthful()
		b.mustApply(migrator.ApplyOptions{})
		b.same(head)
		if at(n, true) {
			cases++
		}
		b.truthful()
		if _, err := b.down(migrator.DownOptions{To: "base", Yes: true}); err != nil {
			b.Fatalf("after statement %d: %v", n, err)
		}
		b.same(base)
	}
	return cases
}

func TestKilledProcess(t *testing.T) {
	d := dir(t, slow...)
	head, base := ends(t, d)
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		for _, later := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v,later=%v", sig, later), func(t *testing.T) {
				t.Parallel()
				b := setup(t, d)
				n := b.disturb(head, base, func(n int, down bool) bool {
					return b.die(victim{N: n, Later: later, Signal: sig, Down: down})
				})
				t.Logf("%d runs were ended by %v", n, sig)
			})
		}
	}
}

func TestServerStopsAtOnce(t *testing.T) {
	d := dir(t, slow...)
	head, base := ends(t, d)
	server := newServer(t, "fsync=on", "full_page_writes=on", "synchronous_commit=on")
	for _, later := range []bool{false, true} {
		t.Run(fmt.Sprintf("later=%v", later), func(t *testing.T) {
			db, err := server.throwaway.Create(context.Background())
			if err != nil { // on a connection that a stop has ended
				db, err = server.throwaway.Create(context.Background())
			}
			if err != nil {
				t.Fatal(err)
			}
			b := setup(t, d)
			b.db.Database = db
			b.cfg.ConnConfig = db.ConnConfig()
			n := b.disturb(head, base, func(n int, down bool) bool {
				count, crashed := 0, make(chan struct{})
				crash := func() {
					server.crash()
					close(crashed)
				}
				b.log.hook = func(e migrator.LogEntry) {
					if _, ok := e.(migrator.LogStmt); !ok {
						return
					}
					switch count++; {
					case count != n:
					case later:
						time.AfterFunc(15*time.Millisecond, crash)
					default:
						crash()
					}
				}
				var err error
				if down {
					_, err = b.down(migrator.DownOptions{To: "base", Yes: true})
				} else {
					_, err = b.apply(migrator.ApplyOptions{})
				}
				b.log.hook = nil
				if count < n {
					return false
				}
				<-crashed
				if err == nil && !later {
					t.Errorf("statement %d: the server stopped, and nothing failed", n)
				}
				server.start()
				return true
			})
			t.Logf("the server stopped in %d runs", n)
		})
	}
}
