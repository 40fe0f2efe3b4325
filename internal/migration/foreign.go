package migration

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Other tools mark the sections of their files with comments, which PostgreSQL skips: the down section would run right
// after the up section. So files with such a mark, or with a name in such a tool's format, are refused.

// A format is another tool's way to mark sections.
type format struct {
	tool   string
	starts string                // how the comments that mark sections begin, for messages
	prefix string                // how they begin without the comment's opening, in lower case, as a fast test
	mark   func() *regexp.Regexp // matches the comment, which begins a line
	// between means that the comment is a mark only between statements. Elsewhere it may be a title.
	between bool
	advice  string // what to do, unless it is to separate two sections
}

var formats = []format{
	{tool: "goose", starts: `"-- +goose"`, prefix: "+goose", mark: pattern(`--\s*\+goose(\s.*)?`)},
	{tool: "sql-migrate", starts: `"-- +migrate"`, prefix: "+migrate", mark: pattern(`--\s*\+migrate(\s.*)?`)},
	{tool: "dbmate", starts: `"-- migrate:"`, prefix: "migrate:", mark: pattern(`--\s*migrate:(up|down)(\s.*)?`)},
	{tool: "tern", starts: `"---- create above"`, prefix: "create above", mark: pattern(`-{2,}\s*create above / drop below[\s-]*`)},
	{tool: "MyBatis Migrations", starts: `"-- //"`, prefix: "@undo", mark: pattern(`--\s*//\s*@undo(\s.*)?`)},
	{tool: "Play", starts: `"-- !"`, prefix: "!ups", mark: pattern(`--[\s-]*!ups\s*`)},
	{tool: "Play", starts: `"-- !"`, prefix: "!downs", mark: pattern(`--[\s-]*!downs\s*`)},
	{tool: "Rambler", starts: `"-- rambler"`, prefix: "rambler", mark: pattern(`--\s*rambler\s+(up|down)\s*`)},
	{tool: "node-pg-migrate", starts: `"-- Up Migration" or "-- Down Migration"`, prefix: "down migration", mark: pattern(`--[\s-]*down migration[\s-]*`), between: true},
	{tool: "shmig", starts: `"-- ===="`, prefix: "=", mark: pattern(`--\s*=+\s*down\s*=+\s*`), between: true},
	{tool: "micrate", starts: `"-- +micrate"`, prefix: "+micrate", mark: pattern(`--\s*\+micrate(\s.*)?`)},
	{tool: "Liquibase", prefix: "liquibase formatted", mark: pattern(`--\s*liquibase formatted.*`), advice: liquibase},
	{tool: "Liquibase", prefix: "liquibase rollback", mark: pattern(`/\*\s*liquibase rollback.*`), advice: liquibase},
	{tool: "Liquibase", prefix: "changeset", mark: pattern(`--\s*changeset\s+[^\s:]+:\S.*`), advice: liquibase},
	// Anybody may write "-- Rollback: ...".
	{tool: "Liquibase", prefix: "rollback", mark: pattern(`--rollback\s+(alter|create|delete|drop|empty|grant|insert|not required|revoke|truncate|update)\b.*`), advice: liquibase},
	{tool: "Alembic", prefix: "running", mark: pattern(`--\s*running (upgrade|downgrade) .*->.*`), advice: "this file was printed by alembic with --sql, and changes alembic_version itself: " +
		"write each revision into a file of its own with \"-- alembic:revision ID\" at the top, and leave out BEGIN, COMMIT and the statements on alembic_version"},
}

// twoSections is the format of any other tool that marks a section with the word "down", possibly after its own name.
var twoSections = &format{tool: "another tool", starts: `"-- Up" or "-- Down"`, mark: pattern(`--[\s\-+!@#=*]*(\w+:\s*|\+\w+\s+)?(down|downgrade)[\s\-+:=*]*`), between: true}

// mostOfMark is the length in bytes of the longest comment that may be a mark of twoSections.
const mostOfMark = 80

const liquibase = "this file is in Liquibase's format: write each changeset into its own file, its rollback into a file of the same name in " +
	DownDir + "/, and delete Liquibase's comments"

// noTransaction matches how such tools write txmode none.
var noTransaction = pattern(`.*(\bno\s*transaction\b|\btransaction:\s*false\b).*`)

// pattern matches a whole comment, ignoring case.
func pattern(s string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?is)^(?:` + s + `)$`) })
}

// foreign adds an error for the first mark of another tool's format, and reports whether there is one.
func (p *parser) foreign(name, text string, down bool) bool {
	if !mayBeForeign(text) {
		return false
	}
	comments := pgsql.Comments(text)
	for _, c := range comments {
		f := formatOf(c.Text)
		if f == nil || !beginsLine(text, c.Pos.Offset) {
			continue
		}
		if f.between && !betweenStatements(text, c.Pos.Offset) {
			continue
		}
		p.add(name, c.Pos.Line, c.Pos.Col, "%s", f.change(name, comments, down))
		return true
	}
	return false
}

// betweenStatements reports whether a statement ends before the offset and another begins after it.
func betweenStatements(text string, offset int) bool {
	before := pgsql.Tokens(text[:offset])
	return len(before) > 0 && before[len(before)-1].Text == ";" && len(pgsql.Tokens(text[offset:])) > 0
}

// change says what to do with the file called name.
func (f *format) change(name string, comments []pgsql.Comment, down bool) string {
	if f.advice != "" {
		return f.advice
	}
	to := fmt.Sprintf("keep the up section here, move the down section to %s", path.Join(DownDir, name))
	if down {
		to = "keep only the down section here"
	}
	text := fmt.Sprintf("this file is in the format of %s, and both its up and its down section would run: %s, and delete the comments that begin with %s", f.tool, to, f.starts)
	for _, c := range comments {
		if formatOf(c.Text) == f && noTransaction().MatchString(c.Text) {
			return text + fmt.Sprintf("; to run without a transaction, write \"-- %s none\" at the top", atlasTxmode)
		}
	}
	return text
}

// formatOf returns the format whose mark the comment is, or nil.
func formatOf(comment string) *format {
	rest := strings.TrimLeft(comment, "-/* \t")
	for i := range formats {
		if f := &formats[i]; hasPrefixFold(rest, f.prefix) && f.mark().MatchString(strings.TrimRight(comment, " \t\r")) {
			return f
		}
	}
	if len(comment) <= mostOfMark && strings.Contains(strings.ToLower(rest), "down") && twoSections.mark().MatchString(strings.TrimSpace(comment)) {
		return twoSections
	}
	return nil
}

// mayBeForeign is a fast test that rules out most files. A line of a string may look like a mark too.
func mayBeForeign(text string) bool {
	for line := range strings.Lines(strings.TrimPrefix(text, byteOrderMark)) {
		line = strings.TrimSpace(line)
		if (strings.HasPrefix(line, "--") || strings.HasPrefix(line, "/*")) && formatOf(line) != nil {
			return true
		}
	}
	return false
}

// beginsLine reports whether only blanks precede the offset in its line.
func beginsLine(text string, offset int) bool {
	before := strings.TrimRight(text[:offset], " \t")
	return before == "" || before == byteOrderMark || strings.HasSuffix(before, "\n")
}

// foreignNames are the file names of other tools.
var foreignNames = []struct {
	name   func() *regexp.Regexp
	tool   string
	advice string
}{
	{pattern(`[vb]\d[\d._]*__.*\.sql`), "Flyway's format", nameIt},
	{pattern(`u\d[\d._]*__.*\.sql`), "Flyway's format for an undo migration", moveIt},
	{pattern(`r__.*\.sql`), "Flyway's format for a repeatable migration", "write each change into its own migration"},
	{pattern(`\d+.*\.up\.sql`), "the format of golang-migrate and sqlx", "remove .up from it"},
	{pattern(`\d+.*\.down\.sql`), "the format of golang-migrate and sqlx for a down migration", "remove .down from it, and move it to " + DownDir + "/"},
	{pattern(`\d+-.*-up\.sql`), "db-migrate's format", nameIt},
	{pattern(`\d+-.*-down\.sql`), "db-migrate's format for a down migration", moveIt},
	{pattern(`\d+(\.do\b.*|.*\.do)\.sql`), "Postgrator's format", nameIt},
	{pattern(`\d+(\.undo\b.*|.*\.undo)\.sql`), "Postgrator's format for an undo migration", moveIt},
}

const (
	nameIt = "name it VERSION_name.sql with a numeric version, like 20260101120000_add_flaky.sql"
	moveIt = "move it to " + DownDir + "/ under its migration's name"
)

// foreignName adds an error for a name in another tool's format, and reports whether it is one.
func (p *parser) foreignName(file *File) bool {
	if isNumber(file.Version) && !strings.Contains(file.Desc, ".") {
		return false
	}
	for _, f := range foreignNames {
		if f.name().MatchString(file.Name) {
			p.add(file.Name, 0, 0, "the name is in %s: %s", f.tool, f.advice)
			return true
		}
	}
	return false
}

// recordTables are the tables in which the tool records what has run.
var recordTables = []string{"alembic_version", "atlas_schema_revisions"}

// records adds errors for statements that change the record, as scripts that Alembic prints do.
func (p *parser) records(name, text string, stmts []pgsql.Stmt) {
	lower := strings.ToLower(text)
	for _, table := range recordTables {
		if !strings.Contains(lower, table) {
			continue
		}
		for _, s := range stmts {
			if changes(s.Parse(), table) {
				p.add(name, s.Pos.Line, s.Pos.Col, "%s: this tool updates %s itself, in the migration's transaction: remove the statement", abbreviate(s.Text), table)
			}
		}
	}
}

// changes reports whether a statement defines, alters, drops, locks or writes to a table of that name without a schema
// or in public.
func changes(st *pgsql.Statement, table string) bool {
	is := func(n pgsql.Name) bool { return n.Name == table && (n.Schema == "" || n.Schema == "public") }
	switch verb, kind, _ := strings.Cut(st.Verb, " "); {
	case verb == "COPY":
		name, next, ok := st.Rest.Name(0)
		return ok && is(name) && st.Rest.Find(next, "FROM") >= 0
	case strings.HasSuffix(kind, "TABLE"), strings.HasSuffix(kind, "VIEW"),
		slices.Contains([]string{"INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "LOCK"}, verb):
		if slices.ContainsFunc(st.Targets, is) {
			return true
		}
	}
	return slices.ContainsFunc(st.Renames(), func(r pgsql.Rename) bool { return r.Part == "" && is(r.To) }) ||
		slices.ContainsFunc(st.With, func(part *pgsql.Statement) bool { return changes(part, table) })
}
