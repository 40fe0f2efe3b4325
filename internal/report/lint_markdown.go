package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

// commentMark is the first line of a comment by which the next run finds it again.
const commentMark = "<!-- ibutsu-schema lint -->\n"

// longestSQL is how much of a file's text a comment holds: GitHub refuses comments of more than 65,536 characters.
const longestSQL = 20_000

// lintMarkdown writes a comment for a pull request.
func (p *Printer) lintMarkdown(r *lint.Report) error {
	var b strings.Builder
	b.WriteString(commentMark)
	head := ":white_check_mark: Nothing found"
	switch {
	case r.Failed():
		head = ":x: " + counts(r)
	case r.Count(lint.Warning) > 0:
		head = ":warning: " + counts(r)
	}
	fmt.Fprintf(&b, "### Migrations: %s\n\n%s.\n", head, upperFirst(markdownText(looked(r))))
	p.findingsMarkdown(&b, r)
	p.changesMarkdown(&b, r)
	return p.text(&b)
}

func (p *Printer) findingsMarkdown(b *strings.Builder, r *lint.Report) {
	for _, level := range []lint.Severity{lint.Error, lint.Warning} {
		for _, f := range r.Files {
			for _, d := range f.Diagnostics {
				if d.Severity != level {
					continue
				}
				mark := ":warning:"
				if level == lint.Error {
					mark = ":x:"
				}
				fmt.Fprintf(b, "\n%s **%s** in %s: %s\n", mark, markdownText(cmp.Or(strings.TrimSpace(d.Code+" "+d.Name), d.Title, "finding")),
					code(p.place(f.Name, d.Line, d.Col)), markdownText(describe(d)))
				b.WriteString(folded("Instead", d.Fix.String()))
				b.WriteString(folded("Rows in the way", d.Query.String()))
			}
		}
	}
}

// folded is advice that is opened by a click, or words on a line.
func folded(head, text string) string {
	switch {
	case text == "":
		return ""
	case isSQL(text) || strings.Contains(text, "\n"):
		return "<details><summary>" + head + "</summary>\n\n" + block(text) + "\n</details>\n"
	}
	return "\n" + head + ": " + markdownText(text) + "\n"
}

// isSQL tells advice that is SQL from what to do in words.
func isSQL(text string) bool { return strings.HasSuffix(text, ";") || strings.Contains(text, ";\n") }

// block is advice as a block of code, coloured as SQL if it is that.
func block(text string) string {
	if isSQL(text) {
		return fenced("sql", text)
	}
	return fenced("text", text)
}

// changesMarkdown shows what the changed files do.
func (p *Printer) changesMarkdown(b *strings.Builder, r *lint.Report) {
	sql := 0
	for _, f := range r.Files {
		if len(f.Statements) == 0 && len(f.Effect) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n#### %s\n", code(p.place(f.Name, 0, 0)))
		if len(f.Effect) > 0 {
			b.WriteString("\n" + fenced("diff", strings.Join(f.Effect, "\n")))
		}
		b.WriteString(lockTable(f))
		text := f.Text
		if sql += len(text); sql > longestSQL {
			text = fmt.Sprintf("-- %d bytes: see the file\n", len(text))
		}
		b.WriteString("\n<details><summary>SQL</summary>\n\n" + fenced("sql", text) + "\n</details>\n")
	}
}

// lockTable lists what the statements of a file do to tables that were there before.
func lockTable(f lint.FileReport) string {
	const most = 100 // rows
	var rows []string
	for _, s := range f.Statements {
		for _, e := range s.Effects {
			work := ""
			switch {
			case e.Rewritten:
				work = "rewrites all rows"
			case e.Scanned:
				work = "reads all rows"
			}
			rows = append(rows, fmt.Sprintf("| %d | %s | %s | %s | %s | %s |\n", s.Line, code(cut(oneLine(s.Text), 60)), code(e.Table),
				lockWords(e.Lock), blocks(e.Lock), work))
		}
	}
	if len(rows) == 0 {
		return ""
	}
	more := ""
	if n := len(rows) - most; n > 0 {
		rows, more = rows[:most], fmt.Sprintf("\nand %s more.\n", plural(n, "row"))
	}
	return "\n| Line | Statement | Table | Lock | Stops | Work |\n| ---: | --- | --- | --- | --- | --- |\n" + strings.Join(rows, "") + more
}

// lockWords is a lock mode as SQL names it.
func lockWords(mode string) string {
	var b strings.Builder
	for i, r := range strings.TrimSuffix(mode, "Lock") {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

// blocks says whom a lock stops.
func blocks(mode string) string {
	switch mode {
	case "AccessExclusiveLock":
		return "reads and writes"
	case "ExclusiveLock", "ShareRowExclusiveLock", "ShareLock":
		return "writes"
	case "":
		return ""
	}
	return "neither reads nor writes"
}

// code is a text as code within a line or a table's cell.
func code(text string) string {
	text = strings.ReplaceAll(oneLine(text), "|", `\|`)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if fence != "`" {
		text = " " + text + " "
	}
	return fence + text + fence
}

// markdownText is a text whose characters mean themselves. A name with an @ mentions nobody.
func markdownText(text string) string { return markdown.Replace(text) }

var markdown = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "|", `\|`, "#", `\#`, "@", "@\u200b", "~", `\~`,
)

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
