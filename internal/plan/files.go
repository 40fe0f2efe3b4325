package plan

import (
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
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
	for _, o := range ops {
		up = append(up, o.up...)
		f.Hazards = append(f.Hazards, o.hazards...)
		f.DownHazards = append(f.DownHazards, o.downHazards...)
		f.Losses = append(f.Losses, o.losses...)
	}
	f.Hazards, f.DownHazards = once(f.Hazards), once(f.DownHazards)
	for _, o := range slices.Backward(ops) {
		down = append(down, o.down...)
		f.down.TxNone = f.down.TxNone || o.downApart
	}
	f.down.TxNone = f.down.TxNone || standalone(down)
	f.up.TxNone = ownTransactions(ops)
	f.SQL = fileText(f.up.TxNone, f.Hazards, up)
	f.Down = fileText(f.down.TxNone, f.DownHazards, down)
	switch {
	case ops[0].noWayBack != "":
		f.NoWayBack = ops[0].noWayBack
		f.DownHazards = nil
		f.Down = "-- alembic:down none " + f.NoWayBack + "\n\n"
		f.down.None, f.down.TxNone = true, false
	case len(down) == 0:
		f.Down = "-- Nothing to take back: the schema is the same before and after.\n"
	}
	f.up.File, f.down.File = f.Name, migration.DownDir+"/"+f.Name
	f.Does = does(up)
	var err error
	if f.up.Stmts, err = pgsql.Split(f.SQL); err != nil {
		return File{}, fmt.Errorf("reading the planned %s: %w", f.up.File, err)
	}
	if f.down.Stmts, err = pgsql.Split(f.Down); err != nil {
		return File{}, fmt.Errorf("reading the planned %s: %w", f.down.File, err)
	}
	return f, nil
}

// regrant ends a file's ways with what gives back the privileges on what they make again.
func (f *File) regrant(g proof.Grants) {
	add := func(text *string, grants []string) []cmd {
		if len(grants) == 0 {
			return nil
		}
		cmds := []cmd{sql(grants[0], "What was dropped and made again gets back the privileges that the migrations gave.")}
		for _, g := range grants[1:] {
			cmds = append(cmds, sql(g))
		}
		b := strings.Builder{}
		b.WriteString(*text + "\n")
		script(&b, cmds)
		*text = b.String()
		return cmds
	}
	f.Does = append(f.Does, does(add(&f.SQL, g.Up))...)
	add(&f.Down, g.Down)
}

// fileText is a file's text: its directive, its hazards, its statements.
func fileText(none bool, hazards []hazard.Hazard, cmds []cmd) string {
	var b strings.Builder
	if none {
		b.WriteString(txNone)
	}
	b.WriteString(hazardComment(hazards))
	script(&b, cmds)
	return b.String()
}

// does says what statements do, each on a line.
func does(cmds []cmd) (lines []string) {
	for _, c := range lastOnce(cmds) {
		line := pgsql.Mask(c.String())
		if len(c.note) > 0 {
			line = c.note[0]
		}
		line, _, _ = strings.Cut(line, "\n")
		lines = append(lines, line)
	}
	return lines
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
