package plan

import (
	"context"
	"errors"
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
