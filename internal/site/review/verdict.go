package review

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// A concern is what a change does that a reviewer must know.
type concern int

const (
	fails concern = iota
	loses
	needsWindow
	breaks
	mayFail
	otherwise
	overwrites
	concerns // their number
)

// phrases say it in the verdict.
var phrases = [concerns]string{
	fails: "doesn't run", loses: "destroys data", needsWindow: "needs a window", breaks: "breaks a running application",
	mayFail: "may fail on the data", otherwise: "has other errors", overwrites: "overwrites values",
}

// A verdict is the line about how safe a change is, and the reasons for it.
type verdict struct {
	Level   string // "good", "warn" or "bad"
	Text    string
	Reasons []reason
}

// A reason is one that a change has for a part of its verdict.
type reason struct {
	Phrase   string // "Needs a window"
	Text     string
	Where    string // "migrations/1_a.sql:3"
	Anchor   string // of the statement or the file; "" if there is none
	Silenced bool
	More     []link // to others of the same kind, on the same table

	concern concern
	alike   string // others with the same text are of the same kind; "" for none
}

// A link goes to a statement.
type link struct{ Text, Anchor string }

// concernOf returns what a finding is about; ok is false for a warning.
func concernOf(d lint.Diagnostic) (c concern, ok bool) {
	rule, _ := lint.FindRule(d.Name)
	switch {
	case d.Name == "migration-fails", d.Name == "invalid-file":
		return fails, true
	case strings.HasPrefix(d.Name, "down-file-"):
		return 0, false // see reversible
	case rule.LosesData():
		return loses, true
	case rule.NeedsWindow() && !d.Small:
		return needsWindow, true
	case rule.Severity == lint.Warning && d.Severity == lint.Warning || d.Small:
		return 0, false
	case d.Analyzer == lint.Incompatible:
		return breaks, true
	case d.Analyzer == lint.DataDependent:
		return mayFail, true
	}
	return otherwise, d.Severity == lint.Error
}

// judge works out the verdict from what lint found and measured. Directives and settings that silence a finding don't
// change what happens to data, nor what was measured.
func (m *maker) judge() verdict {
	r := m.report
	var list []reason
	add := func(f lint.FileReport, pos, line int, text string, r reason) {
		r.Phrase, r.Text, r.Where, r.Anchor = upperFirst(phrases[r.concern]), words.Visible(text, ""), m.where(f.Name, line), m.anchor(f.Name, pos)
		i := slices.IndexFunc(list, func(o reason) bool {
			return r.alike != "" && o.alike == r.alike && o.concern == r.concern && o.Silenced == r.Silenced
		})
		if i < 0 {
			list = append(list, r)
			return
		}
		list[i].More = append(list[i].More, link{r.Where, r.Anchor})
	}
	for _, f := range r.Files {
		for i, d := range slices.Concat(f.Diagnostics, f.Silenced) {
			silenced := i >= len(f.Diagnostics)
			c, ok := concernOf(d)
			if !ok || silenced && c != loses && !(c == needsWindow && m.worked(f, d)) {
				continue
			}
			r := reason{concern: c, Silenced: silenced}
			if d.Table != "" {
				r.alike = d.Name + " " + d.Table
			}
			add(f, d.Pos, d.Line, d.Describe(), r)
			if rule, _ := lint.FindRule(d.Name); c == loses && rule.Drops() && !f.Contract && !silenced {
				r.concern = breaks
				add(f, d.Pos, d.Line, d.Describe(), r)
			}
		}
		for _, s := range f.Statements {
			if len(s.Deletes) > 0 && !about(f, s, "", lint.Rule.LosesData) {
				add(f, s.Pos, s.Line, "the statement deletes rows of "+strings.Join(s.Deletes, ", "), reason{concern: loses})
			}
			if len(s.Overwrites) > 0 {
				add(f, s.Pos, s.Line, "the statement overwrites values of "+strings.Join(s.Overwrites, ", "), reason{concern: overwrites})
			}
			for _, e := range s.Effects {
				if text := m.slow(e); text != "" && !about(f, s, e.Table, func(r lint.Rule) bool { return r.NeedsWindow() || r.LosesData() }) {
					add(f, s.Pos, s.Line, text, reason{concern: needsWindow})
				}
			}
		}
	}
	if path := r.Path; len(path) > 1 {
		for _, d := range demands(path[0], path[len(path)-1]) {
			if !slices.ContainsFunc(list, func(o reason) bool {
				return o.concern == mayFail && strings.HasSuffix(o.alike, " "+strings.TrimPrefix(d.table, "public."))
			}) {
				list = append(list, reason{concern: mayFail, Phrase: upperFirst(phrases[mayFail]), Text: words.Visible(pgsql.Redact(d.text), "")})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b reason) int { return int(a.concern - b.concern) })
	v := verdict{Level: "good", Reasons: list}
	var parts []string
	for _, reason := range list {
		if p := phrases[reason.concern]; !slices.Contains(parts, p) {
			parts = append(parts, p)
		}
	}
	switch {
	case r.Changed == 0 && len(list) == 0:
		v.Text = "Nothing to review"
		return v
	case len(list) == 0:
		parts = []string{"safe"}
	case list[0].concern <= loses:
		v.Level = "bad"
	default:
		v.Level = "warn"
	}
	switch back, can := reversible(r, slices.Contains(parts, phrases[loses])); {
	case list != nil && list[0].concern == fails:
		parts = append(parts, "reverting it wasn't tested")
	case back != "":
		parts = append(parts, back)
		if !can && v.Level == "good" {
			v.Level = "warn"
		}
	}
	v.Text = upperFirst(strings.Join(parts, "; "))
	return v
}

// worked reports whether work was measured that blocks a table, in the statement that a finding is about.
func (m *maker) worked(f lint.FileReport, d lint.Diagnostic) bool {
	return slices.ContainsFunc(f.Statements, func(s lint.Statement) bool {
		return s.Pos <= d.Pos && d.Pos < s.End && slices.ContainsFunc(s.Effects, func(e lint.TableEffect) bool { return m.slow(e) != "" })
	})
}

// slow describes a statement's work on a table that it blocks meanwhile, "" if there is none or the table is small.
func (m *maker) slow(e lint.TableEffect) string {
	blocks := lint.Blocks(e.Strongest())
	switch level := levelOf(e.Strongest()); {
	case level != "all" && level != "writes":
	case e.Size != nil && e.Size.Bytes < m.report.Small:
	case e.Rewritten:
		return fmt.Sprintf("the statement rewrites table %s while %s wait", sized(e), blocks)
	case e.Scanned:
		return fmt.Sprintf("the statement scans table %s while %s wait", sized(e), blocks)
	}
	return ""
}

func sized(e lint.TableEffect) string {
	if e.Size == nil {
		return e.Table
	}
	return fmt.Sprintf("%s (%s)", e.Table, e.Size)
}

// about reports whether a finding about a statement, and about a table unless it is "", is of a kind of rule.
func about(f lint.FileReport, s lint.Statement, table string, kind func(lint.Rule) bool) bool {
	return slices.ContainsFunc(slices.Concat(f.Diagnostics, f.Silenced), func(d lint.Diagnostic) bool {
		rule, _ := lint.FindRule(d.Name)
		return d.Line > 0 && s.Pos <= d.Pos && d.Pos < s.End && (table == "" || d.Table == table) && kind(rule)
	})
}

// reversible describes how far the down files revert the change, "" if there is none. Data that it loses stays lost.
func reversible(r *lint.Report, loses bool) (text string, can bool) {
	var never, wrong []string
	changed := 0
	for _, f := range r.Files {
		if f.Changed {
			changed++
		}
		for _, d := range f.Diagnostics {
			if name := path.Base(f.Name); d.Name == "down-file-wrong" && !slices.Contains(wrong, name) {
				wrong = append(wrong, name)
			}
		}
		if f.Changed && (f.NoWayBack != "" || f.Down == "") && !slices.Contains(wrong, path.Base(f.Name)) {
			never = append(never, f.Name)
		}
	}
	switch {
	case changed == 0:
		return "", false
	case len(wrong) > 0:
		return "reverting it fails", false
	case len(never) == changed:
		return "can't be reverted", false
	case len(never) > 0:
		return fmt.Sprintf("%s of %d can't be reverted", words.Plural(len(never), "file"), changed), false
	}
	if loses {
		return "can be reverted, but not the data", true
	}
	return "can be reverted", true
}

// downOf is the name of a file's down file.
func downOf(name string) string { return path.Join(migration.DownDir, name) }

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
