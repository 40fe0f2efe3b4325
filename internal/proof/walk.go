package proof

import (
	"context"
	"crypto/sha256"
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
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// legLength is how many migrations a leg has. A command proves up to one leg less one
// file again, and copies a database for every leg that is new to it.
const legLength = 16

// A leg is a run of migrations that are proven together: the down files are run from the
// state after its last file, in a database of their own. So what is found depends on the
// files up to its end alone, and can be remembered however many come later.
type leg struct {
	from, to int  // files[from:to]
	whole    bool // legLength files; only the last leg may not be
	skipped  bool // what it is walked for is known

	// effects and downs are the facts that all effect files, all down files of a whole
	// leg are right.
	effects, downs devdb.Fact

	wrong []Finding // of the down files, once they were run
}

// A Walk goes through the migrations and reads the catalog where something is to be
// proven.
type Walk struct {
	base  Base
	files []*migration.File
	names []string // of the state after i+1 files
	legs  []*leg   // at least one
	read  []bool   // whether the catalog after i files is to be read
	ran   int      // how many files ran

	// path holds the catalog after i files where it was read.
	path []catalog.Catalog

	tool  []byte // nil: nothing is known, nor remembered
	known map[devdb.Fact]bool
	facts []devdb.Fact // proven by this command or before it
	news  bool         // by this command
}

// NewWalk returns a walk through all of the directory's migrations.
func NewWalk(base Base) *Walk {
	files := base.Dir.Files()
	w := &Walk{
		base: base, files: files, names: state.Names(files),
		read: make([]bool, len(files)+1), path: make([]catalog.Catalog, len(files)+1),
	}
	slices.Reverse(w.names)
	if len(files) >= legLength || len(base.Dir.Checkpoints()) > 0 {
		if tool, err := executable(); err == nil {
			w.tool, w.known = tool, base.Server.Facts()
		}
	}
	for from := 0; from == 0 || from < len(files); from += legLength {
		l := &leg{from: from, to: min(from+legLength, len(files))}
		if l.whole = l.to-l.from == legLength; l.whole && w.tool != nil {
			l.effects = w.legFact("effects", l, effectText)
			l.downs = w.legFact("downs", l, downText)
		}
		w.legs = append(w.legs, l)
	}
	w.needs(len(files))
	return w
}

// Texts of files that may be missing, as a fact depends on them.
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

func textOf(text string) string { return "text " + text }

// legFact is that files are right which belong to the migrations of a leg.
func (w *Walk) legFact(kind string, l *leg, text func(*migration.File) string) devdb.Fact {
	var texts []string
	for _, f := range w.files[l.from:l.to] {
		texts = append(texts, text(f))
	}
	return w.fact(kind, l.to, texts)
}

// fact is that files are right which belong to the first n migrations. It holds for this
// program only, for another may read more of a catalog.
func (w *Walk) fact(kind string, n int, texts []string) devdb.Fact {
	h := sha256.New()
	fmt.Fprintf(h, "%s %x %q %s", kind, w.tool, w.base.Options, w.names[:n][max(0, n-1):])
	for _, t := range texts {
		fmt.Fprintf(h, "\n%d ", len(t))
		_, _ = io.WriteString(h, t) // a hash takes all
	}
	return devdb.Fact(h.Sum(nil))
}

// executable is the hash of the running program.
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

// Written records and remembers that the effect files of the legs that ran were written
// as measured; effects are their texts by the migration's name.
func (w *Walk) Written(effects map[string]string) {
	for _, l := range w.legs {
		if l.whole && !l.skipped && l.to <= w.ran {
			w.proven(w.legFact("effects", l, func(f *migration.File) string { return textOf(effects[f.Name]) }))
		}
	}
	w.Remember()
}

// Remember keeps the facts for other commands.
func (w *Walk) Remember() {
	if w.news {
		w.base.Server.Remember(w.facts)
	}
}

// needs says that the catalog after n files is to be read.
func (w *Walk) needs(n int) { w.read[n] = true }

// SkipProven leaves out the legs whose effect and down files are known to be right. For CheckCheckpoint the catalogs that
// checkpoints stand for are read all the same.
func (w *Walk) SkipProven(checkpoints []*migration.Checkpoint) {
	for _, c := range checkpoints {
		w.needs(c.Through + 1)
	}
	w.skip(func(l *leg) bool { return w.known[l.effects] && w.known[l.downs] })
}

// SkipMeasured leaves out the legs whose effect files are known to be right.
func (w *Walk) SkipMeasured() { w.skip(func(l *leg) bool { return w.known[l.effects] }) }

// skip leaves out the legs of which all that is asked for is known.
func (w *Walk) skip(known func(*leg) bool) {
	for _, l := range w.legs {
		l.skipped = l.whole && known(l)
		for i := l.from; i <= l.to && !l.skipped; i++ {
			w.needs(i)
		}
	}
}

// KeptStates returns the names of the states that a server for a walk should
// begin with, the best first: from one after whole legs alone there is a way on.
func KeptStates(dir *migration.Dir) []string {
	files := dir.Files()
	return state.Names(files[:len(files)-len(files)%legLength])
}

// up runs all migrations and returns the state after them. With each whole leg that is not
// skipped it calls after. After an error ran says how many files ran.
func (w *Walk) up(ctx context.Context, after func(*leg, *state.State) error) (*state.State, error) {
	first := slices.Index(w.read, true)
	first -= first % legLength
	s, err := state.ReplayFiles(ctx, w.base.Server, w.files[:first], w.base.Options)
	if err != nil {
		return nil, err
	}
	w.ran, w.path[first] = first, s.Catalog
	for _, l := range w.legs {
		if l.to <= first {
			continue
		}
		if err := w.upLeg(ctx, l, s, after); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func (w *Walk) upLeg(ctx context.Context, l *leg, s *state.State, after func(*leg, *state.State) error) error {
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
		w.ran = i + 1
	}
	if !l.whole {
		return nil
	}
	if len(w.files)-l.to < legLength {
		if err := s.Save(ctx, w.files[:l.to]); err != nil {
			return err
		}
	}
	if l.skipped {
		return nil
	}
	return after(l, s)
}

// Up runs all migrations and returns the state after them. After an error Effects has those of the files that ran.
func (w *Walk) Up(ctx context.Context) (*state.State, error) {
	return w.up(ctx, func(*leg, *state.State) error { return nil })
}

// effect returns the right text of the effect file of the migration at index i, which ran
// or is known.
func (w *Walk) effect(i int) string {
	if w.legs[i/legLength].skipped {
		text, _ := w.files[i].Effect() // it is there, or the leg would not be known
		return text
	}
	return catalog.Measure(w.path[i], w.path[i+1]).String()
}

// Effects returns the right texts of the effect files of the migrations that ran or are known, by the migrations' names.
func (w *Walk) Effects() map[string]string {
	effects := map[string]string{}
	for i, f := range w.files[:w.ran] {
		effects[f.Name] = w.effect(i)
	}
	return effects
}

// CheckEffects returns what is wrong with the effect files of the legs that ran.
func (w *Walk) CheckEffects() []Finding {
	var found []Finding
	for _, l := range w.legs {
		before := len(found)
		for i := l.from; i < l.to && !l.skipped; i++ {
			found = append(found, CheckEffect(w.files[i], catalog.Measure(w.path[i], w.path[i+1]))...)
		}
		if l.whole && len(found) == before {
			w.proven(l.effects)
		}
	}
	return found
}

// CheckEffect compares one effect file with what was measured.
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
		finding.Text = "this is not the effect of " + f.Name + ": run rehash and look at the difference"
	default:
		return nil
	}
	return []Finding{finding}
}

// CheckDowns returns what is wrong with the down files, after BothWays has run those of whole legs. s is the state that it
// returned, and is used up.
func (w *Walk) CheckDowns(ctx context.Context, s *state.State) ([]Finding, error) {
	if last := w.legs[len(w.legs)-1]; !last.whole {
		if err := w.back(ctx, last, s); err != nil {
			return nil, err
		}
	}
	var found []Finding
	for _, l := range w.legs {
		found = append(found, l.wrong...)
		if l.whole && len(l.wrong) == 0 {
			w.proven(l.downs)
		}
	}
	return found, nil
}

// BothWays is Up; meanwhile the down files of whole legs are run.
func (w *Walk) BothWays(ctx context.Context) (s *state.State, err error) {
	// One goroutine goes up, another one back from leg after leg.
	var g *errgroup.Group
	g, ctx = errgroup.WithContext(ctx)
	g.SetLimit(2)
	g.Go(func() (err error) {
		s, err = w.up(ctx, func(l *leg, s *state.State) error {
			turned, err := s.Clone(ctx)
			if err != nil {
				return err
			}
			g.Go(func() error {
				defer turned.Close()
				if err := w.back(ctx, l, turned); err != nil {
					return err
				}
				return turned.DB.Drop(ctx)
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

// back runs the down files of a leg on s, which is after it and is used up.
func (w *Walk) back(ctx context.Context, l *leg, s *state.State) (err error) {
	l.wrong, err = Downs(ctx, s, w.files[l.from:l.to], w.path[l.from:l.to+1], func(ctx context.Context, n int) (*state.State, error) {
		return state.ReplayFiles(ctx, w.base.Server, w.files[:l.from+n], w.base.Options)
	})
	return err
}
