package lint

import (
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// fixColumn returns a column as fixes need it, with its table in this snapshot.
func (s *snapshot) fixColumn(t *relation, name, typ string) fix.Column {
	return fix.Column{Table: s.table(t, []string{name}, false), Name: pgsql.Ident(name), Type: typ}
}

// freeRelation returns a free name for a relation in a schema.
func (s *snapshot) freeRelation(schema, base, suffix string) string {
	return pgsql.FreeName(base, suffix, func(name string) bool {
		return has(s.relations, func(r *relation) bool { return r.Schema == schema && r.Name == name })
	})
}

// freeConstraint returns a free name for a constraint of a table, as SQL.
func (s *snapshot) freeConstraint(t *relation, base, suffix string) string {
	return pgsql.Ident(pgsql.FreeName(base, suffix, func(name string) bool {
		return has(s.constraints, func(c *constraint) bool { return c.Table == t.OID && c.Name == name })
	}))
}

// freeColumn returns a free name for a column of a table.
func freeColumn(t *relation, base, suffix string) string {
	return pgsql.FreeName(base, suffix, func(name string) bool { return t.column(name) != nil })
}

// notNull returns how to set a column NOT NULL without a scan under a strong lock.
func (s *snapshot) notNull(t *relation, c *column) fix.Text {
	return fix.SetNotNull(s.fixColumn(t, c.Name, c.TypeText), s.notNullCheck(t, c))
}

func (s *snapshot) notNullCheck(t *relation, c *column) string {
	return s.freeConstraint(t, t.Name+"_"+c.Name, "_not_null")
}

// rename returns how to rename a column by adding a second one.
func (s *snapshot) rename(t *relation, c *column, name string) fix.Text {
	return fix.ExpandColumn(fix.Expand{Old: pgsql.Ident(c.Name), New: s.fixColumn(t, name, c.TypeText), Value: "r." + pgsql.Ident(c.Name)})
}

// using returns the USING expression of the statement's change of a column's type, nil if it has none.
func (s *step) using(column string) pgsql.Words {
	for _, a := range s.st.Actions {
		if _, using, ok := a.Type(); ok && a.Name.Name == column {
			return using
		}
	}
	return nil
}
