package lint

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5"
)

// Atlas compares schemas by names: a renamed table is one dropped and one added to it. PostgreSQL's OIDs tell what became of
// each table and column.

type qualified struct{ schema, table string }

type rename struct{ from, to string }

// names is what tables and columns are called, partitions included.
type names struct {
	schemas map[uint32]string
	tables  map[uint32]tableName
	oids    map[qualified]uint32
}

type tableName struct {
	qualified
	parent  uint32           // of a partition
	columns map[int16]string // by attnum
}

func readNames(ctx context.Context, conn *pgx.Conn) (names, error) {
	n := names{schemas: make(map[uint32]string), tables: make(map[uint32]tableName), oids: make(map[qualified]uint32)}
	rows, err := conn.Query(ctx, `
		SELECT s.oid, s.nspname, coalesce(c.oid, 0), coalesce(c.relname, ''), coalesce(i.inhparent, 0),
		       coalesce((SELECT array_agg(a.attnum ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '{}'),
		       coalesce((SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '{}')
		FROM pg_namespace s
		LEFT JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind IN ('r', 'p')
		LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
		WHERE s.nspname <> 'information_schema' AND s.nspname !~ '^pg_'`)
	if err != nil {
		return n, fmt.Errorf("reading the names of tables: %w", err)
	}
	var (
		schemaOID, tableOID, parent uint32
		schemaName, table           string
		numbers                     []int16
		columns                     []string
	)
	_, err = pgx.ForEachRow(rows, []any{&schemaOID, &schemaName, &tableOID, &table, &parent, &numbers, &columns}, func() error {
		n.schemas[schemaOID] = schemaName
		if tableOID == 0 {
			return nil
		}
		t := tableName{qualified: qualified{schemaName, table}, parent: parent, columns: make(map[int16]string, len(numbers))}
		for i, number := range numbers {
			t.columns[number] = columns[i]
		}
		n.tables[tableOID] = t
		n.oids[t.qualified] = tableOID
		return nil
	})
	if err != nil {
		return n, fmt.Errorf("reading the names of tables: %w", err)
	}
	return n, nil
}

// reconcile corrects what Atlas made of a statement: renamed tables and columns are no dropped ones, and what was dropped and
// created again under the same name, or was a partition, is a dropped one all the same.
func reconcile(changes []schema.Change, realm *schema.Realm, before, after names) ([]schema.Change, []rename) {
	r := reconciler{realm: realm, before: before, after: after}
	for _, c := range changes {
		r.change(c)
	}
	r.renamedTables()
	r.lost()
	var renamed []rename
	for _, oid := range slices.Sorted(maps.Keys(before.schemas)) {
		from := before.schemas[oid]
		if to, ok := after.schemas[oid]; ok && to != from {
			renamed = append(renamed, rename{from, to})
		}
	}
	return r.changes, renamed
}

type reconciler struct {
	realm         *schema.Realm
	before, after names
	changes       []schema.Change
	dropped       []qualified
}

func (r *reconciler) change(c schema.Change) {
	switch c := c.(type) {
	case *schema.DropSchema:
		if r.schemaRenamed(c.S.Name, r.before.schemas, r.after.schemas) {
			return
		}
	case *schema.AddSchema:
		if r.schemaRenamed(c.S.Name, r.after.schemas, r.before.schemas) {
			return
		}
	case *schema.AddTable:
		// A table that was there before under another name is not added.
		if _, was := r.before.tables[r.after.oids[nameOf(c.T)]]; was {
			return
		}
	case *schema.DropTable:
		if _, is := r.after.tables[r.before.oids[nameOf(c.T)]]; is {
			return
		}
		r.dropped = append(r.dropped, nameOf(c.T))
	case *schema.ModifyTable:
		if r.replaced(nameOf(c.T)) {
			// Another table under the same name.
			if old, ok := r.table(nameOf(c.T)); ok {
				r.dropped = append(r.dropped, nameOf(c.T))
				r.changes = append(r.changes, &schema.DropTable{T: old})
			}
			r.changes = append(r.changes, &schema.AddTable{T: c.T})
			return
		}
		if changes := r.renamedColumns(c); len(changes) > 0 {
			r.changes = append(r.changes, &schema.ModifyTable{T: c.T, Changes: changes})
		}
		return
	}
	r.changes = append(r.changes, c)
}

// replaced reports whether the table was dropped and another one has its name.
func (r *reconciler) replaced(name qualified) bool {
	oid, was := r.before.oids[name]
	_, is := r.after.tables[oid]
	return was && !is
}

// schemaRenamed reports whether the schema called name exists under another name in the other state.
func (r *reconciler) schemaRenamed(name string, here, there map[uint32]string) bool {
	for oid, n := range here {
		if n == name {
			other, ok := there[oid]
			return ok && other != name
		}
	}
	return false
}

// renamedTables adds the tables that have another name or stand in another schema, which has not itself been renamed.
func (r *reconciler) renamedTables() {
	for _, oid := range slices.Sorted(maps.Keys(r.before.tables)) {
		from := r.before.tables[oid]
		to, ok := r.after.tables[oid]
		if !ok || to.qualified == from.qualified {
			continue
		}
		table, known := r.table(from.qualified)
		if !known || to.table == from.table && r.schemaRenamed(from.schema, r.before.schemas, r.after.schemas) {
			continue
		}
		r.changes = append(r.changes, &schema.RenameTable{From: table, To: schema.NewTable(to.table).SetSchema(schema.New(to.schema))})
	}
}

// renamedColumns returns the changes of a table with renamed columns for those that Atlas takes for dropped and added, and
// without what follows from the new names.
func (r *reconciler) renamedColumns(c *schema.ModifyTable) []schema.Change {
	oid := r.after.oids[nameOf(c.T)]
	before, after := r.before.tables[oid].columns, r.after.tables[oid].columns
	from, to := make(map[string]*schema.Column), make(map[string]*schema.Column)
	for _, change := range c.Changes {
		switch change := change.(type) {
		case *schema.DropColumn:
			from[change.C.Name] = change.C
		case *schema.AddColumn:
			to[change.C.Name] = change.C
		}
	}
	var renames []schema.Change
	fromNames, toNames := make(map[string]bool), make(map[string]bool)
	for _, number := range slices.Sorted(maps.Keys(before)) {
		was := before[number]
		is, ok := after[number]
		if ok && is != was && from[was] != nil && to[is] != nil {
			renames = append(renames, &schema.RenameColumn{From: from[was], To: to[is]})
			fromNames[was], toNames[is] = true, true
		}
	}
	if len(renames) == 0 {
		return c.Changes
	}
	indexes := make(map[string]bool)
	for _, change := range c.Changes {
		if add, ok := change.(*schema.AddIndex); ok {
			indexes[add.I.Name] = true
		}
	}
	return append(renames, slices.DeleteFunc(slices.Clone(c.Changes), func(change schema.Change) bool {
		switch change := change.(type) {
		case *schema.DropColumn:
			return fromNames[change.C.Name]
		case *schema.AddColumn:
			return toNames[change.C.Name]
		case *schema.DropIndex:
			return indexes[change.I.Name]
		case *schema.AddIndex:
			return slices.ContainsFunc(c.Changes, func(o schema.Change) bool {
				drop, ok := o.(*schema.DropIndex)
				return ok && drop.I.Name == change.I.Name
			})
		}
		return false
	})...)
}

// lost adds dropped tables and columns that Atlas did not see.
func (r *reconciler) lost() {
	for _, oid := range slices.Sorted(maps.Keys(r.before.tables)) {
		was := r.before.tables[oid]
		table, known := r.table(was.qualified)
		if !known {
			continue
		}
		is, ok := r.after.tables[oid]
		if !ok {
			if !slices.Contains(r.dropped, was.qualified) && !r.dropsSchema(was.schema) {
				r.changes = append(r.changes, &schema.DropTable{T: table})
			}
			continue
		}
		for _, number := range slices.Sorted(maps.Keys(was.columns)) {
			name := was.columns[number]
			if _, ok := is.columns[number]; ok {
				continue
			}
			if column, ok := table.Column(name); ok && !r.dropsColumn(is.qualified, name) {
				r.changes = append(r.changes, &schema.ModifyTable{T: table, Changes: []schema.Change{&schema.DropColumn{C: column}}})
			}
		}
	}
}

func (r *reconciler) dropsSchema(name string) bool {
	return slices.ContainsFunc(r.changes, func(c schema.Change) bool {
		drop, ok := c.(*schema.DropSchema)
		return ok && drop.S.Name == name
	})
}

func (r *reconciler) dropsColumn(table qualified, column string) bool {
	return slices.ContainsFunc(r.changes, func(c schema.Change) bool {
		m, ok := c.(*schema.ModifyTable)
		return ok && nameOf(m.T) == table && schema.Changes(m.Changes).IndexDropColumn(column) >= 0
	})
}

// table returns a table as Atlas saw it before the statement. Of a partition, which Atlas does not list, it is made up if Atlas
// lists the partitioned table; what the project excludes has none.
func (r *reconciler) table(name qualified) (*schema.Table, bool) {
	if s, ok := r.realm.Schema(name.schema); ok {
		if t, ok := s.Table(name.table); ok {
			return t, true
		}
	}
	parent, ok := r.before.tables[r.before.tables[r.before.oids[name]].parent]
	if !ok {
		return nil, false
	}
	if _, ok := r.table(parent.qualified); !ok {
		return nil, false
	}
	return schema.NewTable(name.table).SetSchema(schema.New(name.schema)), true
}

func nameOf(t *schema.Table) qualified {
	if t.Schema == nil {
		return qualified{table: t.Name}
	}
	return qualified{t.Schema.Name, t.Name}
}
