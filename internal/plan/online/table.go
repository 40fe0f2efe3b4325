package online

import (
	"context"
	"maps"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// tables returns the ops for the tables that are in both states, and for the foreign keys that are dropped before their
// tables.
func (d *differ) tables(ctx context.Context) ([]Op, error) {
	var ops []Op
	for _, name := range slices.Sorted(maps.Keys(d.have.tables)) {
		have, want := d.have.tables[name], d.want.tables[name]
		if want == nil {
			ops = append(ops, d.dropTable(have)...)
			for _, k := range have.constraints {
				switch {
				case d.dropFirst[k]:
					ops = append(ops, d.unblockKey(have, k, nil)...)
				case d.losesIndex(k):
					ops = append(ops, d.dropConstraint(have, k))
				}
			}
			continue
		}
		found, err := d.table(ctx, have, want)
		if err != nil {
			return nil, err
		}
		ops = append(ops, found...)
	}
	return ops, nil
}

func (d *differ) table(ctx context.Context, have, want *table) ([]Op, error) {
	var late recreated
	if h := d.held[have.String()]; h != nil {
		have, want = h.rest(have, want)
		late.parts = h.late
	}
	have, want, ops, err := d.recreate(ctx, have, want)
	if err != nil {
		return nil, err
	}
	if len(late.parts) > 0 {
		ops = append(ops, Op{stage: stageRewrite, key: have.String(), rank: 1, up: late.create(have), down: late.dropAll(have)})
	}
	blocking, err := d.blockers(ctx, have, want)
	if err != nil {
		return nil, err
	}
	outside, err := d.outsideParts(ctx, have, want)
	if err != nil {
		return nil, err
	}
	columns, err := d.columns(ctx, have, want)
	if err != nil {
		return nil, err
	}
	constraints, converted := d.constraints(have, want, blocking)
	indexes := d.indexes(have, want, blocking, converted)
	comments := about(change{verb: "change", kind: "comment", table: have.Name}, comment(have, "TABLE "+have.String(), have.Comment, want.Comment))
	changed := slices.Concat(outside, columns, constraints, indexes, comments)
	d.moveReplica(have, changed)
	return append(ops, changed...), nil
}

// comment changes the comment on a part of a table, if it differs.
func comment(t *table, object string, from, to *string) []Op {
	if text(from) == text(to) {
		return nil
	}
	return []Op{{stage: stageAlter, key: t.String(), up: []cmd{commentOn(object, text(to))}, down: []cmd{commentOn(object, text(from))}}}
}

func commentOn(object, text string) cmd {
	if text == "" {
		return sql("COMMENT ON " + object + " IS NULL")
	}
	return sql("COMMENT ON " + object + " IS " + pgsql.Literal(text))
}

// A paired is a part of a table in two states. Either may be nil.
type paired[T any] struct{ have, want *T }

// verb returns add, drop or change.
func (p paired[T]) verb() string {
	switch {
	case p.have == nil:
		return "add"
	case p.want == nil:
		return "drop"
	}
	return "change"
}

// pair matches the parts of a table by name, in the order of have, then of want.
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

// pairRenamed matches a part that is only in have with one that is only in want if the two differ only in name.
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
