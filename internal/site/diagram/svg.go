package diagram

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ibutsu/ibutsu-schema/internal/site/graphviz"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// Sizes in pixels. The font is monospaced, so that widths are known.
const (
	fontSize  = 12
	charWidth = 7.3
	rowHeight = 20
	padding   = 8
	margin    = 12
	maxChars  = 48 // of a type
)

// A row is a line in a table's box.
type row struct {
	keys, text, typ string // "PK FK", "+ id", "uuid"
	mark            Mark
}

// rows returns the lines of a table's box, its name first.
func (t Table) rows() []row {
	rows := []row{{text: t.Mark.sign() + t.Name, mark: t.Mark}}
	if t.Was != "" {
		rows = append(rows, row{text: "was " + t.Was, mark: t.Mark})
	}
	if t.Partitions > 0 {
		rows = append(rows, row{text: words.Plural(t.Partitions, "partition")})
	}
	for _, c := range t.Columns {
		r := row{text: c.Mark.sign() + c.Name, typ: shortened(c.Type), mark: c.Mark}
		if !c.NotNull {
			r.typ += "?"
		}
		var keys []string
		if c.Primary {
			keys = append(keys, "PK")
		}
		if c.Foreign {
			keys = append(keys, "FK")
		}
		r.keys = strings.Join(keys, " ")
		rows = append(rows, r)
		if c.Was != "" {
			rows = append(rows, row{text: shortened(c.Was), mark: c.Mark})
		}
	}
	for _, o := range t.Others {
		rows = append(rows, row{text: o.Mark.sign() + o.Kind + " " + o.Name, mark: o.Mark})
	}
	return rows
}

// rowOf returns the row of a table's column, or -1 if there is none.
func (t Table) rowOf(columns []string) int {
	if len(t.Columns) == 0 || len(columns) == 0 {
		return -1
	}
	for i, r := range t.rows() {
		if r.typ != "" && strings.TrimPrefix(r.text, r.mark.sign()) == columns[0] {
			return i
		}
	}
	return -1
}

func shortened(text string) string {
	if utf8.RuneCountInString(text) <= maxChars {
		return text
	}
	return string([]rune(text)[:maxChars-3]) + "..."
}

// A box is a table's box: its rows, and the widths in characters of the columns of text.
type box struct {
	rows       []row
	keys, text int
	width      float64
}

func newBox(t Table) box {
	b := box{rows: t.rows()}
	typ, alone := 0, 0
	for _, r := range b.rows {
		if b.keys = max(b.keys, chars(r.keys)); r.typ == "" {
			alone = max(alone, chars(r.text))
			continue
		}
		b.text, typ = max(b.text, chars(r.text)), max(typ, chars(r.typ))
	}
	if b.keys > 0 {
		b.keys++ // a space
	}
	if typ > 0 {
		b.text += 2
	}
	b.width = math.Ceil(float64(max(b.keys+b.text+typ, alone))*charWidth + 2*padding)
	return b
}

// chars returns how many characters of a monospaced font fit in the width of text.
func chars(text string) int {
	n := 0
	for _, r := range text {
		if n++; r >= 0x1100 { // may be wide: Hangul, Chinese, Japanese, emoji
			n++
		}
	}
	return n
}

func (b box) height() float64 { return float64(len(b.rows) * rowHeight) }

// SVG draws the model. The drawing includes [Style], unless it is inlined in a page that has it.
func (m Model) SVG(ctx context.Context, title string, inline bool) ([]byte, error) {
	boxes := make([]box, len(m.Tables))
	g := graphviz.Graph{}
	for i, t := range m.Tables {
		boxes[i] = newBox(t)
		g.Boxes = append(g.Boxes, graphviz.Box{Width: boxes[i].width, Height: boxes[i].height(), Rows: len(boxes[i].rows)})
	}
	for _, k := range m.Keys {
		e := graphviz.Edge{From: k.To, To: k.From}
		e.FromRow, e.ToRow = m.Tables[k.To].rowOf(k.RefColumns), m.Tables[k.From].rowOf(k.Columns)
		if k.Mark != Same {
			e.Label = float64(chars(k.label()))*charWidth + padding
		}
		g.Edges = append(g.Edges, e)
	}
	l, err := graphviz.Place(ctx, g)
	if err != nil {
		return nil, err
	}
	d := &drawing{}
	width, height := math.Ceil(l.Width+2*margin), math.Ceil(l.Height+2*margin)
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" class="er" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img" aria-label="%s" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="%d">`+"\n",
		width, height, width, height, escaped(title), fontSize)
	if !inline {
		d.printf("<style>\n%s</style>\n", Style())
	}
	if lines := m.references(); len(lines) > 0 {
		d.printf("<desc>%s</desc>\n", escaped(strings.Join(lines, "; ")))
	}
	d.printf(`<rect class="er-page" width="%.0f" height="%.0f"/>`+"\n", width, height)
	d.printf(`<g transform="translate(%d %d)">`+"\n", margin, margin)
	for i, k := range m.Keys {
		d.key(k, l.Edges[i], l.Turned[i])
		if k.Mark != Same {
			const below = 4 // from the middle to the baseline
			d.text(class("er-label", k.Mark), l.Labels[i].X-float64(chars(k.label()))*charWidth/2, l.Labels[i].Y+below, k.label())
		}
	}
	for i, t := range m.Tables {
		d.table(t, boxes[i], l.Boxes[i])
	}
	d.printf("</g>\n</svg>\n")
	return []byte(d.b.String()), nil
}

// references says in words what the lines of the drawing mean.
func (m Model) references() []string {
	var lines []string
	for _, k := range m.Keys {
		lines = append(lines, fmt.Sprintf("%s%s (%s) refers to %s", k.Mark.sign(), m.Tables[k.From].Name, k.columns(), m.Tables[k.To].Name))
	}
	return lines
}

type drawing struct{ b strings.Builder }

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(&d.b, format, args...) }

func (d *drawing) text(class string, x, y float64, text string) {
	if text != "" {
		d.printf(`<text class="%s" x="%s" y="%s">%s</text>`+"\n", class, number(x), number(y), escaped(text))
	}
}

// class returns the class of a part and that of its mark.
func class(part string, m Mark) string {
	if m == Same {
		return part
	}
	return part + " er-" + m.String()
}

func (d *drawing) table(t Table, b box, at graphviz.Point) {
	d.printf(`<g class="%s" transform="translate(%s %s)">`+"\n", class("er-table", t.Mark), number(at.X), number(at.Y))
	d.printf(`<rect class="er-box" width="%s" height="%s" rx="3"/>`+"\n", number(b.width), number(b.height()))
	d.printf(`<path class="er-head" d="M0 %dV3Q0 0 3 0H%sQ%s 0 %s 3V%dZ"/>`+"\n", rowHeight, number(b.width-3), number(b.width), number(b.width), rowHeight)
	for i, r := range b.rows {
		const baseline = 14
		y := float64(i*rowHeight + baseline)
		if r.mark != Same && i > 0 {
			d.printf(`<rect class="%s" x="1" y="%d" width="%s" height="%d"/>`+"\n", class("er-row", r.mark), i*rowHeight+1, number(b.width-2), rowHeight-2)
		}
		kind := "er-column"
		if i == 0 {
			kind = "er-name"
		}
		x := float64(padding)
		d.text("er-keys", x, y, r.keys)
		if r.typ != "" {
			x += float64(b.keys) * charWidth
		}
		d.text(class(kind, r.mark), x, y, r.text)
		d.text("er-type", x+float64(b.text)*charWidth, y, r.typ)
	}
	d.printf("</g>\n")
}

// key draws a foreign key's line, with a crow's foot where many rows refer to a row, and a circle if they need not.
func (d *drawing) key(k Key, curve []graphviz.Point, turned bool) {
	if turned {
		curve = slices.Clone(curve)
		slices.Reverse(curve)
	}
	n := len(curve)
	parent, child := endOf(curve[0], curve[1]), endOf(curve[n-1], curve[n-2])
	path := "M" + parent.point(0, 0)
	for i := 1; i+2 < n; i += 3 {
		path += fmt.Sprintf("C%s %s %s", coordinates(curve[i]), coordinates(curve[i+1]), coordinates(curve[i+2]))
	}
	if k.One {
		path += "M" + child.point(7, -5) + "L" + child.point(7, 5)
	} else {
		path += "M" + child.point(0, -5) + "L" + child.point(10, 0) + "L" + child.point(0, 5)
	}
	circle := ""
	if k.Optional {
		circle = fmt.Sprintf(`<circle class="%s" cx="%s" cy="%s" r="4"/>`+"\n", class("er-end", k.Mark), number(parent.at(7, 0).X), number(parent.at(7, 0).Y))
	} else {
		path += "M" + parent.point(7, -5) + "L" + parent.point(7, 5)
	}
	d.printf(`<path class="%s" d="%s"/>`+"\n%s", class("er-key", k.Mark), path, circle)
}

// label returns the text at a key that changes.
func (k Key) label() string { return k.Mark.sign() + k.columns() }

// An end is the end of a line, at a box: a point and the direction of the line there.
type end struct{ p, direction graphviz.Point }

func endOf(p, next graphviz.Point) end {
	dx, dy := next.X-p.X, next.Y-p.Y
	length := math.Hypot(dx, dy)
	if length == 0 {
		return end{p, graphviz.Point{X: 1}}
	}
	return end{p, graphviz.Point{X: dx / length, Y: dy / length}}
}

// at returns the point at a distance along the line and across it.
func (e end) at(along, across float64) graphviz.Point {
	return graphviz.Point{X: e.p.X + along*e.direction.X - across*e.direction.Y, Y: e.p.Y + along*e.direction.Y + across*e.direction.X}
}

func (e end) point(along, across float64) string { return coordinates(e.at(along, across)) }

func coordinates(p graphviz.Point) string { return number(p.X) + " " + number(p.Y) }

// number returns a coordinate with at most one decimal.
func number(x float64) string {
	s := strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0")
	if s == "-0" {
		return "0"
	}
	return s
}

// escaped returns text for the content or an attribute of an element.
func escaped(text string) string {
	var b strings.Builder
	// A Builder's writes don't fail.
	_ = xml.EscapeText(&b, []byte(inXML(text)))
	return b.String()
}

// inXML replaces the characters that XML doesn't allow, and that names still may have.
func inXML(text string) string {
	return strings.NewReplacer("\ufffe", "\ufffd", "\uffff", "\ufffd").Replace(text)
}

// Texts returns the texts of the drawing that SVG makes, its description among them, sorted. It lays nothing out.
func (m Model) Texts() []string {
	var texts []string
	add := func(text string) {
		if text = strings.TrimSpace(inXML(text)); text != "" {
			texts = append(texts, text)
		}
	}
	for _, t := range m.Tables {
		for _, r := range t.rows() {
			add(r.keys)
			add(r.text)
			add(r.typ)
		}
	}
	for _, k := range m.Keys {
		if k.Mark != Same {
			add(k.label())
		}
	}
	add(strings.Join(m.references(), "; "))
	slices.Sort(texts)
	return texts
}

// TextsOf returns the texts of a drawing, sorted.
func TextsOf(svg []byte) ([]string, error) {
	var texts []string
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	text, inside := "", false
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			slices.Sort(texts)
			return texts, nil
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			text, inside = "", token.Name.Local == "text" || token.Name.Local == "desc"
		case xml.CharData:
			text += string(token)
		case xml.EndElement:
			if inside {
				texts = append(texts, strings.TrimSpace(text))
			}
			inside = false
		}
	}
}
