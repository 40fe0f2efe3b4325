package report

import (
	"errors"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

func TestRepair(t *testing.T) {
	r := &adopt.Repaired{
		Version: "20240101000000", Revision: "cacecc4f1237",
		Differences: []catalog.Difference{
			{Table: "public.t", Object: "a", Kind: "column", Text: "t.a is nullable; the migrations say NOT NULL"},
			{Table: "public.t", Object: "i", Kind: "index", Harmless: true, Text: "index t.i is named \x1b[31mj"},
		},
		Extra:   []catalog.Difference{{Table: "public.more", Object: "public.more", Kind: "table", Text: "table more is extra"}},
		Dropped: []catalog.Difference{{Table: "public.more2", Object: "public.more2", Kind: "table", Text: "table more2 is extra"}},
		Scripts: []adopt.Script{
			{Name: "repair 1 of 2", SQL: "-- why\nALTER INDEX public.\"\x1b[31mj\" RENAME TO i;\nALTER ROLE me PASSWORD 'hunter2';\n"},
			{Name: "repair 2 of 2", SQL: "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY x ON public.t (a);\nALTER TABLE public.t ALTER COLUMN a TYPE bigint;\n", TxNone: true,
				Hazards: []hazard.Hazard{{Kind: hazard.Rewrite, Table: "public.t", Lock: hazard.AccessExclusive, What: "the type of a changes"}}},
		},
		Tables: []adopt.Table{{Name: "public.new", Rows: -1, Bytes: 8192}, {Name: "public.t", Rows: 676296, Bytes: 348 << 20}},
		Losses: []migrator.Loss{{Table: "public.more", Rows: 7}},
	}
	for name, format := range map[string]Format{"repair.txt": Text, "repair.json": JSON} {
		text, err := show(t, format, func(p *Printer) error { return p.Repair(r, "", nil) })
		golden(t, name, text)
		if ExitCode(err) != ExitFindings {
			t.Errorf("error %v", err)
		}
	}
	script, err := show(t, Text, func(p *Printer) error { return p.RepairScript(&adopt.Repaired{Scripts: r.Scripts[1:]}, nil) })
	golden(t, "repair-script.txt", script)
	if err != nil {
		t.Error(err)
	}
	decide := &adopt.DecisionError{Decisions: []adopt.Decision{{Table: "public.t", Text: "t.a should be NOT NULL; 2 of 3 rows are NULL", Rows: 2, Fixes: []fix.Text{fix.CountRows("public.t", "a IS NULL")}}}}
	text, err := show(t, JSON, func(p *Printer) error { return p.Repair(r, "repair.sql", decide) })
	golden(t, "repair-decisions.json", text)
	if !errors.Is(err, decide) || ExitCode(err) != ExitFailed || !strings.HasSuffix(err.Error(), "\nwrote repair.sql: edit it, then run adopt -repair -file=repair.sql") {
		t.Errorf("error %v", err)
	}
	failed := errors.New("the server is gone")
	if text, err := show(t, Text, func(p *Printer) error { return p.Repair(r, "", failed) }); text != "" || err != failed {
		t.Errorf("got %q, %v", text, err)
	}
	for want, r := range map[string]*adopt.Repaired{
		"nothing was recorded: add -yes to record the version": {Version: "1"},
		"": {Version: "1", Already: true},
	} {
		text, err := show(t, Text, func(p *Printer) error { return p.Repair(r, "", nil) })
		if !strings.HasPrefix(text, "Nothing to repair: the schema is that of 1") || (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("got %q, %v", text, err)
		}
	}
	r.Result = &migrator.RepairResult{Recorded: true}
	text, err = show(t, Text, func(p *Printer) error { return p.Repair(r, "", nil) })
	golden(t, "repair-done.txt", text)
	if err != nil {
		t.Error(err)
	}
}
