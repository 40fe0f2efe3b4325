package proof_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// A project is one whose migrations are proven.
type project struct{ *projecttest.Project }

func newProject(t testing.TB) *project { return &project{projecttest.New(t)} }

// TestStatesBothWrong has a schema file that PostgreSQL rejects, and migrations that can't be replayed.
func TestStatesBothWrong(t *testing.T) {
	base := proof.Base{Server: pgtest.Server(t), SchemaName: "schema.hcl", Options: catalog.Options{}, Schema: []byte(`schema "public" {}
table "t" {
  schema = schema.public
  column "x" {
    type    = int
    default = sql("missing()")
  }
}
`)}
	failed := errors.New("the replay failed")
	_, _, err := proof.States(t.Context(), base, func(context.Context) (*state.State, error) { return nil, failed })
	if !errors.Is(err, failed) || !strings.Contains(err.Error(), "missing()") {
		t.Errorf("got error %v", err)
	}
}
