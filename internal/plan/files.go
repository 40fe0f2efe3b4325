package plan

import (
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// files writes the ops as files, in order.
func files(cfg Config, ops []op) ([]File, error) {
	var out []File
	for i, g := range group(ops) {
		f, err := file(cfg, i, g)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

const txNone = "-- atlas:txmode none\n\n"

// file writes the n-th file of a plan.
func file(cfg Config, n int, ops []op) (File, error) {
	name := cfg.Name
	if n > 0 {
		name += fmt.Sprintf("_%d", n+1)
	}
	version := migration.NextVersion(cfg.Dir, cfg.Time(), n)
	f := File{Version: version, renames: ops[0].stage == stageRename}
	f.Name = version + "_" + name + ".sql"

	var up, down []cmd
	var upMarks, downMarks []string
	for _, o := range ops {
		up = append(up, o.up...)
		upMarks = append(upMarks, o.marks...)
		downMarks = append(downMarks, o.downMarks...)
		f.Losses = append(f.Losses, o.losses...)
		for _, m := range o.marks {
			if strings.HasPrefix(m, "REWRITES ") || strings.HasPrefix(m, "BLOCKS ") {
				f.Marks = append(f.Marks, m)
			}
		}
	}
	for _, o := range slices.Backward(ops) {
		down = append(down, o.down...)
		f.down.TxNone = f.down.TxNone || o.downApart
	}
	f.down.TxNone = f.down.TxNone || standalone(down)
	f.up.TxNone = ownTransactions(ops)
	f.SQL = fileText(f.up.TxNone, upMarks, up)
	f.Down = fileText(f.down.TxNone, downMarks, down)
	switch {
	case ops[0].noWayBack != "":
		f.Down = "-- alembic:down none " + ops[0].noWayBack + "\n\n"
		f.down.None, f.down.TxNone = true, false
	case len(down) == 0:
		f.Down = "-- Nothing to take back: the schema is the same before and after.\n"
	}
	f.up.File, f.down.File = f.Name, migration.DownDir+"/"+f.Name
	var err error
	if f.up.Stmts, err = pgsql.Split(f.SQL); err != nil {
		return File{}, fmt.Errorf("reading the planned %s: %w", f.up.File, err)
	}
	if f.down.Stmts, err = pgsql.Split(f.Down); err != nil {
		return File{}, fmt.Errorf("reading the planned %s: %w", f.down.File, err)
	}
	return f, nil
}

// fileText is a file's text: its directive, what it must say first, its statements.
func fileText(none bool, marks []string, cmds []cmd) string {
	var b strings.Builder
	if none {
		b.WriteString(txNone)
	}
	for i, m := range marks {
		if !slices.Contains(marks[:i], m) {
			b.WriteString(pgsql.LineComment(m) + "\n")
		}
	}
	if len(marks) > 0 {
		b.WriteByte('\n')
	}
	script(&b, cmds)
	return b.String()
}

// comment1 is Atlas's comment as Atlas writes it.
func comment1(s string) string {
	if s == "" {
		return "The engine's statement"
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func oneLine(s string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(s) }

func decapitalize(s string) string {
	if s == "" {
		return "the statement"
	}
	return strings.ToLower(s[:1]) + oneLine(s[1:])
}

// layOut gives each action of an ALTER TABLE a line of its own, if there are several.
// Other statements have their lines from Atlas.
func layOut(stmt string) string {
	tokens := pgsql.Tokens(stmt)
	if len(tokens) < 4 || tokens[0].Text != "ALTER" || tokens[1].Text != "TABLE" {
		return stmt
	}
	breaks := map[int]bool{} // before these tokens
	depth := 0
	for i, t := range tokens {
		if t.Kind != pgsql.Op {
			continue
		}
		switch t.Text {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		case ",":
			breaks[i+1] = depth == 0
		}
	}
	several := false
	for _, b := range breaks {
		several = several || b
	}
	// The first action stands behind the table's name: an identifier, or two and a dot.
	first := 3
	if tokens[3].Text == "." {
		first = 5
	}
	breaks[first] = several
	var b strings.Builder
	end := 0
	for i, t := range tokens {
		gap := stmt[end:t.Pos.Offset]
		switch {
		case breaks[i]:
			gap = "\n  "
		case strings.Contains(gap, "\n"):
			gap = " "
		}
		b.WriteString(gap + t.Text)
		end = t.Pos.Offset + len(t.Text)
	}
	return b.String()
}

func tableName(t *schema.Table) string {
	if t.Schema == nil {
		return pgsql.Ident(t.Name)
	}
	return pgsql.QualifiedIdent(t.Schema.Name, t.Name)
}
