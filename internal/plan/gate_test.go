package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// linted lints the files of a plan that was written, and returns the findings, which the user must judge: a line with
// the file, the line, the severity, the code and the rule of each. If one is
// about blocking, plan must have said something about it, at the top of the file or above the statement.
func linted(t *testing.T, p *project, pl *Plan) string {
	t.Helper()
	if len(pl.Files) == 0 {
		return ""
	}
	ups := newProject(t) // the proof has run the down files
	files := p.Files()
	for name := range files {
		if strings.Contains(name, "/") {
			delete(files, name)
		}
	}
	ups.Write(files)
	r, err := lint.Run(t.Context(), lint.Config{
		Dir: ups.config().Dir, Latest: len(pl.Files),
		Start:     func(context.Context, []string) (*devdb.Server, error) { return pgtest.Server(t), nil },
		LookupEnv: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range r.Files {
		for _, d := range f.Diagnostics {
			fmt.Fprintf(&b, "%s:%d: %s %s %s\n", f.Name, d.Line, d.Severity, d.Code, d.Name)
			i := slices.IndexFunc(pl.Files, func(p File) bool { return p.Name == f.Name })
			if i < 0 {
				t.Errorf("a finding about %s: %s", f.Name, d.Text)
				continue
			}
			switch d.Analyzer {
			case lint.Blocking, lint.ConcurrentIndex, lint.Transaction:
				lines := strings.Split(pl.Files[i].SQL[:d.Pos], "\n")
				above := len(lines) > 1 && strings.HasPrefix(lines[len(lines)-2], "-- ")
				if d.Name == "index-gap" { // said where the index is dropped
					above = slices.ContainsFunc(pl.Files, func(p File) bool { return len(p.Hazards) > 0 || strings.Contains(p.SQL, "-- Dropped before ") })
				}
				if d.Severity == lint.Error && len(pl.Files[i].Hazards) == 0 && !above {
					t.Errorf("%s:%d: plan says nothing about this: %s", f.Name, d.Line, d.Text)
				}
			}
		}
	}
	return b.String()
}
