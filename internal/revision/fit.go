package revision

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// fit is a version whose schema a database has, indexes aside: those that a later
// migration, a hot fix or a build that was cut off has left say nothing about the version.
type fit struct {
	index     int
	further   []catalog.Difference // valid and INVALID indexes that the version doesn't have
	invalid   []catalog.Difference // its own indexes that are INVALID
	leftovers []catalog.Difference // INVALID indexes that REINDEX CONCURRENTLY left beside its own
}

// fitOf reports whether the live catalog fits that of the version at an index.
func fitOf(index int, want, live catalog.Catalog) (fit, bool) {
	f := fit{index: index}
	if want.Equal(live) {
		return f, true
	}
	diffs := catalog.Diff(want, live)
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

// distance is 0 for a schema that is exactly the version's. That of a later version is
// nearer than that of an earlier one with the indexes that lie between.
func (f fit) distance() int { return 2*len(f.further) + len(f.invalid) + len(f.leftovers) }

// exact reports whether nothing at all is different.
func (f fit) exact() bool { return f.distance() == 0 }

// closest returns the versions that live fits best, several if only data lies between
// them; none if it fits none.
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

// takes reports whether the indexes that the version doesn't have are such as its later
// migrations deal with: what Alembic, or a person, has built of them already.
func (j *judge) takes(f fit) bool {
	return !slices.ContainsFunc(f.further, func(d catalog.Difference) bool {
		return !slices.ContainsFunc(j.files[f.index+1:], func(file *migration.File) bool { return Takes(file, d) })
	})
}

// Takes reports whether a migration that is applied to a database with the index that d says
// is extra makes that very index, and doesn't fail over it: it keeps a valid one, and an
// INVALID one is built again.
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

// describe says how the schema fits, to follow "the schema is".
func (j *judge) describe(f fit) string {
	if f.exact() {
		return "exactly that of " + j.name(f.index)
	}
	s := "that of " + j.name(f.index)
	if len(f.further) > 0 {
		s += " plus " + indexes("", f.further)
	}
	if len(f.invalid) > 0 {
		s += " but for " + indexes("INVALID ", f.invalid)
	}
	if len(f.leftovers) > 0 {
		s += " and what REINDEX has left, " + indexes("INVALID ", f.leftovers)
	}
	return s
}

// indexes counts indexes and names the first.
func indexes(state string, all []catalog.Difference) string {
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
	return fmt.Sprintf("%d %s%s (%s)", len(all), state, word, strings.Join(names, ", "))
}
