// Package graphviz lays out graphs of boxes with Graphviz, which runs as WebAssembly. The layout of a graph is the same
// on every machine. The package knows no names: what a box is doesn't matter.
package graphviz

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Graph is what to lay out. Edges go from the left to the right wherever there is no cycle.
type Graph struct {
	Boxes []Box
	Edges []Edge
}

// A Box has rows of equal height, to which edges are attached.
type Box struct {
	Width, Height float64
	Rows          int
}

// An Edge connects two boxes, by their indexes, at rows. A row of -1 is the whole box. Label is the width of a text at
// the edge, if there is one.
type Edge struct {
	From, To, FromRow, ToRow int
	Label                    float64
}

// A Point's y grows downwards.
type Point struct{ X, Y float64 }

// A Layout is where the parts of a graph are.
type Layout struct {
	Width, Height float64
	Boxes         []Point   // the upper left corners
	Edges         [][]Point // Bézier curves: a start, and three points for each curve
	Labels        []Point   // the middles of the edges' texts
	// Turned are the edges that go from the right side of their To to the left side of their From, because of a cycle.
	Turned []bool
}

const (
	gap    = 24  // between parts of the graph that aren't connected
	aspect = 1.6 // the aspect ratio that a layout should have
	tall   = 2.5 // a connected part that is taller, relative to its width, is spread over more columns
	wide   = 3.5 // one that is wider is laid out downwards
	large  = 50  // boxes: a part with more is laid out with less effort, and more closely
)

// Place lays out a graph. Parts that aren't connected are laid out one by one and packed.
func Place(ctx context.Context, g Graph) (Layout, error) {
	l := Layout{
		Boxes: make([]Point, len(g.Boxes)), Edges: make([][]Point, len(g.Edges)), Labels: make([]Point, len(g.Edges)),
		Turned: turned(g),
	}
	var parts []*part
	for _, boxes := range components(g) {
		p := newPart(g, boxes, l.Turned)
		if err := p.place(ctx); err != nil {
			return Layout{}, err
		}
		parts = append(parts, p)
	}
	l.Width, l.Height = packBest(parts)
	for _, p := range parts {
		for i, b := range p.boxes {
			l.Boxes[b] = p.at.plus(p.corners[i])
		}
		for i, e := range p.edges {
			for _, pt := range p.curves[i] {
				l.Edges[e] = append(l.Edges[e], p.at.plus(pt))
			}
			l.Labels[e] = p.at.plus(p.labels[i])
		}
	}
	return l, nil
}

func (p Point) plus(o Point) Point { return Point{p.X + o.X, p.Y + o.Y} }

// turned finds the edges that close a cycle, depth first.
func turned(g Graph) []bool {
	out := make([][]int, len(g.Boxes))
	for i, e := range g.Edges {
		out[e.From] = append(out[e.From], i)
	}
	back := make([]bool, len(g.Edges))
	const open, done = 1, 2
	state := make([]int, len(g.Boxes))
	type frame struct{ box, next int }
	for start := range g.Boxes {
		if state[start] != 0 {
			continue
		}
		state[start] = open
		for stack := []frame{{start, 0}}; len(stack) > 0; {
			top := &stack[len(stack)-1]
			if top.next == len(out[top.box]) {
				state[top.box] = done
				stack = stack[:len(stack)-1]
				continue
			}
			i := out[top.box][top.next]
			top.next++
			switch to := g.Edges[i].To; {
			case to == top.box: // a loop isn't a cycle
			case state[to] == open:
				back[i] = true
			case state[to] == 0:
				state[to] = open
				stack = append(stack, frame{to, 0})
			}
		}
	}
	return back
}

// components returns the connected parts of a graph: their boxes, sorted.
func components(g Graph) [][]int {
	root := make([]int, len(g.Boxes))
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for _, e := range g.Edges {
		a, b := find(e.From), find(e.To)
		root[max(a, b)] = min(a, b)
	}
	index := map[int]int{}
	var all [][]int
	for i := range g.Boxes {
		r := find(i)
		if _, ok := index[r]; !ok {
			index[r] = len(all)
			all = append(all, nil)
		}
		all[index[r]] = append(all[index[r]], i)
	}
	return all
}

// A part is a connected part of a graph.
type part struct {
	g             Graph
	boxes, edges  []int // by their indexes in g
	turned        []bool
	width, height float64
	at            Point // in the layout of the whole graph
	corners       []Point
	curves        [][]Point
	labels        []Point
}

func newPart(g Graph, boxes []int, turned []bool) *part {
	p := &part{g: g, boxes: boxes, turned: turned}
	for i, e := range g.Edges {
		if _, in := slices.BinarySearch(boxes, e.From); in {
			p.edges = append(p.edges, i)
		}
	}
	return p
}

// place lays out the part from left to right, spread over more columns if it would be too tall, or else downwards if it
// would be too wide.
func (p *part) place(ctx context.Context) error {
	if len(p.boxes) == 1 && len(p.edges) == 0 {
		b := p.g.Boxes[p.boxes[0]]
		p.width, p.height, p.corners = b.Width, b.Height, []Point{{}}
		return nil
	}
	if err := p.draw(ctx, "LR", 1); err != nil {
		return err
	}
	if p.height > tall*p.width {
		first := *p
		columns := int(math.Round(math.Sqrt(p.height / p.width / aspect)))
		if err := p.draw(ctx, "LR", max(columns, 2)); err != nil {
			return err
		}
		if p.distance() > first.distance() {
			*p = first
		}
	}
	if p.width > wide*p.height {
		first := *p
		if err := p.draw(ctx, "TB", 1); err != nil {
			return err
		}
		if p.distance() > first.distance() {
			*p = first
		}
	}
	return nil
}

// distance says how far the part's aspect ratio is from the best one.
func (p *part) distance() float64 { return math.Abs(math.Log(p.width / p.height / aspect)) }

// draw lays out the part in a direction. Boxes that would be in the same column are spread over several.
func (p *part) draw(ctx context.Context, direction string, columns int) error {
	d, err := dot(ctx, p.dot(direction, columns))
	if err != nil {
		return err
	}
	box, err := numbers(d.Box)
	if err != nil || len(box) != 4 || len(d.Objects) != len(p.boxes) || len(d.Edges) != len(p.edges) {
		return fmt.Errorf("laying out a diagram: unexpected output: %d boxes, %d edges, %q", len(d.Objects), len(d.Edges), d.Box)
	}
	p.width, p.height = box[2]-box[0], box[3]-box[1]
	// Graphviz's y grows upwards.
	convert := func(pos string) ([]Point, error) {
		n, err := numbers(pos)
		var points []Point
		for i := 0; i+1 < len(n); i += 2 {
			points = append(points, Point{n[i] - box[0], box[3] - n[i+1]})
		}
		return points, err
	}
	p.corners, p.curves, p.labels = make([]Point, len(p.boxes)), make([][]Point, len(p.edges)), make([]Point, len(p.edges))
	for _, o := range d.Objects {
		i, err := strconv.Atoi(strings.TrimPrefix(o.Name, "b"))
		pos, failed := convert(o.Pos)
		if err != nil || failed != nil || len(pos) != 1 || i >= len(p.boxes) {
			return fmt.Errorf("laying out a diagram: unexpected box %q at %q", o.Name, o.Pos)
		}
		b := p.g.Boxes[p.boxes[i]]
		p.corners[i] = pos[0].plus(Point{-b.Width / 2, -b.Height / 2})
	}
	for _, e := range d.Edges {
		i, err := strconv.Atoi(e.ID)
		pos, failed := convert(e.Pos)
		if err != nil || failed != nil || len(pos) < 4 || i >= len(p.edges) {
			return fmt.Errorf("laying out a diagram: unexpected edge %q at %q", e.ID, e.Pos)
		}
		p.curves[i] = pos
		if p.g.Edges[p.edges[i]].Label > 0 {
			label, err := convert(e.Label)
			if err != nil || len(label) != 1 {
				return fmt.Errorf("laying out a diagram: unexpected text at %q", e.Label)
			}
			p.labels[i] = label[0]
		}
	}
	return nil
}

// numbers parses numbers separated by commas and spaces.
func numbers(text string) ([]float64, error) {
	var list []float64
	for f := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

// dot returns the part in the DOT language.
func (p *part) dot(direction string, columns int) string {
	const inch, labelHeight = 72, 16
	var b strings.Builder
	// A record's rows are equally high, and lie below each other, only if the graph goes from left to right.
	records := direction == "LR"
	// Avoiding crossings takes most of the time. Lines that pass a column take as much of its height as boxes do.
	effort, within, between := 1.0, 0.25, 0.75
	if n := len(p.boxes); n > large {
		effort, within, between = 0.1, 0.07, between+float64(n)/200
	}
	fmt.Fprintf(&b, "digraph {\nrankdir=%s; nodesep=%g; ranksep=%.2f; splines=true; mclimit=%g;\n", direction, within, between, effort)
	b.WriteString("node [fixedsize=true, fontsize=1, label=\"\", shape=box]; edge [dir=none];\n")
	for i, box := range p.boxes {
		x := p.g.Boxes[box]
		fmt.Fprintf(&b, "b%d [width=%.4f, height=%.4f", i, x.Width/inch, x.Height/inch)
		if records && x.Rows > 0 {
			b.WriteString(`, shape=record, label="`)
			for r := range x.Rows {
				if r > 0 {
					b.WriteByte('|')
				}
				fmt.Fprintf(&b, "<r%d>", r)
			}
			b.WriteByte('"')
		}
		b.WriteString("];\n")
	}
	end := func(box, row int, side string) string {
		i, _ := slices.BinarySearch(p.boxes, box)
		switch {
		case records && row >= 0:
			return fmt.Sprintf("b%d:r%d:%s", i, row, side)
		case records:
			return fmt.Sprintf("b%d:%s", i, side)
		}
		return fmt.Sprintf("b%d", i)
	}
	children := map[int]int{}
	for i, edge := range p.edges {
		e := p.g.Edges[edge]
		from, to := end(e.From, e.FromRow, "e"), end(e.To, e.ToRow, "w")
		tail := e.From
		switch {
		case e.From == e.To:
			to = end(e.To, e.ToRow, "e")
		case p.turned[edge]:
			from, to, tail = end(e.To, e.ToRow, "e"), end(e.From, e.FromRow, "w"), e.To
		}
		label := ""
		if e.Label > 0 {
			label = fmt.Sprintf(`, label=<<TABLE BORDER="0" FIXEDSIZE="TRUE" WIDTH="%.0f" HEIGHT="%d"><TR><TD></TD></TR></TABLE>>`, e.Label, labelHeight)
		}
		fmt.Fprintf(&b, "%s -> %s [id=%d, minlen=%d%s];\n", from, to, i, 1+children[tail]%columns, label)
		children[tail]++
	}
	b.WriteString("}\n")
	return b.String()
}
