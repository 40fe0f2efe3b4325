package adopt

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// An Other is a schema that a database is compared with instead of its recorded version's.
type Other struct {
	Name    string // in messages: "models.sql", "the other database"
	catalog catalog.Catalog
	order   map[string][]string // the columns of each table, in order
	notes   []string

	// managed means that it has only what schema files can express, and nothing in the schemas unmanaged.
	managed   bool
	unmanaged []string
}

// FromSQL returns the schema that a file of SQL creates: statements of an application's models, or pg_dump's output.
// They run in an empty database on srv. What only matters to pg_dump's session, or concerns owners, grants and
// publications, may fail, and rows are left out. If anything else fails, the error says where.
func FromSQL(ctx context.Context, srv *devdb.Server, name, text string, opts catalog.Options) (*Other, error) {
	text, err := withoutRows(name, text)
	if err != nil {
		return nil, err
	}
	s, failed, err := state.Restore(ctx, srv, text, opts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer s.Close()
	o := &Other{Name: name}
	skipped := 0
	for _, f := range failed {
		f.File = name
		switch what := dispensable(f); {
		case what == "":
			return nil, fmt.Errorf("%s:%d:%d: %s, in an empty database", name, f.Pos.Line, f.Pos.Col, f.Reason())
		case what == aboutAccess:
			skipped++
		}
	}
	if skipped > 0 {
		o.notes = append(o.notes, fmt.Sprintf("%d of the statements in %s didn't run on the throwaway server; they are about owners, grants and publications", skipped, name))
	}
	return o, o.read(ctx, s)
}

// read takes the schema of a state.
func (o *Other) read(ctx context.Context, s *state.State) (err error) {
	o.catalog = s.Catalog
	o.order, err = readOrder(ctx, s.Conn())
	return err
}

// copied matches the first line of a table's rows in pg_dump's output, and meta a command of psql.
var (
	copied = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^COPY .* FROM stdin;\s*$`) })
	meta   = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\\(connect|c|i|ir|include|copy|set|echo|if|gexec)\b`)
	})
)

// withoutRows empties the lines of COPY and the rows after it.
func withoutRows(name, text string) (string, error) {
	lines := strings.Split(text, "\n")
	rows := false
	for i, line := range lines {
		switch {
		case rows:
			rows = strings.TrimSuffix(line, "\r") != `\.`
			lines[i] = ""
		case copied().MatchString(line):
			rows = true
			lines[i] = ""
		case meta().MatchString(line):
			return "", fmt.Errorf("%s:%d: %s is a command of psql, not SQL: write the file with pg_dump --schema-only, without --create", name, i+1, strings.Fields(line)[0])
		}
	}
	if rows {
		return "", fmt.Errorf("%s ends in the rows of a COPY: it is incomplete", name)
	}
	return strings.Join(lines, "\n"), nil
}

// What a failed statement of a dump is about, if the schema doesn't depend on it.
const (
	aboutSession = "session" // and what every database has
	aboutAccess  = "access"
)

// dispensable returns what a failed statement is about if the schema doesn't depend on it, "" otherwise.
func dispensable(failed *runner.StmtError) string {
	w := pgsql.Words(pgsql.Tokens(failed.Stmt))
	is := func(words ...string) bool { return w.Starts(0, words...) }
	switch pgsql.SQLState(failed) {
	case pgsql.UndefinedObject, pgsql.InvalidParameterValue:
		if is("SET") && !is("SET", "ROLE") { // a setting of another major version
			return aboutSession
		}
	case pgsql.DuplicateSchema:
		if is("CREATE", "SCHEMA", "PUBLIC") {
			return aboutSession
		}
	case pgsql.InsufficientPrivilege:
		if is("COMMENT", "ON", "EXTENSION") || is("COMMENT", "ON", "SCHEMA", "PUBLIC") || is("SET") {
			return aboutSession
		}
	}
	if is("GRANT") || is("REVOKE") || is("ALTER", "DEFAULT", "PRIVILEGES") || is("ALTER") && w.Anywhere("OWNER", "TO") ||
		is("CREATE", "PUBLICATION") || is("ALTER", "PUBLICATION") || is("CREATE", "SUBSCRIPTION") || is("ALTER", "SUBSCRIPTION") ||
		is("SECURITY", "LABEL") {
		return aboutAccess
	}
	return ""
}

// FromHCL returns the schema that a schema file declares, base.Schema. What schema files can't express is as the
// migrations of base.Dir make it, and isn't compared. If the file is wrong, the error is a *schemahcl.Error.
func FromHCL(ctx context.Context, base proof.Base) (*Other, error) {
	replayed, desired, err := proof.States(ctx, base, func(ctx context.Context) (*state.State, error) {
		return state.Replay(ctx, base.Server, base.Dir, len(base.Dir.Files())-1, base.Options)
	})
	if err != nil {
		return nil, err
	}
	defer replayed.Close()
	defer desired.Close()
	if err := state.CarryOver(ctx, replayed, desired); err != nil && !errors.As(err, new(*state.LossError)) {
		return nil, err
	}
	o := &Other{Name: base.SchemaName, managed: true}
	if o.unmanaged, err = replayed.UnmanagedSchemas(ctx, desired.Catalog); err != nil {
		return nil, err
	}
	if err := o.read(ctx, desired); err != nil {
		return nil, err
	}
	o.catalog, _ = state.Split(o.catalog, o.unmanaged...)
	return o, nil
}

// FromDatabase returns the schema of another live database.
func FromDatabase(ctx context.Context, m *migrator.Migrator) (*Other, error) {
	o := &Other{Name: "the other database"}
	return o, m.Survey(ctx, func(ctx context.Context, v *migrator.Survey) (err error) {
		o.catalog = v.Record.Without(v.Catalog)
		o.order, err = readOrder(ctx, v.Conn())
		return err
	})
}

// readOrder returns the columns of each table in their order.
func readOrder(ctx context.Context, conn *pgx.Conn) (map[string][]string, error) {
	rows, err := conn.Query(ctx, `
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
       ARRAY(SELECT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname::text !~ '^pg_'`)
	if err != nil {
		return nil, fmt.Errorf("reading the order of columns: %w", err)
	}
	order := map[string][]string{}
	var table string
	var columns []string
	if _, err = pgx.ForEachRow(rows, []any{&table, &columns}, func() error {
		order[table] = columns
		return nil
	}); err != nil {
		return nil, fmt.Errorf("reading the order of columns: %w", err)
	}
	return order, nil
}

// columnOrder returns the tables whose common columns are in another order than wanted, which says has.
func (d *drifter) columnOrder(ctx context.Context, wanted map[string][]string, says string) ([]catalog.Difference, error) {
	have, err := readOrder(ctx, d.v.Conn())
	if err != nil {
		return nil, err
	}
	var all []catalog.Difference
	for l := range d.v.Catalog.All() {
		want, ok := wanted[l.Name]
		if l.Kind != "table" || l.Comment || !ok {
			continue
		}
		has := func(list []string) func(string) bool {
			return func(c string) bool { return !slices.Contains(list, c) }
		}
		is := slices.DeleteFunc(slices.Clone(have[l.Name]), has(want))
		should := slices.DeleteFunc(slices.Clone(want), has(have[l.Name]))
		if slices.Equal(is, should) {
			continue
		}
		name := catalog.Escape(l.Name)
		x := catalog.Difference{
			Table: name, Object: name, Kind: "column order", Harmless: true,
			Want: catalog.Escape(strings.Join(should, ", ")), Have: catalog.Escape(strings.Join(is, ", ")),
		}
		x.Text = fmt.Sprintf("the columns of %s are in another order: %s; %s %s", strings.TrimPrefix(name, "public."), x.Have, says, x.Want)
		all = append(all, x)
	}
	return all, nil
}
