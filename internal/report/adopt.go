package report

import (
	"errors"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// adopted is what adopt found and did.
type adopted struct {
	Version     string // empty at the base
	Revision    string // what alembic_version holds at that version
	Differences []catalog.Difference
	Extra       []catalog.Difference `json:",omitempty"` // what the version doesn't have
	Record      string               // what the two tables said
	Parts, Have int                  // lines of the version's catalog, and how many of them the database has
	Equal       []string             `json:",omitempty"` // versions with the same schema
	Data        []dataStep           `json:",omitempty"`
	Refused     []string             `json:",omitempty"` // why the version can't be recorded
	Recorded    bool                 // the version was recorded already
	Adopted     bool                 // it is recorded now
}

// dataStep is what a migration does to data. Done is null if it isn't known, and Why says why not.
type dataStep struct {
	Version string
	Done    *bool
	Why     string `json:",omitempty"`
}

// Adopt shows which version a database has, and whether that was recorded. failed is the error that adopt ended with,
// if any. If the version could be recorded and wasn't, the error is a *FindingsError.
func (p *Printer) Adopt(r *adopt.Result, failed error) error {
	if failed != nil && (r.Proposal == nil || !errors.As(failed, new(*adopt.RefusedError))) {
		return failed
	}
	var err error
	if p.Format == JSON {
		err = p.Out.json(newAdopted(r))
	} else {
		err = p.adoptText(r)
	}
	switch {
	case failed != nil:
		return failed
	case err != nil || r.Recorded || r.Stamp != nil:
		return err
	}
	return &FindingsError{Text: "nothing was recorded: add -yes to record the version"}
}

func newAdopted(r *adopt.Result) adopted {
	out := adopted{
		Differences: differences(r.Differences), Extra: differences(r.Extra), Record: pgsql.Redact(r.Record), Parts: r.Parts, Have: r.Have,
		Recorded: r.Recorded, Adopted: r.Recorded || r.Stamp != nil,
	}
	if out.Differences == nil {
		out.Differences = []catalog.Difference{}
	}
	out.Version, out.Revision = versionOf(r.File)
	for _, f := range r.Equal {
		out.Equal = append(out.Equal, f.Version)
	}
	for _, s := range r.Data {
		step := dataStep{Version: s.File.Version, Why: pgsql.Redact(s.Why)}
		if s.Why == "" {
			step.Done = &s.Done
		}
		out.Data = append(out.Data, step)
	}
	for _, why := range r.Refused {
		out.Refused = append(out.Refused, pgsql.Redact(why))
	}
	return out
}

// versionOf returns the version and the revision id of a file, "" for nil.
func versionOf(f *migration.File) (version, revision string) {
	if f == nil {
		return "", ""
	}
	return f.Version, f.Revision
}

func (p *Printer) adoptText(r *adopt.Result) error {
	s := p.Out.style
	var b page
	where := "the base"
	if r.File != nil {
		where = fileTitle(r.File)
	}
	blocking := r.Blocking()
	switch {
	case r.Stamp != nil:
		b.put(s.good("Adopted"), " at ", s.strong(line(where)), "\n")
	case r.Recorded && r.Ahead > 0:
		b.put("Already recorded at ", s.strong(line(where)))
		b.printf(", and ahead of this project by %s\n", plural(r.Ahead, "migration"))
	case r.Recorded:
		b.put("Already recorded at ", s.strong(line(where)), "\n")
	case len(blocking) > 0:
		b.put("Nearest: ", s.strong(line(where)), "\n")
	default:
		b.put("This is ", s.strong(line(where)), "\n")
	}
	b.printf("record: %s\n", r.Record)
	switch {
	case r.Empty && r.File == nil:
		b.put("schema: the database is empty\n")
	case len(r.Differences)+len(r.Extra) == 0:
		b.printf("schema: exactly that version's, %s compared\n", plural(r.Parts, "part"))
	default:
		b.printf("schema: %d of its %s are as the migrations say", r.Have, plural(r.Parts, "part"))
		before := safe("; ")
		for _, c := range []struct {
			n    int
			what safe
		}{
			{len(blocking), "difference"}, {len(r.Differences) - len(blocking), "harmless difference"}, {len(r.Extra), "extra object"},
		} {
			if c.n > 0 {
				b.put(before, plural(c.n, c.what))
				before = ", "
			}
		}
		b.put("\n")
	}
	if len(r.Equal) > 0 {
		b.put("these versions have the same schema and differ only in data; -to chooses:\n")
		for _, f := range r.Equal {
			b.printf("  %s\n", fileTitle(f))
		}
	}
	for _, step := range r.Data {
		state := s.good("done")
		switch {
		case step.Why != "":
			state = s.warn("unknown") + sprintf(": %s", step.Why)
		case !step.Done:
			state = s.bad("not done") + ": its query returned false"
		case step.Done:
			state += ": its query returned true"
		}
		b.printf("data of %s: %s\n", fileTitle(step.File), state)
	}
	if r.Foreign() {
		return p.page(&b)
	}
	for _, d := range blocking {
		b.put(s.bad("difference"), ": ", line(d.Text), "\n")
	}
	for _, d := range r.Differences {
		switch {
		case d.Invalid:
			b.put(s.warn("INVALID"), ": ", line(d.Text), ": the next apply rebuilds it\n")
		case d.Harmless:
			b.put("harmless: ", line(d.Text), "\n")
		}
	}
	for _, d := range r.Extra {
		b.put("left alone: ", line(d.Text), "\n")
	}
	if st := r.Stamp; st != nil {
		from := strings.Join(st.From, ", ")
		if from == "" {
			from = "empty"
		}
		b.printf("alembic_version was %s; wrote %s and deleted %d\n", from, plural(len(st.Set), "journal row"), len(st.Removed))
	}
	return p.page(&b)
}
