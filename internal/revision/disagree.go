package revision

import (
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
)

// disagree judges a record whose two tables name different positions.
func (j *judge) disagree(id string, at int) error {
	journal := j.pos.Index
	live, err := j.liveCatalog()
	if err != nil {
		return err
	}
	var fits [2]*fit
	var cats [2]catalog.Catalog
	for n, i := range []int{at, journal} {
		if cats[n], err = j.catalogAt(i); err != nil {
			return fmt.Errorf("comparing the database with version %s: %w", j.dir.Word(i), err)
		}
		if f, ok := fitOf(i, cats[n], live); ok && j.takes(f) {
			fits[n] = &f
		}
	}
	if fits == [2]*fit{} {
		for n, i := range []int{at, journal} {
			if f, ok := j.driftedFitOf(i, cats[n], live); ok {
				fits[n] = &f
			}
		}
	}
	if fits[0] != nil && fits[1] != nil {
		switch a, b := fits[0].distance(), fits[1].distance(); {
		case a < b:
			fits[1] = nil
		case b < a:
			fits[0] = nil
		}
	}
	both := fmt.Sprintf("%s, and the journal says that %s", j.saysAlembic(id), j.journalSays())
	switch {
	case fits[0] != nil && fits[1] != nil:
		j.problem(Disagree, "", "%s; both have the same schema, so it doesn't show which is right: `adopt` looks at the data if the migrations say how; otherwise check it, then `stamp -to=%s` or `stamp -to=%s`", both, j.dir.Word(at), j.dir.Word(journal))
	case fits[0] != nil:
		j.pos.Index, j.pos.Partial = at, nil
		j.pos.Settle = Settle(j.dir, j.rec, at)
		did := "upgraded"
		if at < journal {
			did = "downgraded"
		}
		j.pos.Settle.Note = fmt.Sprintf("%s; the schema is %s, so another tool has %s the database: the journal is changed to match", both, j.describe(*fits[0]), did)
	case fits[1] != nil:
		// A half-applied migration remains half applied, because the schema doesn't show what it did to data.
		j.pos.Settle = Settle(j.dir, j.rec, journal)
		if p := j.pos.Partial; p != nil {
			j.pos.Settle.keep(p.Version)
		}
		var so string
		switch {
		case !j.rec.HasAlembic:
		case id == "":
			so = ", so another tool has emptied alembic_version"
		case at > journal:
			so = ", so another tool has only stamped a later revision"
		default:
			so = ", so another tool has stamped an earlier revision, or migrated without alembic_version"
		}
		j.pos.Settle.Note = fmt.Sprintf("%s; the schema is %s%s: alembic_version is changed to match", both, j.describe(*fits[1]), so)
	default:
		j.problem(Disagree, "", "%s; the schema is that of neither: `adopt` shows which is nearer, and `stamp -to=%s -yes` or `stamp -to=%s -yes` records one of them", both, j.dir.Word(at), j.dir.Word(journal))
	}
	return nil
}

func (j *judge) journalSays() string {
	p := j.pos.Partial
	switch {
	case p == nil:
		return j.dir.Title(j.pos.Index) + " was applied last"
	case IsDown(p):
		return j.dir.Title(j.pos.Index) + " is half reverted"
	default:
		return fmt.Sprintf("%s was applied last and %s is half applied", j.dir.Title(j.pos.Index), p.Version)
	}
}

func (j *judge) saysAlembic(id string) string {
	switch {
	case !j.rec.HasAlembic:
		return "alembic_version doesn't exist"
	case id == "":
		return "alembic_version is empty, which means the base"
	}
	return "alembic_version says " + quote(id)
}
