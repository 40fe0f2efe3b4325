package online

import "github.com/ibutsu/ibutsu-schema/internal/state"

// setUnsaid adds to the tables, and to their columns and indexes, what gives them what the
// schema file cannot say when they are made anew.
func (f *facts) setUnsaid(u *state.Unsaid) {
	cmds := func(stmts []string) (list []cmd) {
		for _, s := range stmts {
			list = append(list, sql(s))
		}
		return list
	}
	for _, t := range f.byOID {
		t.unsaid = cmds(u.Tables[t.String()])
		for _, c := range t.columns {
			c.unsaid = cmds(u.Columns[t.part(c.Name)])
		}
		for _, i := range t.indexes {
			i.unsaid = cmds(u.Indexes[t.part(i.Name)])
		}
	}
}

// indexComment changes the comment on the index behind a constraint that is in both states.
func (d *differ) indexComment(t *table, h, w *constraint) {
	if h == nil || w == nil || h.index == nil || w.index == nil || text(h.index.Comment) == text(w.index.Comment) {
		return
	}
	d.add(comment(t, "INDEX "+ident(t.Schema)+"."+ident(w.Name), text(h.index.Comment), text(w.index.Comment)))
}
