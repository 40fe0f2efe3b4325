package lint

import (
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// unrunnable adds a finding for each merged file that has transactions of its own, or statements that its transaction refuses.
// Such files are readable ([migration.Errors.Readable]), but nothing can be run on top of them. In the changed files the rules
// look at such statements.
func (r *Report) unrunnable(c *changeSet, cfg Config) bool {
	found := false
	for _, f := range c.merged {
		for _, s := range f.Stmts {
			if misfit := runner.Check(s, f.TxNone); misfit != runner.Fits {
				found = true
				r.fixed(cfg.Policy, f.Name, Diagnostic{
					Pos: s.Pos.Offset, Line: s.Pos.Line, Col: s.Pos.Col, Name: "invalid-file",
					Text: "the file is merged already, but cannot be run: " + cannotRun(misfit, f.TxNone),
				})
				break
			}
		}
	}
	return found
}

func cannotRun(misfit runner.Misfit, txNone bool) string {
	switch {
	case misfit == runner.NeedsOne:
		return "the statement cannot run without a transaction"
	case txNone:
		return "a file without a transaction may not begin one"
	}
	return "the statement cannot run in the file's transaction"
}
