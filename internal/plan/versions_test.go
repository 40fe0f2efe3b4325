package plan

import (
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// from skips a test of a feature that PostgreSQL has since a major version.
func from(t testing.TB, major int) {
	t.Helper()
	if pgtest.Server(t).VersionNum() < major*10000 {
		t.Skipf("PostgreSQL has this from %d on", major)
	}
}
