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
	// Losses are what Up destroys, such as "column public.results.source".
	Losses []string
	// Irreversible is why Up cannot be reverted, on one line. Down is empty then.
	Irreversible string
	// Renames reports that Up only renames tables, columns, enums, their values and sequences.
	Renames bool
	// Passing reports that a later file of the plan drops something that schema.hcl doesn't know.
	Passing bool
	// Contract reports that the migration drops what a running application or the down files may need.
	Contract bool
	// Step is what the file is to a change that takes several: expand, swap, contract, or "" for another file.
	Step string
}

// A Script is one direction of a migration.
type Script struct {
	Statements []Statement
	Hazards    []hazard.Hazard // without duplicates
	// TxNone reports that each statement commits on its own.
	TxNone bool
}

// A Statement is one statement of a script.
type Statement struct {
	SQL     string   // without a semicolon
	Comment []string // lines of the comment above it
	// Does describes each of its actions on a line: the first line of the action's comment, or of its SQL with
	// passwords masked.
	Does []string
}

// Files orders ops and groups those that can share a migration.
func Files(ops []Op) []File {
	var out []File
	first, last := -1, -1
	for i, g := range group(ops) {
		out = append(out, file(g))
		if first < 0 && g[0].passing {
			first = i
		}
		if out[i].Contract {
			last = i
		}
	}
	for i := max(first, 0); i < last; i++ {
		out[i].Passing = true
	}
	return out
}

func file(ops []Op) File {
	f := File{Renames: ops[0].stage == stageRename, Irreversible: ops[0].irreversible, Contract: ops[0].contract, Step: ops[0].step}
	var up, down []cmd
	for _, o := range ops {
		if o.step != f.Step {
			f.Step = ""
		}
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
	if f.Irreversible != "" {
		f.Down = Script{}
	}
	return f
}

// group returns the ops of each file, in order.
func group(ops []Op) [][]Op {
	type key struct {
		stage stage
		key   string
		none  bool
	}
	var order []key
	files := map[key][]Op{}
	for _, o := range sortOps(ops) {
		k := key{o.stage, o.key, o.irreversible != ""}
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

// joins reports whether two consecutive groups can share a transaction that takes strong locks on at most one
// existing table.
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

// ownTransactions reports whether the statements of ops must commit one by one.
func ownTransactions(ops []Op) bool {
	apart := 0
	for _, o := range ops {
		if standalone(o.up) {
			return true
		}
		if o.apart || o.stage.apart() && !o.together {
			apart += len(o.up)
		}
	}
	return apart > 1
}

// statements merges consecutive actions on a table into one ALTER TABLE.
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

// lastOnce moves the statements that belong at the end there, without duplicates.
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
