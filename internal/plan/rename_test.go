package plan

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
)

// Renames in the replayed state are reverted, whatever the plan's outcome.
func TestRenamedBack(t *testing.T) {
	before := `
schema "public" {
}
table "runs" {
  schema = schema.public
  column "a" {
    type = boolean
  }
}`
	table := func(column string) string {
		return "schema \"public\" {\n}\ntable \"results\" {\n  schema = schema.public\n  " + column + "\n}\n"
	}
	for _, test := range []struct {
		name, after, rename string
		err                 any
	}{
		{"planned", table(`column "a" {
    type = boolean
  }`), "runs=results", nil},
		{"refused", table(`column "a" {
    type = timestamptz
  }`), "runs=results", new(*RefusedError)},
		{"asked for more", table(`column "b" {
    type = boolean
  }`), "runs=results", new(*online.RenameError)},
		{"said wrong", table(`column "a" {
    type = boolean
  }`), "runs=results,x=y", new(*online.RenameFlagError)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pair := randomPair{t: t}
			replayed, desired := pair.state(before), pair.state(test.after)
			want := fingerprint(t, replayed)
			project := newProject(t)
			project.rename = test.rename
			if _, err := propose(t.Context(), project.config(), replayed, desired); test.err == nil && err != nil || test.err != nil && !errors.As(err, test.err) {
				t.Fatalf("wanted %T, got %v", test.err, err)
			}
			if diff := cmp.Diff(want, fingerprint(t, replayed)); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
		})
	}
}
