package lint

import (
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// unrunnable adds a finding for each merged file that controls transactions, or has statements that its transaction
// rejects. Such files are readable ([migration.Errors.Readable]), but no file can run after them. In changed files,
// rules report these statements.
func (r *Report) unrunnable(c *changeSet, cfg Config) bool {
	found := false
	for _, f := range c.merged {
		for i, misfit := range runner.Check(f.Stmts, f.TxNone) {
			if misfit != runner.Fits {
				s := f.Stmts[i]
				found = true
				r.fixed(cfg.Policy, f.Name, Diagnostic{
					Pos: s.Pos.Offset, Line: s.Pos.Line, Col: s.Pos.Col, Name: "invalid-file",
					Text: "the file is already merged, but can't be run: " + cannotRun(misfit, f.TxNone),
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
		return "the statement can't run outside a transaction"
	case txNone && misfit.Control():
		return "in a file without a transaction, BEGIN and COMMIT must be pairs, and nothing else may begin or end one"
	case misfit == runner.Batched:
		return "a statement in batches can't run between BEGIN and COMMIT"
	case txNone:
		return "the statement can't run between BEGIN and COMMIT"
	}
	return "the statement can't run in the file's transaction"
}
