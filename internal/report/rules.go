package report

import (
	"io/fs"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// explained is a rule of lint.
type explained struct {
	Name     string
	Code     string
	Severity string // the default: "error" or "warning"
	OptIn    bool   // whether it is off by default
	Analyzer string // its block in atlas.hcl; empty if nothing can silence it
	Help     string // the danger, and what to do instead
	HelpURI  string // its page
	Page     string `json:",omitempty"` // the page's Markdown
}

func explain(r lint.Rule) explained {
	return explained{r.Name, r.Code, string(r.Severity), r.OptIn, r.Analyzer, r.Help, r.HelpURI(), ""}
}

// Rules lists the rules of lint.
func (p *Printer) Rules() error {
	if p.Format == JSON {
		list := []explained{}
		for _, r := range lint.Rules() {
			list = append(list, explain(r))
		}
		return p.Out.json(list)
	}
	var rows [][]safe
	for _, r := range lint.Rules() {
		on := safe("on")
		if r.OptIn {
			on = "off"
		}
		rows = append(rows, []safe{line(r.Name), line(r.Code), line(string(r.Severity)), on, line(r.Help)})
	}
	var b page
	for _, row := range align(rows) {
		b.put(row, "\n")
	}
	return p.page(&b)
}

// Explain shows the page about a rule, which is named by its name or code. pages has a file NAME.md for each rule. An
// unknown name is a *usage.Error.
func (p *Printer) Explain(name string, pages fs.FS) error {
	r, near := lint.FindRule(name)
	if r.Name == "" {
		if near != "" {
			return usage.Errorf("-explain=%s: no check has this name; did you mean %s?", name, near)
		}
		return usage.Errorf("-explain=%s: no check has this name; -list prints all", name)
	}
	text, err := fs.ReadFile(pages, r.Name+".md")
	if err != nil {
		return err
	}
	if p.Format == JSON {
		e := explain(r)
		e.Page = string(text)
		return p.Out.json(e)
	}
	var b page
	b.put(source(string(text)), "\n")
	return p.page(&b)
}
