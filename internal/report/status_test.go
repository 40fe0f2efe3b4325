package report

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"ariga.io/atlas-go-sdk/atlasexec"
	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

func row(f *migration.File, applied int) *migrate.Revision {
	return &migrate.Revision{
		Version: f.Version, Description: f.Desc, Type: migrate.RevisionTypeExecute, Applied: applied, Total: len(f.Stmts),
		ExecutedAt: start, ExecutionTime: 12 * time.Millisecond, Hash: f.Hash, OperatorVersion: "ibutsu-schema",
	}
}

// contractAt returns the files with the i-th as a contract.
func contractAt(files []*migration.File, i int) []*migration.File {
	files = slices.Clone(files)
	contract := *files[i]
	contract.Contract = true
	files[i] = &contract
	return files
}

func TestStatusAndHistory(t *testing.T) {
	f := files(t)
	withContract := contractAt(f, 1)
	set := row(f[0], 0)
	set.Type = migrate.RevisionTypeResolved
	half := row(f[1], 1)
	half.Error, half.ErrorStmt = `relation "I" already exists`, f[1].Stmts[1].Text
	for _, tt := range []struct {
		name  string
		st    *migrator.Status
		clean bool
	}{
		{"head", &migrator.Status{
			Files: f, Index: 2, Current: f[2].Version, Alembic: []string{f[2].Revision},
			Journal: []*migrate.Revision{set, row(f[1], 2), row(f[2], 1)},
			Invalid: []migrator.InvalidIndex{{Name: "public.i", Table: "public.t", Building: 4711}},
		}, true},
		{"base", &migrator.Status{Files: f, Index: -1, Pending: f}, true},
		{"pending", &migrator.Status{
			Files: f, Index: 1, Current: f[1].Version, Pending: f[2:], Alembic: []string{f[1].Revision},
			Settle: "the journal is filled in from alembic_version",
		}, true},
		{"contract", &migrator.Status{
			Files: withContract, Index: 0, Current: f[0].Version, Pending: withContract[1:], Waiting: withContract[1:], Alembic: []string{f[0].Revision},
			Journal: []*migrate.Revision{row(f[0], 1)},
		}, true},
		{"ahead", &migrator.Status{
			Files: f[:1], Index: 0, Current: f[0].Version, Alembic: []string{"20240109000000"}, Ahead: []string{"20240108000000", "20240109000000"},
			Journal: []*migrate.Revision{row(f[0], 1)},
		}, true},
		{"half", &migrator.Status{
			Files: f, Index: 0, Current: f[0].Version, Pending: f[1:], Alembic: []string{f[0].Revision},
			Journal: []*migrate.Revision{row(f[0], 1), half},
			Partial: f[1], Done: 1, Total: 2, Error: half.Error, ErrorStmt: half.ErrorStmt,
		}, false},
		{"half-reverted", &migrator.Status{
			Files: f, Index: 2, Current: f[2].Version, Alembic: []string{f[2].Revision},
			Journal: []*migrate.Revision{row(f[0], 1), row(f[1], 2), row(f[2], 1)},
			Partial: f[2], Reverting: true, Done: 1, Total: 3, Batch: &note,
		}, false},
		{"wrong", &migrator.Status{
			Files: f, Index: 0, Current: f[0].Version, Pending: f[1:], Alembic: []string{"a", "b"},
			Problems: []*revision.Problem{
				{Kind: revision.Branches, Text: "alembic_version has 2 rows"},
				{Kind: revision.Edited, Version: f[0].Version, Text: f[0].Name + " is not\nwhat it was"},
			},
			Sum:     errors.New("atlas.sum: " + f[0].Name + " was edited"),
			Invalid: []migrator.InvalidIndex{{Name: `public."I"`, Table: `public."My <Table>"`}},
		}, false},
		{"empty", &migrator.Status{Index: -1}, true},
		{"invalid", &migrator.Status{
			Files: f, Index: 2, Current: f[2].Version, Alembic: []string{f[2].Revision},
			Invalid: []migrator.InvalidIndex{
				{Name: "public.i", Table: "public.t", Next: migrator.NextBuild},
				{Name: "public.i_ccnew", Table: "public.t", Next: migrator.NextDrop},
				{Name: "public.j", Table: "public.t", Next: migrator.NextKeep},
				{Name: "public.k", Table: "public.p", Partitioned: true, Lacking: []string{"public.p1"}, Part: "public.k2"},
				{Name: "public.m", Table: "public.p", Partitioned: true, Part: "public.m1"},
				{Name: "public.n", Table: "public.p", Partitioned: true},
				{Name: "public.l", Table: "public.p", Partitioned: true, Lacking: []string{"public.p1", `public."P\x1b2"`, "public.p3", "public.p4"}},
			},
		}, false},
		{"unknown", &migrator.Status{
			Files: f, Index: -1, Pending: f, Alembic: []string{"x"}, Problems: []*revision.Problem{{Kind: revision.Unknown, Text: "alembic_version holds \"x\""}},
		}, false},
		{"by-schema", &migrator.Status{
			Files: f, Index: 1, BySchema: true, Current: f[1].Version, Pending: f[2:], Alembic: []string{"x"},
			Problems: []*revision.Problem{{Kind: revision.Unknown, Text: "alembic_version holds \"x\""}},
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.st.Clean() != tt.clean {
				t.Fatalf("Clean() = %v", !tt.clean)
			}
			for _, format := range []Format{Text, JSON} {
				ext := map[Format]string{Text: ".txt", JSON: ".json"}[format]
				got, err := show(t, format, func(p *Printer) error { return p.Status(tt.st, false) })
				if (err == nil) != tt.clean || err != nil && ExitCode(err) != ExitFindings {
					t.Errorf("error %v", err)
				}
				golden(t, "status-"+tt.name+ext, got)
				again, err := show(t, format, func(p *Printer) error { return p.History(tt.st.Files, nil, tt.st.Sum, tt.st) })
				if err != nil {
					t.Error(err)
				}
				if format == JSON {
					if again != got {
						t.Errorf("history's JSON is not status's: %s", cmp.Diff(got, again))
					}
					continue
				}
				golden(t, "history-"+tt.name+ext, again)
			}
		})
	}

	text, _ := show(t, JSON, func(p *Printer) error {
		return p.Status(&migrator.Status{
			Files: f, Index: 0, Current: f[0].Version, Pending: f[1:], Alembic: []string{f[0].Revision},
			Journal: []*migrate.Revision{set, half}, Partial: f[1], Done: 1, Total: 2, Error: half.Error, ErrorStmt: half.ErrorStmt,
		}, false)
	})
	sdk := func(f *migration.File) atlasexec.File {
		return atlasexec.File{Name: f.Name, Version: f.Version, Description: f.Desc}
	}
	want := atlasexec.MigrateStatus{
		Available: []atlasexec.File{sdk(f[0]), sdk(f[1]), sdk(f[2])},
		Pending:   []atlasexec.File{sdk(f[1]), sdk(f[2])},
		Applied: []*atlasexec.Revision{
			{Version: f[0].Version, Description: "init", Type: "manually set", Total: 1, ExecutedAt: start, ExecutionTime: 12 * time.Millisecond, OperatorVersion: "ibutsu-schema"},
			{Version: f[1].Version, Description: "Mixed_", Type: "applied", Applied: 1, Total: 2, ExecutedAt: start, ExecutionTime: 12 * time.Millisecond, Error: half.Error, ErrorStmt: half.ErrorStmt, OperatorVersion: "ibutsu-schema"},
		},
		Current: f[1].Version, Next: f[1].Version, Count: 1, Total: 2, Status: "PENDING", Error: half.Error, SQL: half.ErrorStmt,
	}
	if d := cmp.Diff(want, decode[atlasexec.MigrateStatus](t, text)); d != "" {
		t.Error(d)
	}
}

// TestHistoryAlone is the history without any database.
func TestHistoryAlone(t *testing.T) {
	f := files(t)
	text, err := show(t, Text, func(p *Printer) error { return p.History(f, nil, nil, nil) })
	if err != nil {
		t.Error(err)
	}
	golden(t, "history-alone.txt", text)
	text, err = show(t, JSON, func(p *Printer) error { return p.History(f, nil, nil, nil) })
	if err != nil {
		t.Error(err)
	}
	if got := decode[atlasexec.MigrateStatus](t, text); len(got.Available) != 3 || got.Status != "" || got.Current != "" {
		t.Errorf("got %+v", got)
	}
}

func TestDown(t *testing.T) {
	f := files(t)
	lost := []migrator.Loss{{Table: `public."My <Table>"`, Rows: 1}, {Table: "public.t", Column: "a", Rows: 12}}
	all := &migrator.Result{
		Down:  true,
		Start: start, End: start.Add(time.Second), Current: f[2].Version, Target: f[0].Version, Revision: f[0].Revision,
		Planned: []*migration.File{f[2], f[1]}, Losses: lost,
		Ran: []*migrator.FileRun{
			{File: f[2], Start: start, End: start, Applied: []string{"DROP INDEX i"}, Done: true},
			{File: f[1], Start: start, End: start, Skipped: 1, Applied: []string{}, Done: true},
		},
	}
	stopped := &migrator.StmtError{File: "down/" + f[1].Name, Stmt: "DROP TABLE x", N: 1, Total: 1, Err: errors.New("no")}
	failed := &migrator.Result{
		Down:  true,
		Start: start, End: start, Current: f[2].Version, Revision: f[1].Revision, Planned: []*migration.File{f[2], f[1], f[0]},
		Ran: []*migrator.FileRun{
			{File: f[2], Start: start, End: start, Applied: []string{"DROP INDEX i"}, Done: true},
			{File: f[1], Start: start, End: start, Err: stopped},
		},
	}
	refused := &migrator.LossError{Losses: lost}
	for _, tt := range []struct {
		golden string
		res    *migrator.Result
		err    error
	}{
		{"down.txt", all, nil},
		{"down.json", all, nil},
		{"down-failed.txt", failed, stopped},
		{"down-failed.json", failed, stopped},
		{"down-base.txt", &migrator.Result{Down: true}, nil},
		{"down-refused.json", &migrator.Result{Down: true, Start: start, End: start, Losses: lost}, refused},
		{"down-dryrun.txt", &migrator.Result{Down: true, Planned: f[:1], Losses: lost, Script: "DROP TABLE t;\n"}, nil},
	} {
		format := Text
		if strings.HasSuffix(tt.golden, ".json") {
			format = JSON
		}
		got, err := show(t, format, func(p *Printer) error { return p.Run(tt.res, tt.err) })
		if err != tt.err {
			t.Errorf("%s: error %v, want %v", tt.golden, err, tt.err)
		}
		golden(t, tt.golden, got)
	}

	text, _ := show(t, JSON, func(p *Printer) error { return p.Run(failed, stopped) })
	sdk := func(f *migration.File) atlasexec.File {
		return atlasexec.File{Name: f.Name, Version: f.Version, Description: f.Desc}
	}
	want := atlasexec.MigrateDown{
		Planned: []atlasexec.File{sdk(f[2]), sdk(f[1]), sdk(f[0])}, Current: f[2].Version, Total: 3,
		Start: start, End: start, Error: stopped.Error(),
		Reverted: []*atlasexec.RevertedFile{
			{File: sdk(f[2]), Start: start, End: start, Applied: []string{"DROP INDEX i"}},
			{File: sdk(f[1]), Start: start, End: start},
		},
	}
	want.Reverted[1].Error = &struct{ Stmt, Text string }{"DROP TABLE x", "no"}
	if d := cmp.Diff(want, decode[atlasexec.MigrateDown](t, text)); d != "" {
		t.Error(d)
	}
}
