package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/site/diagram"
)

// commentMark is the first line of a comment, by which the next run finds it.
const commentMark markdown = "<!-- ibutsu-schema lint -->\n"

// longestComment is how many bytes a comment may have: GitHub refuses more than 65,536 characters.
const longestComment = 65_536

// A section is a part of a comment, which is left out as a whole if the comment would be too long.
type section struct {
	what     safe // "finding"
	priority int  // sections with a higher number are left out first
	of       int  // the index of the section without which this one says nothing, or its own
	text     markdown
}

// The priorities of sections.
const (
	first = iota
	anError
	aWarning
	aFile
	anEffect
	aTable
	aDiagram
	aDownScript
	aScript
)

// A comment is a pull request's comment before it is written.
type comment struct{ sections []section }

// add appends a section, and returns its index. Its parent is one that was added before, or -1.
func (c *comment) add(what safe, priority, of int, text markdown) int {
	if text == "" {
		return of
	}
	i := len(c.sections)
	if of < 0 {
		of = i
	}
	c.sections = append(c.sections, section{what, priority, of, text})
	return i
}

// document returns the sections that fit, the most important ones first, and says what is left out.
func (c *comment) document(most int) *document {
	const note = 500 // bytes for what is said about the rest
	order := make([]int, len(c.sections))
	size := 0
	for i, s := range c.sections {
		order[i], size = i, size+len(s.text)
	}
	slices.SortStableFunc(order, func(i, j int) int { return c.sections[i].priority - c.sections[j].priority })
	room := most
	if size > most {
		room -= note
	}
	keep := make([]bool, len(c.sections))
	left := map[safe]int{}
	var kinds []safe
	for _, i := range order {
		s := c.sections[i]
		if keep[i] = len(s.text) <= room && (s.of == i || keep[s.of]); keep[i] {
			room -= len(s.text)
			continue
		}
		if left[s.what] == 0 {
			kinds = append(kinds, s.what)
		}
		left[s.what]++
	}
	var d document
	for i, s := range c.sections {
		if keep[i] {
			d.put(s.text)
		}
	}
	if len(kinds) > 0 {
		var what []string
		for _, k := range kinds {
			what = append(what, string(plural(left[k], k)))
		}
		d.put("\nLeft out, because GitHub takes no longer comments: ", prose(strings.Join(what, ", ")), ". The files have the rest, and `lint` prints all findings.\n")
	}
	return &d
}

// lintMarkdown writes a comment for a pull request.
func (p *Printer) lintMarkdown(r *lint.Report) error {
	var c comment
	head := markdown(":white_check_mark: Nothing found")
	switch {
	case r.Failed():
		head = ":x: " + prose(string(counts(r)))
	case r.Count(lint.Warning) > 0:
		head = ":warning: " + prose(string(counts(r)))
	}
	head = commentMark + "### Migrations: " + head + "\n\n" + prose(upperFirst(r.Scope())) + ".\n"
	if n := counted(r.Counts); n != "" {
		head += "\nChanges: " + prose(string(n)) + ".\n"
	}
	c.add("", first, -1, head)
	for _, level := range []lint.Severity{lint.Error, lint.Warning} {
		for _, f := range r.Files {
			for _, d := range f.Diagnostics {
				if d.Severity == level {
					p.findingMarkdown(&c, f, d)
				}
			}
		}
	}
	c.add("diagram", aDiagram, -1, changesDiagram(r))
	for _, f := range r.Files {
		p.changeMarkdown(&c, f)
	}
	return p.Out.document(c.document(longestComment))
}

func (p *Printer) findingMarkdown(c *comment, f lint.FileReport, d lint.Diagnostic) {
	mark, priority := markdown(":warning:"), aWarning
	if d.Severity == lint.Error {
		mark, priority = ":x:", anError
	}
	c.add("finding", priority, -1, "\n"+mark+" **"+prose(cmp.Or(strings.TrimSpace(d.Code+" "+d.Name), d.Title, "finding"))+"** in "+
		code(p.location(f.Name, d.Line, d.Col))+": "+prose(d.Describe())+"\n"+folded("Instead", advised(d.Fix))+folded("Offending rows", advised(d.Query)))
}

// folded returns advice that a click unfolds, or words on a line.
func folded(head markdown, text string) markdown {
	switch {
	case text == "":
		return ""
	case isSQL(text) || strings.Contains(text, "\n"):
		return "<details><summary>" + head + "</summary>\n\n" + block(text) + "\n</details>\n"
	}
	return "\n" + head + ": " + prose(text) + "\n"
}

// isSQL reports whether advice is SQL rather than words.
func isSQL(text string) bool { return strings.HasSuffix(text, ";") || strings.Contains(text, ";\n") }

// block returns advice as a block of code, highlighted if it is SQL.
func block(text string) markdown {
	if isSQL(text) {
		return fenced("sql", text)
	}
	return fenced("text", text)
}

// changesDiagram draws the tables that change. It returns "" if nothing changes, or too much to draw.
func changesDiagram(r *lint.Report) markdown {
	if len(r.Path) < 2 {
		return ""
	}
	model := diagram.Between(r.Path[0], r.Path[len(r.Path)-1], r.Stmts()...).Changes().Overview()
	if model.Empty() {
		return ""
	}
	for _, t := range model.Tables {
		for i := range t.Columns {
			c := &t.Columns[i]
			c.Type, c.Was = string(line(c.Type)), string(line(c.Was))
		}
	}
	text, ok := model.Mermaid()
	if !ok {
		return ""
	}
	return "\n#### Tables that change\n\n" + fenced("mermaid", strings.TrimSuffix(text, "\n"))
}

// changeMarkdown shows what a changed file does.
func (p *Printer) changeMarkdown(c *comment, f lint.FileReport) {
	if len(f.Statements) == 0 && len(f.Effect) == 0 && f.Down == "" && !f.Contract {
		return
	}
	head := "\n#### " + code(p.location(f.Name, 0, 0)) + "\n"
	if f.Contract {
		head += "\n" + prose(upperFirst(lint.AContract)) + ".\n"
	}
	if f.NoWayBack != "" {
		head += "\nIrreversible: " + prose(f.NoWayBack) + "\n"
	}
	file := c.add("file", aFile, -1, head)
	if len(f.Effect) > 0 {
		c.add("effect", anEffect, file, "\n"+fenced("diff", effectLines(f.Effect)))
	}
	c.add("lock table", aTable, file, lockTable(f))
	c.add("script", aScript, file, script("SQL", f.Text))
	if f.NoWayBack == "" {
		c.add("down script", aDownScript, file, script("Down", f.Down))
	}
}

// effectLines returns an effect as a diff, in which each line of a definition has the sign of its first.
func effectLines(effect []string) string {
	var lines []string
	for _, text := range effect {
		head, body := catalog.CutBody(text)
		lines = append(lines, head)
		if body != "" {
			sign, _, _ := strings.Cut(head, " ")
			for l := range strings.SplitSeq(body, "\n") {
				lines = append(lines, strings.TrimRight(sign+"   "+l, " \r"))
			}
		}
	}
	return strings.Join(lines, "\n")
}

// script returns a file's text, which a click unfolds.
func script(head markdown, text string) markdown {
	if text == "" {
		return ""
	}
	return "\n<details><summary>" + head + "</summary>\n\n" + fenced("sql", text) + "\n</details>\n"
}

// lockTable lists a file's statements and what they do to tables that existed before.
func lockTable(f lint.FileReport) markdown {
	const most = 20_000 // bytes
	var rows document
	for i := 0; i < len(f.Statements); i++ {
		s, alike := f.Statements[i], 0
		for ; f.Statements[i].WithNext && i+1 < len(f.Statements); i++ {
			alike++
		}
		if rows.b.Len() > most {
			rows.put("| ", prose(strconv.Itoa(s.Line)), " | and ", prose(string(plural(len(f.Statements)-i+alike, "statement"))), " more |  |  |  |  |  |\n")
			break
		}
		first := "| " + prose(strconv.Itoa(s.Line)) + " | " + cell(cut(oneLine(s.Text), 60))
		if alike > 0 {
			first += " and " + prose(strconv.Itoa(alike)) + " more"
		}
		last := f.Statements[i]
		effects := last.Effects
		if held, ok := f.HeldBefore(i); ok && len(effects) == 0 && last.Note == "" && !last.Refused {
			effects = []lint.TableEffect{held}
		}
		for _, e := range effects {
			rows.put(first, " | ", tableCell(e), " | ", prose(lint.LockWords(e.Lock)), " | ", prose(lint.LockWords(e.Held)), " | ", prose(lint.Blocks(e.Strongest())), " | ", prose(e.Work("the table")), " |\n")
		}
		switch {
		case last.Refused:
			rows.put(first, " |  |  |  | unknown | failed or not run |\n")
		case last.Depends:
			rows.put(first, " |  |  |  | unknown | ", prose(last.Note), " |\n")
		case last.Note != "":
			rows.put(first, " |  |  |  | nothing | ", prose(last.Note), " |\n")
		case len(effects) == 0:
			rows.put(first, " |  |  |  | nothing |  |\n")
		}
	}
	if len(f.Statements) == 0 {
		return ""
	}
	return "\n| Line | Statement | Table | Lock | Held before | Blocks | Work |\n| ---: | --- | --- | --- | --- | --- | --- |\n" + rows.markdown()
}

// tableCell names a table, with its size.
func tableCell(e lint.TableEffect) markdown {
	if e.Size == nil {
		return cell(e.Table)
	}
	return cell(e.Table) + " (" + prose(e.Size.String()) + ")"
}
