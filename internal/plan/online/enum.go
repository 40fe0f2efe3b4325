package online

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A rebuiltEnum is an enum that loses or reorders values. PostgreSQL has no statement for that: a new type replaces
// the old one, which rewrites every table that uses it.
type rebuiltEnum struct {
	schema     string
	have, want *schema.EnumType
	users      []enumUser
}

// typed reports whether one of the columns has the enum's type.
func (e rebuiltEnum) typed(t *table, columns []string) bool {
	return slices.ContainsFunc(e.users, func(u enumUser) bool { return u.table == t.String() && slices.Contains(columns, u.column) })
}

// rebuiltEnums returns the enums to rebuild.
func (d *differ) rebuiltEnums(ctx context.Context, have, want *schema.Realm) ([]rebuiltEnum, error) {
	var list []rebuiltEnum
	for _, s := range have.Schemas {
		ws, ok := want.Schema(s.Name)
		if !ok {
			continue
		}
		for _, o := range s.Objects {
			h, ok := o.(*schema.EnumType)
			if !ok {
				continue
			}
			for _, o := range ws.Objects {
				if w, ok := o.(*schema.EnumType); ok && w.T == h.T && !subsequence(h.Values, w.Values) {
					users, err := d.enumUsers(ctx, s.Name, h.T)
					if err != nil {
						return nil, err
					}
					list = append(list, rebuiltEnum{s.Name, h, w, users})
				}
			}
		}
	}
	return list, nil
}

// missing returns, as literals, the values that others lack.
func missing(values, others []string) []string {
	var literals []string
	for _, v := range values {
		if !slices.Contains(others, v) {
			literals = append(literals, pgsql.Literal(v))
		}
	}
	return literals
}

// subsequence reports whether b is a with values inserted anywhere.
func subsequence(a, b []string) bool {
	for _, v := range b {
		if len(a) > 0 && a[0] == v {
			a = a[1:]
		}
	}
	return len(a) == 0
}

// rebuildEnum returns the ops that replace an enum's type. In the replayed state it gives the enum its new values, so
// that the engine finds nothing more to do, and columns of the type their new defaults.
func (d *differ) rebuildEnum(ctx context.Context, e rebuiltEnum) ([]Op, error) {
	schemaName, h, w, users := e.schema, e.have, e.want, e.users
	name := pgsql.QualifiedIdent(schemaName, h.T)
	gone, added := missing(h.Values, w.Values), missing(w.Values, h.Values)
	defaults := make([]*string, len(users))
	for i := range users {
		u := &users[i]
		if t := d.have.tables[u.table]; t != nil && t.column(u.column) != nil {
			u.def = t.column(u.column).Default // with qualified names
		}
		defaults[i] = u.def
		have, want := d.have.tables[u.table], d.want.tables[u.table]
		if have == nil || want == nil {
			continue
		}
		// Set the new default here: the type may no longer have the value of the old one.
		if a, b := have.column(u.column), want.column(u.column); a != nil && b != nil && a.typed() == b.typed() && text(a.Default) != text(b.Default) {
			defaults[i], a.Default = b.Default, b.Default
		}
	}
	comment, err := d.typeComment(ctx, schemaName, h.T)
	if err != nil {
		return nil, err
	}
	old := d.names.free(schemaName, h.T, "_old", func(free string) bool {
		return d.have.relations[pgsql.QualifiedIdent(schemaName, free)]
	})
	for i := range users {
		users[i].had = defaults[i] != nil
	}
	down := swapEnum(schemaName, h.T, old, h.Values, users, comment)
	for i, u := range users {
		users[i].had, users[i].def = u.def != nil, defaults[i]
	}
	up := swapEnum(schemaName, h.T, old, w.Values, users, comment)
	var texts []string
	for k := range d.dropFirst {
		texts = append(texts, dropConstraint(d.have.byOID[k.Table], k.Name).String())
	}
	for _, c := range up {
		texts = append(texts, c.String())
	}
	if _, err := try(ctx, d.have.conn, "pg_catalog.pg_class", texts...); err != nil {
		if pgsql.SQLState(err) == "" {
			return nil, err
		}
		return []Op{{refusal: &Refusal{Text: fmt.Sprintf("the enum %s loses or reorders values: PostgreSQL can only replace the type, and something depends on it: %v\n"+
			"write this change as SQL (new), or keep the values in the schema file", name, err)}}}, nil
	}
	h.Values = w.Values
	var ops []Op
	o := Op{stage: stageSwapEnum, key: "enum " + name, up: up, down: down}
	what := "its values change their order"
	if len(gone) > 0 {
		what = "it loses " + strings.Join(gone, ", ")
		o.up[0].note = []string{"Fails while a row has " + strings.Join(gone, " or ") + ": change those rows first."}
	}
	if len(added) > 0 {
		o.down[0].note = []string{"Fails while a row has " + strings.Join(added, " or ") + ": change those rows first."}
	}
	o.up[0].note = append([]string{"PostgreSQL cannot remove or reorder the values of an enum: a new type replaces it."}, o.up[0].note...)
	for i, u := range users {
		if i > 0 && users[i-1].table == u.table {
			continue
		}
		h := hazard.Hazard{Kind: hazard.Rewrite, Table: u.table, Lock: hazard.AccessExclusive, What: "the enum " + name + " is rebuilt because " + what}
		o.hazards = append(o.hazards, h)
		o.downHazards = append(o.downHazards, h)
		ops = append(ops, d.analyzeEnum(u.table, users)...)
	}
	return about(change{verb: "change", kind: "enum", schema: schemaName, name: h.T}, append(ops, o)), nil
}

// analyzeEnum gathers the statistics that the table's columns of an enum lost.
func (d *differ) analyzeEnum(table string, users []enumUser) []Op {
	want := d.want.tables[table]
	if want == nil {
		return nil
	}
	var columns []string
	for _, u := range users {
		if u.table == table && want.column(u.column) != nil {
			columns = append(columns, u.column)
		}
	}
	if len(columns) == 0 {
		return nil
	}
	return []Op{analyze(table, "the values of the new type", columns...)}
}

// An enumUser is a column of an enum's type, or of an array of it.
type enumUser struct {
	table, column string
	array         bool
	def           *string // the default after the swap
	had           bool    // there is a default before the swap
}

func (d *differ) enumUsers(ctx context.Context, schemaName, name string) ([]enumUser, error) {
	rows, err := d.have.conn.Query(ctx, `
		SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname::text, a.atttypid = t.typarray, pg_catalog.pg_get_expr(f.adbin, f.adrelid)
		FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
		JOIN pg_catalog.pg_attribute a ON a.atttypid IN (t.oid, t.typarray) AND NOT a.attisdropped AND a.attinhcount = 0 AND a.attnum > 0
		JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = c.oid AND f.adnum = a.attnum AND a.attgenerated = ''
		WHERE tn.nspname = $1 AND t.typname = $2 ORDER BY 1, a.attnum`, schemaName, name)
	if err != nil {
		return nil, fmt.Errorf("looking for columns of an enum: %w", err)
	}
	var users []enumUser
	defer rows.Close()
	for rows.Next() {
		var u enumUser
		if err := rows.Scan(&u.table, &u.column, &u.array, &u.def); err != nil {
			return nil, fmt.Errorf("looking for columns of an enum: %w", err)
		}
		users = append(users, u)
	}
	return users, rows.Err()
}

func (d *differ) typeComment(ctx context.Context, schemaName, name string) (comment *string, err error) {
	err = d.have.conn.QueryRow(ctx, `SELECT pg_catalog.obj_description(t.oid, 'pg_type') FROM pg_catalog.pg_type t
		JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = $1 AND t.typname = $2`, schemaName, name).Scan(&comment)
	if err != nil {
		return nil, fmt.Errorf("reading an enum's comment: %w", err)
	}
	return comment, nil
}

// enumComment restores the comment on a dropped enum, which the engine doesn't do.
func (d *differ) enumComment(ctx context.Context, o schema.Object) ([]Op, error) {
	e, ok := o.(*schema.EnumType)
	if !ok {
		return nil, nil
	}
	text, err := d.typeComment(ctx, e.Schema.Name, e.T)
	if err != nil || text == nil {
		return nil, err
	}
	return []Op{{stage: stageDropTypes, rank: -1, down: []cmd{commentOn("TYPE "+pgsql.QualifiedIdent(e.Schema.Name, e.T), *text)}}}, nil
}

// swapEnum creates the type with other values and converts its columns.
func swapEnum(schemaName, name, old string, values []string, users []enumUser, comment *string) []cmd {
	typ := pgsql.QualifiedIdent(schemaName, name)
	var list []string
	for _, v := range values {
		list = append(list, pgsql.Literal(v))
	}
	cmds := []cmd{
		sql("ALTER TYPE " + typ + " RENAME TO " + ident(old)),
		sql("CREATE TYPE " + typ + " AS ENUM (" + strings.Join(list, ", ") + ")"),
	}
	for _, u := range users {
		alter := func(s string) cmd { return cmd{table: u.table, action: "ALTER COLUMN " + ident(u.column) + " " + s} }
		array := ""
		if u.array {
			array = "[]"
		}
		if u.had {
			cmds = append(cmds, alter("DROP DEFAULT")) // PostgreSQL has no cast for it
		}
		cmds = append(cmds, alter("TYPE "+typ+array+" USING "+ident(u.column)+"::text"+array+"::"+typ+array))
		if u.def != nil {
			cmds = append(cmds, alter("SET DEFAULT "+*u.def))
		}
	}
	if comment != nil {
		cmds = append(cmds, sql("COMMENT ON TYPE "+typ+" IS "+pgsql.Literal(*comment)))
	}
	return append(cmds, sql("DROP TYPE "+pgsql.QualifiedIdent(schemaName, old)))
}
