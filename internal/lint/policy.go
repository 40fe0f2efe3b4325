package lint

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/project"
)

// A Policy determines which findings are reported, and how. The zero value reports all rules that aren't opt-in, each
// with its default severity.
type Policy project.Policy

// A Setting applies to a rule, or to all rules of an analyzer.
type Setting = project.Setting

// settings returns the settings for a rule, the most specific first.
func (p Policy) settings(r Rule) []Setting {
	return []Setting{p.Checks[r.Name], p.Checks[r.Code], p.Analyzers[r.Analyzer]}
}

// on reports whether a rule is enabled.
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

// forced reports whether directives can't silence the rule.
func (p Policy) forced(r Rule) bool {
	return slices.ContainsFunc(p.settings(r), func(s Setting) bool { return s.Force })
}

// allows reports whether the policy allows what the finding reports.
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

// aliases are further codes that Atlas has for what is a single rule here.
var aliases = map[string]string{"MF102": "MF101"}

// CheckNames returns all names and codes of rules, which settings may use.
func CheckNames() []string {
	var names []string
	for _, r := range Rules() {
		names = append(names, r.Name, r.Code)
	}
	return names
}

// silencable returns what a directive may name: analyzers, and the names and codes of rules that a directive can
// silence.
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
	for _, code := range namingCodes {
		if !slices.Contains(names, code) {
			names = append(names, code)
		}
	}
	slices.Sort(names)
	return names
})
