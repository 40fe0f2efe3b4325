package lint

import (
	"cmp"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A finding is a rule's diagnostic of a statement.
type finding struct {
	step *step
	rule string
	also []string  // other tables that its text names
	on   bool      // whether it is reported although its rule is off by default
	work *relation // the table whose size decides how long the diagnostic's table is blocked; nil if it is the same
	// guess makes an error a warning, unless the policy sets the severity.
	guess bool
	Diagnostic
}

type findings []finding

func (l *findings) add(s *step, rule string, d Diagnostic, also ...string) {
	*l = append(*l, finding{step: s, rule: rule, also: also, Diagnostic: d})
}

// The checks, in the order of their findings. They ignore objects that the change creates, because nothing uses them
// yet.
var (
	// refusedChecks check a statement that PostgreSQL rejected, and the effects of its imitation.
	refusedChecks = []func(*step) findings{refusals, droppedIndexes, newIndexes}

	dropChecks = []func(*step) findings{
		droppedSchemas, droppedRelations, droppedAttributes, droppedIndexes, droppedConstraints, droppedForeignKeys, cascade, droppedRoutines, droppedTypes, droppedExtensions,
	}
	ranChecks = []func(*step) findings{
		renamedSchemas, renamedRelations, renamedRoutines, renamedTypes, renamedConstraints, changedTables, changedColumns, newConstraints, slowActions, checkedDomains,
		newIndexes, incompleteIndexes, changedPartitions, changedTriggers, newRules, replacedRoutines, skipped, changedExtensions,
	}

	// fileChecks check a file as a whole.
	fileChecks = []func(*trace) findings{transactions, unrecorded, gaps, foreignKeys, replacedObjects, pendingEvents}
)

// findings returns the findings about a statement.
func (s *step) findings() (found findings) {
	checks := []func(*step) findings{text}
	switch {
	case !s.ran():
		checks = append(checks, refusedChecks...)
	case s.st.Verb == "DROP OWNED", s.st.Verb == "REASSIGN": // the check of the text reports these
		checks = append(checks, ranChecks...)
	default:
		checks = slices.Concat(checks, dropChecks, ranChecks)
	}
	for _, check := range checks {
		found = append(found, check(s)...)
	}
	found = append(found, s.partFindings(found)...)
	if s.ran() {
		found = append(found, otherWork(s, found)...)
		found = append(found, workWhileLocked(s)...)
	}
	return found
}

// findings returns the findings about a file that was run, by a policy, and those of rules that the policy turns off.
func (tr *trace) findings(p Policy) (list, off []Diagnostic) {
	report := func(found findings) {
		for _, f := range found {
			r, ok := rulesByName()[f.rule]
			if !ok {
				panic("no rule is called " + f.rule) // TestRuleNames finds such a name in the source
			}
			if f.guess {
				r.Severity = Warning
			}
			d := f.sized(p.finding(r, f.step.stmt, f.Diagnostic), p.Small)
			r.OptIn = r.OptIn && !f.on
			switch {
			case p.on(r) && !slices.ContainsFunc(list, d.repeats):
				list = d.withQuery(list)
			case !p.on(r) && !r.OptIn && !slices.ContainsFunc(off, d.repeats):
				off = append(off, d)
			}
		}
	}
	for _, s := range tr.steps {
		n := len(list)
		report(s.findings())
		failed := s.failed
		if failed == nil {
			failed = s.data
		}
		if failed != nil && len(list) > n {
			// The finding explains more than the failure.
			list[n].Text += "; on the scratch database it fails: " + failed.Reason()
			if tr.failed == failed {
				tr.failed = nil
			}
		}
	}
	for _, check := range fileChecks {
		report(check(tr))
	}
	report(conventions(tr, p))
	if slices.ContainsFunc(hazards, func(r Rule) bool { return r.OptIn && p.on(r) }) {
		report(optional(tr))
	}
	return list, off
}

// withQuery adds a finding to a list. Of the findings of a statement with the same query, one keeps it, preferably one
// about data.
func (d Diagnostic) withQuery(list []Diagnostic) []Diagnostic {
	for i := range list {
		if o := &list[i]; o.Pos == d.Pos && !d.Query.Empty() && o.Query.String() == d.Query.String() {
			if d.Analyzer == DataDependent && o.Analyzer != DataDependent {
				o.Query = fix.Text{}
			} else {
				d.Query = fix.Text{}
			}
		}
	}
	return append(list, d)
}

// repeats reports whether two findings say the same about a statement.
func (d Diagnostic) repeats(o Diagnostic) bool {
	return o.Name == d.Name && o.Pos == d.Pos && o.Table == d.Table && o.Column == d.Column && o.Text == d.Text
}

// finding sets a diagnostic's rule and statement.
func (p Policy) finding(r Rule, s pgsql.Stmt, d Diagnostic) Diagnostic {
	d.Pos, d.Line, d.Col = s.Pos.Offset, s.Pos.Line, s.Pos.Col
	d.Name, d.Code, d.Analyzer, d.Title = r.Name, cmp.Or(d.Code, r.Code), r.Analyzer, titles[r.Analyzer]
	d.Severity = cmp.Or(d.Severity, p.severity(r))
	return d
}
