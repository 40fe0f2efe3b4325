package lint

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/schemahcl"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A promise checks that a change's down files revert it, and that the migrations produce the schema file.
type promise struct {
	Config
	change *changeSet
	srv    *devdb.Server
	st     *state.State
	path   []catalog.Catalog // before the change, and after each of its files
}

// mark records the current catalog, if there is a change.
func (p *promise) mark(ctx context.Context) error {
	if !p.hasSchema() && len(p.change.added) == 0 {
		return nil
	}
	if err := p.st.Refresh(ctx); err != nil {
		return err
	}
	p.path = append(p.path, p.st.Catalog)
	return nil
}

func (p *promise) hasSchema() bool { return p.change.differs() && p.Schema != nil }

// hasDowns reports whether the change needs down files. If the project has none at all, none is missing.
func (p *promise) hasDowns() bool {
	has := func(f *migration.File) bool { return f.Down != nil }
	return len(p.change.added) > 0 && (slices.ContainsFunc(p.change.added, has) || slices.ContainsFunc(p.Dir.Files(), has))
}

// findings adds what is wrong to the report. The state can't be used afterwards.
func (p *promise) findings(ctx context.Context, r *Report) error {
	if p.hasSchema() {
		if ok, err := p.schema(ctx, r); err != nil || !ok {
			return err
		}
	}
	return p.downs(ctx, r)
}

// schema compares what the migrations produce with the schema file. ok is false if the file is invalid; then the state
// is closed.
func (p *promise) schema(ctx context.Context, r *Report) (ok bool, err error) {
	d := Diagnostic{Name: "schema-not-planned"}
	differences, err := proof.Differences(ctx, proof.Base{
		Server: p.srv, SchemaName: p.SchemaName, Schema: p.Schema, Options: p.Options,
	}, p.st)
	var wrong *schemahcl.Error
	switch {
	case errors.As(err, &wrong):
		d.Line, d.Col = wrong.Line, wrong.Col
		d.Text = wrong.Msg
		r.fixed(p.Policy, p.SchemaName, d)
		return false, nil
	case errors.As(err, new(*state.LossError)):
		d.Text = err.Error()
		r.fixed(p.Policy, p.SchemaName, d)
		return false, nil
	case err != nil:
		return false, err
	case len(differences) == 0:
		return true, nil
	}
	list := listed(differences)
	switch added := p.change.added; {
	case len(added) == 0 && p.change.schemaChanged:
		d.Text = fmt.Sprintf("%s was changed without a migration: run plan (in the migrations %s)", p.SchemaName, list)
	case p.change.schemaChanged || len(added) == 0:
		d.Text = fmt.Sprintf("the migrations don't produce %s: run plan (in the migrations %s)", p.SchemaName, list)
	default:
		d.Text = fmt.Sprintf("from here on, the migrations don't produce %s: change it too (in the migrations %s)", p.SchemaName, list)
		r.fixed(p.Policy, added[len(added)-1].Name, d)
		return true, nil
	}
	r.fixed(p.Policy, p.SchemaName, d)
	return true, nil
}

// listed returns the first differences.
func listed(differences []catalog.Difference) string {
	const most = 3
	var texts []string
	for _, d := range differences {
		texts = append(texts, d.Text)
	}
	if more := len(texts) - most; more > 0 {
		texts = append(texts[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "; ")
}

// downs runs the change's down files.
func (p *promise) downs(ctx context.Context, r *Report) error {
	added := p.change.added
	for _, f := range added {
		none := "there is no down file"
		if f.Down != nil {
			none = f.Down.None
		}
		if rule := rulesByName()["irreversible"]; none != "" && p.Policy.on(rule) {
			r.add(f.Name, Diagnostic{
				Title: titles[rule.Analyzer], Name: rule.Name, Code: rule.Code, Severity: p.Policy.severity(rule),
				Text: "the migration can't be reverted: " + none,
			})
		}
	}
	if !p.hasDowns() {
		return nil
	}
	p.downBlocks(r)
	found, err := proof.Downs(ctx, p.st, added, p.path, func(ctx context.Context, n int) (*state.State, error) {
		return state.ReplayFiles(ctx, p.srv, slices.Concat(p.change.merged, added[:n]), p.Options)
	})
	if err != nil {
		return err
	}
	for _, f := range found {
		d := Diagnostic{Name: "down-file-wrong", Line: f.Line, Text: f.Text}
		if list := listed(f.Differences); list != "" {
			d.Text += ": " + list
		}
		file, migrated := f.File, strings.TrimPrefix(f.File, migration.DownDir+"/")
		if slices.ContainsFunc(added, func(a *migration.File) bool { return a.Name == migrated && a.Down == nil }) {
			d.Name, file = "down-file-missing", migrated
		}
		r.fixed(p.Policy, file, d)
	}
	return nil
}

// downBlocks checks the text of blocks in down files, which may do nothing on a scratch database.
func (p *promise) downBlocks(r *Report) {
	for _, f := range p.change.added {
		if f.Down == nil {
			continue
		}
		for _, u := range runner.Cut(f.Down.Stmts, f.Down.TxNone) {
			for _, s := range u.Stmts {
				if name, d := block(s, f.Down.TxNone && !u.Block()); name != "" && p.Policy.on(rulesByName()[name]) {
					r.add(path.Join(migration.DownDir, f.Down.Name), p.Policy.finding(rulesByName()[name], s, d))
				}
			}
		}
	}
}
