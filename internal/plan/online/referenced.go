package online

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Where several unique indexes cover the columns that a foreign key refers to, the key rests
// on one of them: on that which was made first, and after pg_dump and restore perhaps on
// another than before. PostgreSQL does not drop that one, and has no statement that lets a
// key rest on another.

// couldRest says whether foreign keys to the columns of i, in the order of either, may rest on
// it.
func couldRest(k *constraint, i *index) bool {
	if k.Kind != "f" || i == nil || !i.Unique || i.Expressions || len(k.RefColumns) != len(i.Columns) {
		return false
	}
	return !slices.ContainsFunc(i.Columns, func(c string) bool { return !slices.Contains(k.RefColumns, c) })
}

// keysTo returns the foreign keys of a state that may rest on index i of t.
func (f *facts) keysTo(t *table, i *index) []*constraint {
	var keys []*constraint
	for _, name := range slices.Sorted(maps.Keys(f.tables)) {
		for _, k := range f.tables[name].constraints {
			if k.refs != nil && k.refs.String() == t.String() && couldRest(k, i) {
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// losesKey says whether an index that foreign key k may rest on goes while its table stays.
func (d *differ) losesKey(k *constraint) bool {
	if k.refs == nil {
		return false
	}
	have, want := d.have.tables[k.refs.String()], d.want.tables[k.refs.String()]
	return have != nil && want != nil && slices.ContainsFunc(have.indexes, func(i *index) bool {
		return couldRest(k, i) && want.index(i.Name) == nil
	})
}

// dropKey returns what drops the unique index i of t, as drop does if nothing rests on it:
// foreign keys of the wanted state let go of it, in the same moment, and are validated
// then.
func (d *differ) dropKey(t *table, i *index, drop cmd) []cmd {
	keys := d.want.keysTo(t, i)
	if len(keys) == 0 {
		return []cmd{drop}
	}
	cmds := []cmd{letGo(t, i, " || CASE WHEN k.convalidated AND r.relkind = 'r' THEN ' NOT VALID' ELSE '' END",
		"A foreign key that rests on "+ident(i.Name)+" goes over to another index with the same columns, without a moment in which it does not hold.",
		repeatableLetGo(i))}
	for _, k := range keys {
		if owner := d.want.byOID[k.Table]; k.Valid && !owner.Partitioned {
			cmds = append(cmds, sql("ALTER TABLE "+owner.String()+" VALIDATE CONSTRAINT "+ident(k.Name),
				"Reads the whole table if the key went over, and blocks nobody; does nothing otherwise."))
		}
	}
	return cmds
}

// undoKey returns what takes the unique index i of t back, as drop does if nothing can rest
// on it. What rested on it alone has been taken back before.
func (d *differ) undoKey(t *table, i *index, drop cmd) []cmd {
	have := d.have.tables[t.String()]
	if have == nil || !slices.ContainsFunc(have.indexes, func(o *index) bool { return o.Name != i.Name && o.sameColumns(i) }) {
		return []cmd{drop}
	}
	return d.giveBackKey(t, i, drop)
}

// giveBackKey is undoKey where there is another index with the same columns.
func (d *differ) giveBackKey(t *table, i *index, drop cmd) []cmd {
	if len(d.have.keysTo(t, i))+len(d.want.keysTo(t, i)) == 0 {
		return []cmd{drop}
	}
	return []cmd{letGo(t, i, "",
		"A foreign key that rests on "+ident(i.Name)+" goes over to another index with the same columns. That reads its table, and blocks it meanwhile.",
		repeatableLetGo(i))}
}

func repeatableLetGo(i *index) string {
	return "repeatable it does nothing once " + ident(i.Name) + " is gone"
}

// sameColumns says whether a foreign key to the columns of one index may rest on the other.
func (i *index) sameColumns(o *index) bool {
	return couldRest(&constraint{Kind: "f", RefColumns: o.Columns}, i)
}

// letGo drops an index with the foreign keys that rest on it, and adds these again: then they
// rest on another. suffix is what follows their definitions, in SQL.
func letGo(t *table, i *index, suffix string, note ...string) cmd {
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
