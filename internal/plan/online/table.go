package online

import (
	"context"
	"maps"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// tables returns the ops for all tables that are in both states, and for those keys of dropped tables that go before their tables.
func (d *differ) tables(ctx context.Context) ([]Op, error) {
	var ops []Op
	for _, name := range slices.Sorted(maps.Keys(d.have.tables)) {
		have, want := d.have.tables[name], d.want.tables[name]
		if want == nil {
			for _, k := range have.constraints {
				switch {
				case d.freed[k]:
					ops = append(ops, d.freeKey(have, k, nil)...)
				case d.losesKey(k):
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
	have, want, ops, err := d.regenerate(ctx, have, want)
	if err != nil {
		return nil, err
	}
	held, err := d.heldParts(ctx, have, want)
	if err != nil {
		return nil, err
	}
	columns, err := d.columns(ctx, have, want)
	if err != nil {
		return nil, err
	}
	constraints, settled := d.constraints(have, want, held)
	indexes := d.indexes(have, want, held, settled)
	comments := about(change{verb: "change", kind: "comment", table: have.Name}, comment(have, "TABLE "+have.String(), have.Comment, want.Comment))
	return slices.Concat(ops, columns, constraints, indexes, comments), nil
}

// comment changes a comment on a part of a table, if it has changed.
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

// paired are the parts of two tables by name, in the order of the first list, then the
// second. Either may be nil.
type paired[T any] struct{ have, want *T }

// verb says what becomes of the part.
func (p paired[T]) verb() string {
	switch {
	case p.have == nil:
		return "add"
	case p.want == nil:
		return "drop"
	}
	return "change"
}

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
