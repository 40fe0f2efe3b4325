package diagram

import "fmt"

// A Theme is a set of colors. Text has a contrast of at least 4.5 to 1 with what it is on, lines have 3 to 1.
type Theme struct {
	page, box, head, line, text, faint       string
	added, changed, dropped                  string // lines and text
	addedRow, changedRow, droppedRow, border string
}

// Light and Dark are the themes.
var (
	Light = Theme{
		page: "#ffffff", box: "#ffffff", head: "#eaeef2", line: "#57606a", text: "#1f2328", faint: "#57606a", border: "#8c959f",
		added: "#116329", changed: "#7d4e00", dropped: "#a40e26",
		addedRow: "#dafbe1", changedRow: "#fff8c5", droppedRow: "#ffebe9",
	}
	Dark = Theme{
		page: "#0d1117", box: "#0d1117", head: "#21262d", line: "#9198a1", text: "#e6edf3", faint: "#9198a1", border: "#656c76",
		added: "#7ee787", changed: "#f2cc60", dropped: "#ffa198",
		addedRow: "#12261e", changedRow: "#272115", droppedRow: "#25171c",
	}
)

// Style returns the style sheet of a drawing, which is dark where the reader prefers that.
func Style() string {
	return Light.Rules("") + "@media (prefers-color-scheme: dark) {\n" + Dark.Rules("") + "}\n"
}

// Rules returns a theme's rules for the drawings in the elements that a selector selects; all, if it is empty. Marks
// are shown by signs, and by the kinds of lines, in addition to colors.
func (t Theme) Rules(within string) string {
	if within != "" {
		within += " "
	}
	rules := ""
	add := func(selector, declarations string, args ...any) {
		rules += within + selector + " { " + fmt.Sprintf(declarations, args...) + " }\n"
	}
	add(".er-page", "fill: %s", t.page)
	add(".er-box", "fill: %s; stroke: %s", t.box, t.border)
	add(".er-head", "fill: %s; stroke: %s", t.head, t.border)
	add(".er-name", "fill: %s; font-weight: bold", t.text)
	add(".er-column", "fill: %s", t.text)
	add(".er-type", "fill: %s", t.faint)
	add(".er-keys", "fill: %s", t.faint)
	add(".er-key", "fill: none; stroke: %s; stroke-width: 1.2", t.line)
	add(".er-end", "fill: %s; stroke: %s; stroke-width: 1.2", t.page, t.line)
	for _, m := range []struct {
		mark       Mark
		color, row string
	}{{Added, t.added, t.addedRow}, {Changed, t.changed, t.changedRow}, {Dropped, t.dropped, t.droppedRow}} {
		name := ".er-" + m.mark.String()
		add(".er-table"+name+" > .er-box", "stroke: %s; stroke-width: 2", m.color)
		add(".er-table"+name+" > .er-head", "fill: %s; stroke: %s", m.row, m.color)
		add(".er-row"+name, "fill: %s", m.row)
		add(".er-name"+name+", "+within+".er-column"+name+", "+within+".er-label"+name, "fill: %s", m.color)
		add(".er-key"+name+", "+within+".er-end"+name, "stroke: %s; stroke-width: 2", m.color)
	}
	add(".er-table.er-dropped > .er-box, "+within+".er-key.er-dropped", "stroke-dasharray: 5 3")
	add(".er-name.er-dropped, "+within+".er-column.er-dropped", "text-decoration: line-through")
	return rules
}
