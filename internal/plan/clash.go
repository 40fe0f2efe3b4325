package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A RefusedError is a plan that would not be safe. Nothing was written.
type RefusedError struct{ Refusals []online.Refusal }

func (e *RefusedError) Error() string {
	var texts []string
	for _, r := range e.Refusals {
		texts = append(texts, r.Text)
	}
	return "nothing was written: " + strings.Join(texts, "\n")
}

// clash refuses tables of the schema file whose name belongs to something else in the migrations, such as a partition
// or a view. want and outside are parts of the two catalogs.
func clash(want, outside catalog.Catalog) error {
	taken := map[string]string{}
	for l := range outside.All() {
		if l.Comment {
			continue
		}
		switch l.Kind {
		case "table":
			switch origin := l.Origin(); {
			case strings.HasPrefix(origin, "inherits "):
				taken[l.Name] = "a table that inherits from another"
			case strings.HasPrefix(origin, "of "):
				taken[l.Name] = "a typed table " + origin
			default:
				taken[l.Name] = "a " + origin
			}
		case "view", "materialized view", "foreign table", "sequence":
			taken[l.Name] = "a " + l.Kind
		}
	}
	var list []online.Refusal
	for l := range want.All() {
		if l.Kind == "table" && !l.Comment && taken[l.Name] != "" {
			list = append(list, online.Refusal{Table: l.Name, Text: "the schema file declares the table " + l.Name + ", but in the migrations that is " + taken[l.Name] +
				", which the schema file cannot manage: remove it from the schema file, or change it with SQL (new)"})
		}
	}
	if len(list) > 0 {
		return &RefusedError{list}
	}
	return nil
}

// clashNumbers refuses serial columns of the schema file if another sequence in the migrations has the name of
// theirs.
func clashNumbers(replayed, desired catalog.Catalog) error {
	have, want := state.Sequences(replayed), state.Sequences(desired)
	numbers := func(column string, in map[string]*state.Sequence) *state.Sequence {
		for _, s := range in {
			if s.Own() && s.Owner == column {
				return s
			}
		}
		return nil
	}
	var list []online.Refusal
	for _, name := range slices.Sorted(maps.Keys(want)) {
		w, h := want[name], have[name]
		if !w.Serial || h == nil || h.Owner == w.Owner || h.Owner == "" && slices.Contains(h.Users, w.Owner) {
			continue
		}
		if h.Own() {
			if next := numbers(h.Owner, want); next != nil && next.Name != name {
				continue // it has another name by then
			}
		}
		of, free := "isn't managed by the schema file", pgsql.Fit(h.Relation(), "_old")
		if h.Owner != "" {
			of = "belongs to column " + h.Owner
		}
		if serial := state.SerialSequence(h.Owner); h.Own() && have[serial] == nil {
			free = (&state.Sequence{Name: serial}).Relation()
		}
		list = append(list, online.Refusal{Table: w.Table(), Text: fmt.Sprintf("column %s is serial in the schema file, but the sequence %s, whose name its own would have, %s\n"+
			"rename that in a migration of your own (new): %s\n"+
			"or let the column use it, with default = sql(%q)", w.Owner, name, of, fix.RenameSequence(name, pgsql.Ident(free)), "nextval("+pgsql.Literal(name)+")")})
	}
	if len(list) > 0 {
		return &RefusedError{list}
	}
	return nil
}
