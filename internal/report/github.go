package report

import (
	"fmt"
	"strings"
)

// An annotation is a workflow command of GitHub Actions, which shows it at a line of a file.
type annotation struct {
	level       string // "error", "warning", "notice"
	file        string // path from the repository's root
	line, col   int    // from 1; 0 if unknown
	title, text string
}

// String returns the command's line, escaped as GitHub's own toolkit does.
func (a annotation) String() string {
	var props []string
	add := func(name, value string) {
		props = append(props, name+"="+githubProperty.Replace(disarm(string(line(value)))))
	}
	if a.file != "" {
		add("file", a.file)
		if a.line > 0 {
			add("line", fmt.Sprint(a.line))
		}
		if a.col > 0 {
			add("col", fmt.Sprint(a.col))
		}
	}
	if a.title != "" {
		add("title", a.title)
	}
	head := "::" + a.level
	if len(props) > 0 {
		head += " " + strings.Join(props, ",")
	}
	return head + "::" + githubData.Replace(disarm(string(lines(a.text, ""))))
}

var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
