// Package oidmap is a persistent map from OIDs: changing a copy leaves the original as it was, and both share what
// is equal. The time to find what differs between two versions depends on the number of differences, not on the size.
//
// It is a radix tree of 32-way nodes with path copying (Okasaki, Purely Functional Data Structures, 1998, chapter 10),
// whose height grows with the largest key.
package oidmap

import "iter"

const (
	bits  = 5
	width = 1 << bits
)

// A Map maps OIDs to values. A key whose value is V's zero value is absent. The zero Map is empty. Copies are cheap. A
// Map may be read by several goroutines at once.
type Map[V comparable] struct {
	root   *node[V]
	height uint // of the root; a leaf's is 0
	n      int
}

// A node has children, or values if it is a leaf.
type node[V comparable] struct {
	children []*node[V]
	values   []V
}

// Len returns the number of keys.
func (m *Map[V]) Len() int { return m.n }

// Get returns a key's value, the zero value if it is absent.
func (m *Map[V]) Get(key uint32) (v V) {
	if !m.covers(key) {
		return v
	}
	at := m.root
	for h := m.height; h > 0; h-- {
		if at = at.children[slot(key, h)]; at == nil {
			return v
		}
	}
	return at.values[slot(key, 0)]
}

// Set sets a key's value; the zero value deletes the key.
func (m *Map[V]) Set(key uint32, v V) {
	var absent V
	if old := m.Get(key); old == v {
		return
	} else if old == absent {
		m.n++
	} else if v == absent {
		m.n--
	}
	for !m.covers(key) {
		m.raise()
	}
	m.root = m.root.with(key, m.height, v)
}

// All yields the keys and values, by key.
func (m *Map[V]) All() iter.Seq2[uint32, V] {
	return Changes(Map[V]{}, *m).after()
}

// A Change is a key whose value differs between two maps.
type Change[V comparable] struct {
	Key           uint32
	Before, After V // the zero value if it is absent
}

// A Changed is a sequence of changes, by key.
type Changed[V comparable] iter.Seq[Change[V]]

// Changes yields the keys whose values differ, by key.
func Changes[V comparable](before, after Map[V]) Changed[V] {
	return func(yield func(Change[V]) bool) {
		for before.root != nil && before.height < after.height {
			before.raise()
		}
		for after.root != nil && after.height < before.height {
			after.raise()
		}
		walk(before.root, after.root, max(before.height, after.height), 0, yield)
	}
}

func (c Changed[V]) after() iter.Seq2[uint32, V] {
	return func(yield func(uint32, V) bool) {
		c(func(c Change[V]) bool { return yield(c.Key, c.After) })
	}
}

// walk yields the changes between two nodes of one height, either of which may be nil. It reports whether to go on.
func walk[V comparable](before, after *node[V], height uint, first uint32, yield func(Change[V]) bool) bool {
	if before == after {
		return true
	}
	for i := range uint32(width) {
		key := first<<bits | i
		if height > 0 {
			if !walk(before.child(i), after.child(i), height-1, key, yield) {
				return false
			}
			continue
		}
		if b, a := before.value(i), after.value(i); a != b && !yield(Change[V]{key, b, a}) {
			return false
		}
	}
	return true
}

func slot(key uint32, height uint) uint32 { return key >> (bits * height) & (width - 1) }

func (m *Map[V]) covers(key uint32) bool { return m.root != nil && key>>(bits*m.height)>>bits == 0 }

// raise puts a node above the root; an empty map gets a leaf.
func (m *Map[V]) raise() {
	if m.root == nil {
		m.root = &node[V]{values: make([]V, width)}
		return
	}
	root := &node[V]{children: make([]*node[V], width)}
	root.children[0] = m.root
	m.root = root
	m.height++
}

func (n *node[V]) child(i uint32) *node[V] {
	if n == nil {
		return nil
	}
	return n.children[i]
}

func (n *node[V]) value(i uint32) (v V) {
	if n == nil {
		return v
	}
	return n.values[i]
}

// with returns a copy of a node, which may be nil, with a key's value.
func (n *node[V]) with(key uint32, height uint, v V) *node[V] {
	c := &node[V]{}
	i := slot(key, height)
	if height == 0 {
		c.values = make([]V, width)
		if n != nil {
			copy(c.values, n.values)
		}
		c.values[i] = v
		return c
	}
	c.children = make([]*node[V], width)
	if n != nil {
		copy(c.children, n.children)
	}
	c.children[i] = c.children[i].with(key, height-1, v)
	return c
}
