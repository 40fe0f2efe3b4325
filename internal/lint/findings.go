package lint

import (
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A finding is what a rule says about a statement.
type finding struct {
	step *step
	rule string
	also []string // further tables that it names
	Diagnostic
}

type findings []finding

func (l *findings) add(s *step, rule string, d Diagnostic, also ...string) {
	*l = append(*l, finding{s, rule, also, d})
}

// What is new in the change is left alone by all checks: nobody uses it yet. They are listed in the order of their findings.
var (
	// refusedChecks look at a statement that PostgreSQL refused, and at what it was seen to do when it was imitated.
	refusedChecks = []func(*step) findings{refusals, droppedIndexes, newIndexes}

	dropChecks = []func(*step) findings{
		droppedSchemas, droppedRelations, droppedIndexes, droppedConstraints, droppedForeignKeys, cascade, droppedRoutines, droppedTypes, droppedExtensions,
	}
	ranChecks = []func(*step) findings{
		renamedSchemas, renamedRelations, renamedRoutines, renamedTypes, renamedConstraints, changedTables, changedColumns, newConstraints, checkedDomains,
		newIndexes, changedPartitions, changedTriggers, newRules, replacedRoutines, skipped, changedExtensions, changedPrivileges,
	}

	// fileChecks look at a file as a whole.
	fileChecks = []func(*trace) findings{transactions, unrecorded, gaps, foreignKeys}
)

// findings returns what there is to say about a statement.
func (s *step) findings() (found findings) {
	checks := []func(*step) findings{text}
	switch {
	case !s.ran():
		checks = append(checks, refusedChecks...)
	case s.st.Verb == "DROP OWNED", s.st.Verb == "REASSIGN": // the text's own finding says what goes
		checks = append(checks, ranChecks...)
	default:
		checks = slices.Concat(checks, dropChecks, ranChecks)
	}
	for _, check := range checks {
		found = append(found, check(s)...)
	}
	if s.ran() {
		found = append(found, otherWork(s, found)...)
		found = append(found, workWhileLocked(s)...)
	}
	return found
}

// findings returns what there is to say about a file that was run, by a policy.
func (tr *trace) findings(p Policy) []Diagnostic {
	var list []Diagnostic
	report := func(found findings) {
		for _, f := range found {
			r, ok := rulesByName()[f.rule]
			if !ok {
				panic("no rule is called " + f.rule)
			}
			d := p.finding(r, f.step.stmt, f.Diagnostic)
			if p.on(r) && !slices.ContainsFunc(list, d.repeats) {
				list = append(list, d)
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
			// The finding says more than that it fails.
			list[n].Text += "; on the scratch database it fails: " + failed.Reason()
			if tr.failed == failed {
				tr.failed = nil
			}
		}
	}
	for _, check := range fileChecks {
		report(check(tr))
	}
	if slices.ContainsFunc(hazards, func(r Rule) bool { return r.OptIn && p.on(r) }) {
		report(optional(tr))
	}
	return list
}

// repeats reports whether a finding says of a statement what another says.
func (d Diagnostic) repeats(o Diagnostic) bool {
	return o.Name == d.Name && o.Pos == d.Pos && o.Table == d.Table && o.Column == d.Column && o.Text == d.Text
}

// finding says of which rule a finding is, and which statement it is about.
func (p Policy) finding(r Rule, s pgsql.Stmt, d Diagnostic) Diagnostic {
	d.Pos, d.Line, d.Col = s.Pos.Offset, s.Pos.Line, s.Pos.Col
	d.Name, d.Code, d.Analyzer, d.Title, d.Severity = r.Name, r.Code, r.Analyzer, titles[r.Analyzer], p.severity(r)
	return d
}
