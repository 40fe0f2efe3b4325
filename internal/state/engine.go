package state

import (
	"context"
	"fmt"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Plan returns the statements for the changes as Atlas's engine writes them, with what
// the engine loses put back: the names of primary keys, the default comment of the schema
// public, keys of dropped tables. Every column of a new table stands on a line of its own.
func (s *State) Plan(ctx context.Context, changes []schema.Change) ([]*migrate.Change, error) {
	drv, err := s.db.atlas()
	if err != nil {
		return nil, err
	}
	options := func(o *migrate.PlanOptions) {
		o.Indent = "  "
		o.Mode = migrate.PlanModeDeferred
	}
	p, err := drv.PlanChanges(ctx, "plan", changes, options)
	if err != nil {
		return nil, err
	}
	for _, c := range p.Changes {
		reverse, err := c.ReverseStmts()
		if err != nil {
			return nil, err
		}
		up, down := primaryKeys(c.Source)
		c.Cmd = repair(c, c.Cmd, up)
		for i, r := range reverse {
			reverse[i] = repair(c, r, down)
		}
		if keys := lostKeys(c.Source, changes); keys != nil {
			again, err := drv.PlanChanges(ctx, "keys", []schema.Change{keys}, options)
			if err != nil {
				return nil, err
			}
			for _, k := range again.Changes {
				reverse = append(reverse, k.Cmd)
			}
		}
		switch len(reverse) {
		case 0:
		case 1:
			c.Reverse = reverse[0]
		default:
			c.Reverse = reverse
		}
	}
	return p.Changes, nil
}

// lostKeys returns the change that adds the foreign keys of a dropped table to itself, if
// the engine lost them: where tables are dropped that refer to each other, it drops the
// keys between them first, and takes those to the table itself for some of them.
func lostKeys(src schema.Change, changes []schema.Change) *schema.ModifyTable {
	planned, ok := src.(*schema.DropTable)
	if !ok || len(planned.T.ForeignKeys) > 0 {
		return nil
	}
	for _, c := range changes {
		d, ok := c.(*schema.DropTable)
		if !ok || d.T.Name != planned.T.Name || d.T.Schema.Name != planned.T.Schema.Name {
			continue
		}
		m := &schema.ModifyTable{T: d.T}
		for _, k := range d.T.ForeignKeys {
			if k.RefTable == d.T {
				m.Changes = append(m.Changes, &schema.AddForeignKey{F: k})
			}
		}
		if len(m.Changes) > 0 {
			return m
		}
	}
	return nil
}

func repair(c *migrate.Change, sql, key string) string {
	switch {
	case strings.HasPrefix(sql, "COMMENT ON ") && strings.HasSuffix(sql, " IS ''"):
		sql = strings.TrimSuffix(sql, "''")
		if m, ok := c.Source.(*schema.ModifySchema); ok && m.S.Name == "public" {
			return sql + "'standard public schema'"
		}
		return sql + "NULL"
	case key != "":
		return nameKey(sql, key)
	}
	return sql
}

// primaryKeys returns the names of the primary keys that a change's statement and its
// reverse add; empty for none and for the name that PostgreSQL would choose.
func primaryKeys(c schema.Change) (up, down string) {
	switch c := c.(type) {
	case *schema.AddTable:
		return keyName(c.T, c.T.PrimaryKey), ""
	case *schema.DropTable:
		return "", keyName(c.T, c.T.PrimaryKey)
	case *schema.ModifyTable:
		for _, ch := range c.Changes {
			switch ch := ch.(type) {
			case *schema.AddPrimaryKey:
				up = keyName(c.T, ch.P)
			case *schema.DropPrimaryKey:
				down = keyName(c.T, ch.P)
			case *schema.ModifyPrimaryKey:
				up, down = keyName(c.T, ch.To), keyName(c.T, ch.From)
			}
		}
	}
	return up, down
}

func keyName(t *schema.Table, key *schema.Index) string {
	if key == nil || key.Name == t.Name+"_pkey" {
		return ""
	}
	return key.Name
}

// nameKey gives the primary key that a CREATE or ALTER TABLE adds its name.
func nameKey(sql, name string) string {
	tokens := pgsql.Tokens(sql)
	for i := 1; i+1 < len(tokens); i++ {
		if !strings.EqualFold(tokens[i].Text, "PRIMARY") || !strings.EqualFold(tokens[i+1].Text, "KEY") {
			continue
		}
		switch before := tokens[i-1]; {
		case before.Kind == pgsql.Op && (before.Text == "," || before.Text == "("),
			strings.EqualFold(before.Text, "ADD"):
			at := tokens[i].Pos.Offset
			return fmt.Sprintf(`%sCONSTRAINT "%s" %s`, sql[:at], strings.ReplaceAll(name, `"`, `""`), sql[at:])
		}
	}
	return sql
}
