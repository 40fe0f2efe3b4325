package bench

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkAdopt measures how long the compiled binary takes to propose a version for a database with a million
// results: head's schema with its differences from a real release, and without a record.
func BenchmarkAdopt(b *testing.B) {
	s := newSetup(b)
	db, err := s.server.Create(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	data := filepath.Join(s.root, "internal", "schematest", "testdata")
	psql(b, db, "-f", filepath.Join(data, "example_drifted_head.sql"))
	psql(b, db, "-f", filepath.Join(data, "gen_data.sql"), "-v", "n=1000000")
	psql(b, db, "-c", "DROP TABLE alembic_version", "-c", "ANALYZE")
	median(b, "propose", func() time.Duration {
		cmd := exec.Command(s.tool, "adopt", "-url="+db.URL())
		cmd.Dir = s.root
		start := time.Now()
		out, _ := cmd.CombinedOutput()
		took := time.Since(start)
		if cmd.ProcessState.ExitCode() != 1 { // the schema differs
			b.Fatalf("exit code %d\n%s", cmd.ProcessState.ExitCode(), out)
		}
		return took
	})
}
