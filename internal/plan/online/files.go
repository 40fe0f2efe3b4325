package online

import (
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A File is what one migration does.
type File struct {
	Up, Down Script
	// Losses are what Up destroys, "column public.results.source".
	Losses []string
	// NoWayBack is why Down is empty, on one line, where Up cannot be reverted.
	NoWayBack string
	// Renames says that Up does nothing but rename tables, columns, enums, their values and sequences.
	Renames bool
}

// A Script is one direction of a migration.
type Script struct {
	Statements []Statement
	Hazards    []hazard.Hazard // each once
	// TxNone says that the statements commit one by one.
	TxNone bool
}

// A Statement is one of a script.
type Statement struct {
	SQL     string   // without a semicolon
	Comment []string // the lines of the comment above it
	// Does says what it does, a line for each of its actions: the first of the action's comment, or of its SQL with
	// passwords masked.
	Does []string
}

// Files puts ops that can share a transaction together, and orders them.
func Files(ops []Op) []File {
	var out []File
	for _, g := range group(ops) {
		out = append(out, file(g))
	}
	return out
}

func file(ops []Op) File {
	f := File{Renames: ops[0].stage == stageRename, NoWayBack: ops[0].noWayBack}
	var up, down []cmd
	for _, o := range ops {
		up = append(up, o.up...)
		f.Up.Hazards = append(f.Up.Hazards, o.hazards...)
		f.Down.Hazards = append(f.Down.Hazards, o.downHazards...)
		f.Losses = append(f.Losses, o.losses...)
	}
	for _, o := range slices.Backward(ops) {
		down = append(down, o.down...)
		f.Down.TxNone = f.Down.TxNone || o.downApart
	}
	f.Up.Statements, f.Up.Hazards, f.Up.TxNone = statements(up), once(f.Up.Hazards), ownTransactions(ops)
	f.Down.Statements, f.Down.Hazards, f.Down.TxNone = statements(down), once(f.Down.Hazards), f.Down.TxNone || standalone(down)
	if f.NoWayBack != "" {
		f.Down = Script{}
	}
	return f
}

// group puts ops that share a file together, in order.
func group(ops []Op) [][]Op {
	type key struct {
		stage stage
		key   string
		none  bool
	}
	var order []key
	files := map[key][]Op{}
	for _, o := range sortOps(ops) {
		k := key{o.stage, o.key, o.noWayBack != ""}
		if files[k] == nil {
			order = append(order, k)
		}
		files[k] = append(files[k], o)
	}
	var out [][]Op
	for i, k := range order {
		if i > 0 && !k.none && !order[i-1].none && joins(out[len(out)-1], files[k]) {
			out[len(out)-1] = append(out[len(out)-1], files[k]...)
			continue
		}
		out = append(out, files[k])
	}
	return out
}

// joins says whether two groups that follow each other can be one transaction that
// takes strong locks on one existing table at most.
func joins(a, b []Op) bool {
	first, second := a[len(a)-1], b[0]
	switch {
	case ownTransactions(a) || ownTransactions(b):
		return false
	case first.stage == stageNew && second.stage == stageAlter:
		return !slices.ContainsFunc(a, func(o Op) bool { return slices.ContainsFunc(o.parents, func(p string) bool { return p != second.key }) })
	case second.stage == stageDrop:
		return first.stage == stageSwap && first.key == second.key
	case second.stage == stageDropTypes:
		return first.stage == stageDropTables || first.stage == stageDrop
	}
	return false
}

// ownTransactions says whether the statements of ops commit one by one.
func ownTransactions(ops []Op) bool {
	apart := 0
	for _, o := range ops {
		if standalone(o.up) {
			return true
		}
		if o.stage.apart() {
			apart += len(o.up)
		}
	}
	return apart > 1
}

// statements makes one ALTER TABLE of actions on one table that follow each other.
func statements(cmds []cmd) []Statement {
	var list []Statement
	cmds = lastOnce(cmds)
	for i := 0; i < len(cmds); {
		n := i + 1
		for cmds[i].action != "" && n < len(cmds) && cmds[n].action != "" && cmds[n].table == cmds[i].table {
			n++
		}
		s := Statement{SQL: cmds[i].String()}
		var actions []string
		for _, c := range cmds[i:n] {
			for _, l := range c.note {
				if !slices.Contains(s.Comment, l) {
					s.Comment = append(s.Comment, l)
				}
			}
			actions = append(actions, c.action)
			s.Does = append(s.Does, c.does())
		}
		if len(actions) > 1 {
			s.SQL = "ALTER TABLE " + cmds[i].table + "\n  " + strings.Join(actions, ",\n  ")
		}
		list = append(list, s)
		i = n
	}
	return list
}

func (c cmd) does() string {
	line := pgsql.Mask(c.String())
	if len(c.note) > 0 {
		line = c.note[0]
	}
	line, _, _ = strings.Cut(line, "\n")
	return line
}

// lastOnce puts the statements that stand at the end there, once each.
func lastOnce(cmds []cmd) []cmd {
	var first, last []cmd
	for _, c := range cmds {
		switch {
		case !c.last:
			first = append(first, c)
		case !slices.ContainsFunc(last, func(l cmd) bool { return l.sql == c.sql }):
			last = append(last, c)
		}
	}
	return append(first, last...)
}
