package lint_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

// A new checkpoint is compared with the base's files, and its statements aren't hazards; a merged one must not be
// edited or deleted.
func TestCheckpoint(t *testing.T) {
	const (
		all  = "20260102000000_all.sql"
		text = "-- atlas:checkpoint\n\nCREATE TABLE a (x int);\nCREATE INDEX ON a (x);\nDROP INDEX a_x_idx;\n"
	)
	for _, test := range []struct {
		name    string
		make    func(r *repo)
		changed int
		want    []string
	}{
		{"new", func(r *repo) { r.put(map[string]string{all: text}) }, 0, nil},
		{"new, with a migration after it", func(r *repo) { r.put(map[string]string{all: text, third: "ALTER TABLE a ADD COLUMN y int;\n"}) }, 1, nil},
		{"merged", func(r *repo) { r.put(map[string]string{all: text}); r.commit() }, 0, nil},
		{"before the base's", func(r *repo) {
			r.put(map[string]string{third: "CREATE TABLE b (x int);\n"})
			r.commit()
			r.put(map[string]string{all: text})
		}, 0, []string{all + ":0:0: error non-linear-history IB608: the version is earlier than that of " + third + ", which is already merged: databases that have run that file won't run this one; give it a later version (rebase does that)"}},
		{"migration before the base's checkpoint", func(r *repo) {
			r.put(map[string]string{"20260103000000_all.sql": text})
			r.commit()
			r.put(map[string]string{second: "CREATE TABLE b (x int);\n"})
		}, 1, []string{second + ":0:0: error non-linear-history IB608: the version is earlier than that of 20260103000000_all.sql, which is already merged: databases that have run that file won't run this one; give it a later version (rebase does that)"}},
		{"edited", func(r *repo) {
			r.put(map[string]string{all: text})
			r.commit()
			r.put(map[string]string{all: text + "SELECT 1;\n"})
		}, 0, []string{all + ":0:0: error edited-applied-file IB609: the file is already merged and was edited: databases that have run it won't run it again; restore it, and write a new migration"}},
		{"deleted", func(r *repo) {
			r.put(map[string]string{all: text})
			r.commit()
			r.git("switch", "-q", "-c", "feature")
			r.put(map[string]string{all: "-"})
		}, 0, []string{all + ":0:0: error edited-applied-file IB609: the file is already merged and was deleted: databases that have run it no longer match the directory; restore it"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRepo(t)
			test.make(r)
			got := mustRun(t, r.root, lint.Config{})
			if diff := cmp.Diff(test.want, findings(got)); diff != "" || got.Changed != test.changed {
				t.Errorf("%d changed\n%s", got.Changed, diff)
			}
		})
	}
}
