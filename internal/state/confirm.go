package state

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/schemahcl"
)

// confirm reads the catalog, inside a transaction, and compares it with the file: everything that the file declares
// must exist as declared, and its tables must have nothing else. The error joins a *schemahcl.Error for each
// difference.
//
// It doesn't rely on the engine's statements. It creates what the file declares a second time, in other schemas and
// with its own statements, compares the catalogs and rolls back. order lists the tables in the order in which they were
// created, because the names that PostgreSQL derives depend on it.
func (s *State) confirm(ctx context.Context, doc *schemahcl.Document, order []tableName) error {
	twins := twins{}
	for i, ns := range doc.Realm.Schemas {
		twins[ns.Name] = fmt.Sprintf("declared '%d", i+1)
	}
	decls, err := declarations(doc, s.opts, twins, order)
	if err != nil {
		return err
	}
	err = s.compare(ctx, doc, twins, decls)
	var refused *schemahcl.Error
	if errors.As(err, &refused) && refused.Err != nil {
		// If an enum is missing, report that instead of the table's statement that needs it.
		decls = slices.DeleteFunc(decls, func(d declaration) bool { return d.table != nil })
		err = cmp.Or(s.compare(ctx, doc, twins, decls), err)
	}
	if err == nil && len(s.opts.Exclude) > 0 {
		err = s.Refresh(ctx)
	}
	return err
}

// compare does for some declarations what confirm does for all.
func (s *State) compare(ctx context.Context, doc *schemahcl.Document, twins twins, decls []declaration) error {
	var stmts []string
	var makes []declaration // what each of stmts creates
	for _, d := range decls {
		for _, sql := range d.stmts {
			stmts, makes = append(stmts, sql), append(makes, d)
		}
	}
	if i, err := s.execAll(ctx, stmts); err != nil {
		if i < 0 {
			return fmt.Errorf("comparing the database with the schema file: %w", err)
		}
		d := makes[i]
		return &schemahcl.Error{File: doc.Name, Line: d.pos.Line, Col: d.pos.Column, Err: err, Msg: d.what + ": " + runner.Message(err) + "; correct the schema file"}
	}
	opts := s.opts
	opts.Exclude = nil // the file declares excluded objects too
	all, err := catalog.Read(ctx, s.db.native, opts)
	if err == nil {
		err = s.undoAll(ctx)
	}
	if err != nil {
		return err
	}
	want, have := twins.split(all)
	for _, d := range decls {
		if !d.primaryKey {
			continue
		}
		for i, l := range want {
			if def, ok := strings.CutPrefix(l.Def, "UNIQUE "); ok && l.Object().String() == d.key {
				want[i].Def = "PRIMARY KEY " + def
			}
		}
	}
	s.Catalog = have
	return differences(doc, decls, catalog.New(want), s.Catalog)
}

// execAll runs statements inside a transaction, in one round trip. If one fails, i is its index and the others are
// rolled back. i is negative if something else failed. undoAll rolls back the statements.
func (s *State) execAll(ctx context.Context, stmts []string) (i int, err error) {
	if err := s.db.run.Exec(ctx, "SAVEPOINT statements"); err != nil {
		return -1, err
	}
	err = s.db.run.Exec(ctx, together(stmts))
	if err == nil || pgsql.SQLState(err) == "" {
		return -1, err
	}
	// Run them one by one to find out which one failed.
	if err := s.undoAll(ctx); err != nil {
		return -1, err
	}
	for i, stmt := range stmts {
		if err := s.db.run.Exec(ctx, stmt); err != nil {
			return i, errors.Join(err, s.undoAll(ctx))
		}
	}
	return -1, nil
}

// manyStmts is a number of statements from which starting PL/pgSQL takes less time than it saves.
const manyStmts = 100

// together returns SQL that runs statements inside a transaction. After each statement of a message, PostgreSQL goes
// through all locks of the transaction, which takes a time that grows with the square of the number of tables. It
// doesn't after those of a function.
func together(stmts []string) string {
	if len(stmts) < manyStmts {
		return strings.Join(stmts, "\n;\n")
	}
	literals := make([]string, len(stmts))
	for i, stmt := range stmts {
		literals[i] = pgsql.Literal(stmt)
	}
	return "DO " + pgsql.DollarQuote("DECLARE stmt text; BEGIN FOREACH stmt IN ARRAY ARRAY["+strings.Join(literals, ",\n")+"] LOOP EXECUTE stmt; END LOOP; END")
}

func (s *State) undoAll(ctx context.Context) error {
	if err := s.db.run.Exec(ctx, "ROLLBACK TO SAVEPOINT statements"); err != nil {
		return fmt.Errorf("rolling back: %w", err)
	}
	return nil
}

// twins maps the file's schemas to the schemas in which confirm creates their objects a second time. The names of the
// twins contain a single quote and must be quoted, so that they can't be confused with anything else in a catalog's
// line, even in a string constant.
type twins map[string]string

// split divides a catalog into the lines of the twins, with the names of the file's schemas, and the rest.
func (t twins) split(c catalog.Catalog) (declared []catalog.Line, rest catalog.Catalog) {
	var renames []string
	var prefixes []string
	for ns, twin := range t {
		from, to := pgsql.Ident(twin), pgsql.Ident(ns)
		prefixes = append(prefixes, from)
		renames = append(renames, from, to, quotesTwice(from), quotesTwice(to))
	}
	names := strings.NewReplacer(renames...)
	public := catalog.Line{Kind: "schema", Name: "public"} // not part of a catalog
	rest = c.Filter(func(l catalog.Line) bool {
		if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(l.Name, p) }) {
			return true
		}
		l.Name, l.Def = names.Replace(l.Name), names.Replace(l.Def)
		if l != public {
			declared = append(declared, l)
		}
		return false
	})
	return declared, rest
}

func quotesTwice(s string) string { return strings.ReplaceAll(s, "'", "''") }

// differences compares what the file declares, want, with what exists, have. It returns a *schemahcl.Error for each
// difference, joined.
func differences(d *schemahcl.Document, decls []declaration, want, have catalog.Catalog) error {
	byKey := map[string]declaration{}
	for _, decl := range decls {
		byKey[decl.key] = decl
	}
	wanted := map[string]bool{}
	for l := range want.All() {
		wanted[l.Object().String()] = true
	}
	var errs []error
	for _, diff := range catalog.Diff(want, have) {
		name := diff.Object
		if diff.Table != "" && diff.Table != diff.Object {
			name = diff.Table + "." + diff.Object
		}
		missing := wanted[diff.Kind+" "+name]
		table, declared := byKey["table "+diff.Table]
		if !missing && (diff.Table == "" || !declared) {
			continue // unmanaged
		}
		kind, isComment := strings.CutPrefix(diff.Kind, "comment on ")
		decl, ok := byKey[kind+" "+name]
		if !ok && kind == "index" {
			decl, ok = byKey["constraint "+name]
		}
		if !ok && kind == "sequence" {
			_, column, _ := strings.Cut(diff.Want, " owned by ")
			decl, ok = byKey["column "+column]
		}
		if decl.unnamed && diff.Have != "" {
			continue // PostgreSQL chose the name
		}
		e := &schemahcl.Error{File: d.Name, Line: 1, Col: 1}
		switch subject := cmp.Or(decl.what, kind+" "+name); {
		case !missing && !ok:
			e.Line, e.Col = table.pos.Line, table.pos.Column
			e.Msg = fmt.Sprintf("%s has %s %s (%s) in the database created from this file, which doesn't declare it", table.what, diff.Kind, diff.Object, diff.Have)
		case isComment && diff.Have != "":
			e.Msg = fmt.Sprintf("the comment on %s is %s in the database created from this file, which declares %s", subject, diff.Have, cmp.Or(diff.Want, "none"))
		case isComment:
			e.Msg = fmt.Sprintf("the comment on %s is missing from the database created from this file", subject)
		case diff.Want == "" || diff.Have == "":
			e.Msg = subject + " is missing from the database created from this file"
			if diff.Want != "" {
				e.Msg += " (" + diff.Want + ")"
			}
		case diff.Named != "":
			e.Msg = fmt.Sprintf("%s has another name in the database created from this file: %s", subject, diff.Text)
		default:
			e.Msg = fmt.Sprintf("%s is declared as %s, but is %s in the database created from this file", subject, diff.Want, diff.Have)
		}
		if ok && decl.pos.Line > 0 {
			e.Line, e.Col = decl.pos.Line, decl.pos.Column
		}
		if kind == "column" && diff.Have == diff.Want+" not null" {
			e.Msg += "; the columns of a primary key are never null: remove null = true"
		} else {
			e.Msg += "; " + asSQL
		}
		errs = append(errs, e)
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}
