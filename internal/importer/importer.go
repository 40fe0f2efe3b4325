// Package importer turns other tools' migrations into a project's.
package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/onboard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A Format reads the migrations of another tool's folder, in the order of their names. Its errors name a file and a
// line of the folder.
type Format func(fs.FS) ([]Migration, error)

// A Migration is one of another tool.
type Migration struct {
	Version string // as the tool writes it: digits
	Name    string
	Up      Section
	Down    *Section // nil if there is none

	Revision string // its id, if that isn't the version
	None     string // why there is no down
}

// A Section is the SQL of one direction, without the tool's marks.
type Section struct {
	File   string // in the folder
	SQL    string
	Lines  []int // where the lines of SQL are in File, nil if they aren't from there
	TxNone bool  // the tool runs it outside a transaction
}

// empty reports whether there are no statements.
func (s *Section) empty() bool { return len(pgsql.Tokens(s.SQL)) == 0 }

// Result is what was written.
type Result struct {
	Files   []File
	Schema  string   `json:",omitempty"` // the schema file, if it was written
	Merged  string   `json:",omitempty"` // the last revision of Alembic's that isn't in a line with those before it
	Skipped []string `json:",omitempty"` // the folder's other .sql files, whose names aren't those of the tool's migrations
}

// File is a migration that was written.
type File struct {
	Name     string // in the migrations folder
	Source   string // the file that has its up section
	Version  string `json:",omitempty"` // the version there, if it is written otherwise here
	Revision string // its revision id
	None     string `json:",omitempty"` // why there is no down
	// Repeated are the statements, as FILE:LINE of the source or of what was written, for which lint wants to know why
	// they are repeatable.
	Repeated []string `json:",omitempty"`
	// Apart are the numbers of the statements, from 1, that ran in one transaction there and here don't.
	Apart []string `json:",omitempty"`
	// Depends are the reasons why the statements may depend on the rows of the database on which they were recorded.
	Depends []string `json:",omitempty"`
}

// A Target is the project to write to.
type Target struct {
	proof.Base        // whose Dir is empty
	Root       string // the project's folder, in which SchemaName is
	Migrations string // the migrations folder, from which Dir was read
}

// Import writes the migrations of a folder of another tool into a project without migrations, after they have run on
// the throwaway server. If the project has the schema file of a new one, it writes that, too. After an error, nothing
// is written.
func Import(ctx context.Context, to Target, format Format, folder string, fsys fs.FS) (*Result, error) {
	found, err := format(fsys)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", folder, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no migrations in this format: check the name of the folder and the option", folder)
	}
	digits, err := width(found)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", folder, err)
	}
	res := &Result{}
	if res.Skipped, err = skipped(fsys, folder, found); err != nil {
		return nil, fmt.Errorf("reading %s: %w", folder, err)
	}
	var drafts []migration.Draft
	sources := make(map[string]source)
	for _, m := range found {
		f, d := m.draft(digits, sources)
		f.Source = filepath.Join(folder, f.Source)
		for i := range f.Repeated {
			f.Repeated[i] = filepath.Join(folder, f.Repeated[i])
		}
		res.Files, drafts = append(res.Files, f), append(drafts, d)
	}
	where := func(err error) error { return located(err, folder, sources) }
	base := to.Base
	if base.Dir, err = to.Dir.With(drafts); err != nil {
		return nil, where(err)
	}
	w := proof.NewWalk(base)
	w.SkipMeasured()
	s, err := w.Up(ctx)
	if err != nil {
		return nil, where(err)
	}
	defer s.Close()
	effects := w.Effects()
	for i := range drafts {
		drafts[i].Effect = effects[drafts[i].Name]
	}
	if res.Schema, err = to.write(ctx, s, drafts); err != nil {
		return nil, where(err)
	}
	w.Written(effects)
	return res, nil
}

// write writes the migrations, which end in the state s, and the schema file, if the project's is still that of a new
// one. It returns the schema file's name, if it was written.
func (to *Target) write(ctx context.Context, s *state.State, drafts []migration.Draft) (schema string, err error) {
	if !onboard.Initial(to.Schema) {
		return "", to.Dir.Write(ctx, to.Migrations, drafts)
	}
	hcl, err := state.Inspect(ctx, s.DB.ConnConfig(), to.Options, state.CheckOn(func(context.Context) (*devdb.Server, error) { return to.Server, nil }))
	if err != nil {
		return "", err
	}
	return to.SchemaName, onboard.Write(ctx, to.Root, to.Base, hcl, to.Migrations, drafts)
}

// skipped returns the folder's .sql files from which no migration comes.
func skipped(fsys fs.FS, folder string, found []Migration) (names []string, err error) {
	read := make(map[string]bool)
	for _, m := range found {
		read[m.Up.File] = true
		if m.Down != nil {
			read[m.Down.File] = true
		}
	}
	entries, err := fs.ReadDir(fsys, ".")
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && path.Ext(name) == ".sql" && !read[name] {
			names = append(names, filepath.Join(folder, name))
		}
	}
	return names, err
}

// A source tells where the lines of a file come from.
type source struct {
	section *Section
	before  int // lines of the header
}

// draft returns the files of the migration, and adds them to sources.
func (m *Migration) draft(digits int, sources map[string]source) (File, migration.Draft) {
	version := strings.Repeat("0", digits-len(m.Version)) + m.Version
	f := File{Name: version + "_" + plain(m.Name) + ".sql", Source: m.Up.File, Revision: cmp.Or(m.Revision, m.Version)}
	if version != m.Version {
		f.Version = m.Version
	}
	var up, down []string
	if f.Revision != version {
		up = append(up, "-- alembic:revision "+f.Revision)
	}
	if m.Up.TxNone {
		up = append(up, "-- atlas:txmode none")
	}
	d := migration.Draft{Name: f.Name, SQL: m.Up.text(up)}
	sources[f.Name] = source{&m.Up, before(up)}
	stmts, err := pgsql.Split(m.Up.SQL)
	if err == nil && m.Up.TxNone {
		for _, u := range runner.Cut(stmts, true) {
			if u.Mode != runner.MayCommit {
				continue
			}
			at := u.Stmts[0].Pos.Line
			file, line := m.Up.File, m.Up.line(at)
			if len(m.Up.Lines) == 0 {
				file, line = f.Name, before(up)+at
			}
			f.Repeated = append(f.Repeated, fmt.Sprintf("%s:%d", file, line))
		}
	}
	switch {
	case m.None != "":
		f.None = m.None
	case m.Down == nil:
		f.None = path.Base(m.Up.File) + " has no down migration"
	case m.Down.empty() && !m.Up.empty() && m.Revision == "":
		f.None = path.Base(m.Down.File) + " has no statements to revert it"
	default:
		if m.Down.TxNone {
			down = append(down, "-- atlas:txmode none")
		}
		d.Down = m.Down.text(down)
		sources[path.Join(migration.DownDir, f.Name)] = source{m.Down, before(down)}
		return f, d
	}
	d.Down = downNone(f.None)
	return f, d
}

// downNone returns the down file of an irreversible migration.
func downNone(why string) string { return "-- alembic:down none " + pgsql.OneLine(why, 200) + "\n\n" }

// text returns the file that has the directives and the section.
func (s *Section) text(directives []string) string {
	sql := cmp.Or(s.SQL, "-- No statements.\n")
	if len(directives) == 0 {
		return sql
	}
	return strings.Join(directives, "\n") + "\n\n" + sql
}

// before returns how many lines precede the section.
func before(directives []string) int {
	if len(directives) == 0 {
		return 0
	}
	return len(directives) + 1
}

// line returns the line in the section's file of a line of its SQL, 0 if there is none.
func (s *Section) line(n int) int {
	if n < 1 || n > len(s.Lines) {
		return 0
	}
	return s.Lines[n-1]
}

// plain returns a name of characters that need no quoting.
func plain(name string) string {
	if name = strings.Trim(unusual.ReplaceAllString(name, "_"), "_"); name == "" {
		return "migration"
	}
	return name
}

var unusual = regexp.MustCompile(`[^A-Za-z0-9-]+`)

// width returns how many digits the versions need in order to sort as they do now, both as text and as numbers. It
// sorts nothing: the formats return the migrations in their tool's order.
func width(found []Migration) (int, error) {
	digits := 0
	for i, m := range found {
		digits = max(digits, len(m.Version))
		if i == 0 {
			continue
		}
		switch last := found[i-1]; compareNumbers(last.Version, m.Version) {
		case 0:
			return 0, fmt.Errorf("%s: the version %s is also that of %s: give one of them another", m.Up.File, m.Version, last.Up.File)
		case 1:
			return 0, fmt.Errorf("%s: the tool runs it after %s, which has a greater version: give both versions the same number of digits", m.Up.File, last.Up.File)
		}
	}
	return digits, nil
}

func compareNumbers(a, b string) int {
	x, _ := new(big.Int).SetString(a, 10)
	y, _ := new(big.Int).SetString(b, 10)
	return x.Cmp(y)
}

// byNumber compares migrations of tools that sort by number.
func byNumber(a, b Migration) int { return compareNumbers(a.Version, b.Version) }

// located returns an error about a written file as one about its source.
func located(err error, folder string, sources map[string]source) error {
	at := func(file string, line int) (string, int) {
		s, ok := sources[file]
		if !ok {
			return file, line
		}
		return filepath.Join(folder, s.section.File), s.section.line(line - s.before)
	}
	var stmt *runner.StmtError
	if errors.As(err, &stmt) {
		e := *stmt
		e.File, e.Pos.Line = at(e.File, e.Pos.Line)
		return fmt.Errorf("nothing was written: %w", &e)
	}
	var files migration.Errors
	if errors.As(err, &files) {
		var all []error
		for _, f := range files {
			e := *f
			e.File, e.Line = at(e.File, e.Line)
			all = append(all, &e)
		}
		return fmt.Errorf("nothing was written: %w", errors.Join(all...))
	}
	return err
}

// A lines is a file's text, with LF line ends and without a byte order mark.
type lines struct {
	file string
	text string
	all  []string
}

func read(fsys fs.FS, file string) (*lines, error) {
	b, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(strings.TrimPrefix(string(b), "\uFEFF"), "\r\n", "\n")
	return &lines{file, text, slices.Collect(strings.Lines(text))}, nil
}

// A mark is a comment that begins a line, and that means something to the tool.
type mark struct {
	line  int // from 1
	words []string
}

// marks returns the comments that begin with the prefix. Those in strings and in the bodies of functions aren't marks.
func (l *lines) marks(prefix string) (list []mark) {
	for _, c := range pgsql.Comments(l.text) {
		text, ok := strings.CutPrefix(c.Text, "--")
		if !ok || c.Pos.Col != 1 && strings.TrimSpace(l.all[c.Pos.Line-1]) != strings.TrimSpace(c.Text) {
			continue
		}
		if rest, ok := strings.CutPrefix(strings.TrimSpace(text), prefix); ok {
			list = append(list, mark{c.Pos.Line, strings.Fields(rest)})
		}
	}
	return list
}

// section returns the lines after from and before to, without the skipped ones and without empty ones at both ends.
func (l *lines) section(from, to int, skip ...int) Section {
	s := Section{File: l.file}
	var kept []string
	for n := from + 1; n < to; n++ {
		if !slices.Contains(skip, n) {
			kept, s.Lines = append(kept, strings.TrimSuffix(l.all[n-1], "\n")), append(s.Lines, n)
		}
	}
	for len(kept) > 0 && strings.TrimSpace(kept[0]) == "" {
		kept, s.Lines = kept[1:], s.Lines[1:]
	}
	for len(kept) > 0 && strings.TrimSpace(kept[len(kept)-1]) == "" {
		kept, s.Lines = kept[:len(kept)-1], s.Lines[:len(kept)-1]
	}
	if len(kept) > 0 {
		s.SQL = strings.Join(kept, "\n") + "\n"
	}
	return s
}

// A cutter finds the lines of the marks between which the sections are, in tools with one file a migration.
type cutter struct {
	*lines
	up, down int // 0 if there is none
}

// mark takes the line of a mark as the beginning of a section.
func (c *cutter) mark(line int, down bool) error {
	switch {
	case !down && c.up+c.down > 0:
		return c.refuse(line, "there is an up or a down section before this one: keep one of each, the up section first")
	case down && (c.up == 0 || c.down > 0):
		return c.refuse(line, "the down section must follow the up section, once")
	case down:
		c.down = line
	default:
		c.up = line
	}
	return nil
}

// cut sets the migration's sections. mark is how the up section's mark is written, and skip are lines of neither.
func (c *cutter) cut(m *Migration, mark string, skip ...int) error {
	if c.up == 0 {
		return c.refuse(1, "there is no %q", mark)
	}
	if head := c.section(0, c.up); !head.empty() {
		return c.refuse(head.line(pgsql.Tokens(head.SQL)[0].Pos.Line), "there is a statement before %q: move it below", mark)
	}
	end := len(c.all) + 1
	if c.down > 0 {
		s := c.section(c.down, end, skip...)
		m.Down, end = &s, c.down
	}
	m.Up = c.section(c.up, end, skip...)
	return nil
}

// refuse returns an error at a line.
func (l *lines) refuse(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", l.file, line, fmt.Sprintf(format, args...))
}

// files returns the names of the folder's files that match, with the submatches.
func files(fsys fs.FS, pattern *regexp.Regexp) ([][]string, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	var found [][]string
	for _, e := range entries {
		if m := pattern.FindStringSubmatch(e.Name()); m != nil && !e.IsDir() {
			found = append(found, m)
		}
	}
	return found, nil
}
