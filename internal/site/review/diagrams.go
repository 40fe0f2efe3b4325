package review

import (
	"context"
	"html/template"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/site/diagram"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// A drawing is a diagram of the schema.
type drawing struct {
	Title string
	SVG   template.HTML
}

// drawings returns the changed part of the schema before and after the change; none if it doesn't change.
func (m *maker) drawings(ctx context.Context) (list []drawing, err error) {
	path := m.report.Path
	if len(path) < 2 {
		return nil, nil
	}
	first, last := path[0], path[len(path)-1]
	changes := diagram.Between(first, last, m.report.Stmts()...).Changes()
	for _, d := range []struct {
		title string
		model diagram.Model
	}{{"Before", before(diagram.Of(first), changes)}, {"After", without(changes, diagram.Dropped)}} {
		if d.model.Empty() {
			continue
		}
		shown := d.model.Overview()
		for i := range shown.Tables {
			for j := range shown.Tables[i].Columns {
				c := &shown.Tables[i].Columns[j]
				c.Type, c.Was = words.Visible(c.Type, ""), words.Visible(pgsql.Redact(c.Was), "")
			}
		}
		svg, err := shown.SVG(ctx, d.title, true)
		if err != nil {
			return nil, err
		}
		list = append(list, drawing{d.title, template.HTML(svg)})
	}
	return list, nil
}

// without returns a model without the parts that have a mark.
func without(m diagram.Model, mark diagram.Mark) diagram.Model {
	index := make([]int, len(m.Tables)) // in the result, -1 for none
	var out diagram.Model
	for i, t := range m.Tables {
		if index[i] = -1; t.Mark == mark {
			continue
		}
		index[i] = len(out.Tables)
		t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c diagram.Column) bool { return c.Mark == mark })
		t.Others = slices.DeleteFunc(slices.Clone(t.Others), func(o diagram.Other) bool { return o.Mark == mark })
		out.Tables = append(out.Tables, t)
	}
	for _, k := range m.Keys {
		if k.From, k.To = index[k.From], index[k.To]; k.Mark != mark && k.From >= 0 && k.To >= 0 {
			out.Keys = append(out.Keys, k)
		}
	}
	return out
}

// before returns the part of the old schema that changes: with the marks of changes, which has the new names.
func before(old, changes diagram.Model) diagram.Model {
	tables := map[string]diagram.Table{} // by their old names
	keys := map[string]diagram.Mark{}    // by the old names of their tables, and their own
	was := func(t diagram.Table) string {
		if t.Was != "" {
			return t.Was
		}
		return t.Name
	}
	for _, t := range changes.Tables {
		if t.Mark != diagram.Added {
			tables[was(t)] = t
		}
	}
	for _, k := range changes.Keys {
		keys[was(changes.Tables[k.From])+"\n"+k.Name] = k.Mark
	}
	index := map[int]int{}
	var out diagram.Model
	for i, t := range old.Tables {
		now, shown := tables[t.Name]
		if !shown {
			continue
		}
		index[i] = len(out.Tables)
		t.Mark = now.Mark
		var columns []diagram.Column
		for _, c := range t.Columns {
			if j := slices.IndexFunc(now.Columns, func(n diagram.Column) bool { return oldName(n, t) == c.Name }); j >= 0 {
				c.Mark = now.Columns[j].Mark
				columns = append(columns, c)
			}
		}
		t.Columns = columns
		for _, o := range now.Others {
			if o.Mark != diagram.Added {
				t.Others = append(t.Others, o)
			}
		}
		out.Tables = append(out.Tables, t)
	}
	for _, k := range old.Keys {
		from, hasFrom := index[k.From]
		to, hasTo := index[k.To]
		mark, shown := keys[old.Tables[k.From].Name+"\n"+k.Name]
		if hasFrom && hasTo && shown {
			k.From, k.To, k.Mark = from, to, mark
			out.Keys = append(out.Keys, k)
		}
	}
	return out
}

// oldName returns the name that a column of a changed table had in the old one, "" if it is new.
func oldName(c diagram.Column, old diagram.Table) string {
	for _, o := range old.Columns {
		if o.Name == c.Name {
			return o.Name
		}
	}
	for _, o := range old.Columns {
		if name := "was " + o.Name; c.Was == name || strings.HasPrefix(c.Was, name+", ") {
			return o.Name
		}
	}
	return ""
}
