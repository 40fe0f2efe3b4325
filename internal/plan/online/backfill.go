package online

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// fillTogether merges the ops that fill new columns of a table, and those that then set them NOT NULL, so that each
// reads the table once.
func (d *differ) fillTogether(ctx context.Context, t *table, ops []Op) ([]Op, error) {
	var fills, sets []*column
	for i, o := range ops {
		switch {
		case o.sets != nil:
			sets = append(sets, o.sets)
		case o.fills != nil:
			together, err := d.coalesces(ctx, o.fills)
			if err != nil {
				return nil, err
			}
			if together {
				fills = append(fills, o.fills)
				continue
			}
			ops[i] = backfill(t, []*column{o.fills})
			ops[i].change = o.change
		}
	}
	for i, o := range ops {
		switch {
		case o.fills != nil && o.fills == fills[0]:
			ops[i] = backfill(t, fills)
		case o.sets != nil && o.sets == sets[0]:
			ops[i] = d.setFilledNotNull(t, sets)
		default:
			continue
		}
		ops[i].change = o.change
	}
	return slices.DeleteFunc(ops, func(o Op) bool { return o.fills != nil || o.sets != nil }), nil
}

// coalesces reports whether coalesce(column, default) keeps every value of a new column. It doesn't if PostgreSQL
// assigns the default with a cast, which it doesn't print: the two types may have no common one, or one that rounds.
func (d *differ) coalesces(ctx context.Context, c *column) (bool, error) {
	if c.draws != "" && isInteger(c.Type) {
		return true, nil // nextval returns a bigint; neither state may have the sequence
	}
	s, err := d.want.conn.PgConn().Prepare(ctx, "", "SELECT NULL::"+c.Type+", coalesce(NULL::"+c.Type+", "+*c.Default+")", nil)
	if err != nil && pgsql.SQLState(err) == "" {
		return false, fmt.Errorf("trying a default: %w", err)
	}
	if err != nil {
		return false, nil
	}
	integers := []uint32{pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID}
	from, to := s.Fields[0].DataTypeOID, s.Fields[1].DataTypeOID
	return from == to || slices.Contains(integers, from) && slices.Contains(integers, to), nil
}

// backfill sets new columns to their defaults in existing rows, in batches that commit one by one.
func backfill(t *table, columns []*column) Op {
	how := ", batch by batch"
	var list []fix.Column
	var names, values []string
	for _, c := range columns {
		list = append(list, fix.Column{Table: t.fix(), Name: ident(c.Name)})
		names, values = append(names, ident(c.Name)), append(values, *c.Default)
	}
	if len(values) == 1 {
		values[0] = "DEFAULT"
	}
	fill := fix.FillEach(list, values)
	if fill.Walk() == fix.AtOnce {
		how = ", in one statement: there is no key to batch by"
	}
	all := strings.Join(names, ", ")
	return Op{stage: stageBackfill, key: t.String(), up: []cmd{
		sql(fill.Do().String(), "Backfill "+all+" in existing rows"+how+".",
			"repeatable "+fill.Reason),
		sql("ANALYZE " + t.String() + " (" + all + ")"),
	}}
}

// setFilledNotNull sets new columns NOT NULL after they are filled. The steps share a file: no NULL is left, so none of
// them fails halfway.
func (d *differ) setFilledNotNull(t *table, columns []*column) Op {
	steps := d.setNotNull(t, columns...)
	all := Op{stage: stageValidate, down: steps[1].down[1:]} // without the check
	for _, o := range steps {
		all.up = append(all.up, o.up...)
	}
	return all
}

// fix returns the table as package fix needs it, with a primary key or a unique constraint without NULLs to batch by.
func (t *table) fix() fix.Table {
	f := fix.Table{Name: t.String(), Spread: t.Partitioned}
	for _, k := range t.constraints {
		if k.Kind != "p" && (k.Kind != "u" || f.Key != nil) || slices.ContainsFunc(k.Columns, func(name string) bool { return !t.column(name).NotNull }) {
			continue
		}
		f.Key = nil
		for _, name := range k.Columns {
			f.Key = append(f.Key, ident(name))
		}
	}
	return f
}

// fixColumn returns a column of the table as package fix needs it.
func (t *table) fixColumn(name, typ string) fix.Column {
	return fix.Column{Table: t.fix(), Name: ident(name), Type: typ}
}
