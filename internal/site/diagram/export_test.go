package diagram

// A Pair is a color of a theme on another, and the least contrast that it needs.
type Pair struct {
	What, Color, On string
	Least           float64
}

// Pairs returns the pairs of colors in drawings of the theme.
func (t Theme) Pairs() []Pair {
	const text, line = 4.5, 3
	pairs := []Pair{
		{"name", t.text, t.head, text}, {"column", t.text, t.box, text}, {"type", t.faint, t.box, text}, {"line", t.line, t.page, line},
		{"border", t.border, t.page, line},
	}
	for _, m := range [][2]string{{t.added, t.addedRow}, {t.changed, t.changedRow}, {t.dropped, t.droppedRow}} {
		pairs = append(pairs, Pair{"marked", m[0], m[1], text}, Pair{"label", m[0], t.page, text}, Pair{"type", t.faint, m[1], text}, Pair{"marked line", m[0], t.page, line})
	}
	return pairs
}
