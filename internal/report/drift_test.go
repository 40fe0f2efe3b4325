package report

import (
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

func TestDrift(t *testing.T) {
	r := &adopt.Drift{
		Version: "20240102000000", Revision: "abc", From: adopt.FromMigrations,
		Differences: []catalog.Difference{
			{Object: "app", Kind: "schema", Text: "schema app is extra"},
			{Table: "public.results", Object: "start_time", Kind: "column", Want: "timestamp not null", Have: "timestamp", Text: "results.start_time is nullable; the migrations say NOT NULL; 0 of 1,000,000 rows are NULL"},
			{Table: "public.results", Object: "fk_run", Kind: "constraint", Want: "x", Have: "x", Named: "results_fk", Text: "constraint results.fk_run is named results_fk", Harmless: true},
		},
		Ignored: []catalog.Difference{{Table: "public.runs", Object: "ix", Kind: "index", Have: "CREATE INDEX ix ON public.runs USING btree (a)", Text: "index runs.ix is extra (CREATE INDEX ix ON public.runs USING btree (a))"}},
		Unused:  []string{"index runs.iy"},
		Outside: []state.Outside{{Kind: "grant", Names: []string{"SELECT on table public.runs to reader"}}},
		Notes:   []string{"role reader may not read 1 sequence (public.s), so they weren't compared with their columns"},
	}
	for _, tt := range []struct {
		golden string
		format Format
		drift  *adopt.Drift
		code   int
	}{
		{"drift.txt", Text, r, ExitFindings},
		{"drift.md", Markdown, r, ExitFindings},
		{"drift.json", JSON, r, ExitFindings},
		{"drift-none.txt", Text, &adopt.Drift{From: adopt.FromMigrations}, ExitDone},
		{"drift-none.json", JSON, &adopt.Drift{From: "models.sql"}, ExitDone},
		{"drift-harmless.txt", Text, &adopt.Drift{From: "models.sql", Differences: r.Differences[2:]}, ExitDone},
		{"drift-harmless.md", Markdown, &adopt.Drift{From: "models.sql", Differences: r.Differences[2:]}, ExitDone},
	} {
		got, err := show(t, tt.format, func(p *Printer) error { return p.Drift(tt.drift) })
		golden(t, tt.golden, got)
		if ExitCode(err) != tt.code {
			t.Errorf("%s: %v", tt.golden, err)
		}
	}
}
