package adopt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// An otherTool is one whose migrations import keeps the versions of, and that has recorded them.
type otherTool struct {
	name, table string
	mark        string // a column that the table has; another tool's table of the same name doesn't
	without     string // a column that it hasn't
	// versions returns the versions and whether they are applied, in the order in which that was recorded.
	versions string
	// only means that the table has the last version alone, and whether it failed.
	only bool
}

var otherTools = []otherTool{
	{name: "goose", table: "goose_db_version", mark: "is_applied", versions: "SELECT version_id::text, is_applied FROM %s WHERE version_id > 0 ORDER BY id"},
	{name: "golang-migrate", table: "schema_migrations", mark: "dirty", versions: "SELECT version::text, NOT dirty FROM %s WHERE version >= 0", only: true},
	{name: "dbmate", table: "schema_migrations", mark: "version", without: "dirty", versions: "SELECT version::text, true FROM %s"},
}

const findToolSQL = `SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relname = $1 AND n.nspname !~ '^(pg_|information_schema$)'
   AND EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = c.oid AND attname = $2 AND NOT attisdropped)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = c.oid AND attname = $3 AND NOT attisdropped)
 ORDER BY n.nspname <> 'public', 1 LIMIT 1`

// readOthers finds out which version other tools have recorded, if this one hasn't: it reads their tables.
func (p *proposer) readOthers(ctx context.Context) error {
	if len(p.v.Record.Alembic)+len(p.v.Record.Journal) > 0 {
		return nil
	}
	for _, tool := range otherTools {
		var schemas []string
		applied := map[string]bool{}
		var order []string
		err := p.v.Read(ctx, 0, func(tx pgx.Tx) error {
			rows, err := tx.Query(ctx, findToolSQL, tool.table, tool.mark, tool.without)
			if err == nil {
				schemas, err = pgx.CollectRows(rows, pgx.RowTo[string])
			}
			if err != nil || len(schemas) == 0 {
				return err
			}
			if rows, err = tx.Query(ctx, fmt.Sprintf(tool.versions, pgsql.QualifiedIdent(schemas[0], tool.table))); err != nil {
				return err
			}
			var version string
			var is bool
			_, err = pgx.ForEachRow(rows, []any{&version, &is}, func() error {
				version = number(version)
				order, applied[version] = append(order, version), is
				return nil
			})
			return err
		})
		if err != nil {
			return fmt.Errorf("reading the version that %s has recorded: %w", tool.name, err)
		}
		if len(schemas) > 0 {
			p.otherSays(tool, order, applied)
		}
	}
	return nil
}

// number returns a version without leading zeros.
func number(version string) string { return strings.TrimLeft(version, "0") }

// otherSays takes what another tool has recorded as part of the record. -to overrides it.
func (p *proposer) otherSays(tool otherTool, order []string, applied map[string]bool) {
	last := -1
	var unknown, missing []string
	refuse := func(format string, args ...any) {
		if p.to == "" {
			p.refuse(format, args...)
		}
	}
	index := func(version string) int {
		return slices.IndexFunc(p.files, func(f *migration.File) bool { return number(f.Version) == version })
	}
	for _, version := range order {
		switch i := index(version); {
		case tool.only && !applied[version]:
			refuse("%s says that version %s is dirty: it failed there; finish or revert it by hand, and run `migrate force`", tool.table, version)
		case !applied[version]:
		case i < 0 && !slices.Contains(unknown, version):
			unknown = append(unknown, version)
		default:
			last = max(last, i)
		}
	}
	for _, f := range p.files[:last+1] {
		if !tool.only && !applied[number(f.Version)] {
			missing = append(missing, f.Version)
		}
	}
	switch {
	case len(unknown) > 0:
		refuse("%s of %s names %s, which no migration of this directory has: import the folder that has it", tool.table, tool.name, strings.Join(unknown, ", "))
	case len(missing) > 0:
		refuse("%s of %s names %s, but not %s before it: run %[2]s until it has applied them, too", tool.table, tool.name, p.files[last].Version, strings.Join(missing, ", "))
	}
	says := "no version"
	if last >= 0 {
		p.said = append(p.said, last)
		says = p.files[last].Version
	}
	p.Record += fmt.Sprintf("; %s of %s says %s", tool.table, tool.name, says)
}
