package graphviz

import (
	"cmp"
	"math"
	"slices"
)

// packBest places parts so that the whole appears as large as possible on a screen, and returns its size.
func packBest(parts []*part) (width, height float64) {
	widest, total := 0.0, 0.0
	for _, p := range parts {
		widest, total = max(widest, p.width), total+p.width+gap
	}
	best, limit := math.Inf(1), widest
	const growth = 1.1
	for l := widest; l < total*growth; l *= growth {
		width, height = pack(parts, l)
		if scale := max(width/aspect, height); scale < best {
			best, limit = scale, l
		}
	}
	return pack(parts, limit)
}

// pack places parts, the tallest first, each as high and as far to the left as there is room within a width.
func pack(parts []*part, limit float64) (width, height float64) {
	order := slices.Clone(parts)
	slices.SortStableFunc(order, func(a, b *part) int { return -cmp.Compare(a.height, b.height) })
	skyline := []ledge{{0, math.Inf(1), 0}}
	for _, p := range order {
		first, y := -1, math.Inf(1)
		for i := range skyline {
			if at := skyline[i].x; at > 0 && at+p.width > limit {
				break
			}
			if top := skylineTop(skyline[i:], p.width+gap); top < y {
				first, y = i, top
			}
		}
		p.at = Point{skyline[first].x, y}
		width, height = max(width, p.at.X+p.width), max(height, y+p.height)
		skyline = raised(skyline, ledge{p.at.X, p.width + gap, y + p.height + gap})
	}
	return width, height
}

// A ledge is a part of the lower outline of what is placed: where the next part can be.
type ledge struct{ x, width, y float64 }

// skylineTop returns how far down something of the width must be at the first of the ledges.
func skylineTop(ledges []ledge, width float64) float64 {
	y := 0.0
	for _, l := range ledges {
		if l.x >= ledges[0].x+width {
			break
		}
		y = max(y, l.y)
	}
	return y
}

// raised returns the outline with a new ledge, which begins where another one does.
func raised(skyline []ledge, n ledge) []ledge {
	var out []ledge
	end := n.x + n.width
	for _, l := range skyline {
		switch {
		case l.x+l.width <= n.x || l.x >= end:
			out = append(out, l)
		default:
			if l.x == n.x {
				out = append(out, n)
			}
			if rest := l.x + l.width - end; rest > 0 {
				out = append(out, ledge{end, rest, l.y})
			}
		}
	}
	return out
}
