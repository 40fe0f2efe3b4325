package revision

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// fit is a version that a database's schema equals, apart from indexes. An index may be from a later migration, a
// hotfix or an interrupted build, so it says nothing about the version.
type fit struct {
	index     int
	further   []catalog.Difference // valid and INVALID indexes that the version doesn't have
	invalid   []catalog.Difference // its own indexes that are INVALID
	leftovers []catalog.Difference // INVALID indexes that REINDEX CONCURRENTLY left
	// undeclared are extensions and partitions that the version doesn't have.
	undeclared []catalog.Difference
	// drift are differences in names and comments, and objects that the version doesn't have.
	drift []catalog.Difference
}

// fitOf reports whether the live catalog fits that of the version at an index.
func fitOf(index int, want, live catalog.Catalog) (fit, bool) {
	f := fit{index: index}
	if want.Equal(live) {
		return f, true
	}
	var diffs []catalog.Difference
	f.undeclared, diffs = catalog.Undeclared(want, catalog.Diff(want, live))
	for _, d := range diffs {
		switch {
		case d.Leftover:
			f.leftovers = append(f.leftovers, d)
		case d.Kind == "index" && d.Want == "":
			f.further = append(f.further, d)
		case d.Invalid:
			f.invalid = append(f.invalid, d)
		case d.Kind == "comment on index" && d.Want == "" && slices.ContainsFunc(diffs, func(ix catalog.Difference) bool {
			return ix.Kind == "index" && ix.Want == "" && ix.Table == d.Table && ix.Object == d.Object
		}):
		default:
			return f, false
		}
	}
	return f, true
}

// driftedFitOf is like fitOf, but the schema may have drifted: differences in names and comments, and objects that the
// version doesn't have, are accepted as adopt does, unless a later migration would fail because of them.
func (j *judge) driftedFitOf(index int, want, live catalog.Catalog) (fit, bool) {
	f := fit{index: index}
	var diffs []catalog.Difference
	f.undeclared, diffs = catalog.Undeclared(want, catalog.Diff(want, live))
	for _, d := range diffs {
		switch {
		case d.Leftover:
			f.leftovers = append(f.leftovers, d)
		case d.IsExtra(want):
			if !j.harbors(index, d) {
				return f, false
			}
			f.drift = append(f.drift, d)
		case d.Invalid:
			f.invalid = append(f.invalid, d)
		case d.Harmless:
			f.drift = append(f.drift, d)
		default:
			return f, false
		}
	}
	return f, true
}

// harbors reports whether the migrations after an index don't create an extra object, or accept it.
func (j *judge) harbors(index int, d catalog.Difference) bool {
	for _, file := range j.files[index+1:] {
		if e, err := catalog.EffectOf(file); err == nil && e.Creates(d) {
			return Takes(file, d)
		}
	}
	return true
}

// distance returns 0 if the schema is exactly the version's. A later version is closer than an earlier one plus the
// indexes in between.
func (f fit) distance() int {
	return 2*(len(f.further)+len(f.undeclared)+len(f.drift)) + len(f.invalid) + len(f.leftovers)
}

// exact reports whether there is no difference.
func (f fit) exact() bool { return f.distance() == 0 }

// closest returns the versions that live fits best. There are several if they differ only in data, and none if live
// fits no version.
func (j *judge) closest(live catalog.Catalog) []fit {
	var best []fit
	for i, c := range catalog.All(j.dir) {
		f, ok := fitOf(i, j.rec.Without(c), live)
		switch {
		case !ok || len(best) > 0 && f.distance() > best[0].distance():
		case len(best) > 0 && f.distance() == best[0].distance():
			best = append(best, f)
		default:
			best = []fit{f}
		}
	}
	return best
}

// takes reports whether later migrations accept the extra indexes, which Alembic or a person may have built.
func (j *judge) takes(f fit) bool {
	return !slices.ContainsFunc(f.further, func(d catalog.Difference) bool {
		return !slices.ContainsFunc(j.files[f.index+1:], func(file *migration.File) bool { return Takes(file, d) })
	})
}

// Takes reports whether a migration creates the extra index of d and doesn't fail if it exists: it keeps a valid index,
// and an INVALID one is rebuilt.
func Takes(file *migration.File, d catalog.Difference) bool {
	if e, err := catalog.EffectOf(file); err != nil || !e.Adds(d) {
		return false
	}
	dropped := false
	for _, stmt := range file.Stmts {
		ix, ok := stmt.Index()
		switch {
		case !ok || !d.IsIndex(pgsql.QualifiedIdent(orPublic(ix.Schema), ix.Name)):
		case ix.Drop:
			dropped = true
		case dropped, d.Invalid && ix.Concurrently, !d.Invalid && ix.IfNotExists:
			return true
		default:
			return false
		}
	}
	return false
}

// describe says how the schema fits, after "the schema is".
func (j *judge) describe(f fit) string {
	if f.exact() {
		return "exactly that of " + j.dir.Title(f.index)
	}
	s := "that of " + j.dir.Title(f.index)
	if len(f.further) > 0 {
		s += " plus " + indexes("", f.further)
	}
	if len(f.invalid) > 0 {
		s += " except for " + indexes("INVALID ", f.invalid)
	}
	if len(f.leftovers) > 0 {
		s += " and what REINDEX left, " + indexes("INVALID ", f.leftovers)
	}
	if len(f.undeclared) > 0 {
		s += " plus " + undeclared(f.undeclared)
	}
	if len(f.drift) > 0 {
		s += " apart from " + undeclared(f.drift)
	}
	return s
}

// undeclared names the first objects: "extension hstore, partition public.p1".
func undeclared(all []catalog.Difference) string {
	const first = 5
	var names []string
	for i, d := range all {
		if i == first {
			names = append(names, "...")
			break
		}
		kind, name := d.Kind, d.Object
		switch {
		case d.Kind == "table" && strings.Contains(d.Have, "partition of "):
			kind = "partition"
		case d.Table != "" && d.Table != d.Object:
			name = d.Table + "." + d.Object
		}
		names = append(names, kind+" "+name)
	}
	return strings.Join(names, ", ")
}

// indexes counts indexes and names the first ones.
func indexes(adjective string, all []catalog.Difference) string {
	const first = 5
	names := make([]string, 0, first+1)
	for i, d := range all {
		if i == first {
			names = append(names, "...")
			break
		}
		names = append(names, d.Qualified())
	}
	word := "indexes"
	if len(all) == 1 {
		word = "index"
	}
	return fmt.Sprintf("%d %s%s (%s)", len(all), adjective, word, strings.Join(names, ", "))
}
