package catalog

import "strings"

// MigrationsSay is Compare's clause for a schema that migrations produce.
const MigrationsSay = "the migrations say"

// Line returns the start of the object's line in a catalog: "column public.results.id".
func (d Difference) Line() string {
	if d.Table != "" && d.Table != d.Object && d.Kind != "sequence" { // whose names are qualified
		return d.Kind + " " + d.Table + "." + d.Object
	}
	return d.Kind + " " + d.Object
}

// Relation returns the escaped name of the relation that l is or belongs to, "" if none.
func (l Line) Relation() string {
	table, _ := l.table()
	return table
}

// Ignored returns the first of the patterns that matches a difference, or "". A pattern is the whole text of a
// difference, or the kind and name of its object: "index public.results.ix_tags", also without "public.". In a
// pattern, * stands for any characters and ? for one.
func (d Difference) Ignored(patterns []string) string {
	object := d.Line()
	short := d.Kind + " " + strings.TrimPrefix(strings.TrimPrefix(object, d.Kind+" "), "public.")
	for _, p := range patterns {
		if matches(p, d.Text) || matches(p, object) || matches(p, short) {
			return p
		}
	}
	return ""
}

// matches reports whether pattern, in which * stands for any characters and ? for one, matches the whole text.
func matches(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	star, back := -1, 0 // the last star, and where in t what follows it is tried
	i := 0
	for j := 0; j < len(t); {
		switch {
		case i < len(p) && p[i] == '*':
			star, back = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			back++
			i, j = star+1, back
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
