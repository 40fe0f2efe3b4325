package plan

import (
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// rewrites is the hazard of what rewrites a table.
func rewrites(t *table, why string, instead fix.Text) []hazard.Hazard {
	return []hazard.Hazard{{Kind: hazard.Rewrite, Table: t.String(), Lock: hazard.AccessExclusive, What: why, Instead: instead}}
}

// blocks is the hazard of what keeps everybody from a table for as long as the table is big.
func blocks(t *table, why string, instead fix.Text) []hazard.Hazard {
	return []hazard.Hazard{{Kind: hazard.Block, Table: t.String(), Lock: hazard.AccessExclusive, What: why, Instead: instead}}
}

// blocksWrites is blocks where readers go on.
func blocksWrites(t *table, why string, instead fix.Text) []hazard.Hazard {
	return []hazard.Hazard{{Kind: hazard.Block, Table: t.String(), Lock: hazard.ShareRowExclusive, What: why, Instead: instead}}
}

// HazardLines are the lines of text that say what a hazard is.
func HazardLines(h hazard.Hazard) (lines []string) {
	switch h.Kind {
	case hazard.Rewrite:
		lines = []string{"REWRITES " + h.Table + ": " + h.What + ".", "Nobody reads or writes the table meanwhile, and the disk holds it twice."}
	case hazard.Along:
		lines = []string{"BLOCKS " + h.Table + ": " + h.What + "."}
	case hazard.Block, hazard.Rebuild, hazard.Recheck:
		who := "Nobody reads or writes the table meanwhile."
		if h.Lock == hazard.ShareRowExclusive {
			who = "Nobody writes the table meanwhile."
		}
		lines = []string{"BLOCKS " + h.Table + ": " + h.What + ".", who}
	default:
		what := strings.ToUpper(h.What[:1]) + h.What[1:]
		if h.Query.Empty() {
			lines = []string{what + "."}
			break
		}
		lines = append([]string{what + "; such rows:"}, indented(h.Query.String())...)
	}
	if h.Also != "" {
		lines = append(lines, strings.Split(h.Also, "\n")...)
	}
	return lines
}

// insteadLines are the lines of text that say what to do instead.
func insteadLines(instead fix.Text) (lines []string) {
	for l := range strings.Lines(instead.String()) {
		l = strings.TrimSuffix(l, "\n")
		words, ok := strings.CutPrefix(l, "-- ")
		if !ok && instead.ID() != "" {
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

// hazardComment is the comment that a file begins with: each hazard once, and what to do instead after the last that it is for.
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

// once returns the hazards without those that are there already.
func once(hazards []hazard.Hazard) (list []hazard.Hazard) {
	for _, h := range hazards {
		if !slices.Contains(list, h) {
			list = append(list, h)
		}
	}
	return list
}
