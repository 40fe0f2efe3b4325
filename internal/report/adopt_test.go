package report

import (
	"errors"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

func TestAdopt(t *testing.T) {
	f := files(t)
	r := &adopt.Result{Proposal: &adopt.Proposal{
		Index: 1, File: f[1], Record: "alembic_version is empty", Parts: 10, Have: 8, Equal: f[:2],
		Differences: []catalog.Difference{
			{Table: "public.t", Object: "a", Kind: "column", Text: "column public.t.a is missing (integer)"},
			{Table: "public.t", Object: "i", Kind: "index", Text: "index public.t.i is INVALID", Invalid: true},
			{Table: "public.t", Object: "k", Kind: "constraint", Text: "constraint public.t.k is named l", Harmless: true},
		},
		Extra: []catalog.Difference{{Object: "public.v", Kind: "view", Text: "view public.v is extra"}},
		Data:  []adopt.Step{{File: f[0], Done: true}, {File: f[1]}, {File: f[2], Why: "its query failed"}},
	}}
	text, err := show(t, Text, func(p *Printer) error { return p.Adopt(r, nil) })
	golden(t, "adopt.txt", text)
	if ExitCode(err) != ExitFindings {
		t.Errorf("error %v", err)
	}
	r.Refused = []string{"too many differences"}
	refused := &adopt.RefusedError{Proposal: r.Proposal}
	text, err = show(t, JSON, func(p *Printer) error { return p.Adopt(r, refused) })
	golden(t, "adopt-refused.json", text)
	if err != refused || ExitCode(err) != ExitFailed {
		t.Errorf("error %v", err)
	}
	failed := errors.New("the server is gone")
	if text, err := show(t, Text, func(p *Printer) error { return p.Adopt(&adopt.Result{}, failed) }); text != "" || err != failed {
		t.Errorf("got %q, %v", text, err)
	}
	done := &adopt.Result{Proposal: &adopt.Proposal{Index: -1, Empty: true, Record: "alembic_version is empty"}, Stamp: &migrator.StampResult{Done: true}}
	text, err = show(t, Text, func(p *Printer) error { return p.Adopt(done, nil) })
	if want := "Adopted at the base\nrecord: alembic_version is empty\nschema: the database is empty\nalembic_version was empty; wrote 0 journal rows and deleted 0\n"; text != want || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
}
