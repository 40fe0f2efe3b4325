package plan

import (
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A step is one direction of a file, as the replay takes it.
type step struct {
	file   string
	stmts  []pgsql.Stmt
	txNone bool
	none   bool // a way back that does not exist
}

// files writes the changes as one file, or as several where they cannot be one: what
// cannot run in a transaction stands apart, and so does what has no way back.
func files(cfg Config, changes []*migrate.Change) ([]File, error) {
	var runs [][]*migrate.Change
	for i, c := range changes {
		if i == 0 || kindOf(c) != kindOf(changes[i-1]) {
			runs = append(runs, nil)
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], c)
	}
	var out []File
	for i, run := range runs {
		f, err := file(cfg, i, run)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// A runKind is what the changes of one file have in common.
type runKind struct{ standalone, reversible bool }

func kindOf(c *migrate.Change) runKind {
	reverse, _ := c.ReverseStmts() // PlanChanges has looked at them all
	return runKind{standalone: standalone(c.Cmd), reversible: len(reverse) > 0}
}

func standalone(sql string) bool {
	stmts, err := pgsql.Split(sql)
	return err == nil && slices.ContainsFunc(stmts, func(s pgsql.Stmt) bool { return s.Class() == pgsql.Standalone })
}

const txNone = "-- atlas:txmode none\n\n"

// file writes the n-th file of a plan.
func file(cfg Config, n int, changes []*migrate.Change) (File, error) {
	name := cfg.Name
	if n > 0 {
		name += fmt.Sprintf("_%d", n+1)
	}
	version := migration.NextVersion(cfg.Dir, cfg.now(), n)
	f := File{Version: version}
	f.Name = version + "_" + name + ".sql"

	var up, down strings.Builder
	downNone := false
	for i, c := range changes {
		if i > 0 {
			up.WriteByte('\n')
		}
		text := comment(c.Comment)
		for _, l := range losses(c) {
			text += "-- Destroys " + oneLine(l) + " with its data.\n"
			f.Losses = append(f.Losses, l)
		}
		write(&up, text, c.Cmd)
	}
	for i, c := range slices.Backward(changes) {
		reverse, err := c.ReverseStmts()
		if err != nil {
			return File{}, err
		}
		if len(reverse) == 0 {
			downNone = true
			continue
		}
		if i < len(changes)-1 {
			down.WriteByte('\n')
		}
		text := "-- Reverse: " + decapitalize(c.Comment) + "\n"
		for _, l := range losses(c) {
			text += "-- The data of " + oneLine(l) + " does not come back.\n"
		}
		for _, l := range newNotNull(c) {
			text += "-- " + oneLine(l) + " had no NULLs and no default: this fails if the table has rows by then.\n"
		}
		write(&down, text, reverse...)
	}

	f.up.none, f.up.txNone = false, kindOf(changes[0]).standalone
	f.SQL, f.Down = up.String(), down.String()
	if f.up.txNone {
		f.SQL, f.Down, f.down.txNone = txNone+f.SQL, txNone+f.Down, true
	}
	if downNone {
		f.Down = "-- alembic:down none " + noWayBack(changes) + "\n\n"
		f.down.none, f.down.txNone = true, false
	}
	f.up.file, f.down.file = f.Name, migration.DownDir+"/"+f.Name
	var err error
	if f.up.stmts, err = pgsql.Split(f.SQL); err != nil {
		return File{}, fmt.Errorf("reading the planned %s: %w", f.up.file, err)
	}
	if f.down.stmts, err = pgsql.Split(f.Down); err != nil {
		return File{}, fmt.Errorf("reading the planned %s: %w", f.down.file, err)
	}
	return f, nil
}

func write(b *strings.Builder, comment string, stmts ...string) {
	b.WriteString(comment)
	for _, s := range stmts {
		b.WriteString(layOut(s))
		b.WriteString(";\n")
	}
}

// comment writes Atlas's comment as Atlas does.
func comment(s string) string {
	if s == "" {
		return ""
	}
	return "-- " + strings.ToUpper(s[:1]) + oneLine(s[1:]) + "\n"
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

// losses names what a change destroys.
func losses(c *migrate.Change) []string {
	var out []string
	switch src := c.Source.(type) {
	case *schema.DropTable:
		out = append(out, "table "+tableName(src.T))
	case *schema.ModifyTable:
		if !strings.HasPrefix(c.Cmd, "ALTER TABLE ") {
			break // an index's or a comment's statement has the same source
		}
		for _, ch := range src.Changes {
			if d, ok := ch.(*schema.DropColumn); ok {
				out = append(out, "column "+tableName(src.T)+"."+pgsql.Ident(d.C.Name))
			}
		}
	}
	return out
}

// newNotNull names the columns whose return fails where there are rows.
func newNotNull(c *migrate.Change) []string {
	src, ok := c.Source.(*schema.ModifyTable)
	if !ok || !strings.HasPrefix(c.Cmd, "ALTER TABLE ") {
		return nil
	}
	var out []string
	for _, ch := range src.Changes {
		if d, ok := ch.(*schema.DropColumn); ok && !d.C.Type.Null && d.C.Default == nil && !generated(d.C) {
			out = append(out, "Column "+tableName(src.T)+"."+pgsql.Ident(d.C.Name))
		}
	}
	return out
}

func tableName(t *schema.Table) string {
	if t.Schema == nil {
		return pgsql.Ident(t.Name)
	}
	return pgsql.QualifiedIdent(t.Schema.Name, t.Name)
}

// noWayBack is the reason why the changes have none.
func noWayBack(changes []*migrate.Change) string {
	for _, c := range changes {
		if isEnumValue(c) {
			return "PostgreSQL cannot remove a value from an enum"
		}
		if m, ok := c.Source.(*schema.ModifyTable); ok {
			for _, ch := range m.Changes {
				if ch, ok := ch.(*schema.ModifyColumn); ok && ch.Change.Is(schema.ChangeGenerated) {
					return "PostgreSQL cannot make the column " + pgsql.Ident(ch.To.Name) + " of " + tableName(m.T) + " a generated one again"
				}
			}
		}
	}
	return "PostgreSQL cannot take back: " + decapitalize(changes[0].Comment)
}

func generated(c *schema.Column) bool {
	return slices.ContainsFunc(c.Attrs, func(a schema.Attr) bool {
		switch a.(type) {
		case *schema.GeneratedExpr, *postgres.Identity:
			return true
		}
		return false
	})
}
