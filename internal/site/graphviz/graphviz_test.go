package graphviz_test

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/site/graphviz"
)

func place(t *testing.T, g graphviz.Graph) graphviz.Layout {
	t.Helper()
	l, err := graphviz.Place(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Boxes don't overlap, lines begin and end at their rows, and all is inside.
func TestPlace(t *testing.T) {
	g := graphviz.Graph{
		Boxes: []graphviz.Box{{100, 60, 3}, {140, 160, 4}, {90, 20, 1}, {50, 80, 2}, {70, 20, 1}},
		Edges: []graphviz.Edge{
			{From: 0, To: 1, FromRow: 1, ToRow: 2}, {From: 0, To: 1, FromRow: 1, ToRow: 3}, // parallel
			{From: 1, To: 2, FromRow: 0, ToRow: 0}, {From: 2, To: 0, FromRow: 0, ToRow: 2}, // a cycle
			{From: 1, To: 1, FromRow: 1, ToRow: 3}, // a loop
			{From: 3, To: 4, FromRow: -1, ToRow: -1, Label: 90},
		},
	}
	l := place(t, g)
	for i, a := range l.Boxes {
		if a.X < -0.1 || a.Y < -0.1 || a.X+g.Boxes[i].Width > l.Width+0.1 || a.Y+g.Boxes[i].Height > l.Height+0.1 {
			t.Errorf("box %d at %v isn't in %v x %v", i, a, l.Width, l.Height)
		}
		for j, b := range l.Boxes[:i] {
			if a.X < b.X+g.Boxes[j].Width && b.X < a.X+g.Boxes[i].Width && a.Y < b.Y+g.Boxes[j].Height && b.Y < a.Y+g.Boxes[i].Height {
				t.Errorf("boxes %d at %v and %d at %v overlap", j, b, i, a)
			}
		}
	}
	side := func(box, row int, right bool) graphviz.Point {
		b, p := g.Boxes[box], l.Boxes[box]
		height := b.Height / float64(b.Rows)
		at := graphviz.Point{X: p.X, Y: p.Y + height*(float64(row)+0.5)}
		if row < 0 {
			at.Y = p.Y + b.Height/2
		}
		if right {
			at.X += b.Width
		}
		return at
	}
	for i, e := range g.Edges {
		from, to := side(e.From, e.FromRow, true), side(e.To, e.ToRow, e.From == e.To)
		if l.Turned[i] {
			from, to = side(e.To, e.ToRow, true), side(e.From, e.FromRow, false)
		}
		curve := l.Edges[i]
		for _, end := range [][2]graphviz.Point{{from, curve[0]}, {to, curve[len(curve)-1]}} {
			if d := math.Hypot(end[0].X-end[1].X, end[0].Y-end[1].Y); d > 2 {
				t.Errorf("edge %d: an end is at %v, not %v", i, end[1], end[0])
			}
		}
		if len(curve)%3 != 1 {
			t.Errorf("edge %d has %d points", i, len(curve))
		}
	}
	if middle := l.Labels[5]; middle.X < l.Boxes[3].X+50+45 || middle.X > l.Boxes[4].X-45 {
		t.Errorf("a text at %v, between boxes at %v and %v", middle, l.Boxes[3], l.Boxes[4])
	}
	if !l.Turned[3] || l.Turned[0] || l.Turned[4] {
		t.Errorf("turned: %v", l.Turned)
	}
	if again := place(t, g); !reflect.DeepEqual(l, again) {
		t.Errorf("another layout: %v, then %v", l, again)
	}
}

// A part isn't much wider than high, whatever its shape.
func TestAspect(t *testing.T) {
	shapes := map[string]func(i int) int{ // the box that box i has an edge from, or -1
		"isolated": func(int) int { return -1 },
		"star":     func(int) int { return 0 },
		"chain":    func(i int) int { return i - 1 },
		"tree":     func(i int) int { return (i - 1) / 3 },
		"pairs":    func(i int) int { return i - i%2*1 - (1-i%2)*(i+1) },
	}
	for name, parent := range shapes {
		for _, n := range []int{2, 31, 100} {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				var g graphviz.Graph
				for i := range n {
					g.Boxes = append(g.Boxes, graphviz.Box{Width: 150, Height: 20, Rows: 1})
					if p := parent(i); i > 0 && p >= 0 {
						g.Edges = append(g.Edges, graphviz.Edge{From: p, To: i, FromRow: -1, ToRow: -1})
					}
				}
				l := place(t, g)
				if l.Width > 4*max(l.Height, 150) {
					t.Errorf("%.0f x %.0f", l.Width, l.Height)
				}
			})
		}
	}
}

func TestPlaceIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g := graphviz.Graph{Boxes: []graphviz.Box{{100, 60, 3}, {140, 80, 4}}, Edges: []graphviz.Edge{{From: 0, To: 1}}}
	if _, err := graphviz.Place(ctx, g); err != context.Canceled {
		t.Error(err)
	}
}

// Small parts don't make a drawing larger where a large one leaves room.
func TestPack(t *testing.T) {
	var g graphviz.Graph
	for range 40 {
		g.Boxes = append(g.Boxes, graphviz.Box{Width: 100, Height: 20, Rows: 1})
	}
	for i := range 12 { // 12 boxes in a column
		g.Edges = append(g.Edges, graphviz.Edge{From: 0, To: i + 1, FromRow: -1, ToRow: -1})
	}
	l := place(t, g)
	for i, a := range l.Boxes {
		for j, b := range l.Boxes[:i] {
			if a.X < b.X+100 && b.X < a.X+100 && a.Y < b.Y+20 && b.Y < a.Y+20 {
				t.Errorf("boxes %d at %v and %d at %v overlap", j, b, i, a)
			}
		}
	}
	if l.Width > 800 || l.Height > 520 {
		t.Errorf("%.0f x %.0f", l.Width, l.Height)
	}
	t.Logf("%.0f x %.0f", l.Width, l.Height)
}
