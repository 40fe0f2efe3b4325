package online

import (
	"context"
	"maps"
	"slices"

	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A differ finds the ops that lead from one state to another for tables that exist in
// both. What takes long on a big table is done without blocking who reads and writes,
// or marked.
type differ struct {
	have, want         *facts
	haveConn, wantConn *pgx.Conn
	taken              map[string]bool      // names that the plan gives to what it builds
	settled            map[*index]bool      // indexes that become a constraint's, or were
	freed              map[*constraint]bool // what is dropped before types change
	freedIndexes       map[*index]bool
	ops                []Op
	refusals           []Refusal
	enumChanges        []schema.Change // for the plan's name
}

// A Refusal is a change that no sequence of files can make safely by itself.
type Refusal struct {
	// Table is the qualified name of the table, Text what cannot be and what to do instead.
	Table, Text string
}

func (d *differ) add(ops ...Op) { d.ops = append(d.ops, ops...) }

func (d *differ) refuse(t *table, text string) {
	d.refusals = append(d.refusals, Refusal{Table: t.String(), Text: text})
}

func ident(name string) string { return pgsql.Ident(name) }

// tables finds the ops for all tables that are in both states, and for the freed keys of
// those that are dropped.
func (d *differ) tables(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(d.have.tables)) {
		if d.want.tables[name] == nil {
			for _, k := range d.have.tables[name].constraints {
				switch {
				case d.freed[k]:
					d.freeKey(d.have.tables[name], k, nil)
				case k.Kind == "f" && d.losesKey(k):
					d.freed[k] = true // not the engine's, then
					d.dropConstraint(d.have.tables[name], k)
				}
			}
			continue
		}
		have, want, err := d.regenerate(ctx, d.have.tables[name], d.want.tables[name])
		if err != nil {
			return err
		}
		if err := d.freeTypes(ctx, have, want); err != nil {
			return err
		}
		if err := d.columns(ctx, have, want); err != nil {
			return err
		}
		d.constraints(have, want)
		d.indexes(have, want)
		if from, to := text(have.Comment), text(want.Comment); from != to {
			d.add(comment(have, "TABLE "+have.String(), from, to))
		}
	}
	return nil
}

// comment changes a comment on a part of a table.
func comment(t *table, object, from, to string) Op {
	return Op{stage: stageAlter, key: t.String(), up: []cmd{commentOn(object, to)}, down: []cmd{commentOn(object, from)}}
}

func commentOn(object, text string) cmd {
	if text == "" {
		return sql("COMMENT ON " + object + " IS NULL")
	}
	return sql("COMMENT ON " + object + " IS " + pgsql.Literal(text))
}

// paired are the parts of two tables by name, in the order of the first list, then the
// second. Either may be nil.
type paired[T any] struct{ have, want *T }

func pair[T any](have, want []*T, name func(*T) string) []paired[T] {
	var out []paired[T]
	for _, h := range have {
		out = append(out, paired[T]{h, find(want, func(w *T) bool { return name(w) == name(h) })})
	}
	for _, w := range want {
		if find(have, func(h *T) bool { return name(h) == name(w) }) == nil {
			out = append(out, paired[T]{nil, w})
		}
	}
	return out
}

// pairRenamed joins what is only in have with what is only in want where the two are the
// same but for the name.
func pairRenamed[T any](pairs []paired[T], same func(have, want *T) bool) []paired[T] {
	for i := range pairs {
		if pairs[i].have == nil || pairs[i].want != nil {
			continue
		}
		for j := range pairs {
			if pairs[j].have == nil && pairs[j].want != nil && same(pairs[i].have, pairs[j].want) {
				pairs[i].want, pairs[j].want = pairs[j].want, nil
				break
			}
		}
	}
	return slices.DeleteFunc(pairs, func(p paired[T]) bool { return p.have == nil && p.want == nil })
}
