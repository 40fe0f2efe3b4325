package plan

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// from skips a test of what PostgreSQL has from a major version on.
func from(t testing.TB, major int) {
	t.Helper()
	if pgtest.Server(t).VersionNum() < major*10000 {
		t.Skipf("PostgreSQL has this from %d on", major)
	}
}

// until skips a test of what PostgreSQL does up to a major version.
func until(t testing.TB, major int) {
	t.Helper()
	if pgtest.Server(t).VersionNum() >= (major+1)*10000 {
		t.Skipf("PostgreSQL does this up to %d", major)
	}
}

// caseVersions skips a case on the versions that its file "postgres" leaves out: "15-" is from
// 15 on, "-16" up to 16.
func caseVersions(t testing.TB, folder string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, "postgres"))
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var first, last int
	text := strings.TrimSpace(string(b))
	if n, _ := fmt.Sscanf(text, "%d-", &first); n == 1 && first > 0 {
		from(t, first)
	} else if n, _ := fmt.Sscanf(text, "-%d", &last); n == 1 {
		until(t, last)
	} else {
		t.Fatalf("%s/postgres says %q", folder, text)
	}
}

// dumps skips a test that takes a pg_dump for the server.
func dumps(t testing.TB) {
	t.Helper()
	_, err := pgtest.New(t).Dump(context.Background())
	if errors.As(err, new(*devdb.NoDumpError)) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}
