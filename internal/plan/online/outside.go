package online

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// An outsidePart is a constraint or an index that schema.hcl doesn't manage: one that a partition or an inheriting
// table has of its own, or a foreign key to such a table. It stays as it is unless a change of the columns that it
// reads requires otherwise. Then it is dropped and restored as if schema.hcl declared it.
type outsidePart struct {
	table      *table
	constraint *constraint // or
	index      *index
}

// parts returns the unmanaged parts of t and of the tables below it.
func (t *table) parts() []outsidePart {
	var list []outsidePart
	for _, k := range t.outside {
		list = append(list, outsidePart{table: t, constraint: k})
	}
	for _, b := range t.below {
		for _, k := range b.constraints {
			if !k.Inherited {
				list = append(list, outsidePart{table: b, constraint: k})
			}
		}
		for _, i := range b.indexes {
			if i.constraint == nil && i.Parent == 0 {
				list = append(list, outsidePart{table: b, index: i})
			}
		}
		list = append(list, b.parts()...)
	}
	return list
}

// reads returns the columns that the part reads and that its table shares with t, which is above it.
func (p outsidePart) reads(t *table) []string {
	var names []string
	if p.constraint != nil {
		names = slices.Clone(p.constraint.Columns)
	}
	if i := p.backing(); i != nil {
		names = append(names, i.Reads...)
	}
	return slices.DeleteFunc(names, func(name string) bool {
		c := p.table.column(name)
		return p.table != t && (c == nil || !c.Inherited)
	})
}

// backing returns the index, or that of the constraint, or nil.
func (p outsidePart) backing() *index {
	if p.constraint != nil {
		return p.constraint.index
	}
	return p.index
}

// users returns the foreign keys that refer to the part or, on a partitioned table, to a partition's part of it.
func (p outsidePart) users() []string {
	i := p.backing()
	if i == nil {
		return nil
	}
	return append(slices.Clone(i.Users), p.table.partUsers(i)...)
}

// drop drops the part under the lock that the transaction already has.
func (p outsidePart) drop() cmd {
	if p.index != nil {
		return sql("DROP INDEX " + pgsql.QualifiedIdent(p.table.Schema, p.index.Name))
	}
	return dropConstraint(p.table, p.constraint.Name)
}

func (p outsidePart) String() string {
	if p.constraint != nil {
		return "constraint " + p.table.part(p.constraint.Name)
	}
	return "index " + p.table.part(p.index.Name)
}

// outsideParts returns the ops for the unmanaged parts that read columns which are dropped, or whose types they don't
// allow to change.
func (d *differ) outsideParts(ctx context.Context, have, want *table) (ops []Op, err error) {
	types, err := d.retypes(ctx, have, want)
	if err != nil {
		return nil, err
	}
	held := d.held[have.String()]
	for _, p := range have.parts() {
		reads := p.reads(have)
		gone := slices.DeleteFunc(slices.Clone(reads), func(name string) bool { return want.column(name) != nil })
		switch {
		case held != nil && slices.Contains(held.from.parts, p):
			continue // with the enum
		case p.constraint != nil && d.dropFirst[p.constraint]:
			next := p.constraint
			if len(gone) > 0 {
				next = nil
			}
			ops = append(ops, d.unblockKey(p.table, p.constraint, next)...)
			continue
		case slices.ContainsFunc(reads, func(name string) bool { return have.column(name) == nil }):
			continue // recreated with its column
		case len(gone) > 0:
			ops = append(ops, d.dropPart(have, p, gone[0])...)
			continue
		}
		blocks, err := types.block(ctx, p)
		if err != nil {
			return nil, err
		}
		again := true
		if blocks {
			if again, err = types.allow(ctx, p); err != nil {
				return nil, err
			}
		}
		switch {
		case !again:
			ops = append(ops, refuse(have, fmt.Sprintf("columns of %s change type, but PostgreSQL can't rebuild %s, which the schema file doesn't manage, with the new types\n"+
				"first drop it, or change it to accept the new types, in a migration of your own (new)", have, p))...)
		case blocks && p.constraint != nil:
			ops = append(ops, d.unblockConstraint(p.table, p.constraint, p.constraint)...)
		case blocks:
			ops = append(ops, d.unblockIndex(p.table, p.index, p.index)...)
		}
	}
	return ops, nil
}

// dropPart drops a part before the column of t that it reads, and restores it in the down file.
func (d *differ) dropPart(t *table, p outsidePart, column string) []Op {
	why := "It uses column " + t.part(column) + ", which is dropped. The schema file doesn't manage it; the down file restores it."
	if users := p.users(); len(users) > 0 {
		return refuse(t, fmt.Sprintf("column %s can't be dropped: it is used by %s, which the schema file doesn't manage and which foreign keys reference (%s)\n"+
			"first drop these foreign keys in a migration of your own (new)", t.part(column), p, strings.Join(users, ", ")))
	}
	if p.constraint != nil {
		o := Op{stage: stageDrop, key: t.String(), up: []cmd{dropConstraint(p.table, p.constraint.Name)}}
		o.up[0].note = []string{why}
		return []Op{o.undo(d.addConstraint(p.table, p.constraint))}
	}
	o := d.dropIndex(p.table, p.index)
	o.up[0].note = append([]string{why}, o.up[0].note...)
	return []Op{o}
}

//go:embed attached.sql
var attachedSQL string

// An attached object is a trigger, rule, policy or statistics object, or a table's place in a publication. It is
// dropped with its table.
type attached struct {
	What    string   // "trigger audit"
	Create  []string // the statements that create it again
	Drop    string
	Columns []string // that it names
}

// attached returns the objects that are dropped with a table.
func (d *differ) attached(ctx context.Context, t *table) (list []attached, err error) {
	err = pgx.BeginTxFunc(ctx, d.have.conn, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL search_path = pg_catalog"); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, attachedSQL, t.String())
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[attached])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for what is dropped with a table: %w", err)
	}
	return list, nil
}

// dropTable refuses to drop a table that unmanaged tables need.
func (d *differ) dropTable(t *table) []Op {
	const first = "\nfirst drop %s in a migration of your own (new)"
	if len(t.below) > 0 {
		below := state.Outside{Kind: "partition"}
		if !t.Partitioned {
			below.Kind = "child table"
		}
		for _, b := range t.below {
			below.Names = append(below.Names, b.String())
		}
		return refuse(t, fmt.Sprintf("table %s is missing from the schema file, but it has tables below it that the schema file doesn't manage: %s"+first, t, below, "or detach them"))
	}
	var users []string
	for _, o := range d.have.byOID {
		for _, k := range o.constraints {
			if k.refs == t && !k.Inherited && d.have.tables[o.String()] == nil {
				users = append(users, o.part(k.Name))
			}
		}
	}
	if len(users) == 0 {
		return nil
	}
	slices.Sort(users)
	return refuse(t, fmt.Sprintf("table %s is missing from the schema file, but foreign keys of tables that the schema file doesn't manage reference it (%s)"+first, t, strings.Join(users, ", "), "them"))
}
