package lint

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// compareSkipped compares an object that IF NOT EXISTS skipped with the statement's definition. It renames the object,
// runs the statement again, and rolls back.
func (r *fileRun) compareSkipped(ctx context.Context, st *step) error {
	if !slices.ContainsFunc(st.messages, func(n *pgconn.Notice) bool { return n.Code == pgsql.DuplicateTable || n.Code == pgsql.DuplicateColumn }) || len(st.st.Targets) != 1 {
		return nil
	}
	q := st.st.Targets[0]
	table := st.before.find(q.Schema, q.Name)
	if table == nil || !table.isTable() {
		return nil
	}
	var aside string
	var columns []string
	name := pgsql.QualifiedIdent(table.Schema, table.Name)
	switch st.st.Verb {
	case "CREATE TABLE":
		aside = fmt.Sprintf("ALTER TABLE %s RENAME TO lint_aside", name)
	case "ALTER TABLE":
		for _, n := range st.messages {
			if n.Code != pgsql.DuplicateColumn {
				continue
			}
			for _, c := range table.columns {
				if strings.Contains(n.Message, `"`+c.Name+`"`) {
					columns = append(columns, c.Name)
					aside += fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s TO %s;", name, pgsql.Ident(c.Name), pgsql.Ident("lint_aside_"+c.Name))
				}
			}
		}
	}
	if aside == "" {
		return nil
	}
	if err := r.exec(ctx, savepoint); err != nil {
		return err
	}
	failed := r.exec(ctx, aside)
	if failed == nil {
		_, failed = refused(r.session.Stmt(ctx, st.stmt))
	}
	if failed == nil {
		s, err := r.snapshot(ctx)
		if err != nil {
			return err
		}
		st.otherwise = differs(table, s.find(table.Schema, table.Name), columns)
	}
	return r.exec(ctx, goBack)
}

// differs returns how two definitions differ in the named columns, or in all if there are none; "" if they don't.
func differs(have, want *relation, columns []string) string {
	if want == nil || have.OID == want.OID && columns == nil {
		return ""
	}
	all := columns == nil
	if all {
		for _, c := range want.columns {
			columns = append(columns, c.Name)
		}
		for _, n := range sorted(have.columns) {
			c := have.columns[n]
			if want.column(c.Name) == nil {
				return fmt.Sprintf("also has a column %s", pgsql.Ident(c.Name))
			}
		}
	}
	slices.Sort(columns)
	for _, name := range columns {
		h, w := have.column(name), want.column(name)
		switch {
		case w == nil:
		case h == nil:
			return fmt.Sprintf("has no column %s", pgsql.Ident(name))
		case h.TypeText != w.TypeText:
			return fmt.Sprintf("has a column %s of type %s, not %s", pgsql.Ident(name), h.TypeText, w.TypeText)
		case h.NotNull != w.NotNull && w.NotNull:
			return fmt.Sprintf("has a column %s that is nullable", pgsql.Ident(name))
		case h.NotNull != w.NotNull:
			return fmt.Sprintf("has a column %s that is NOT NULL", pgsql.Ident(name))
		case (h.Default == "") != (w.Default == ""), h.Default != w.Default && !strings.HasPrefix(w.Default, "nextval("):
			return fmt.Sprintf("has a column %s with a different default", pgsql.Ident(name))
		}
	}
	return ""
}
