package lint

import (
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// fixColumn is a column as fixes need it. The table is taken as the snapshot has it.
func (s *snapshot) fixColumn(t *relation, name, typ string) fix.Column {
	return fix.Column{Table: s.table(t, []string{name}, false), Name: pgsql.Ident(name), Type: typ}
}

// freeRelation returns a name for a relation of a schema.
func (s *snapshot) freeRelation(schema, base, suffix string) string {
	return pgsql.FreeName(base, suffix, func(name string) bool {
		for _, r := range s.relations {
			if r.Schema == schema && r.Name == name {
				return true
			}
		}
		return false
	})
}

// freeConstraint returns a name for a constraint of a table, as SQL writes it.
func (s *snapshot) freeConstraint(t *relation, base, suffix string) string {
	return pgsql.Ident(pgsql.FreeName(base, suffix, func(name string) bool {
		for _, c := range s.constraints {
			if c.Table == t.OID && c.Name == name {
				return true
			}
		}
		return false
	}))
}

// freeColumn returns a name for a column of a table.
func freeColumn(t *relation, base, suffix string) string {
	return pgsql.FreeName(base, suffix, func(name string) bool { return t.column(name) != nil })
}

// notNull is how a column is set NOT NULL without a scan under a strong lock.
func (s *snapshot) notNull(t *relation, c *column) fix.Text {
	return fix.SetNotNull(s.fixColumn(t, c.Name, c.TypeText), s.notNullCheck(t, c))
}

func (s *snapshot) notNullCheck(t *relation, c *column) string {
	return s.freeConstraint(t, t.Name+"_"+c.Name, "_not_null")
}

// rename is how a column gets another name by a second one.
func (s *snapshot) rename(t *relation, c *column, name string) fix.Text {
	return fix.ExpandColumn(fix.Expand{Old: pgsql.Ident(c.Name), New: s.fixColumn(t, name, c.TypeText), Value: "r." + pgsql.Ident(c.Name)})
}

// using returns the expression by which the statement changes a column's type, nil if it has none.
func (s *step) using(column string) pgsql.Words {
	for _, a := range s.st.Actions {
		if _, using, ok := a.Type(); ok && a.Name.Name == column {
			return using
		}
	}
	return nil
}

// readIndex reads a CREATE INDEX statement, of PostgreSQL's or of somebody else, as one that builds an index of that name on the
// table.
func readIndex(text string, t *relation, name string) fix.Index {
	x, _ := pgsql.Stmt{Text: text}.Index()
	return fix.Index{
		Name: pgsql.Ident(name), Full: sqlName(t.Schema, name), Table: t.sql(), Unique: x.Unique, On: text[x.After:],
	}
}

// index is the index that a statement made, under a name.
func (s *step) index(x *index, name string) fix.Index {
	return readIndex(s.definitions[x.OID], s.after.relations[x.Table], name)
}

// partitioned is an index of a table, and if that is partitioned with those of its partitions. Of each table build gives the index.
func (s *snapshot) partitioned(t *relation, build func(t *relation) fix.Index) fix.PartitionedIndex {
	p := fix.PartitionedIndex{Index: build(t), Partitioned: t.Kind == "p"}
	for _, oid := range sorted(s.relations) {
		if r := s.relations[oid]; r.Parent == t.OID && r.isTable() {
			p.Parts = append(p.Parts, s.partitioned(r, build))
		}
	}
	return p
}

// domainChecks are the checks of a domain, and of those that it is made of, which were not there before; each as the check of a column.
func (s *snapshot) domainChecks(domain uint32, before *snapshot, column string) (list []string) {
	for d := s.types[domain]; d != nil && d.Kind == "d"; d = s.types[d.Base] {
		if was := before.types[d.OID]; d.NotNull && (was == nil || !was.NotNull) {
			list = append(list, "CHECK ("+pgsql.Ident(column)+" IS NOT NULL)")
		}
		for _, oid := range sorted(s.constraints) {
			if c := s.constraints[oid]; c.Domain == d.OID && before.constraints[oid] == nil {
				list = append(list, onColumn(strings.TrimSuffix(c.Definition, " NOT VALID"), column))
			}
		}
	}
	return list
}

// columnChecks makes constraints of checks of a column. The names that they get are added to those that are taken.
func (s *snapshot) columnChecks(t *relation, column string, checks []string, taken *[]fix.Constraint) {
	for _, definition := range checks {
		name := pgsql.FreeName(t.Name+"_"+column, "_check", func(name string) bool {
			return s.freeConstraint(t, name, "") != pgsql.Ident(name) ||
				slices.ContainsFunc(*taken, func(c fix.Constraint) bool { return c.Name == pgsql.Ident(name) })
		})
		*taken = append(*taken, fix.Constraint{Table: t.sql(), Name: pgsql.Ident(name), Definition: definition})
	}
}

// onColumn is the check of a domain as one of a column.
func onColumn(definition, column string) string {
	var b strings.Builder
	end := 0
	words := pgsql.Words(pgsql.Tokens(definition))
	for i, t := range words {
		if words.At(i) == "VALUE" {
			b.WriteString(definition[end:t.Pos.Offset])
			b.WriteString(pgsql.Ident(column))
			end = t.Pos.Offset + len(t.Text)
		}
	}
	return b.String() + definition[end:]
}
