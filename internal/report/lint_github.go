package report

import (
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

// most is how many annotations of a level GitHub accepts from one step. It silently drops the rest.
const most = 10

func (p *Printer) lintGitHub(r *lint.Report) error {
	var b, rest page
	for _, level := range []lint.Severity{lint.Error, lint.Warning} {
		n, shown := r.Count(level), 0
		limit := n
		if n > most {
			limit = most - 1 // the last one counts the rest
		}
		for _, f := range r.Files {
			for _, d := range f.Diagnostics {
				if d.Severity != level {
					continue
				}
				if shown++; shown > limit {
					rest.printf("%s: %s: %s%s\n", p.location(f.Name, d.Line, d.Col), d.Severity, oneLine(d.Describe()), label(d))
					continue
				}
				text := d.Describe() + label(d)
				if !d.Fix.Empty() {
					text += "\ninstead: " + advised(d.Fix)
				}
				b.annotate(annotation{
					level: string(d.Severity), file: p.location(f.Name, 0, 0), line: d.Line, col: d.Col, title: d.Title, text: text,
				})
			}
		}
		if n > limit {
			b.annotate(annotation{
				level: string(level), title: "more findings",
				text: fmt.Sprintf("%s not shown: GitHub shows %d per step; all are in its log and summary", plural(n-limit, line(string(level))), most),
			})
		}
	}
	for _, f := range r.Files {
		if f.Contract {
			rest.printf("%s: %s\n", p.location(f.Name, 0, 0), lint.AContract)
		}
	}
	b.put(rest.safe(), lintSummary(r))
	return p.page(&b)
}
