package alembic

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// Config says what to export.
type Config struct {
	Dir    *migration.Dir // its checksums must be right
	Path   string         // of the migrations folder, for comments
	Folder *Folder
	Since  string // a word for [migration.Dir.Resolve]: only what is newer is exported; "" for all
	Role   string // that runs migrations; "": the one that logs in
}

// An Export is the revision files to add to a folder.
type Export struct {
	Folder string
	Head   *migration.File // the last migration, with which the folder ends then; nil if there are none
	Kept   int             // migrations that the folder has
	Files  []File          // in their order
}

// A File is a migration as a revision file.
type File struct {
	Name      string // REVISION_description.py
	Migration *migration.File
	Down      string // down_revision, "" for None
	Text      string
}

// New returns the export of the migrations that the folder doesn't have. The folder must be empty or end with one of
// the migrations, so that the files continue its chain.
func New(cfg Config) (*Export, error) {
	files := cfg.Dir.Files()
	if err := cfg.Dir.Verify(); err != nil {
		return nil, err
	}
	first := 0
	if cfg.Since != "" {
		i, err := cfg.Dir.Resolve(cfg.Since)
		if err != nil {
			return nil, err
		}
		first = i + 1
	}
	e := &Export{Folder: cfg.Folder.Path}
	if len(cfg.Folder.Revisions) > 0 {
		last, err := cfg.Folder.end(files)
		if err != nil {
			return nil, err
		}
		if first > last+1 {
			return nil, fmt.Errorf("%s ends with %s, and what comes after %s would not continue it: omit -since", cfg.Folder.Path, files[last].Revision, files[first-1].Revision)
		}
		first = last + 1
		for _, f := range files {
			if cfg.Folder.byID[f.Revision] != nil {
				e.Kept++
			}
		}
	}
	for i := first; i < len(files); i++ {
		e.Files = append(e.Files, cfg.file(i))
	}
	if len(files) > 0 {
		e.Head = files[len(files)-1]
	}
	return e, nil
}

// end returns the index of the migration that the folder's chain ends with.
func (f *Folder) end(files []*migration.File) (int, error) {
	heads := f.Heads()
	if len(heads) > 1 {
		return 0, fmt.Errorf("%s has %d heads, %s: make them one chain by their down_revision, or remove all but one", f.Path, len(heads), list(heads))
	}
	head := heads[0]
	index := func(id string) int {
		return slices.IndexFunc(files, func(m *migration.File) bool { return m.Revision == id })
	}
	last := index(head.ID)
	if last < 0 {
		var unknown []*Revision
		var known *Revision
		for _, r := range f.Revisions {
			if index(r.ID) >= 0 {
				known = r
			}
		}
		for _, r := range f.Revisions {
			if index(r.ID) < 0 && (known == nil || f.follows(r, known.ID)) {
				unknown = append(unknown, r)
			}
		}
		if known == nil {
			return 0, fmt.Errorf("%s ends with %s, and none of its revisions is a migration here: name another folder, or give the migrations these ids with \"-- alembic:revision ID\"", f.Path, head)
		}
		return 0, fmt.Errorf("%s ends with %s, which isn't a migration here: after %s it has %s; write a migration for each here, with \"-- alembic:revision ID\", or remove the files there", f.Path, head, known.ID, list(unknown))
	}
	for i := last; i > 0; i-- {
		r := f.byID[files[i].Revision]
		if r == nil || len(r.Down) == 0 {
			break // the folder begins after it
		}
		if want := files[i-1].Revision; len(r.Down) > 1 || r.Down[0] != want {
			return 0, fmt.Errorf("%s: the down_revision of %s is %s, but the migration before it is %s", filepath.Join(f.Path, r.File), r.ID, strings.Join(r.Down, ", "), want)
		}
	}
	return last, nil
}

// follows reports whether r comes after the revision id.
func (f *Folder) follows(r *Revision, id string) bool {
	return slices.ContainsFunc(r.Down, func(down string) bool {
		return down == id || f.byID[down] != nil && f.follows(f.byID[down], id)
	})
}

func list(revisions []*Revision) string {
	var names []string
	for _, r := range revisions {
		names = append(names, r.String())
	}
	return strings.Join(names, ", ")
}

// Write adds the files to the folder, all or none. It overwrites nothing.
func (e *Export) Write(ctx context.Context) error {
	if len(e.Files) == 0 {
		return nil
	}
	return tree.Locked(ctx, e.Folder, func(folder *tree.Tree) error {
		var files []tree.NewFile
		for _, f := range e.Files {
			files = append(files, tree.NewFile{Name: f.Name, Text: f.Text})
		}
		if err := e.absent(folder.Root()); err != nil {
			return err
		}
		return tree.Replace(folder.Root(), files, nil)
	})
}

func (e *Export) absent(root *os.Root) error {
	var names []string
	for _, f := range e.Files {
		names = append(names, f.Name)
	}
	return absent(e.Folder, root, names)
}

// file returns the revision file of the migration with the index i.
func (cfg Config) file(i int) File {
	files := cfg.Dir.Files()
	m := files[i]
	out := File{Name: fileName(m), Migration: m}
	down, revises := "None", ""
	if i > 0 {
		out.Down = files[i-1].Revision
		down, revises = quoted(out.Down), " "+out.Down
	}
	var b strings.Builder
	fmt.Fprintf(&b, `"""%s

Revision ID: %s
Revises:%s
`, docText(strings.ReplaceAll(m.Desc, "_", " ")), m.Revision, revises)
	if at, err := time.Parse("20060102150405", m.Version); err == nil {
		fmt.Fprintf(&b, "Create Date: %s\n", at.Format(time.DateTime))
	}
	fmt.Fprintf(&b, `
Exported from %s. To change it, write another migration there.
"""

`, docText(path.Join(cfg.Path, m.Name)))

	up := cfg.script(m.Stmts, m.TxNone, m.LockTimeout, i > 0 && !files[i-1].TxNone && addsValue(files[i-1].Stmts))
	back := script{refused: path.Join(cfg.Path, migration.DownDir, m.Name) + " is missing"}
	if d := m.Down; d != nil {
		back = script{refused: d.None}
		if d.None == "" {
			var before *migration.Down
			if i+1 < len(files) {
				before = files[i+1].Down
			}
			back = cfg.script(d.Stmts, d.TxNone, d.LockTimeout, before != nil && !before.TxNone && addsValue(before.Stmts))
		}
	}
	switch {
	case len(up.stmts)+len(back.stmts) > 0:
		b.WriteString("from alembic import context, op\n\n")
	case back.refused != "":
		b.WriteString("from alembic import op\n\n")
	}
	fmt.Fprintf(&b, `# revision identifiers, used by Alembic.
revision = %s
down_revision = %s
branch_labels = None
depends_on = None


def upgrade() -> None:
`, quoted(m.Revision), down)
	if m.Contract {
		b.WriteString(contract)
	}
	up.write(&b)
	b.WriteString("\n\ndef downgrade() -> None:\n")
	back.write(&b)
	if len(up.stmts)+len(back.stmts) == 0 {
		out.Text = b.String()
		return out
	}
	b.WriteString(run)
	for _, s := range []script{up, back} {
		if len(s.stmts) > 0 {
			fmt.Fprintf(&b, enter, literal(s.enter[0]))
			fmt.Fprintf(&b, leave, literal(s.leave[0]))
			break
		}
	}
	out.Text = b.String()
	return out
}

const contract = `    # A contract migration: apply stops before it unless told to go on. Alembic doesn't
    # stop: while an application needs what it removes, upgrade to the revision before it.
`

// A script is what a function of a revision file does.
type script struct {
	refused      string // why it can't be done, or ""
	stmts        []pgsql.Stmt
	enter, leave []string // the statements before and after; the first of each is ENTER and LEAVE
	txNone       bool
	commit       bool // what ran before must be committed first
}

func (cfg Config) script(stmts []pgsql.Stmt, txNone bool, lockTimeout time.Duration, commit bool) script {
	if len(stmts) == 0 {
		return script{}
	}
	enter, leave := runner.Guest(stmts, runner.Options{Role: cfg.Role, LockTimeout: lockTimeout})
	return script{stmts: stmts, enter: enter, leave: leave, txNone: txNone, commit: commit && !txNone}
}

func (s script) write(b *strings.Builder) {
	switch {
	case s.refused != "":
		fmt.Fprintf(b, "    if op.get_context().dialect.name == \"postgresql\":\n        raise NotImplementedError(%s)\n", quoted(s.refused))
		return
	case len(s.stmts) == 0:
		b.WriteString("    pass\n")
		return
	}
	if s.commit {
		b.WriteString("    # An enum's new value can be used only after the transaction that adds it.\n    run(autocommit=True)\n")
	}
	b.WriteString("    run(\n        ENTER,\n")
	argument := func(sql string) { b.WriteString("        " + literal(sql) + ",\n") }
	for _, sql := range s.enter[1:] {
		argument(sql)
	}
	for _, stmt := range s.stmts {
		argument(stmt.Text)
	}
	b.WriteString("        LEAVE,\n")
	for _, sql := range s.leave[1:] {
		argument(sql)
	}
	if s.txNone {
		b.WriteString("        autocommit=True,\n")
	}
	b.WriteString("    )\n")
}

const run = `

def run(*statements: str, autocommit: bool = False) -> None:
    """Run statements unchanged: op.execute() would interpret ":" and "%"."""
    if op.get_context().dialect.name != "postgresql":
        return
    if autocommit:
        with op.get_context().autocommit_block():
            run(*statements)
        return
    for sql in statements:
        if context.is_offline_mode():
            context.static_output(sql + ";")
        else:
            op.get_bind().exec_driver_sql(
                sql, execution_options={"no_parameters": True}
            )
`

const enter = `

# Keeps the session's settings, and sets those that the statements rely on.
ENTER = %s
`

const leave = `
# Restores the session's settings.
LEAVE = %s
`

// addsValue reports whether statements, or blocks among them, may add a value to an enum.
func addsValue(stmts []pgsql.Stmt) bool {
	return slices.ContainsFunc(stmts, func(s pgsql.Stmt) bool { return addValue.MatchString(s.Text) })
}

var addValue = regexp.MustCompile(`(?i)\badd\s+value\b`)

// fileName returns the name of a migration's revision file, as Alembic's default template makes it.
func fileName(m *migration.File) string {
	name := m.Revision
	if m.Desc != "" {
		name += "_" + m.Desc
	}
	if !isRevisionFile(name + ".py") {
		name = "r" + name
	}
	return name + ".py"
}

// docText returns a text for a docstring.
func docText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}

// quoted returns a string literal on one line, with the quotes that need fewer escapes.
func quoted(s string) string {
	quote := `"`
	if strings.Count(s, `"`) > strings.Count(s, "'") {
		quote = "'"
	}
	return quote + escape(s, quote) + quote
}

// literal returns a string literal that looks like the SQL: on several lines, and raw where possible.
func literal(sql string) string {
	if !strings.ContainsAny(sql, "\n\\\r") {
		return quoted(sql)
	}
	for _, quote := range []string{`"""`, `'''`} {
		if !strings.Contains(sql, quote) && !strings.HasSuffix(sql, quote[:1]) && !strings.HasSuffix(sql, `\`) && !strings.Contains(sql, "\r") {
			raw := ""
			if strings.Contains(sql, `\`) {
				raw = "r"
			}
			return raw + quote + sql + quote
		}
	}
	lines := strings.SplitAfter(sql, "\n")
	for i, line := range lines {
		text, ended := strings.CutSuffix(line, "\n")
		lines[i] = escape(text, `"`)
		if ended {
			lines[i] += "\n"
		}
	}
	return `"""` + strings.Join(lines, "") + `"""`
}

// escape returns the inside of a string literal.
func escape(s, quote string) string {
	return strings.NewReplacer(`\`, `\\`, quote, `\`+quote, "\n", `\n`, "\r", `\r`).Replace(s)
}
