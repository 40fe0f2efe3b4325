package diagram

import (
	"cmp"
	"slices"
	"strings"
)

// MaxColumns is the number of tables up to which a diagram of all of them shows their columns.
const MaxColumns = 30

// MaxNeighbours is the number of tables in a diagram of a table and those around it.
const MaxNeighbours = 15

// Overview returns the model of the whole schema: with columns if there aren't too many tables.
func (m Model) Overview() Model {
	if len(m.Tables) <= MaxColumns {
		return m
	}
	tables := slices.Clone(m.Tables)
	for i := range tables {
		tables[i].Columns, tables[i].Others = nil, nil
	}
	return Model{Tables: tables, Keys: m.Keys}
}

// Around returns a table with its columns, and the tables that it has foreign keys with, with their key columns.
// omitted is the number of tables that are too many for a diagram: first those that refer to the table.
func (m Model) Around(name string) (around Model, omitted int) {
	center := slices.IndexFunc(m.Tables, func(t Table) bool { return t.Name == name })
	keep := []int{center}
	add := func(i int) {
		switch {
		case slices.Contains(keep, i):
		case len(keep) < MaxNeighbours:
			keep = append(keep, i)
		default:
			omitted++
		}
	}
	for _, k := range m.Keys {
		if k.From == center {
			add(k.To)
		}
	}
	referring := map[int]bool{}
	for _, k := range m.Keys {
		if k.To == center && !referring[k.From] {
			referring[k.From] = true
			add(k.From)
		}
	}
	around = m.only(keep, func(k Key) bool { return k.From == center || k.To == center })
	for i := range around.Tables {
		if around.Tables[i].Name != name {
			around.keyColumns(i)
		}
	}
	return around, omitted
}

// Changes returns the tables that change and those that their changed foreign keys refer to. Of a changed table it has
// the columns that change.
func (m Model) Changes() Model {
	var keep []int
	changed := func(k Key) bool { return k.Mark != Same }
	for i, t := range m.Tables {
		if t.Mark != Same || slices.ContainsFunc(m.Keys, func(k Key) bool { return changed(k) && (k.From == i || k.To == i) }) {
			keep = append(keep, i)
		}
	}
	out := m.only(keep, changed)
	for i := range out.Tables {
		if mark := out.Tables[i].Mark; mark == Same || mark == Changed {
			out.keyColumns(i)
		}
	}
	return out
}

// only returns the tables at the indexes, and the keys between them that keep returns true for.
func (m Model) only(tables []int, keep func(Key) bool) Model {
	tables = slices.Sorted(slices.Values(tables))
	var out Model
	for _, i := range tables {
		out.Tables = append(out.Tables, m.Tables[i])
	}
	for _, k := range m.Keys {
		from, hasFrom := slices.BinarySearch(tables, k.From)
		to, hasTo := slices.BinarySearch(tables, k.To)
		if hasFrom && hasTo && keep(k) {
			k.From, k.To = from, to
			out.Keys = append(out.Keys, k)
		}
	}
	return out
}

// keyColumns removes the columns of a table that aren't marked and that no key of the model uses.
func (m Model) keyColumns(table int) {
	var used []string
	for _, k := range m.Keys {
		if k.From == table {
			used = append(used, k.Columns...)
		}
		if k.To == table {
			used = append(used, k.RefColumns...)
		}
	}
	t := &m.Tables[table]
	t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c Column) bool {
		return c.Mark == Same && !slices.Contains(used, c.Name)
	})
}

// Empty reports whether there is nothing to draw.
func (m Model) Empty() bool { return len(m.Tables) == 0 }

// columns returns what a key is called in a diagram.
func (k Key) columns() string { return cmp.Or(strings.Join(k.Columns, ", "), k.Name) }
