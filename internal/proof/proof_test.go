package proof_test

import (
	"os"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// A project is one whose migrations are proven.
type project struct{ *projecttest.Project }

func newProject(t testing.TB) *project { return &project{projecttest.New(t)} }
