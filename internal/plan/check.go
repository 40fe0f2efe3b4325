package plan

import "context"

// A Finding is something that check holds against the project.
type Finding struct {
	Kind string // "plan", "sum", "effect", "down", "replay"
	File string // the file that it is about, if any
	Line int    // 1-based; 0 if the whole file is meant
	Text string // a sentence
}

// A CheckResult is what check found.
type CheckResult struct {
	Files    int // migrations looked at
	Findings []Finding
	Plan     *Plan // what plan would write, nil if it could not be worked out
}

// OK says whether nothing was found.
func (r *CheckResult) OK() bool { return len(r.Findings) == 0 }

// Check tells whether the project is in order: plan has nothing to write, sums and
// effects are right, and every down file leads back.
func Check(ctx context.Context, cfg Config) (*CheckResult, error) { return &CheckResult{}, nil }
