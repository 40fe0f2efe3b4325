package state

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// LiveSQL are statements that create what a live database has, and those that drop it again.
type LiveSQL struct {
	Up, Down string
	Roles    []string // that Up names, sorted

	about map[string]entry // by the text of the statement
}

// An entry is what a statement of pg_dump is about, by the comment before it.
type entry struct{ kind, name, schema string }

var entryComment = regexp.MustCompile(`^-- Name: (.*); Type: ([A-Z ]+); Schema: (.*); Owner: `)

// ReadLive returns the statements for the live database of conn, as pg_dump writes them: cfg and role say how it
// connects. They leave out the record's tables, what opts excludes, owners, privileges that other roles granted, and
// default privileges of other roles. The error is a *devdb.NoDumpError if no pg_dump fits the server, and a
// *LockedError if another session has a table locked for longer than devdb.DumpLockTimeout.
func ReadLive(ctx context.Context, conn *pgx.Conn, cfg *pgx.ConnConfig, role string, opts catalog.Options) (*LiveSQL, error) {
	excluded, err := excludedIn(ctx, conn, opts)
	if err != nil {
		return nil, err
	}
	args := []string{"--clean"} // it writes the statements that drop everything, in order
	for _, t := range recordTables(opts) {
		args = append(args, "--exclude-table="+pattern(t[0])+"."+pattern(t[1]))
	}
	for e := range excluded {
		switch e.kind {
		case "SCHEMA":
			args = append(args, "--exclude-schema="+pattern(e.name))
		case "TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE", "SEQUENCE":
			args = append(args, "--exclude-table="+pattern(e.schema)+"."+pattern(e.name))
		}
	}
	slices.Sort(args)
	dump, err := devdb.DumpLive(ctx, cfg, role, args...)
	if err != nil {
		return nil, Uncopied(ctx, conn, err)
	}
	stmts, err := DumpStatements(dump)
	if err != nil {
		return nil, err
	}
	var owner string
	if err := conn.QueryRow(ctx, "SELECT current_user").Scan(&owner); err != nil {
		return nil, fmt.Errorf("reading the role: %w", err)
	}
	d, err := describe(ctx, conn, owner, stmts)
	if err != nil {
		return nil, err
	}
	l := &LiveSQL{}
	l.read(d, stmts, excluded)
	filled, err := filledViews(ctx, conn)
	if err != nil {
		return nil, err
	}
	for _, name := range filled {
		schema, view := catalog.CutName(name)
		if !excluded[entry{"MATERIALIZED VIEW", pgsql.Unquote(view), pgsql.Unquote(schema)}] {
			l.Up += "\nREFRESH MATERIALIZED VIEW " + name + ";\n"
		}
	}
	return l, nil
}

// Uncopied returns err, from pg_dump, or a *LockedError if another session has locked a table.
func Uncopied(ctx context.Context, conn *pgx.Conn, err error) error {
	var locked *LockedError
	if ctx.Err() == nil && !errors.As(err, new(*devdb.NoDumpError)) && errors.As(Locked(ctx, conn, err), &locked) && len(locked.Holders) > 0 {
		return locked
	}
	return err
}

// pattern returns the pattern with which pg_dump finds only this name.
func pattern(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// read sorts the statements of pg_dump --clean into those that drop and those that create. The latter have comments
// that say what they are about.
func (l *LiveSQL) read(d dumped, stmts []pgsql.Stmt, excluded map[entry]bool) {
	var up, down strings.Builder
	var drops []pgsql.Stmt
	attached := map[pgsql.Name]bool{} // indexes of partitions, which are dropped with their parents
	var at entry
	creating, byOther := false, false
	roles := map[string]bool{}
	l.about = map[string]entry{}
	for _, s := range stmts {
		for _, c := range s.Comments {
			if m := entryComment.FindStringSubmatch(c.Text); m != nil {
				at, creating = newEntry(m[2], m[3], m[1]), true
			}
		}
		w := pgsql.Words(pgsql.Tokens(s.Text))
		if !creating {
			if w.Starts(0, "DROP") || w.Starts(0, "ALTER") || w.Starts(0, "CREATE", "OR", "REPLACE", "VIEW") {
				drops = append(drops, s)
			}
			continue
		}
		switch {
		case w.Starts(0, "SET", "SESSION", "AUTHORIZATION"):
			byOther = true
			continue
		case w.Starts(0, "RESET", "SESSION", "AUTHORIZATION"):
			byOther = false
			continue
		case byOther || at.excluded(excluded):
			continue
		}
		text := d.stmt(s.Text)
		if text == "" || pgsql.Words(pgsql.Tokens(text)).Starts(0, "ALTER", "DEFAULT", "PRIVILEGES", "FOR") {
			continue
		}
		if w.Starts(0, "COMMENT", "ON", "SCHEMA", "PUBLIC") {
			down.WriteString("\nCOMMENT ON SCHEMA public IS " + pgsql.Literal(publicComment) + ";\n")
		}
		if i := w.Find(0, "ATTACH", "PARTITION"); i > 0 && w.Starts(0, "ALTER", "INDEX") {
			if name, _, ok := w.Name(i + 2); ok {
				attached[name] = true
			}
		}
		up.WriteString("\n" + text + ";\n")
		l.about[text] = at
		for _, r := range s.Roles() {
			if !strings.HasPrefix(r, "pg_") && !slices.Contains(d.roles, pgsql.Ident(r)) {
				roles[r] = true
			}
		}
	}
	for _, s := range drops {
		if o := s.Parse().Drops(); len(o) == 0 || !keeps(o[0], excluded) && !attached[o[0].Name] && !attached[pgsql.Name{Schema: o[0].Name.Schema, Name: o[0].Part}] {
			down.WriteString("\n" + s.Text + ";\n")
		}
	}
	l.Up, l.Down, l.Roles = up.String(), down.String(), slices.Sorted(maps.Keys(roles))
}

// keeps reports whether a DROP statement is about what the migration doesn't create.
func keeps(o pgsql.Object, excluded map[entry]bool) bool {
	return o.Kind == "schema" && o.Name.Name == "public" || excluded[newEntry(strings.ToUpper(o.Kind), o.Name.Schema, o.Name.Name)]
}

// newEntry returns an entry as pg_dump names it, but without the types of a function's arguments.
func newEntry(kind, schema, name string) entry {
	if schema == "-" {
		schema = ""
	}
	if kind == "FUNCTION" || kind == "PROCEDURE" || kind == "AGGREGATE" {
		name, _, _ = strings.Cut(name, "(")
	}
	return entry{kind, name, schema}
}

// excluded reports whether the entry is excluded, or about something that is.
func (e entry) excluded(excluded map[entry]bool) bool {
	if excluded[e] {
		return true
	}
	for x := range excluded {
		name, _, _ := strings.Cut(e.name, "(")
		switch {
		case e.schema != x.schema:
		case (e.kind == "COMMENT" || e.kind == "ACL") && name == x.kind+" "+x.name:
			return true
		case strings.HasPrefix(e.kind, "PUBLICATION ") && x.kind == "PUBLICATION" && strings.HasPrefix(e.name, x.name+" "):
			return true
		}
	}
	return false
}

// Object returns the kind, as in a catalog, and the qualified name of what a statement of Up is about.
func (l *LiveSQL) Object(stmt string) (kind, name string, ok bool) {
	e, ok := l.about[stmt]
	return strings.ToLower(e.kind), strings.TrimPrefix(e.schema+"."+e.name, "."), ok
}

// excludedIn returns what opts excludes from the database of conn.
func excludedIn(ctx context.Context, conn *pgx.Conn, opts catalog.Options) (map[entry]bool, error) {
	kept, err := catalog.Read(ctx, conn, opts)
	if err != nil {
		return nil, err
	}
	opts.Exclude = nil
	all, err := catalog.Read(ctx, conn, opts)
	if err != nil {
		return nil, err
	}
	excluded := map[entry]bool{}
	for l := range all.All() {
		if _, ok := kept.Def(l.Kind, l.Name); ok || l.Comment {
			continue
		}
		kind := strings.ToUpper(l.Kind)
		owner, part := catalog.CutName(l.Name)
		schema, table := catalog.CutName(owner)
		switch l.Kind {
		case "enum", "composite", "range":
			kind = "TYPE"
		case "index":
			excluded[entry{kind, pgsql.Unquote(part), pgsql.Unquote(schema)}] = true
			continue
		case "trigger", "policy", "rule", "constraint":
			excluded[entry{kind, pgsql.Unquote(table) + " " + pgsql.Unquote(part), pgsql.Unquote(schema)}] = true
			continue
		case "column", "domain constraint":
			continue
		}
		if name, _, ok := pgsql.Words(pgsql.Tokens(l.Name)).Name(0); ok {
			excluded[newEntry(kind, name.Schema, name.Name)] = true
		}
	}
	return excluded, nil
}
