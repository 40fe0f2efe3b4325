package devdb

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Where measuring takes long, a data directory that grows fast is measured early.
func TestBudgetLooks(t *testing.T) {
	b := newBudget(Limits{Disk: 8 << 20})
	b.data = t.TempDir()
	grow := func(name string, size int) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(b.data, name), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const free = 1 << 40
	grow("a", 1<<20)
	b.lookAt(free)
	if b.size != 1<<20 || b.full.Err() != nil {
		t.Fatalf("size %d, full: %v", b.size, b.full.Err())
	}
	b.next = time.Now().Add(time.Hour)
	grow("b", 9<<20)
	b.lookAt(free - 1<<20)
	if b.full.Err() != nil {
		t.Error("measured although it isn't time, and little was written")
	}
	b.lookAt(free - 9<<20)
	if b.full.Err() == nil {
		t.Error("not measured although much was written")
	}
}
