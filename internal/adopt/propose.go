package adopt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// A Proposal says which version a database has, and why.
type Proposal struct {
	Index int             // of the version in the directory's files, -1 for the base
	File  *migration.File // nil for the base
	// Recorded means that both tables already say so. Then the differences are drift.
	Recorded bool
	Ahead    int // applied migrations that the directory doesn't have, later than all of its own

	Record string            // what the two tables say
	Empty  bool              // the database has no objects
	Parts  int               // lines of the version's catalog
	Have   int               // how many of them the database has, too
	Equal  []*migration.File // all versions with the same schema, if there are several
	// Differences are what the database lacks or has otherwise, and Extra what it has in addition, which stays.
	Differences, Extra []catalog.Difference
	Data               []Step
	// Refused says why the version can't be recorded, and what to do. It is empty if it can.
	Refused []string

	bySchema bool // one of Refused is about the schema's differences
}

// Repairable reports whether nothing but the schema's differences prevents that the version is recorded.
func (p *Proposal) Repairable() bool {
	other := len(p.Refused)
	if p.bySchema {
		other--
	}
	return other == 0 && p.File != nil && p.Ahead == 0
}

// A Step is what a migration does to data, and whether it has happened.
type Step struct {
	File *migration.File
	Done bool
	Why  string // why it isn't known whether it is done, "" if it is
}

// Blocking returns the differences that make the schema another one than the version's: not those in names and
// comments, nor INVALID indexes, which apply rebuilds.
func (p *Proposal) Blocking() []catalog.Difference { return blocking(p.Differences) }

func blocking(diffs []catalog.Difference) []catalog.Difference {
	return slices.DeleteFunc(slices.Clone(diffs), func(d catalog.Difference) bool { return d.Harmless || d.Invalid })
}

// candidate is how the database differs from a version.
type candidate struct {
	index       int
	want        catalog.Catalog
	differences []catalog.Difference // without extra ones
	extra       []catalog.Difference
}

// far is the number of differences, without extensions and partitions that no migration creates.
func (c *candidate) far() int {
	undeclared, _ := catalog.Undeclared(c.want, c.extra)
	return len(c.differences) + len(c.extra) - len(undeclared)
}

// proposer is the state of a call to Propose.
type proposer struct {
	dir   *migration.Dir
	files []*migration.File
	v     *migrator.Survey
	to    string // -to as given
	live  catalog.Catalog
	all   []*candidate // by index+1
	said  []int        // the known versions that the record names, ascending
	// failed is why a query got no answer from the server.
	failed error
	*Proposal
}

// Propose finds out which version of dir a database has. to is the version as migration.Dir.Resolve takes it, or "" for
// the one that
//
//   - both tables name, if they are in order,
//   - or the record names, or else that of goose, golang-migrate or dbmate, unless its schema has more than twice the
//     differences of the nearest version's,
//   - or has the fewest differences. Of several, it is the first, or a later one with the same schema if queries say
//     that what the migrations in between do to data is done.
//
// A version is refused if its schema differs by more than names, or if a query says that what one of the migrations up
// to it does to data isn't done. If there is no query, the record or to must vouch for a migration that changes no
// schema.
func Propose(ctx context.Context, dir *migration.Dir, v *migrator.Survey, to string) (*Proposal, error) {
	p := &proposer{dir: dir, files: dir.Files(), v: v, to: to, live: v.Record.Without(v.Catalog), Proposal: &Proposal{Index: -1}}
	return p.Proposal, p.propose(ctx)
}

func (p *proposer) propose(ctx context.Context) error {
	target := -1
	if p.to != "" {
		var err error
		if target, err = p.dir.Resolve(p.to); err != nil {
			return err
		}
	}
	pos, err := p.v.Position()
	if err != nil && !errors.As(err, new(*revision.Problem)) {
		return err
	}
	if err := p.compare(); err != nil {
		return err
	}
	p.readRecord(pos)
	if err := p.readOthers(ctx); err != nil {
		return err
	}
	if managed, why := p.managed(pos); managed && (p.to == "" || target == pos.Index || why != "") {
		p.Recorded, p.Ahead = why == "", len(pos.Ahead)
		p.take(p.candidate(pos.Index))
		if why != "" {
			p.refuse("%s", why)
		}
		return nil
	}
	if p.to != "" {
		p.take(p.candidate(target))
	} else {
		p.take(p.likely())
		p.amongEqual(ctx)
	}
	switch {
	case p.Foreign():
		p.refuse("this is probably another application's database: the nearest version is %s, and the database has only %[3]d of the %[2]d parts of its schema", p.dir.Title(p.Index), p.Parts, p.Have)
		return nil
	case p.Index < 0 && !p.Empty:
		p.refuse("the database isn't empty, so it isn't at the base; if its objects aren't the migrations', `stamp -to=base -yes` lets `apply` start and keeps them")
		return nil
	}
	p.data(ctx)
	p.judge(target)
	return p.failed
}

func (p *proposer) refuse(format string, args ...any) {
	p.Refused = append(p.Refused, fmt.Sprintf(format, args...))
}

func (p *proposer) candidate(i int) *candidate { return p.all[i+1] }

// compare compares the database with each version.
func (p *proposer) compare() error {
	for i, c := range catalog.All(p.dir) {
		want := p.v.Record.Without(c)
		k := &candidate{index: i, want: want}
		for _, d := range catalog.Compare(want, p.live, "the migrations say") {
			if d.Leftover || d.IsExtra(want) {
				k.extra = append(k.extra, d)
			} else {
				k.differences = append(k.differences, d)
			}
		}
		p.all = append(p.all, k)
	}
	if len(p.all) <= len(p.files) { // All ended early
		_, err := catalog.At(p.dir, len(p.files)-1)
		return fmt.Errorf("comparing the database with the versions: %w", err)
	}
	p.Empty = true
	for l := range p.live.All() {
		if l.Kind != "schema" && l.Kind != "extension" { // often created by hand before migrations run
			p.Empty = false
		}
	}
	return nil
}

// readRecord finds out which versions the two tables name.
func (p *proposer) readRecord(pos revision.Position) {
	rec := p.v.Record
	var says []string
	var ids []string
	for _, id := range rec.Alembic {
		i := slices.IndexFunc(p.files, func(f *migration.File) bool { return id != "" && f.Revision == id })
		if i >= 0 {
			p.said = append(p.said, i)
		}
		ids = append(ids, fmt.Sprintf("%q", id))
	}
	switch {
	case !rec.HasAlembic:
		says = append(says, "alembic_version doesn't exist")
	case len(ids) == 0:
		says = append(says, "alembic_version is empty")
	case len(ids) == 1:
		says = append(says, "alembic_version says "+ids[0])
	default:
		says = append(says, fmt.Sprintf("alembic_version has %d rows (%s)", len(ids), strings.Join(ids, ", ")))
	}
	switch n := len(rec.Journal); {
	case !rec.HasJournal:
		says = append(says, "the journal doesn't exist")
	case n == 0:
		says = append(says, "the journal is empty")
	default:
		last := -1
		for i, f := range p.files {
			if slices.ContainsFunc(rec.Journal, func(r *migrate.Revision) bool { return r.Version == f.Version && revision.Done(r) }) {
				last = i
			}
		}
		if last >= 0 {
			p.said = append(p.said, last)
		}
		says = append(says, fmt.Sprintf("the journal has %s, up to %s", words.Plural(n, "row"), rec.Journal[n-1].Version))
	}
	if !rec.HasAlembic && !rec.HasJournal {
		says = []string{"neither alembic_version nor the journal exists"}
	}
	p.Record = strings.Join(says, ", and ")
	slices.Sort(p.said)
	p.said = slices.Compact(p.said)
}

// managed reports whether the record is this tool's or the Atlas CLI's, so that there is nothing to adopt. why says
// what must be done about it first.
func (p *proposer) managed(pos revision.Position) (managed bool, why string) {
	rec := p.v.Record
	for _, problem := range pos.Problems {
		switch problem.Kind {
		case revision.Missing, revision.OutOfOrder, revision.Edited, revision.HalfOld:
			return true, problem.Text
		case revision.Malformed:
			if problem.Version != "" {
				return true, problem.Text
			}
		case revision.Unrecorded:
			if len(rec.Elsewhere) > 0 {
				return true, problem.Text
			}
		}
		if len(pos.Ahead) > 0 {
			return true, problem.Text
		}
	}
	switch {
	case len(pos.Problems) > 0 || pos.Settle != nil || !rec.HasAlembic || !rec.HasJournal:
		return false, ""
	case pos.Partial != nil && revision.IsDown(pos.Partial):
		return true, fmt.Sprintf("migration %s is half reverted: `down` continues", pos.Partial.Version)
	case pos.Partial != nil:
		return true, fmt.Sprintf("migration %s is half applied: `apply` continues", pos.Partial.Version)
	}
	return true, ""
}

// nearest returns the version with the fewest differences, the first of several.
func (p *proposer) nearest() *candidate {
	all := p.all
	if !p.Empty && len(all) > 1 {
		all = all[1:] // nothing is missing from the base
	}
	return slices.MinFunc(all, func(a, b *candidate) int { return cmp.Compare(a.far(), b.far()) })
}

// likely returns the nearest version that the record names, or the nearest one of all if that is much nearer.
func (p *proposer) likely() *candidate {
	best := p.nearest()
	var said *candidate
	for _, i := range p.said {
		if c := p.candidate(i); said == nil || c.far() < said.far() {
			said = c
		}
	}
	if said != nil && said.far() <= 2*best.far() {
		return said
	}
	return best
}

// Foreign reports whether the database has less than half of the version's schema, so it is probably another
// application's.
func (p *Proposal) Foreign() bool { return p.Have*2 < p.Parts }

// take proposes a version.
func (p *proposer) take(c *candidate) {
	p.Index, p.File = c.index, nil
	if c.index >= 0 {
		p.File = p.files[c.index]
	}
	p.Differences, p.Extra = c.differences, slices.Clone(c.extra)
	if len(c.extra) > 0 {
		for _, f := range p.files[c.index+1:] {
			e, _ := catalog.EffectOf(f) // compare has parsed it
			for i, d := range c.extra {
				if e.Creates(d) && !revision.Takes(f, d) {
					p.Extra[i].Text += fmt.Sprintf("; %s creates a different object of that name: drop or rename this one first", f.Name)
				}
			}
		}
	}
	p.Parts, p.Have = c.want.Len(), c.want.In(p.live)
	p.Equal = nil
	first, last := p.equal()
	for i := first; i <= last && first < last; i++ {
		if i >= 0 {
			p.Equal = append(p.Equal, p.files[i])
		}
	}
}

// equal returns the first and the last of the successive versions that have the proposed version's schema.
func (p *proposer) equal() (first, last int) {
	first, last = p.Index, p.Index
	for first >= 0 && p.candidate(first-1).want.Equal(p.candidate(first).want) {
		first--
	}
	for last+1 < len(p.files) && p.candidate(last+1).want.Equal(p.candidate(last).want) {
		last++
	}
	return first, last
}

// amongEqual chooses among versions with the same schema.
func (p *proposer) amongEqual(ctx context.Context) {
	at, last := p.equal()
	said := slices.DeleteFunc(slices.Clone(p.said), func(i int) bool { return i < at || i > last })
	if len(said) > 0 {
		at, last = said[0], said[len(said)-1]
	}
	for at < last && p.files[at+1].Done != nil && p.ask(ctx, p.files[at+1]).Done {
		at++
	}
	p.take(p.candidate(at))
	if next := at + 1; len(said) > 0 && at < last && (p.files[next].Done == nil || p.ask(ctx, p.files[next]).Why != "") {
		p.refuse("the record names both %s and %s, and it isn't known whether the data step of %s is done: -to chooses", p.dir.Title(said[0]), p.dir.Title(last), p.dir.Title(next))
	}
}

// ask finds out whether what a migration does to data is done, once.
func (p *proposer) ask(ctx context.Context, f *migration.File) Step {
	if i := slices.IndexFunc(p.Data, func(s Step) bool { return s.File == f }); i >= 0 {
		return p.Data[i]
	}
	s := Step{File: f}
	var err error
	var failed *runner.StmtError
	var pg *pgconn.PgError
	switch s.Done, err = p.v.Ask(ctx, f.Done.Stmt); {
	case err == nil:
	case errors.As(err, &pg) && errors.As(err, &failed):
		s.Why = "its query failed: " + pg.Message
	case errors.As(err, &failed):
		s.Why = "its query failed: " + failed.Reason()
	default:
		p.failed = fmt.Errorf("asking whether the data step of %s is done: %w", f.Name, err)
	}
	p.Data = append(p.Data, s)
	return s
}

// data finds out about the data steps up to the proposed version, and about those that have the same schema.
func (p *proposer) data(ctx context.Context) {
	_, last := p.equal()
	for i, f := range p.files[:last+1] {
		if f.Done != nil {
			p.ask(ctx, f)
			continue
		}
		if p.candidate(i - 1).want.Equal(p.candidate(i).want) {
			p.Data = append(p.Data, Step{File: f, Why: "it changes no schema and has no query"})
		}
	}
	slices.SortFunc(p.Data, func(a, b Step) int { return cmp.Compare(a.File.Version, b.File.Version) })
}

// judge decides whether the proposed version can be recorded.
func (p *proposer) judge(target int) {
	for _, id := range p.v.Record.Alembic {
		if id != "" && p.to == "" && !slices.ContainsFunc(p.files, func(f *migration.File) bool { return f.Revision == id }) {
			p.refuse("alembic_version holds %q, which no migration of this directory has: check out the commit that has it, or install its release; if there is none, `adopt -to=%s -yes` records this version", id, p.dir.Word(p.Index))
		}
	}
	vouched := p.to != "" || slices.Contains(p.said, p.Index)
	for _, s := range p.Data {
		i := slices.Index(p.files, s.File)
		switch {
		case i > p.Index || s.Done:
		case s.Why == "":
			p.refuse("the data step of %s isn't done: its query returned false; %s", p.dir.Title(i), p.undone(i))
		case !vouched:
			p.refuse("it isn't known whether the data step of %s is done (%s): if it is, `adopt -to=%s -yes`; otherwise %s", p.dir.Title(i), s.Why, p.dir.Word(p.Index), p.undone(i))
		}
	}
	if n := len(p.Blocking()); n > 0 {
		p.bySchema = true
		what := fmt.Sprintf("the schema differs from that of %s: %s", p.dir.Title(p.Index), words.Plural(n, "difference"))
		if best := p.nearest(); p.to != "" && best.far() < p.candidate(target).far() {
			p.refuse("%s; %s is nearer, with %s", what, p.dir.Title(best.index), words.Plural(best.far(), "difference"))
			return
		}
		p.refuse("%s; `adopt -repair` plans the statements that remove them; if they are intended, `stamp -to=%s -yes` records the version anyway", what, p.dir.Word(p.Index))
	}
}

// undone says what to do if the data step of the migration at an index isn't done.
func (p *proposer) undone(i int) string {
	before := p.candidate(i - 1)
	if len(blocking(before.differences)) == 0 && p.taken(before) {
		return fmt.Sprintf("`adopt -to=%s -yes` records the version before it, and `apply` runs it and those after it", p.dir.Word(i-1))
	}
	return fmt.Sprintf("do it by hand, or, if the rows may stay as they are, `stamp -to=%s -yes` records the version anyway", p.dir.Word(p.Index))
}

// taken reports whether migrations after a version accept what the database has in addition to the version's schema and
// they would create.
func (p *proposer) taken(c *candidate) bool {
	head := p.candidate(len(p.files) - 1).want
	for _, d := range c.extra {
		if d.IsExtra(head) {
			continue
		}
		if !slices.ContainsFunc(p.files[c.index+1:], func(f *migration.File) bool { return revision.Takes(f, d) }) {
			return false
		}
	}
	return true
}
