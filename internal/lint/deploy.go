package lint

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/gitdiff"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// unusable are the rules after whose hazards a name can't be used any more.
var unusable = []string{"drop-table", "drop-column", "drop-view", "rename-table", "rename-column"}

// deployOrder finds, by the findings about a file, names that can't be used any more and about which the change edits
// code. editing returns that code's files.
func deployOrder(list []Diagnostic, policy Policy, editing func(word string) ([]string, error)) (found []Diagnostic, err error) {
	rule := rulesByName()["deploy-order-split"]
	if !policy.on(rule) {
		return nil, nil
	}
	for _, d := range list {
		object := d.Table
		if d.Column != "" {
			object += "." + d.Column
		}
		n, _, ok := pgsql.Words(pgsql.Tokens(object)).Name(0)
		if !slices.Contains(unusable, d.Name) || !ok {
			continue
		}
		files, err := editing(n.Name)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			continue
		}
		const most = 3
		names := strings.Join(files[:min(most, len(files))], ", ")
		if len(files) > most {
			names += fmt.Sprintf(" and %d more", len(files)-most)
		}
		found = append(found, policy.finding(rule, pgsql.Stmt{Pos: pgsql.Pos{Offset: d.Pos, Line: d.Line, Col: d.Col}}, Diagnostic{
			Table: d.Table, Column: d.Column,
			Text: fmt.Sprintf("the change also edits code that names %s (%s): the old version of the application, without this edit, still runs while the migration does", object, names),
			Fix:  fix.Words("first deploy the code, then merge the migration in a change of its own"),
		}))
	}
	return found, nil
}

// editing returns the files of code in which the change edits lines with a word; none if git didn't determine the
// change.
func (c *changeSet) editing(ctx context.Context, cfg Config, word string) ([]string, error) {
	if !c.byGit {
		return nil, nil
	}
	return gitdiff.Editing(ctx, gitdiff.Config{Root: cfg.Root, File: cfg.SchemaFile, MergedDir: cfg.MergedDir}, c.mergeBase, word)
}
