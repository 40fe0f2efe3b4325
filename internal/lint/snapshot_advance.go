package lint

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/oidmap"
	"github.com/ibutsu/ibutsu-schema/internal/syscat"
)

// advance returns the current snapshot. It reads only what changed since s. allScans means that tables may have been
// scanned that aren't locked. creates means that only a statement that [creates] has run.
func (s *snapshot) advance(ctx context.Context, conn *pgx.Conn, allScans, creates bool) (*snapshot, error) {
	mark, changes, err := s.mark.Look(ctx, conn)
	if err != nil {
		return nil, err
	}
	next := *s
	next.mark = mark
	if changes.Any {
		only := affected(changes)
		if only == nil {
			return s.readAll(ctx, conn, mark)
		}
		if err := next.read(ctx, conn, s, only); err != nil {
			return nil, err
		}
		renamed, all := next.reprints(s)
		if types := changes.Rows[syscat.Type].Updated; !all && len(renamed)+len(types) > 0 {
			if only, err = users(ctx, conn, renamed, types); err != nil {
				return nil, err
			}
			if all = only == nil; !all {
				err = next.read(ctx, conn, s, only)
			}
			if err != nil {
				return nil, err
			}
		}
		if all {
			return s.readAll(ctx, conn, mark)
		}
	}
	if !creates || allScans || !next.onlyNew(s, changes) {
		if err := next.readSession(ctx, conn, allScans); err != nil {
			return nil, err
		}
	}
	if advanced != nil {
		if err := advanced(ctx, conn, &next); err != nil {
			return nil, err
		}
	}
	return &next, nil
}

// creates reports whether a statement creates a table or an index, not from a query. It locks existing relations only
// to refer to them in the catalogs, unless it calls functions.
func creates(st *step) bool {
	if x, ok := st.stmt.Index(); ok {
		return x.Create
	}
	w := st.st.Rest
	return st.st.Verb == "CREATE TABLE" && !w.Anywhere("SELECT") && !w.Anywhere("TABLE") && !w.Anywhere("VALUES") && !w.Anywhere("EXECUTE")
}

// onlyNew reports whether a statement that creates locked only relations that the change created, so that the locks and
// scans are those of before. Reading the locks takes time for each lock that the transaction holds.
func (s *snapshot) onlyNew(before *snapshot, changes syscat.Changes) bool {
	if !changes.Any || changes.Other || before.mark.Any(syscat.Proc) {
		return false
	}
	for c := syscat.Class; c <= syscat.Inherits; c++ {
		r := changes.Rows[c]
		if r.Fewer || slices.ContainsFunc(r.Relations, func(oid uint32) bool { return oid != 0 && oid <= s.newest }) {
			return false
		}
	}
	for c := range oidmap.Changes(before.indexes, s.indexes) {
		if c.After == nil || c.After.Table <= s.newest {
			return false
		}
	}
	for c := range oidmap.Changes(before.constraints, s.constraints) {
		if c.After == nil || c.After.References != 0 && c.After.References <= s.newest {
			return false
		}
	}
	return true
}

// advanced is called with each snapshot that was advanced; tests compare it with one that was read in full.
var advanced func(context.Context, *pgx.Conn, *snapshot) error

// affected returns the OIDs of the objects to read again, by query, or nil if that is everything.
func affected(c syscat.Changes) map[string][]uint32 {
	rows := func(catalog syscat.Catalog) []uint32 {
		r := c.Rows[catalog]
		return slices.Concat(r.New, r.Updated, r.Gone)
	}
	for _, named := range []syscat.Catalog{syscat.Enum, syscat.Namespace} {
		if len(c.Rows[named].Updated) > 0 { // possibly renamed, and other objects print its name
			return nil
		}
	}
	if c.Other || len(rows(syscat.Extension)) > 0 || c.Rows[syscat.Inherits].Fewer || len(c.Rows[syscat.Enum].Gone) > 0 {
		return nil
	}
	class := rows(syscat.Class)
	relations := slices.Concat(class, c.Rows[syscat.Attribute].Relations, c.Rows[syscat.Inherits].Relations, c.Rows[syscat.Sequence].Relations)
	return map[string][]uint32{
		"relations":   relations,
		"columns":     relations,
		"constraints": rows(syscat.Constraint),
		"unvalidated": rows(syscat.Constraint),
		"indexes":     slices.Concat(class, c.Rows[syscat.Index].Relations),
		"functions":   rows(syscat.Proc),
		"types":       slices.Concat(rows(syscat.Type), c.Rows[syscat.Enum].Relations),
		"triggers":    rows(syscat.Trigger),
		"policies":    rows(syscat.Policy),
		"rules":       rows(syscat.Rewrite),
		"schemas":     rows(syscat.Namespace),
	}
}

// reprints returns the relations that have another name, or columns of another name, which the objects that depend on
// them print. all means that any object may print differently, because a function was renamed, or because a temporary
// relation hides a name.
func (s *snapshot) reprints(before *snapshot) (renamed []uint32, all bool) {
	for c := range oidmap.Changes(before.relations, s.relations) {
		b, a := c.Before, c.After
		if b == nil || a == nil {
			if strings.HasPrefix(cmp.Or(b, a).Schema, "pg_temp_") {
				return nil, true
			}
			continue
		}
		other := b.Name != a.Name || b.Schema != a.Schema
		for num, was := range b.columns {
			is := a.columns[num]
			other = other || is != nil && is.Name != was.Name
		}
		if other {
			renamed = append(renamed, c.Key)
		}
	}
	for c := range oidmap.Changes(before.functions, s.functions) {
		b, a := c.Before, c.After
		if b != nil && a != nil && (b.Name != a.Name || b.Schema != a.Schema || b.Args != a.Args) {
			return nil, true
		}
		// Another function of its name may be called with or without its schema.
		f := cmp.Or(a, b)
		if (b == nil || a == nil) && has(s.functions, func(o *function) bool { return o.Name == f.Name && o.OID != f.OID }) {
			return nil, true
		}
	}
	return renamed, false
}

// users returns the OIDs of the objects that print the names of relations, of their columns, or of types, by query. It
// returns nil, for everything, if the types aren't those of the rows of relations and arrays of them, or if functions
// use them, because what calls a function need not depend on the type that it returns.
func users(ctx context.Context, conn *pgx.Conn, relations, types []uint32) (map[string][]uint32, error) {
	rows, err := conn.Query(ctx, queries()["users"], relations, types)
	if err != nil {
		return nil, fmt.Errorf("reading what uses renamed objects: %w", err)
	}
	only := make(map[string][]uint32)
	var query string
	var oid uint32
	_, err = pgx.ForEachRow(rows, []any{&query, &oid}, func() error {
		only[query] = append(only[query], oid)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading what uses renamed objects: %w", err)
	}
	if len(only["functions"])+len(only["types"]) > 0 {
		return nil, nil
	}
	only["columns"], only["indexes"] = only["relations"], only["relations"]
	return only, nil
}
