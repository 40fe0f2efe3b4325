package lint

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/project"
)

// A Policy says which findings are reported, and how. By the zero value all rules are looked for that are not opt-in, each with
// its own severity.
type Policy project.Policy

// A Setting is what is set for a rule, or for all rules of an analyzer.
type Setting = project.Setting

// settings are those that go for a rule, the closest first.
func (p Policy) settings(r Rule) []Setting {
	return []Setting{p.Checks[r.Name], p.Checks[r.Code], p.Analyzers[r.Analyzer]}
}

// on reports whether a rule is to be looked for.
func (p Policy) on(r Rule) bool {
	for _, s := range p.settings(r) {
		if s.Skip != nil {
			return !*s.Skip
		}
	}
	return !r.OptIn
}

func (p Policy) severity(r Rule) Severity {
	for _, s := range p.settings(r) {
		if s.Error != nil {
			if *s.Error {
				return Error
			}
			return Warning
		}
	}
	return r.Severity
}

// forced reports whether no directive silences the rule.
func (p Policy) forced(r Rule) bool {
	return slices.ContainsFunc(p.settings(r), func(s Setting) bool { return s.Force })
}

// allows reports whether the policy lets pass what the finding is about.
func (p Policy) allows(d Diagnostic) bool {
	if matches(p.AllowTables, d.Table) {
		return true
	}
	return slices.ContainsFunc(p.settings(rulesByName()[d.Name]), func(s Setting) bool {
		return matches(s.AllowTables, d.Table) || matches(s.AllowColumns, d.Column)
	})
}

func matches(patterns []*regexp.Regexp, name string) bool {
	return name != "" && slices.ContainsFunc(patterns, func(re *regexp.Regexp) bool {
		return re.MatchString(name) || re.MatchString(strings.ReplaceAll(name, `"`, ""))
	})
}

// aliases are codes of Atlas's for what has one code here.
var aliases = map[string]string{"MF102": "MF101"}

// CheckNames are all names and codes of rules: what a setting may be for.
func CheckNames() []string {
	var names []string
	for _, r := range Rules() {
		names = append(names, r.Name, r.Code)
	}
	return names
}

// silencable are the words that a directive may name: analyzers, and names and codes of the rules that a directive can silence.
var silencable = sync.OnceValue(func() []string {
	names := []string{}
	for a := range titles {
		names = append(names, a)
	}
	for _, r := range hazards {
		names = append(names, r.Name, r.Code)
	}
	for a := range aliases {
		names = append(names, a)
	}
	slices.Sort(names)
	return names
})
