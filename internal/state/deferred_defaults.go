package state

import (
	"fmt"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// deferredDefaults are defaults of new tables' columns that are set after all new tables are created.
type deferredDefaults []deferredDefault

type deferredDefault struct {
	table  *schema.Table
	column *schema.Column
	expr   *schema.RawExpr
}

// takeDeferred removes defaults from the tables that changes create if they may use the sequence of another new table's
// serial column. The engine orders tables by foreign keys only, so that sequence may not exist yet.
func takeDeferred(changes []schema.Change) (deferred deferredDefaults) {
	plain := func(s string) string { return strings.ToLower(strings.NewReplacer(`"`, "", "'", "").Replace(s)) }
	maker := map[string]*schema.Table{} // by the sequence's name
	for _, c := range changes {
		if add, ok := c.(*schema.AddTable); ok {
			for _, c := range serialColumns(add.T) {
				maker[plain(pgsql.ObjectName(add.T.Name, c.Name, "seq"))] = add.T
			}
		}
	}
	for _, c := range changes {
		add, ok := c.(*schema.AddTable)
		if !ok {
			continue
		}
		for _, c := range add.T.Columns {
			x, ok := c.Default.(*schema.RawExpr)
			if !ok || !strings.Contains(plain(x.X), "nextval") {
				continue
			}
			for name, t := range maker {
				if t != add.T && strings.Contains(plain(x.X), name) {
					deferred = append(deferred, deferredDefault{add.T, c, x})
					c.Default = nil
					break
				}
			}
		}
	}
	return deferred
}

func (l deferredDefaults) restore() {
	for _, d := range l {
		d.column.Default = d.expr
	}
}

func (l deferredDefaults) changes() (list []*migrate.Change) {
	for _, d := range l {
		alter := fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s ", pgsql.QualifiedIdent(d.table.Schema.Name, d.table.Name), pgsql.Ident(d.column.Name))
		list = append(list, &migrate.Change{
			Cmd:     alter + "SET DEFAULT " + d.expr.X,
			Reverse: alter + "DROP DEFAULT",
			Comment: fmt.Sprintf("set the default of column %q of table %q, which uses another table's sequence", d.column.Name, d.table.Name),
			Source:  &schema.ModifyTable{T: d.table},
		})
	}
	return list
}
