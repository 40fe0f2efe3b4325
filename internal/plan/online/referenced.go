package online

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// If several unique indexes cover the columns that a foreign key refers to, the key uses the oldest. After a dump and
// restore, that may be another one. PostgreSQL refuses to drop the index that a key uses, and has no statement to make
// the key use another.

// mayUse reports whether foreign key k may use index i, whatever the order of the columns.
func mayUse(k *constraint, i *index) bool {
	if k.Kind != "f" || i == nil || !i.Unique || i.Expressions || len(k.RefColumns) != len(i.Columns) {
		return false
	}
	return !slices.ContainsFunc(i.Columns, func(c string) bool { return !slices.Contains(k.RefColumns, c) })
}

// keysUsing returns the foreign keys of a state that may use index i of t.
func (f *facts) keysUsing(t *table, i *index) []*constraint {
	var keys []*constraint
	for _, name := range slices.Sorted(maps.Keys(f.tables)) {
		for _, k := range f.tables[name].constraints {
			if k.refs != nil && k.refs.String() == t.String() && mayUse(k, i) {
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// losesIndex reports whether an index that foreign key k may use is dropped while its table stays.
func (d *differ) losesIndex(k *constraint) bool {
	if k.refs == nil {
		return false
	}
	have, want := d.have.tables[k.refs.String()], d.want.tables[k.refs.String()]
	return have != nil && want != nil && slices.ContainsFunc(have.indexes, func(i *index) bool {
		return mayUse(k, i) && want.index(i.Name) == nil
	})
}

// dropUnique drops the unique index i of t. If no foreign key may use it, drop does. Otherwise the foreign keys of the
// desired state move to another index in the same transaction, and are validated afterwards.
func (d *differ) dropUnique(t *table, i *index, drop cmd) []cmd {
	keys := d.want.keysUsing(t, i)
	if len(keys) == 0 {
		return []cmd{drop}
	}
	cmds := []cmd{moveKeys(t, i, " || CASE WHEN k.convalidated AND r.relkind = 'r' THEN ' NOT VALID' ELSE '' END",
		"Foreign keys that use "+ident(i.Name)+" move to another index on the same columns, and are enforced all the time.",
		repeatableMove(i))}
	for _, k := range keys {
		if owner := d.want.byOID[k.Table]; k.Valid && !owner.Partitioned {
			cmds = append(cmds, sql("ALTER TABLE "+owner.String()+" VALIDATE CONSTRAINT "+ident(k.Name),
				"Scans the table if the key moved, without blocking reads or writes; otherwise does nothing."))
		}
	}
	return cmds
}

// noteReplica says what the first of cmds, which drops index i, does to logical replication.
func (d *differ) noteReplica(t *table, i *index, cmds []cmd) {
	if i.Replica && d.want.tables[t.String()].replica() == nil {
		cmds[0].note = append(slices.Clone(cmds[0].note),
			ident(i.Name)+" is the table's replica identity. If the table is published, UPDATE and DELETE fail",
			"until it has another one: "+fix.FullReplicaIdentity(t.String()).String()+", or USING INDEX.")
	}
}

// markReplica makes an index of that name the table's replica identity if to is. Without one, UPDATE and DELETE fail on
// a published table.
func markReplica(t *table, to *index, name string) []cmd {
	if !to.Replica || t.Partitioned {
		return nil
	}
	return []cmd{sql("ALTER TABLE " + t.String() + " REPLICA IDENTITY USING INDEX " + ident(name))}
}

// replica returns the index that is the table's replica identity, or nil.
func (t *table) replica() *index {
	if t == nil || t.Partitioned {
		return nil
	}
	return find(t.indexes, func(i *index) bool { return i.Replica })
}

// withoutReplica returns what precedes the drop of index i, if that is the replica identity of t and another one takes
// over only later.
func (d *differ) withoutReplica(t *table, i *index) []cmd {
	if i == nil || !i.Replica || d.want.tables[t.String()].replica() == nil {
		return nil
	}
	return []cmd{sql("ALTER TABLE "+t.String()+" REPLICA IDENTITY FULL", "Without a replica identity, UPDATE and DELETE would fail if the table is published.")}
}

// moveReplica adds to the op that builds a new replica identity of t what precedes the drop of that index in the down
// file: the former one takes over again. If that one is dropped before the new one is built, whole rows do.
func (d *differ) moveReplica(t *table, ops []Op) {
	from, to := d.have.tables[t.String()].replica(), d.want.tables[t.String()].replica()
	if from == nil || to == nil {
		return
	}
	back := markReplica(t, from, from.Name)
	if !slices.Contains(t.indexes, from) || slices.ContainsFunc(ops, func(o Op) bool { return o.unblocks == from }) {
		back = d.withoutReplica(t, from)
	}
	for i := range ops {
		if ops[i].builds == to {
			ops[i].down = slices.Concat(back, ops[i].down)
		}
	}
}

// revertUnique reverts the creation of the unique index i of t. If the table has no other index on the same columns,
// drop does, because the keys that use i have been dropped by then.
func (d *differ) revertUnique(t *table, i *index, drop cmd) []cmd {
	have := d.have.tables[t.String()]
	if have == nil || !slices.ContainsFunc(have.indexes, func(o *index) bool { return o.Name != i.Name && o.sameColumns(i) }) {
		return []cmd{drop}
	}
	return d.dropUniqueDown(t, i, drop)
}

// dropUniqueDown is like revertUnique for a table that has another index on the same columns.
func (d *differ) dropUniqueDown(t *table, i *index, drop cmd) []cmd {
	if len(d.have.keysUsing(t, i))+len(d.want.keysUsing(t, i)) == 0 {
		return []cmd{drop}
	}
	return []cmd{moveKeys(t, i, "",
		"Foreign keys that use "+ident(i.Name)+" move to another index on the same columns, which scans and blocks their tables.",
		repeatableMove(i))}
}

func repeatableMove(i *index) string {
	return "repeatable it does nothing once " + ident(i.Name) + " is dropped"
}

// sameColumns reports whether a foreign key may use one index in place of the other.
func (i *index) sameColumns(o *index) bool {
	return mayUse(&constraint{Kind: "f", RefColumns: o.Columns}, i)
}

// moveKeys drops an index and the foreign keys that use it, and adds the keys again, so that they use another index.
// suffix is an SQL expression that is appended to their definitions.
func moveKeys(t *table, i *index, suffix string, note ...string) cmd {
	name := pgsql.QualifiedIdent(t.Schema, i.Name)
	drop := "DROP INDEX IF EXISTS " + name
	if i.constraint != nil {
		drop = "ALTER TABLE " + t.String() + " DROP CONSTRAINT IF EXISTS " + ident(i.Name)
	}
	return sql("DO "+pgsql.DollarQuote(fmt.Sprintf(`DECLARE
  drops text[];
  adds text[];
  stmt text;
BEGIN
  SELECT coalesce(array_agg(format('ALTER TABLE %%s DROP CONSTRAINT %%I', k.conrelid::regclass, k.conname) ORDER BY k.oid), '{}'),
      coalesce(array_agg(format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s; COMMENT ON CONSTRAINT %%2$I ON %%1$s IS %%4$L', k.conrelid::regclass, k.conname,
        pg_get_constraintdef(k.oid)%s, obj_description(k.oid, 'pg_constraint')) ORDER BY k.oid), '{}')
    INTO drops, adds
    FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class r ON r.oid = k.conrelid
    WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conindid = to_regclass(%s);
  FOREACH stmt IN ARRAY drops LOOP
    EXECUTE stmt;
  END LOOP;
  %s;
  FOREACH stmt IN ARRAY adds LOOP
    EXECUTE stmt;
  END LOOP;
END`, suffix, pgsql.Literal(name), drop)), note...)
}
