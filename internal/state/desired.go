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
	if err := s.build(ctx, doc); err != nil {
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
	err = s.strip(ctx, doc.Realm)
	if err == nil {
		err = s.build(ctx, doc)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// build creates what the document declares, reads the catalog, and confirms that it is complete.
func (s *State) build(ctx context.Context, doc *schemahcl.Document) error {
	var changes []schema.Change
	for _, ns := range doc.Realm.Schemas {
		changes = append(changes, &schema.AddSchema{S: ns, Extra: []schema.Clause{&schema.IfNotExists{}}})
		for _, o := range ns.Objects {
			changes = append(changes, &schema.AddObject{O: o})
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
			return refused(doc, planned[i], err)
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

// strip drops what schema files can express: tables, enums, and schemas that are empty afterwards and not in the file.
// It keeps sequences, because the file may refer to them, except serial columns' sequences in other schemas and those
// that have a name which a serial column of the file needs.
func (s *State) strip(ctx context.Context, desired *schema.Realm) error {
	current, err := s.Realm(ctx)
	if err != nil {
		return err
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
	for _, ns := range current.Schemas {
		for _, o := range ns.Objects {
			if e, ok := o.(*schema.EnumType); ok {
				sql = append(sql, "DROP TYPE IF EXISTS "+pgsql.QualifiedIdent(ns.Name, e.T)+" CASCADE")
			}
		}
	}
	for _, ns := range desired.Schemas {
		for _, t := range ns.Tables {
			for _, c := range serialColumns(t) {
				sql = append(sql, "DROP SEQUENCE IF EXISTS "+pgsql.QualifiedIdent(ns.Name, pgsql.ObjectName(t.Name, c.Name, "seq"))+" CASCADE")
			}
		}
	}
	for _, stmt := range sql {
		if err := s.db.run.Exec(ctx, stmt); err != nil {
			return fmt.Errorf("preparing a database for the schema file: %w", err)
		}
	}
	for _, ns := range current.Schemas {
		if _, ok := desired.Schema(ns.Name); ok || ns.Name == "public" {
			continue
		}
		err := s.db.run.Exec(ctx, "DROP SCHEMA "+pgsql.Ident(ns.Name))
		if err != nil && pgsql.SQLState(err) != pgsql.DependentObjectsStillExist { // otherwise keep it
			return fmt.Errorf("preparing a database for the schema file: %w", err)
		}
	}
	return nil
}

// serialColumns returns the columns that a table declares as serial.
func serialColumns(t *schema.Table) []*schema.Column {
	return slices.DeleteFunc(slices.Clone(t.Columns), func(c *schema.Column) bool {
		_, ok := c.Type.Type.(*postgres.SerialType)
		return !ok
	})
}

// refused returns PostgreSQL's error with a position in the file.
func refused(d *schemahcl.Document, c *migrate.Change, err error) *schemahcl.Error {
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
	if a := fileAdvice(at.Kind, err); a != "" {
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
func fileAdvice(kind string, err error) string {
	switch code := pgsql.SQLState(err); {
	case code == "":
		return ""
	case kind == "index" && code == pgsql.UndefinedObject:
		return "use an index type that supports the column's type (such as type = BTREE), or specify an operator class (ops)"
	case kind == "column" && code == pgsql.UndefinedObject:
		return "correct the type; if it is your own or an extension's, create it in a migration (new) first"
	case code == pgsql.UndefinedFunction:
		return "if the function is your own or an extension's, create it in a migration (new) first"
	}
	return "correct the schema file"
}
