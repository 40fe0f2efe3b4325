package history

import (
	"os"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// A project is one to plan migrations for.
type project struct{ *projecttest.Project }

func newProject(t testing.TB) *project { return &project{projecttest.New(t)} }

func (p *project) config() plan.Config {
	p.T.Helper()
	return plan.Config{Base: p.Base(), Now: p.Now}
}

// plan plans from the folder to the schema file, and writes the plan.
func (p *project) plan() *plan.Plan {
	p.T.Helper()
	pl, err := plan.Make(p.T.Context(), p.config())
	return projecttest.Written(p.Project, pl, err)
}
