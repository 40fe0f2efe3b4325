package plan

import (
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// HazardLines returns the lines that describe a hazard.
func HazardLines(h hazard.Hazard) (lines []string) {
	switch h.Kind {
	case hazard.Rewrite:
		lines = []string{"REWRITES " + h.Table + ": " + h.What + ".", "Reads and writes of the table wait until it is done, and the disk holds a second copy of it meanwhile."}
	case hazard.Along:
		lines = []string{"BLOCKS " + h.Table + ": " + h.What + "."}
	case hazard.Block, hazard.Rebuild, hazard.Recheck:
		waits := "Reads and writes of the table wait until it is done."
		if h.Lock == hazard.ShareRowExclusive {
			waits = "Writes to the table wait until it is done."
		}
		lines = []string{"BLOCKS " + h.Table + ": " + h.What + ".", waits}
	case hazard.Violated:
		lines = append([]string{strings.ToUpper(h.What[:1]) + h.What[1:] + "; count those rows with:"}, indented(h.Query.String())...)
	default:
		what := strings.ToUpper(h.What[:1]) + h.What[1:]
		if h.Query.Empty() {
			lines = []string{what + "."}
			break
		}
		lines = append([]string{what + "; offending rows:"}, indented(h.Query.String())...)
	}
	if h.Also != "" {
		lines = append(lines, strings.Split(h.Also, "\n")...)
	}
	return lines
}

// insteadLines returns the lines that describe what to do instead.
func insteadLines(instead fix.Text) (lines []string) {
	if text := instead.String(); text != "" && instead.ID() == "" {
		return strings.Split(strings.ToUpper(text[:1])+strings.TrimSuffix(text[1:], ".")+".", "\n")
	}
	for l := range strings.Lines(instead.String()) {
		l = strings.TrimSuffix(l, "\n")
		words, ok := strings.CutPrefix(l, "-- ")
		if !ok {
			words = "  " + l
		}
		lines = append(lines, words)
	}
	return lines
}

func indented(text string) (lines []string) {
	for l := range strings.Lines(text) {
		lines = append(lines, strings.TrimRight("  "+l, "\n "))
	}
	return lines
}

// hazardComment returns the comment at the top of a file: each hazard, and what to do instead after the last hazard
// that it applies to.
func hazardComment(hazards []hazard.Hazard) string {
	var b strings.Builder
	write := func(lines []string) {
		for _, l := range lines {
			b.WriteString(strings.TrimRight(pgsql.LineComment(l), " ") + "\n")
		}
	}
	for i, h := range hazards {
		write(HazardLines(h))
		if !h.Instead.Empty() && !slices.ContainsFunc(hazards[i+1:], func(o hazard.Hazard) bool { return o.Instead == h.Instead }) {
			write(insteadLines(h.Instead))
		}
	}
	if len(hazards) > 0 {
		b.WriteByte('\n')
	}
	return b.String()
}
