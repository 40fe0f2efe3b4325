package online

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
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
			together, err := d.together(ctx, t, o.fills)
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

// together reports whether a new column can be filled in one statement with others. Without a key, batches need a
// statement whose condition the filled rows no longer satisfy, which one about several columns doesn't show.
func (d *differ) together(ctx context.Context, t *table, c *column) (bool, error) {
	if !t.fix().Keyed {
		return false, nil
	}
	return d.coalesces(ctx, c)
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
	var list []fix.Column
	var names, values []string
	for _, c := range columns {
		list = append(list, fix.Column{Table: t.fix(), Name: ident(c.Name)})
		names, values = append(names, ident(c.Name)), append(values, *c.Default)
	}
	if len(values) == 1 {
		values[0] = "DEFAULT"
	}
	all := strings.Join(names, ", ")
	directive, fill := fix.FillEach(list, values).SQL()
	note := []string{"Backfill " + all + " in existing rows, batch by batch.", directive}
	if directive == "" {
		note = []string{"Backfill " + all + " in existing rows, in one statement: there is no key to batch by."}
	}
	return Op{stage: stageBackfill, key: t.String(), up: []cmd{
		sql(fill.String(), note...),
		sql("ANALYZE " + t.String() + " (" + all + ")"),
	}}
}

// setFilledNotNull sets new columns NOT NULL after they are filled. The steps share a file: no NULL is left, so none of
// them fails halfway.
func (d *differ) setFilledNotNull(t *table, columns []*column) Op {
	steps := d.setNotNull(t, columns...)
	all := Op{stage: stageValidate, down: steps[0].down}
	if d.oldest < 18 {
		all.down = steps[1].down[1:] // without the check
	}
	for _, o := range steps {
		all.up = append(all.up, o.up...)
	}
	return all
}

// fix returns the table as package fix needs it.
func (t *table) fix() fix.Table {
	keyed := slices.ContainsFunc(t.constraints, func(k *constraint) bool {
		return (k.Kind == "p" || k.Kind == "u") && k.Deferrable == "" && !slices.ContainsFunc(k.Columns, func(name string) bool {
			c := t.column(name)
			return !c.NotNull || !batch.Exact(c.Type)
		})
	})
	return fix.Table{Name: t.String(), Keyed: keyed, Spread: t.Partitioned}
}

// fixColumn returns a column of the table as package fix needs it.
func (t *table) fixColumn(name, typ string) fix.Column {
	return fix.Column{Table: t.fix(), Name: ident(name), Type: typ}
}
