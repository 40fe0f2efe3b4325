package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/schemahcl"
)

// Desired creates the schema that the schema file src declares in a new database. name is the file's name in errors. If
// the file is wrong, the error is a *schemahcl.Error, or joins several. That includes errors of PostgreSQL and what the
// engine would ignore.
func Desired(ctx context.Context, srv *devdb.Server, name string, src []byte, opts catalog.Options) (*State, error) {
	doc, err := schemahcl.Parse(name, src)
	if err != nil {
		return nil, err
	}
	s, err := New(ctx, srv, opts)
	if err != nil {
		return nil, err
	}
	if err := s.build(ctx, doc, stripped{}); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// DesiredOn is like Desired but works in a copy of base, from which it drops everything that a schema file can express.
// The types, functions and extensions that remain are available to the file. If DesiredOn fails, so does Desired.
func DesiredOn(ctx context.Context, base *State, name string, src []byte) (*State, error) {
	doc, err := schemahcl.Parse(name, src)
	if err != nil {
		return nil, err
	}
	s, err := base.Clone(ctx)
	if err != nil {
		return nil, err
	}
	on, err := s.strip(ctx, doc.Realm)
	if err == nil {
		err = s.build(ctx, doc, on)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// build creates what the document declares, except the enums that on has kept, reads the catalog, and confirms that it
// is complete.
func (s *State) build(ctx context.Context, doc *schemahcl.Document, on stripped) error {
	var changes []schema.Change
	for _, ns := range doc.Realm.Schemas {
		changes = append(changes, &schema.AddSchema{S: ns, Extra: []schema.Clause{&schema.IfNotExists{}}})
		for _, o := range ns.Objects {
			if e, ok := o.(*schema.EnumType); !ok || !on.kept[e] {
				changes = append(changes, &schema.AddObject{O: o})
			}
		}
		for _, t := range ns.Tables {
			changes = append(changes, &schema.AddTable{T: t})
		}
	}
	planned, err := s.Plan(ctx, changes)
	if err != nil {
		return doc.Unplaced(err)
	}
	var stmts []string
	var order []tableName
	for _, c := range planned {
		stmts = append(stmts, c.Cmd)
		if add, ok := c.Source.(*schema.AddTable); ok && !slices.Contains(order, nameOf(add.T)) {
			order = append(order, nameOf(add.T))
		}
	}
	err = pgx.BeginFunc(ctx, s.db.native, func(pgx.Tx) error {
		switch i, err := s.execAll(ctx, stmts); {
		case err != nil && i >= 0:
			return refused(doc, planned[i], on, err)
		case err != nil:
			return err
		}
		return s.confirm(ctx, doc, order)
	})
	if err != nil && !errors.As(err, new(*schemahcl.Error)) {
		return fmt.Errorf("creating the schema file's objects: %w", err)
	}
	return err
}

// stripped is what became of the enums that something other than a table uses, such as a domain.
type stripped struct {
	kept map[*schema.EnumType]bool // those of the file
	lost []string                  // what used the others: "type late depends on type phase"
}

// strip drops what schema files can express: tables, enums, and schemas that are empty afterwards and not in the file.
// It keeps sequences, because the file may refer to them, except serial columns' sequences in other schemas and those
// that have a name which a serial column of the file needs. It also keeps the file's enums that something other than a
// table uses, unless they lose or reorder values, and adds the values that they lack.
func (s *State) strip(ctx context.Context, desired *schema.Realm) (stripped, error) {
	enums := stripped{kept: map[*schema.EnumType]bool{}}
	current, err := s.Realm(ctx)
	if err != nil {
		return enums, err
	}
	var sql []string
	for _, q := range Sequences(s.Catalog) {
		if _, ok := desired.Schema(q.Schema()); q.Owner != "" && (ok || !q.Serial) {
			sql = append(sql, "ALTER SEQUENCE "+q.Name+" OWNED BY NONE")
		}
	}
	for _, ns := range current.Schemas {
		for _, t := range ns.Tables {
			sql = append(sql, "DROP TABLE IF EXISTS "+pgsql.QualifiedIdent(ns.Name, t.Name)+" CASCADE")
		}
	}
	for _, ns := range desired.Schemas {
		for _, t := range ns.Tables {
			for _, c := range serialColumns(t) {
				sql = append(sql, "DROP SEQUENCE IF EXISTS "+pgsql.QualifiedIdent(ns.Name, pgsql.ObjectName(t.Name, c.Name, "seq"))+" CASCADE")
			}
		}
	}
	if err := s.prepare(ctx, sql...); err != nil {
		return enums, err
	}
	for _, ns := range current.Schemas {
		for _, o := range ns.Objects {
			e, ok := o.(*schema.EnumType)
			if !ok {
				continue
			}
			name := pgsql.QualifiedIdent(ns.Name, e.T)
			users, err := s.dropUnused(ctx, "TYPE", name)
			if err != nil {
				return enums, err
			}
			if users == "" {
				continue
			}
			d := enumIn(desired, ns.Name, e.T)
			sql, ok := addValues(name, e.Values, d)
			if ok {
				enums.kept[d] = true
			} else {
				enums.lost = append(enums.lost, users)
				sql = []string{"DROP TYPE IF EXISTS " + name + " CASCADE"}
			}
			if err := s.prepare(ctx, sql...); err != nil {
				return enums, err
			}
		}
	}
	for _, ns := range current.Schemas {
		if _, ok := desired.Schema(ns.Name); ok || ns.Name == "public" {
			continue
		}
		if _, err := s.dropUnused(ctx, "SCHEMA", pgsql.Ident(ns.Name)); err != nil {
			return enums, err
		}
	}
	return enums, nil
}

func (s *State) prepare(ctx context.Context, sql ...string) error {
	for _, stmt := range sql {
		if err := s.db.run.Exec(ctx, stmt); err != nil {
			return fmt.Errorf("preparing a database for the schema file: %w", err)
		}
	}
	return nil
}

// dropUnused drops an object if nothing depends on it. Otherwise it returns what does.
func (s *State) dropUnused(ctx context.Context, kind, name string) (users string, err error) {
	err = s.prepare(ctx, "DROP "+kind+" IF EXISTS "+name)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == pgsql.DependentObjectsStillExist {
		return strings.ReplaceAll(pg.Detail, "\n", ", "), nil
	}
	return "", err
}

// enumIn returns an enum of a realm, or nil.
func enumIn(r *schema.Realm, schemaName, name string) *schema.EnumType {
	ns, ok := r.Schema(schemaName)
	if !ok {
		return nil
	}
	for _, o := range ns.Objects {
		if e, ok := o.(*schema.EnumType); ok && e.T == name {
			return e
		}
	}
	return nil
}

// addValues returns the statements that give an enum the values of want. ok is false if want is nil, lacks a value of
// have, or has them in another order.
func addValues(enum string, have []string, want *schema.EnumType) (sql []string, ok bool) {
	if want == nil {
		return nil, false
	}
	var common []string
	for i, v := range want.Values {
		add := "ALTER TYPE " + enum + " ADD VALUE " + pgsql.Literal(v)
		switch {
		case slices.Contains(have, v):
			common = append(common, v)
			continue
		case i > 0:
			add += " AFTER " + pgsql.Literal(want.Values[i-1])
		case len(have) > 0:
			add += " BEFORE " + pgsql.Literal(have[0])
		}
		sql = append(sql, add)
	}
	return sql, slices.Equal(common, have)
}

// serialColumns returns the columns that a table declares as serial.
func serialColumns(t *schema.Table) []*schema.Column {
	return slices.DeleteFunc(slices.Clone(t.Columns), func(c *schema.Column) bool {
		_, ok := c.Type.Type.(*postgres.SerialType)
		return !ok
	})
}

// refused returns PostgreSQL's error with a position in the file.
func refused(d *schemahcl.Document, c *migrate.Change, on stripped, err error) *schemahcl.Error {
	e := &schemahcl.Error{File: d.Name, Line: 1, Col: 1, Err: err}
	var t *schema.Table
	switch src := c.Source.(type) {
	case *schema.AddTable:
		t = src.T
	case *schema.ModifyTable:
		t = src.T
	}
	if t == nil {
		e.Msg = runner.Message(err) + "; the statement was: " + c.Cmd
		return e
	}
	pos, at := d.Table(t.Schema.Name, t.Name, part(c.Cmd, err))
	if pos.Line > 0 {
		e.Line, e.Col = pos.Line, pos.Column
	}
	what := "table " + pgsql.Ident(t.Name)
	if at.Kind != "" && at.Kind != "table" {
		what = fmt.Sprintf("%s %s of %s", at.Kind, pgsql.Ident(at.Name), what)
	}
	e.Msg = fmt.Sprintf("%s: %s", what, runner.Message(err))
	if a := fileAdvice(at.Kind, on, err); a != "" {
		e.Msg += "; " + a
	}
	return e
}

// part returns the name of the column, index or constraint that PostgreSQL's error is about: the index in a statement
// on an index, otherwise the first name on the line that the error points to. It returns "" if that is unknown.
func part(stmt string, err error) string {
	if split, serr := pgsql.Split(stmt); serr == nil && len(split) == 1 {
		if ix, ok := split[0].Index(); ok {
			return ix.Name
		}
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return ""
	}
	if pg.ConstraintName != "" {
		return pg.ConstraintName
	}
	if pg.ColumnName != "" {
		return pg.ColumnName
	}
	if pg.Position == 0 {
		return ""
	}
	line := 1 + strings.Count(string([]rune(stmt)[:pg.Position-1]), "\n")
	text := strings.Split(stmt, "\n")[line-1]
	for _, t := range pgsql.Tokens(text) {
		if t.Kind == pgsql.QuotedIdent && line > 1 {
			return strings.Trim(t.Text, `"`)
		}
	}
	return ""
}

// fileAdvice returns what to change in the schema file.
func fileAdvice(kind string, on stripped, err error) string {
	switch code := pgsql.SQLState(err); {
	case code == "":
		return ""
	case len(on.lost) > 0 && (code == pgsql.UndefinedObject || code == pgsql.UndefinedFunction):
		return "this file drops an enum, or removes or reorders its values, although " + strings.Join(on.lost, ", ") +
			": keep the enum and its values, or write the change as SQL in a migration (new) first"
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if m, ok := pgsql.ParseMissing(pg.Message); ok {
			return missingAdvice(m)
		}
	}
	return "correct the schema file"
}

// missingAdvice says how to create what the schema file needs and can't declare.
func missingAdvice(m pgsql.Missing) string {
	const way = " in a migration first: run new, write its SQL, and then run plan"
	fix, what := "correct the name", "the "+m.Kind
	switch m.Kind {
	case "default operator class":
		fix, what = "use an index type that supports the column's type (such as type = BTREE), specify an operator class (ops)", "one"
	case "relation":
		what = "the sequence" // other tables are declared in the file
	case "extension", "schema", "role":
		return "create " + what + way
	}
	if m.Extension != "" {
		what = "extension " + pgsql.Ident(m.Extension)
	}
	if m.Kind == "default operator class" && m.Extension != "" {
		what += " (for scalar types)"
	}
	return fix + ", or create " + what + way
}
