package report

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

// commentMark is the first line of a comment, by which the next run finds it.
const commentMark markdown = "<!-- ibutsu-schema lint -->\n"

// longestSQL is how much of a file's text a comment holds: GitHub refuses comments of more than 65,536 characters.
const longestSQL = 20_000

// lintMarkdown writes a comment for a pull request.
func (p *Printer) lintMarkdown(r *lint.Report) error {
	var d document
	head := markdown(":white_check_mark: Nothing found")
	switch {
	case r.Failed():
		head = ":x: " + prose(string(counts(r)))
	case r.Count(lint.Warning) > 0:
		head = ":warning: " + prose(string(counts(r)))
	}
	d.put(commentMark, "### Migrations: ", head, "\n\n", prose(upperFirst(scope(r))), ".\n")
	p.findingsMarkdown(&d, r)
	p.changesMarkdown(&d, r)
	return p.Out.document(&d)
}

func (p *Printer) findingsMarkdown(b *document, r *lint.Report) {
	for _, level := range []lint.Severity{lint.Error, lint.Warning} {
		for _, f := range r.Files {
			for _, d := range f.Diagnostics {
				if d.Severity != level {
					continue
				}
				mark := markdown(":warning:")
				if level == lint.Error {
					mark = ":x:"
				}
				b.put("\n", mark, " **", prose(cmp.Or(strings.TrimSpace(d.Code+" "+d.Name), d.Title, "finding")), "** in ",
					code(p.location(f.Name, d.Line, d.Col)), ": ", prose(describe(d)), "\n", folded("Instead", advised(d.Fix)), folded("Offending rows", advised(d.Query)))
			}
		}
	}
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

// changesMarkdown shows what the changed files do.
func (p *Printer) changesMarkdown(b *document, r *lint.Report) {
	sql := 0
	for _, f := range r.Files {
		if len(f.Statements) == 0 && len(f.Effect) == 0 && !f.Contract {
			continue
		}
		b.put("\n#### ", code(p.location(f.Name, 0, 0)), "\n")
		if f.Contract {
			b.put("\n", prose(upperFirst(aContract)), ".\n")
		}
		if len(f.Effect) > 0 {
			b.put("\n", fenced("diff", strings.Join(f.Effect, "\n")))
		}
		b.put(lockTable(f))
		text := fenced("sql", f.Text)
		if sql += len(text); sql > longestSQL {
			text = fenced("sql", fmt.Sprintf("-- %d bytes: see the file\n", len(f.Text)))
		}
		b.put("\n<details><summary>SQL</summary>\n\n", text, "\n</details>\n")
	}
}

// lockTable lists what a file's statements do to tables that existed before.
func lockTable(f lint.FileReport) markdown {
	const most = 100 // rows
	var rows document
	n := 0
	for _, s := range f.Statements {
		for _, e := range s.Effects {
			if n++; n > most {
				continue
			}
			work := markdown("")
			switch {
			case e.Rewritten:
				work = "rewrites the table"
			case e.Scanned:
				work = "scans the table"
			}
			table := code(e.Table)
			if e.Size != nil {
				table += " (" + prose(e.Size.String()) + ")"
			}
			rows.put("| ", prose(strconv.Itoa(s.Line)), " | ", code(cut(oneLine(s.Text), 60)), " | ", table, " | ",
				prose(lockWords(e.Lock)), " | ", prose(lockWords(e.Held)), " | ", prose(blocks(strongest(e))), " | ", work, " |\n")
		}
	}
	if n == 0 {
		return ""
	}
	more := markdown("")
	if n > most {
		more = "\nand " + prose(string(plural(n-most, "row"))) + " more.\n"
	}
	return "\n| Line | Statement | Table | Lock | Held before | Blocks | Work |\n| ---: | --- | --- | --- | --- | --- | --- |\n" + rows.markdown() + more
}

// lockWords returns a lock mode as SQL names it.
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

// strongest returns the stronger of the lock that a statement takes and the one that was held before.
func strongest(e lint.TableEffect) string {
	if lint.Stronger(e.Held, e.Lock) {
		return e.Held
	}
	return e.Lock
}

// blocks says what a lock blocks.
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
