package proof

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// segmentLength is the number of migrations in a segment. A command proves the last, incomplete segment again every
// time, and clones a database for every new segment.
const segmentLength = 16

// A segment is a run of migrations that are proven together: the down files run from the state after its last
// migration, in a database of their own. So the result depends only on the migrations up to its end, and can be
// remembered when more follow.
type segment struct {
	from, to int  // files[from:to]
	whole    bool // it has segmentLength files; only the last segment may have fewer
	skipped  bool // it is proven already

	// path holds the catalogs before and after its migrations, once they have run, until its down files have.
	path []catalog.Catalog

	// effects, downs and queries are the facts that all effect files, down files and queries about data steps of a
	// whole segment are right.
	effects, downs, queries devdb.Fact

	wrong      []Finding // about the down files, after they have run
	unanswered []Finding // about the queries
}

// A Walk runs the migrations in order and reads the catalog where something must be proven.
type Walk struct {
	base     Base
	files    []*migration.File
	names    []string   // of the state after i+1 files
	segments []*segment // at least one
	read     []bool     // whether to read the catalog after i files
	ran      int        // how many files ran

	// path holds the catalog after i files, where it was read, and while it is needed: a long history's catalogs would
	// take gigabytes.
	path []catalog.Catalog
	kept map[int]bool // indexes of path that are needed to the end
	// measured are the effects of the files of whole segments that ran.
	measured []catalog.Effect

	tool  []byte // hash of the program; nil if no facts are remembered
	known map[devdb.Fact]bool
	facts []devdb.Fact // proven by this command or earlier ones
	news  bool         // this command has proven some of them
}

// NewWalk returns a walk through all of the directory's migrations.
func NewWalk(base Base) *Walk {
	files := base.Dir.Files()
	w := &Walk{
		base: base, files: files, names: state.Names(files),
		read: make([]bool, len(files)+1), path: make([]catalog.Catalog, len(files)+1), kept: make(map[int]bool),
		measured: make([]catalog.Effect, len(files)),
	}
	slices.Reverse(w.names)
	if len(files) >= segmentLength || len(base.Dir.Checkpoints()) > 0 {
		if tool, err := executable(); err == nil {
			w.tool, w.known = tool, base.Server.Facts()
		}
	}
	for from := 0; from == 0 || from < len(files); from += segmentLength {
		l := &segment{from: from, to: min(from+segmentLength, len(files))}
		if l.whole = l.to-l.from == segmentLength; l.whole && w.tool != nil {
			l.effects = w.segmentFact("effects", l, effectText)
			l.downs = w.segmentFact("downs", l, downText)
			l.queries = w.segmentFact("queries", l, queryText)
		}
		w.segments = append(w.segments, l)
	}
	w.needs(len(files))
	return w
}

// effectText, downText and queryText return a text for a fact. They distinguish a missing file from an empty one.
func effectText(f *migration.File) string {
	text, err := f.Effect()
	if err != nil {
		return "none"
	}
	return textOf(text)
}

func downText(f *migration.File) string {
	if f.Down == nil {
		return "none"
	}
	return textOf(f.Down.SQL)
}

func queryText(f *migration.File) string {
	if f.Done == nil {
		return "none"
	}
	return textOf(f.Done.Stmt.Text)
}

func textOf(text string) string { return "text " + text }

// segmentFact returns the fact that files of a segment's migrations are right.
func (w *Walk) segmentFact(kind string, l *segment, text func(*migration.File) string) devdb.Fact {
	var texts []string
	for _, f := range w.files[l.from:l.to] {
		texts = append(texts, text(f))
	}
	return w.fact(kind, l.to, texts)
}

// fact returns the fact that files of the first n migrations are right.
func (w *Walk) fact(kind string, n int, texts []string) devdb.Fact {
	return fact(kind, w.tool, w.base.Options, w.names[:n][max(0, n-1):], texts)
}

// fact returns the fact that texts are right for a state, of which there is at most one name. It is valid only for this
// program, because another version may read more of a catalog.
func fact(kind string, tool []byte, opts catalog.Options, state, texts []string) devdb.Fact {
	h := sha256.New()
	fmt.Fprintf(h, "%s %x %q %s", kind, tool, opts, state)
	for _, t := range texts {
		fmt.Fprintf(h, "\n%d ", len(t))
		_, _ = io.WriteString(h, t) // never fails
	}
	return devdb.Fact(h.Sum(nil))
}

// executable returns the hash of the running program.
var executable = sync.OnceValues(func() ([]byte, error) {
	name, err := os.Executable()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
})

// proven records a fact.
func (w *Walk) proven(f devdb.Fact) {
	if w.tool != nil {
		w.facts = append(w.facts, f)
		w.news = w.news || !w.known[f]
	}
}

// Written remembers that the effect files of the segments that ran were written as measured. effects are their texts
// by the migration's name.
func (w *Walk) Written(effects map[string]string) {
	for _, l := range w.segments {
		if l.whole && !l.skipped && l.to <= w.ran {
			w.proven(w.segmentFact("effects", l, func(f *migration.File) string { return textOf(effects[f.Name]) }))
		}
	}
	w.Remember()
}

// Remember stores the facts for other commands.
func (w *Walk) Remember() {
	if w.news {
		w.base.Server.Remember(w.facts)
	}
}

// needs requests the catalog after n files.
func (w *Walk) needs(n int) { w.read[n] = true }

// SkipProven skips the segments whose effect files, down files and queries are proven, but not the catalogs at
// checkpoints, which CheckCheckpoint needs.
func (w *Walk) SkipProven(checkpoints []*migration.Checkpoint) {
	for _, c := range checkpoints {
		w.needs(c.Through + 1)
		w.kept[c.Through+1] = true
	}
	w.skip(func(l *segment) bool { return w.known[l.effects] && w.known[l.downs] && w.known[l.queries] })
}

// SkipMeasured skips the segments whose effect files are proven.
func (w *Walk) SkipMeasured() { w.skip(func(l *segment) bool { return w.known[l.effects] }) }

// skip skips the segments that are known to be right.
func (w *Walk) skip(known func(*segment) bool) {
	for _, l := range w.segments {
		l.skipped = l.whole && known(l)
		for i := l.from; i <= l.to && !l.skipped; i++ {
			w.needs(i)
		}
	}
}

// StartStates returns the names of the states that a walk can start from, the best first: those after whole segments.
func StartStates(dir *migration.Dir) []string {
	files := dir.Files()
	return state.Names(files[:len(files)-len(files)%segmentLength])
}

// up runs all migrations and returns the state after them. In segments that are not skipped it calls each, which may be
// nil, after each migration, and after at the end if the segment is whole. After an error, ran is the number of files
// that ran.
func (w *Walk) up(ctx context.Context, each func(*segment, *migration.File, *state.State) error, after func(*segment, *state.State) error) (*state.State, error) {
	first := slices.Index(w.read, true)
	first -= first % segmentLength
	s, err := state.ReplayFiles(ctx, w.base.Server, w.files[:first], w.base.Options)
	if err != nil {
		return nil, err
	}
	w.ran = first
	if w.read[first] {
		if err := s.Refresh(ctx); err != nil {
			s.Close()
			return nil, err
		}
		w.path[first] = s.Catalog
	}
	for _, l := range w.segments {
		if l.to <= first {
			continue
		}
		if err := w.upSegment(ctx, l, s, each, after); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func (w *Walk) upSegment(ctx context.Context, l *segment, s *state.State, each func(*segment, *migration.File, *state.State) error, after func(*segment, *state.State) error) error {
	for i := l.from; i < l.to; i++ {
		if err := s.Up(ctx, w.files[i]); err != nil {
			return err
		}
		if w.read[i+1] {
			if err := s.Refresh(ctx); err != nil {
				return err
			}
			w.path[i+1] = s.Catalog
		}
		if each != nil && !l.skipped {
			if err := each(l, w.files[i], s); err != nil {
				return err
			}
		}
		w.ran = i + 1
	}
	if !l.whole {
		return nil
	}
	if len(w.files)-l.to < segmentLength {
		if err := s.Save(ctx, w.files[:l.to]); err != nil {
			return err
		}
	}
	if l.skipped {
		return nil
	}
	l.path = slices.Clone(w.path[l.from : l.to+1])
	for i := l.from; i < l.to; i++ {
		w.measured[i] = catalog.Measure(w.path[i], w.path[i+1])
		if !w.kept[i] {
			w.path[i] = catalog.Catalog{}
		}
	}
	return after(l, s)
}

// Up runs all migrations and returns the state after them. After an error, Effects returns those of the migrations
// that ran.
func (w *Walk) Up(ctx context.Context) (*state.State, error) {
	return w.up(ctx, nil, func(l *segment, _ *state.State) error {
		l.path = nil
		return nil
	})
}

// effect returns the correct text of the effect file of the migration at index i, which ran or is known. A file that
// has renames as lines that are removed and added stays as it is.
func (w *Walk) effect(i int) string {
	text, _ := w.files[i].Effect()
	if w.segments[i/segmentLength].skipped {
		return text // it exists, or the segment would not be known
	}
	if e := w.measure(i); text != e.String() {
		return e.Text(w.files[i].Stmts...)
	}
	return text
}

// measure returns the effect of the migration at index i, which ran.
func (w *Walk) measure(i int) catalog.Effect {
	if l := w.segments[i/segmentLength]; l.whole && l.to <= w.ran {
		return w.measured[i]
	}
	return catalog.Measure(w.path[i], w.path[i+1])
}

// Effects returns the correct texts of the effect files of the migrations that ran or are known, by the migration's
// name.
func (w *Walk) Effects() map[string]string {
	effects := map[string]string{}
	for i, f := range w.files[:w.ran] {
		effects[f.Name] = w.effect(i)
	}
	return effects
}

// CheckEffects returns what is wrong with the effect files of the segments that ran.
func (w *Walk) CheckEffects() []Finding {
	var found []Finding
	for _, l := range w.segments {
		before := len(found)
		for i := l.from; i < l.to && !l.skipped; i++ {
			found = append(found, CheckEffect(w.files[i], w.measure(i))...)
		}
		if l.whole && len(found) == before {
			w.proven(l.effects)
		}
	}
	return found
}

// CheckEffect compares an effect file with the measured effect.
func CheckEffect(f *migration.File, want catalog.Effect) []Finding {
	finding := Finding{Kind: FindingEffect, File: migration.EffectDir + "/" + strings.TrimSuffix(f.Name, ".sql") + ".txt"}
	text, missing := f.Effect()
	have, err := catalog.ParseEffect(text)
	switch {
	case missing != nil:
		finding.Text = "the effect of " + f.Name + " is missing: run rehash"
	case err != nil:
		finding.Text = err.Error() + ": run rehash"
	case !slices.Equal(have.Add, want.Add) || !slices.Equal(have.Remove, want.Remove):
		finding.Text = "it does not match what " + f.Name + " changes: run rehash and review the difference"
	default:
		return nil
	}
	return []Finding{finding}
}

// CheckDowns returns what is wrong with the down files, after BothWays has run those of whole segments. s is the
// state that BothWays reclone. CheckDowns leaves it in an undefined condition.
func (w *Walk) CheckDowns(ctx context.Context, s *state.State) ([]Finding, error) {
	if last := w.segments[len(w.segments)-1]; !last.whole {
		if err := w.revert(ctx, last, s); err != nil {
			return nil, err
		}
	}
	var found []Finding
	for _, l := range w.segments {
		found = append(found, l.wrong...)
		if l.whole && len(l.wrong) == 0 {
			w.proven(l.downs)
		}
	}
	return found, nil
}

// checkQuery asks whether a migration's data step is done, on s, the state after it: adopt asks databases with that
// schema.
func checkQuery(ctx context.Context, f *migration.File, s *state.State) ([]Finding, error) {
	if f.Done == nil {
		return nil, nil
	}
	_, err := runner.Ask(ctx, s.Conn(), f.Done.Stmt)
	var failed *runner.StmtError
	if !errors.As(err, &failed) {
		return nil, err
	}
	return []Finding{{Kind: FindingDone, File: f.Done.File, Line: failed.Pos.Line,
		Text: "the query fails: " + failed.Reason() + "; it must work on the schema that " + f.Name + " produces, also without rows"}}, nil
}

// CheckQueries returns what is wrong with the queries of the segments that BothWays ran.
func (w *Walk) CheckQueries() []Finding {
	var found []Finding
	for _, l := range w.segments {
		found = append(found, l.unanswered...)
		if l.whole && len(l.unanswered) == 0 {
			w.proven(l.queries)
		}
	}
	return found
}

// BothWays is like Up, but also asks the queries about data steps, and runs the down files of whole segments, at the
// same time.
func (w *Walk) BothWays(ctx context.Context) (s *state.State, err error) {
	// One goroutine runs the migrations, another the down files of one segment after the other.
	var g *errgroup.Group
	g, ctx = errgroup.WithContext(ctx)
	g.SetLimit(2)
	g.Go(func() (err error) {
		s, err = w.up(ctx, func(l *segment, f *migration.File, s *state.State) error {
			found, err := checkQuery(ctx, f, s)
			l.unanswered = append(l.unanswered, found...)
			return err
		}, func(l *segment, s *state.State) error {
			clone, err := s.Clone(ctx)
			if err != nil {
				return err
			}
			g.Go(func() error {
				defer clone.Close()
				if err := w.revert(ctx, l, clone); err != nil {
					return err
				}
				return clone.DB.Drop(ctx)
			})
			return nil
		})
		return err
	})
	if err := g.Wait(); err != nil {
		if s != nil {
			s.Close()
		}
		return nil, err
	}
	return s, nil
}

// revert runs the down files of a segment on s, the state after it, which it leaves in an undefined condition.
func (w *Walk) revert(ctx context.Context, l *segment, s *state.State) (err error) {
	path := l.path
	if l.path = nil; path == nil { // the last segment isn't whole
		path = w.path[l.from : l.to+1]
	}
	l.wrong, err = Downs(ctx, s, w.files[l.from:l.to], path, func(ctx context.Context, n int) (*state.State, error) {
		return state.ReplayFiles(ctx, w.base.Server, w.files[:l.from+n], w.base.Options)
	})
	return err
}
