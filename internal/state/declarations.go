package state

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/hashicorp/hcl/v2"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/schemahcl"
)

// A declaration is what one block of the file declares, and the statements that create it.
type declaration struct {
	pos  hcl.Pos
	what string // "unique u2 of table seat"
	// key is the start of its line in a catalog: "constraint public.seat.u2".
	key string
	// unnamed means that PostgreSQL chooses its name. key then has a name that nothing else can have.
	unnamed bool
	// primaryKey means that it is a primary key. The statements create a unique constraint instead, because a primary
	// key would make its columns NOT NULL even if they are declared nullable.
	primaryKey bool
	table      *schema.Table // the table that it is or belongs to
	stmts      []string
}

// A tableName is a table's schema and name.
type tableName [2]string

func nameOf(t *schema.Table) tableName { return tableName{t.Schema.Name, t.Name} }

// declarations returns what the file declares, block by block, in an order in which PostgreSQL can create it: schemas,
// enums, the tables in the given order, each with its parts, and foreign keys. The statements create it in the twins of
// the file's schemas. The record's tables are omitted. The error joins a *schemahcl.Error for each block that the
// engine has lost.
func declarations(d *schemahcl.Document, opts catalog.Options, in twins, order []tableName) ([]declaration, error) {
	w := &declarer{realm: d.Realm, twins: in}
	var schemas, enums, keys []declaration
	tables := map[tableName][]declaration{}
	var errs []error
	for _, b := range d.Blocks {
		l := b.Path[len(b.Path)-1]
		if len(b.Path) == 1 {
			w.table = nil
		}
		var decl *declaration
		switch {
		case len(b.Path) == 1 && l.Kind == "schema":
			decl = w.schema(l)
		case len(b.Path) == 1 && l.Kind == "enum":
			decl = w.enum(l)
		case len(b.Path) == 1 && l.Kind == "table":
			decl = w.begin(l)
		case len(b.Path) == 2 && w.table != nil && l.Kind != "partition": // included in its table's statement
			decl = w.part(l)
		default:
			continue
		}
		if decl == nil {
			errs = append(errs, &schemahcl.Error{File: d.Name, Line: b.Pos.Line, Col: b.Pos.Column,
				Msg: fmt.Sprintf("the engine lost the %s %q; %s", l.Kind, l.Name, asSQL)})
			continue
		}
		decl.pos, decl.table = b.Pos, w.table
		switch t := w.table; {
		case l.Kind == "schema":
			schemas = append(schemas, *decl)
		case l.Kind == "enum":
			enums = append(enums, *decl)
		case isRecord(opts, t.Schema.Name, t.Name):
		case l.Kind == "foreign_key":
			keys = append(keys, *decl)
		default:
			tables[nameOf(t)] = append(tables[nameOf(t)], *decl)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	all := slices.Concat(schemas, enums)
	for _, name := range order {
		all = append(all, tables[name]...)
	}
	return append(all, keys...), nil
}

// asSQL advises what to do if the engine doesn't create what the file declares.
const asSQL = "nothing was planned: write it as SQL in a migration (new), and remove it from this file"

// A declarer builds the declarations for the blocks of a file.
type declarer struct {
	realm   *schema.Realm
	twins   twins
	table   *schema.Table  // the current table
	unnamed map[string]int // the number of its unnamed parts so far, by kind
	names   int            // the number of generated names
}

func (w *declarer) schema(l schemahcl.Label) *declaration {
	ns, ok := w.realm.Schema(l.Name)
	if !ok {
		return nil
	}
	twin := pgsql.Ident(w.twins[ns.Name])
	d := &declaration{what: "schema " + pgsql.Ident(ns.Name), key: lineStart("schema", pgsql.Ident(ns.Name)), stmts: []string{"CREATE SCHEMA " + twin}}
	d.comment("SCHEMA "+twin, ns.Attrs)
	return d
}

func (w *declarer) enum(l schemahcl.Label) *declaration {
	for _, ns := range w.realm.Schemas {
		for _, o := range ns.Objects {
			e, ok := o.(*schema.EnumType)
			if !ok || e.T != l.Name || l.Schema != "" && ns.Name != l.Schema {
				continue
			}
			values := make([]string, len(e.Values))
			for i, v := range e.Values {
				values[i] = pgsql.Literal(v)
			}
			return &declaration{what: "enum " + pgsql.Ident(e.T), key: lineStart("enum", pgsql.QualifiedIdent(ns.Name, e.T)),
				stmts: []string{"CREATE TYPE " + pgsql.QualifiedIdent(w.twins[ns.Name], e.T) + " AS ENUM (" + strings.Join(values, ", ") + ")"}}
		}
	}
	return nil
}

// begin declares a table with its columns, and makes it the current table.
func (w *declarer) begin(l schemahcl.Label) *declaration {
	for _, ns := range w.realm.Schemas {
		if t, ok := ns.Table(l.Name); ok && (l.Schema == "" || ns.Name == l.Schema) {
			w.table, w.unnamed = t, map[string]int{}
		}
	}
	t := w.table
	if t == nil {
		return nil
	}
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = "\n  " + columnSQL(c)
	}
	d := &declaration{what: "table " + pgsql.Ident(t.Name), key: lineStart("table", pgsql.QualifiedIdent(t.Schema.Name, t.Name)),
		stmts: []string{"CREATE TABLE " + w.twin(t) + " (" + strings.Join(columns, ",") + "\n)"}}
	if p := attribute[postgres.Partition](t.Attrs); p != nil {
		var by []string
		for _, part := range p.Parts {
			by = append(by, partSQL(part.C, part.X))
		}
		d.stmts[0] += " PARTITION BY " + p.T + " (" + strings.Join(by, ", ") + ")"
	}
	d.comment("TABLE "+w.twin(t), t.Attrs)
	return d
}

func (w *declarer) twin(t *schema.Table) string {
	return pgsql.QualifiedIdent(w.twins[t.Schema.Name], t.Name)
}

// part declares a part of the current table. It returns nil if the table has no such part.
func (w *declarer) part(l schemahcl.Label) *declaration {
	t := w.table
	d := &declaration{unnamed: l.Name == "" && l.Kind != "column"}
	name, nth := l.Name, 0
	if d.unnamed {
		nth = w.unnamed[l.Kind]
		w.unnamed[l.Kind]++
		w.names++
		name = fmt.Sprintf("unnamed '%d", w.names)
	}
	d.what = l.Kind + " " + pgsql.Ident(l.Name) + " of table " + pgsql.Ident(t.Name)
	if d.unnamed {
		d.what = l.Kind + " of table " + pgsql.Ident(t.Name)
	}
	kind := "constraint"
	add := "ALTER TABLE " + w.twin(t) + " ADD CONSTRAINT " + pgsql.Ident(name) + " "
	switch l.Kind {
	case "column":
		kind = "column"
		c, ok := t.Column(l.Name)
		if !ok {
			return nil
		}
		d.comment("COLUMN "+w.twin(t)+"."+pgsql.Ident(c.Name), c.Attrs)
	case "primary_key":
		if t.PrimaryKey == nil || t.PrimaryKey.Name != l.Name {
			return nil
		}
		d.what = "primary_key of table " + pgsql.Ident(t.Name)
		d.primaryKey = true
		d.stmts = []string{add + "UNIQUE " + keySQL(t.PrimaryKey)}
	case "unique":
		i := pick(t.Indexes, 0, func(i *schema.Index) bool { return isUniqueConstraint(i) && i.Name == l.Name })
		if i == nil {
			return nil
		}
		d.stmts = []string{add + "UNIQUE " + nullsSQL(i) + keySQL(i)}
		d.comment("INDEX "+pgsql.QualifiedIdent(w.twins[t.Schema.Name], name), i.Attrs)
	case "index":
		kind = "index"
		i := pick(t.Indexes, nth, func(i *schema.Index) bool { return !isUniqueConstraint(i) && i.Name == l.Name })
		if i == nil {
			return nil
		}
		d.stmts = []string{indexSQL(i, name, w.twin(t))}
		d.comment("INDEX "+pgsql.QualifiedIdent(w.twins[t.Schema.Name], name), i.Attrs)
	case "check":
		var checks []*schema.Check
		for _, a := range t.Attrs {
			if k, ok := a.(*schema.Check); ok {
				checks = append(checks, k)
			}
		}
		k := pick(checks, nth, func(k *schema.Check) bool { return k.Name == l.Name })
		if k == nil {
			return nil
		}
		d.stmts = []string{add + "CHECK " + inParens(k.Expr)}
	case "foreign_key":
		k := pick(t.ForeignKeys, nth, func(k *schema.ForeignKey) bool { return k.Symbol == l.Name })
		if k == nil {
			return nil
		}
		sql := add + "FOREIGN KEY (" + identList(k.Columns) + ") REFERENCES " + w.twin(k.RefTable) + " (" + identList(k.RefColumns) + ")"
		if k.OnUpdate != "" {
			sql += " ON UPDATE " + string(k.OnUpdate)
		}
		if k.OnDelete != "" {
			sql += " ON DELETE " + string(k.OnDelete)
		}
		d.stmts = []string{sql}
	default:
		return nil
	}
	d.key = lineStart(kind, pgsql.QualifiedIdent(t.Schema.Name, t.Name)+"."+pgsql.Ident(name))
	return d
}

func (d *declaration) comment(object string, attrs []schema.Attr) {
	if c := attribute[schema.Comment](attrs); c != nil && c.Text != "" {
		d.stmts = append(d.stmts, "COMMENT ON "+object+" IS "+pgsql.Literal(c.Text))
	}
}

func lineStart(kind, name string) string { return catalog.Line{Kind: kind, Name: name}.String() }

// pick returns the nth element for which is returns true, or nil.
func pick[T any](list []*T, nth int, is func(*T) bool) *T {
	for _, x := range list {
		if is(x) {
			if nth == 0 {
				return x
			}
			nth--
		}
	}
	return nil
}

// attribute returns the first attribute of type T, or nil.
func attribute[T any](attrs []schema.Attr) *T {
	for _, a := range attrs {
		if t, ok := any(a).(*T); ok {
			return t
		}
	}
	return nil
}

// inParens puts an expression, which may end with a comment, in parentheses.
func inParens(expr string) string { return "(" + expr + "\n)" }

func columnSQL(c *schema.Column) string {
	sql := pgsql.Ident(c.Name) + " " + typeSQL(c.Type.Type)
	if !c.Type.Null {
		sql += " NOT NULL"
	}
	if x, ok := c.Default.(*schema.RawExpr); ok {
		sql += " DEFAULT " + inParens(x.X)
	}
	if id := attribute[postgres.Identity](c.Attrs); id != nil {
		sql += identitySQL(id)
	}
	if x := attribute[schema.GeneratedExpr](c.Attrs); x != nil {
		sql += " GENERATED ALWAYS AS " + inParens(x.Expr) + " STORED"
	}
	return sql
}

// identitySQL returns the clause of an identity column. A start outside the sequence's default bounds extends them.
func identitySQL(id *postgres.Identity) string {
	sql := fmt.Sprintf(" GENERATED %s AS IDENTITY (START WITH %d INCREMENT BY %d", id.Generation, id.Sequence.Start, id.Sequence.Increment)
	switch s := id.Sequence; {
	case !outOfBounds(id):
	case s.Increment > 0:
		sql += fmt.Sprintf(" MINVALUE %d", s.Start)
	default:
		sql += fmt.Sprintf(" MAXVALUE %d", s.Start)
	}
	return sql + ")"
}

// outOfBounds reports whether an identity's start is outside the default bounds of its sequence.
func outOfBounds(id *postgres.Identity) bool {
	s := id.Sequence
	return s.Increment > 0 && s.Start < 1 || s.Increment < 0 && s.Start > -1
}

func typeSQL(t schema.Type) string {
	switch t := t.(type) {
	case *schema.EnumType:
		if t.Schema != nil {
			return pgsql.QualifiedIdent(t.Schema.Name, t.T)
		}
		return pgsql.Ident(t.T)
	case *postgres.UserDefinedType:
		return t.T
	}
	sql, err := postgres.FormatType(t)
	if err != nil {
		return fmt.Sprintf("%T", t) // not a type of PostgreSQL
	}
	return sql
}

func partSQL(c *schema.Column, x schema.Expr) string {
	if c != nil {
		return pgsql.Ident(c.Name)
	}
	if raw, ok := x.(*schema.RawExpr); ok {
		return inParens(raw.X)
	}
	return ""
}

// keySQL returns the columns of a unique constraint.
func keySQL(i *schema.Index) string {
	var parts []string
	for _, p := range i.Parts {
		parts = append(parts, partSQL(p.C, p.X))
	}
	return "(" + strings.Join(parts, ", ") + ")" + includeSQL(i)
}

func includeSQL(i *schema.Index) string {
	if c := attribute[postgres.IndexInclude](i.Attrs); c != nil {
		return " INCLUDE (" + identList(c.Columns) + ")"
	}
	return ""
}

func nullsSQL(i *schema.Index) string {
	if n := attribute[postgres.IndexNullsDistinct](i.Attrs); n != nil && !n.V {
		return "NULLS NOT DISTINCT "
	}
	return ""
}

func indexSQL(i *schema.Index, name, table string) string {
	sql := "CREATE "
	if i.Unique {
		sql += "UNIQUE "
	}
	sql += "INDEX " + pgsql.Ident(name) + " ON " + table
	if t := attribute[postgres.IndexType](i.Attrs); t != nil {
		sql += " USING " + t.T
	}
	var parts []string
	for _, p := range i.Parts {
		part := partSQL(p.C, p.X)
		if o := attribute[postgres.IndexOpClass](p.Attrs); o != nil {
			part += " " + o.String()
		}
		if p.Desc {
			part += " DESC"
		}
		if n := attribute[postgres.IndexColumnProperty](p.Attrs); n != nil && n.NullsFirst {
			part += " NULLS FIRST"
		} else if n != nil && n.NullsLast {
			part += " NULLS LAST"
		}
		parts = append(parts, part)
	}
	sql += " (" + strings.Join(parts, ", ") + ")" + includeSQL(i) + " " + nullsSQL(i)
	// The engine omits the default, 128.
	if s := attribute[postgres.IndexStorageParams](i.Attrs); s != nil && s.PagesPerRange != 0 && s.PagesPerRange != 128 {
		sql += fmt.Sprintf(" WITH (pages_per_range = %d)", s.PagesPerRange)
	}
	if p := attribute[postgres.IndexPredicate](i.Attrs); p != nil {
		sql += " WHERE " + inParens(p.P)
	}
	return sql
}

func identList(columns []*schema.Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = pgsql.Ident(c.Name)
	}
	return strings.Join(names, ", ")
}

// isRecord reports whether a table is one of the record's.
func isRecord(opts catalog.Options, schema, table string) bool {
	return slices.Contains(recordTables(opts), tableName{schema, table})
}
