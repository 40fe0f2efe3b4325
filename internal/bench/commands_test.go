package bench

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
)

// A setup is the compiled binary, the project's folder and a server.
type setup struct {
	b      *testing.B
	root   string
	tool   string
	server *devdb.Server
}

func newSetup(b *testing.B) *setup {
	b.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		b.Fatal(err)
	}
	tool := filepath.Join(b.TempDir(), "mage")
	cmd := exec.Command("go", "tool", "mage", "-compile", tool)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as in docs/reference.md
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("compiling the magefiles: %v\n%s", err, out)
	}
	server, err := devdb.Start(context.Background(), devdb.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { server.Close() })
	return &setup{b: b, root: root, tool: tool, server: server}
}

// on calls fn with the URL of a new, empty database.
func (s *setup) on(fn func(url string) time.Duration) time.Duration {
	s.b.Helper()
	db, err := s.server.Create(context.Background())
	if err != nil {
		s.b.Fatal(err)
	}
	defer db.Drop(context.Background())
	return fn(db.URL())
}

// run returns how long a process took, from its start to its end.
func (s *setup) run(dir string, env []string, args ...string) time.Duration {
	s.b.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if err != nil {
		s.b.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out.String())
	}
	return took
}

// A way is one of the two ways to run a command.
type way struct {
	name string
	tool []string
}

func (s *setup) ways() []way {
	return []way{{"binary", []string{s.tool}}, {"go-tool-mage", []string{"go", "tool", "mage"}}}
}

// median times each, after a run that warms the caches, and reports the median. Each returns the time that counts,
// without its preparation.
func median(b *testing.B, name string, each func() time.Duration) {
	b.Run(name, func(b *testing.B) {
		each()
		var took []time.Duration
		for range b.N {
			took = append(took, each())
		}
		report(b, took)
	})
}

// cold times each without a run before it. Each leaves its caches empty.
func cold(b *testing.B, name string, each func() time.Duration) {
	b.Run(name, func(b *testing.B) {
		var took []time.Duration
		for range b.N {
			took = append(took, each())
		}
		report(b, took)
	})
}

func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(0, "ns/op") // the mean of whole iterations is meaningless
	b.ReportMetric(float64(took[0].Microseconds())/1000, "min-ms")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
}

// BenchmarkPlanNothing measures plan without a difference, including the start and the end of the throwaway server. It
// isn't compared with Alembic's autogenerate, which needs Ibutsu's Python models.
func BenchmarkPlanNothing(b *testing.B) {
	s := newSetup(b)
	for _, w := range s.ways() {
		median(b, w.name, func() time.Duration { return s.run(s.root, nil, append(w.tool, "plan")...) })
	}
	cold(b, "empty-caches", func() time.Duration {
		return s.run(s.root, []string{"XDG_CACHE_HOME=" + b.TempDir()}, s.tool, "plan")
	})
}

// BenchmarkApplyNothing measures apply on a database at head.
func BenchmarkApplyNothing(b *testing.B) {
	s := newSetup(b)
	s.on(func(url string) time.Duration {
		env := []string{"DATABASE_URL=" + url}
		s.run(s.root, env, s.tool, "apply")
		for _, w := range s.ways() {
			median(b, w.name, func() time.Duration { return s.run(s.root, env, append(w.tool, "apply")...) })
		}
		if dir, ok := alembicDir(b, s.root); ok {
			median(b, "alembic-upgrade-head", func() time.Duration { return alembic(s, dir, url) })
		}
		return 0
	})
}

// BenchmarkApplyAll measures apply of all files to an empty database.
func BenchmarkApplyAll(b *testing.B) {
	s := newSetup(b)
	for _, w := range s.ways() {
		median(b, w.name, func() time.Duration {
			return s.on(func(url string) time.Duration {
				return s.run(s.root, []string{"DATABASE_URL=" + url}, append(w.tool, "apply")...)
			})
		})
	}
	if dir, ok := alembicDir(b, s.root); ok {
		median(b, "alembic-upgrade-head", func() time.Duration {
			return s.on(func(url string) time.Duration { return alembic(s, dir, url) })
		})
	}
	// The local PostgreSQL, including the creation of its data directory.
	cold(b, "empty-caches-local", func() time.Duration {
		return s.run(s.root, []string{"XDG_CACHE_HOME=" + b.TempDir()}, s.tool, "apply", "-env=local")
	})
}
