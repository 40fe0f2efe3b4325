package lint

import (
	"context"
	"fmt"

	"ariga.io/atlas/schemahcl"
	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	_ "ariga.io/atlas/sql/postgres/postgrescheck" // registers the analyzers
	"ariga.io/atlas/sql/schema"
	"ariga.io/atlas/sql/sqlcheck"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Names of Atlas's analyzers, as in atlas.hcl's lint block.
const (
	Destructive    = "destructive"
	DataDependent  = "data_depend"
	ConstraintDrop = "condrop"
	Incompatible   = "incompatible"
)

// analyzers are Atlas's open ones, with the severity of what each finds.
type analyzers struct {
	list     []sqlcheck.NamedAnalyzer
	severity map[string]Severity
}

// newAnalyzers returns the analyzers. errors says by name whose findings are errors.
func newAnalyzers(errors map[string]bool) (*analyzers, error) {
	all, err := sqlcheck.AnalyzerFor(postgres.DriverName, withoutErrors())
	if err != nil {
		return nil, fmt.Errorf("setting up Atlas's analyzers: %w", err)
	}
	a := &analyzers{severity: make(map[string]Severity)}
	for _, az := range all {
		named, ok := az.(sqlcheck.NamedAnalyzer)
		if !ok {
			return nil, fmt.Errorf("setting up Atlas's analyzers: %T has no name", az)
		}
		a.list = append(a.list, named)
		isError, set := errors[named.Name()]
		if !set {
			isError = named.Name() == Destructive
		}
		a.severity[named.Name()] = Warning
		if isError {
			a.severity[named.Name()] = Error
		}
	}
	return a, nil
}

// withoutErrors configures the analyzers so that an error of theirs is a failure, never a finding.
func withoutErrors() *schemahcl.Resource {
	r := &schemahcl.Resource{}
	for _, name := range []string{Destructive, DataDependent, ConstraintDrop, Incompatible} {
		r.Children = append(r.Children, &schemahcl.Resource{Type: name, Attrs: []*schemahcl.Attr{schemahcl.BoolAttr("error", false)}})
	}
	return r
}

// analyze returns what the analyzers find in what a file did.
func (a *analyzers) analyze(ctx context.Context, f *migration.File, tr *trace) ([]Diagnostic, error) {
	var found []Diagnostic
	for _, az := range a.list {
		// Where a statement drops several columns, each is a finding of its own. The other analyzers look at all that a
		// statement changes about a table.
		v := newView(tr, az.Name() == Destructive)
		err := az.Analyze(ctx, &sqlcheck.Pass{
			File: &sqlcheck.File{File: migrate.NewLocalFile(f.Name, []byte(f.SQL)), Changes: v.changes},
			Reporter: sqlcheck.ReportWriterFunc(func(r sqlcheck.Report) {
				for _, d := range r.Diagnostics {
					found = append(found, a.diagnostic(az.Name(), r.Text, d, v))
				}
			}),
		})
		if err != nil {
			return nil, fmt.Errorf("analyzing %s for %s changes: %w", f.Name, az.Name(), err)
		}
	}
	for _, s := range tr.steps {
		for _, r := range s.renamed {
			d := at(s.stmt)
			d.Title, d.Name, d.Analyzer, d.Severity = "backward incompatible changes detected", "rename-schema", Incompatible, a.severity[Incompatible]
			d.Text = fmt.Sprintf("renaming schema %s to %s breaks all that still uses the old name", pgsql.Ident(r.from), pgsql.Ident(r.to))
			found = append(found, d)
		}
		if s.unread != nil {
			d := at(s.stmt)
			d.Title, d.Name, d.Analyzer, d.Severity = "changes that Atlas cannot read", "unread-change", "unread", Warning
			d.Text = fmt.Sprintf("only dropped and renamed tables and columns were looked for in this statement: %v", s.unread)
			found = append(found, d)
		}
	}
	return found, nil
}

// A view is a trace as the analyzers take it. They give back of a change only its statement's position, so each change gets a
// position of its own, which is its index.
type view struct {
	changes []*sqlcheck.Change
	stmts   []pgsql.Stmt
}

func newView(tr *trace, split bool) *view {
	v := &view{}
	for _, s := range tr.steps {
		for _, c := range s.changes {
			m, ok := c.(*schema.ModifyTable)
			if !ok || !split {
				v.add(s.stmt, c)
				continue
			}
			for _, part := range m.Changes {
				v.add(s.stmt, &schema.ModifyTable{T: m.T, Changes: []schema.Change{part}})
			}
		}
	}
	return v
}

func (v *view) add(s pgsql.Stmt, c schema.Change) {
	v.changes = append(v.changes, &sqlcheck.Change{Changes: schema.Changes{c}, Stmt: &migrate.Stmt{Pos: len(v.stmts), Text: s.Text}})
	v.stmts = append(v.stmts, s)
}

// at is a diagnostic at a statement.
func at(s pgsql.Stmt) Diagnostic {
	return Diagnostic{Pos: s.Pos.Offset, Line: s.Pos.Line, Col: s.Pos.Col}
}

func (a *analyzers) diagnostic(analyzer, title string, d sqlcheck.Diagnostic, v *view) Diagnostic {
	out := at(v.stmts[d.Pos])
	out.Title, out.Text, out.Code, out.Analyzer, out.Severity = title, d.Text, d.Code, analyzer, a.severity[analyzer]
	describe(&out, d.Text, v.changes[d.Pos].Changes[0])
	return out
}
