package state

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/schemahcl"
)

// Plan returns the statements that Atlas's engine plans for the changes, and restores what the engine loses: the names
// of primary keys, the default comment of the schema public, and keys of dropped tables. Each column of a new table is
// on its own line. Unique constraints that PostgreSQL would merge with another key of a new table are added after the
// table, and defaults that may use another new table's sequence after all tables.
func (s *State) Plan(ctx context.Context, changes []schema.Change) ([]*migrate.Change, error) {
	drv, err := s.db.atlas()
	if err != nil {
		return nil, err
	}
	options := func(o *migrate.PlanOptions) {
		o.Indent = "  "
		o.Mode = migrate.PlanModeDeferred
	}
	// Types that are written as SQL don't tell the engine which enums they need.
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b schema.Change) int { return cmp.Compare(typesFirst(a), typesFirst(b)) })
	separate, restore := takeSeparate(changes)
	deferred := takeDeferred(changes)
	unquoted := quoteTexts(changes)
	unbounded := boundIdentities(changes)
	raw, err := planChanges(ctx, drv, changes, options)
	unbounded()
	unquoted()
	deferred.restore()
	restore()
	if err != nil {
		return nil, err
	}
	var planned []*migrate.Change
	for _, c := range raw {
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
			again, err := planChanges(ctx, drv, []schema.Change{keys}, options)
			if err != nil {
				return nil, err
			}
			for _, k := range again {
				reverse = append(reverse, k.Cmd)
			}
		}
		var keys []*migrate.Change
		for _, add := range separate.take(c.Source) {
			one, err := s.Plan(ctx, []schema.Change{add})
			if err != nil {
				return nil, err
			}
			one[0].Comment = fmt.Sprintf("add constraint %q to table %q separately: PostgreSQL merges keys on the same columns in one statement",
				add.Changes[0].(*schema.AddIndex).I.Name, add.T.Name)
			keys = append(keys, one...)
		}
		if _, ok := c.Source.(*schema.DropTable); ok {
			for _, k := range keys {
				reverse = append(reverse, k.Cmd)
			}
			keys = nil
		}
		switch len(reverse) {
		case 0:
		case 1:
			c.Reverse = reverse[0]
		default:
			c.Reverse = reverse
		}
		planned = append(append(planned, c), keys...)
	}
	return append(planned, deferred.changes()...), nil
}

// typesFirst returns the rank of a change: schemas and types are created before everything else, and dropped after it.
func typesFirst(c schema.Change) int {
	switch c.(type) {
	case *schema.AddSchema:
		return 0
	case *schema.AddObject:
		return 1
	case *schema.DropObject:
		return 3
	case *schema.DropSchema:
		return 4
	}
	return 2
}

// quoteTexts escapes comments and enum values that begin and end with a single quote, because the engine would take
// them for SQL constants. restore undoes that.
func quoteTexts(changes []schema.Change) (restore func()) {
	var texts []*string
	comments := func(attrs []schema.Attr) {
		if c := attribute[schema.Comment](attrs); c != nil {
			texts = append(texts, &c.Text)
		}
	}
	table := func(t *schema.Table) {
		comments(t.Attrs)
		for _, c := range t.Columns {
			comments(c.Attrs)
		}
		for _, i := range t.Indexes {
			comments(i.Attrs)
		}
	}
	object := func(o schema.Object) {
		if e, ok := o.(*schema.EnumType); ok {
			for i := range e.Values {
				texts = append(texts, &e.Values[i])
			}
		}
	}
	for _, c := range changes {
		switch c := c.(type) {
		case *schema.AddSchema:
			comments(c.S.Attrs)
		case *schema.ModifySchema:
			for _, m := range c.Changes {
				switch m := m.(type) {
				case *schema.AddAttr:
					comments([]schema.Attr{m.A})
				case *schema.ModifyAttr:
					comments([]schema.Attr{m.From})
					comments([]schema.Attr{m.To})
				}
			}
		case *schema.AddTable:
			table(c.T)
		case *schema.DropTable:
			table(c.T)
		case *schema.ModifyTable:
			for _, m := range c.Changes {
				if m, ok := m.(*schema.AddIndex); ok {
					comments(m.I.Attrs)
				}
			}
		case *schema.AddObject:
			object(c.O)
		case *schema.DropObject:
			object(c.O)
		}
	}
	before := map[*string]string{}
	for _, t := range texts {
		if _, done := before[t]; !done && len(*t) > 1 && strings.HasPrefix(*t, "'") && strings.HasSuffix(*t, "'") {
			before[t] = *t
			*t = "'" + strings.ReplaceAll(*t, "'", "''") + "'"
		}
	}
	return func() {
		for t, text := range before {
			*t = text
		}
	}
}

// boundIdentities makes the engine write the bounds of identity columns of new and dropped tables that start outside
// the default ones, which the engine doesn't know, as a part of their types. restore undoes that.
func boundIdentities(changes []schema.Change) (restore func()) {
	before := map[*schema.Column]schema.Column{}
	for _, c := range changes {
		t := wholeTable(c)
		if t == nil {
			continue
		}
		for _, c := range t.Columns {
			id := attribute[postgres.Identity](c.Attrs)
			if id == nil || !outOfBounds(id) {
				continue
			}
			before[c] = *c
			typ := *c.Type
			typ.Type = &postgres.UserDefinedType{T: typeSQL(c.Type.Type) + identitySQL(id)}
			c.Type = &typ
			c.Attrs = slices.DeleteFunc(slices.Clone(c.Attrs), func(a schema.Attr) bool { return a == schema.Attr(id) })
		}
	}
	return func() {
		for c, whole := range before {
			*c = whole
		}
	}
}

// planChanges returns the engine's statements. The engine doesn't quote all names as SQL requires, so it sees
// placeholders for those that Go and PostgreSQL quote differently.
func planChanges(ctx context.Context, drv migrate.Driver, changes []schema.Change, options migrate.PlanOption) ([]*migrate.Change, error) {
	placeholders := map[string]string{}
	restore := eachName(changes, func(name string) string {
		if strconv.Quote(name) == `"`+name+`"` {
			return name
		}
		if placeholders[name] == "" {
			placeholders[name] = fmt.Sprintf("sql_quoted_name_%d_", len(placeholders))
		}
		return placeholders[name]
	})
	p, err := drv.PlanChanges(ctx, "plan", changes, options)
	restore()
	if err != nil {
		return nil, err
	}
	if len(placeholders) == 0 {
		return p.Changes, nil
	}
	var pairs []string
	for name, placeholder := range placeholders {
		pairs = append(pairs, `"`+placeholder+`"`, `"`+strings.ReplaceAll(name, `"`, `""`)+`"`)
	}
	quoted := strings.NewReplacer(pairs...).Replace
	for _, c := range p.Changes {
		reverse, err := c.ReverseStmts()
		if err != nil {
			return nil, err
		}
		for i, r := range reverse {
			reverse[i] = quoted(r)
		}
		c.Cmd, c.Comment, c.Reverse = quoted(c.Cmd), oneLine(quoted(c.Comment)), reverse
	}
	return p.Changes, nil
}

func oneLine(s string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(s) }

// eachName changes the names in changes. restore undoes that.
func eachName(changes []schema.Change, change func(string) string) (restore func()) {
	before := map[*string]string{}
	names := func(list ...*string) {
		for _, n := range list {
			if _, done := before[n]; !done {
				before[n] = *n
				*n = change(*n)
			}
		}
	}
	object := func(o any) {
		if e, ok := o.(*schema.EnumType); ok {
			names(&e.T)
			if e.Schema != nil {
				names(&e.Schema.Name)
			}
		}
	}
	key := func(k *schema.ForeignKey) {
		names(&k.Symbol, &k.RefTable.Name, &k.RefTable.Schema.Name)
		for _, c := range k.RefColumns {
			names(&c.Name)
		}
	}
	table := func(t *schema.Table) {
		names(&t.Schema.Name)
		names(schemahcl.TableNames(t)...)
		for _, c := range t.Columns {
			object(c.Type.Type)
		}
		for _, k := range t.ForeignKeys {
			key(k)
		}
	}
	for _, c := range changes {
		switch c := c.(type) {
		case *schema.AddSchema:
			names(&c.S.Name)
		case *schema.ModifySchema:
			names(&c.S.Name)
		case *schema.AddTable:
			table(c.T)
		case *schema.DropTable:
			table(c.T)
		case *schema.ModifyTable:
			table(c.T)
			for _, m := range c.Changes {
				switch m := m.(type) {
				case *schema.AddIndex:
					names(schemahcl.IndexNames(m.I)...)
				case *schema.AddForeignKey:
					key(m.F)
				}
			}
		case *schema.AddObject:
			object(c.O)
		case *schema.DropObject:
			object(c.O)
		case *schema.ModifyObject:
			object(c.From)
			object(c.To)
		}
	}
	return func() {
		for n, name := range before {
			*n = name
		}
	}
}

// wholeTable returns the table that a change creates or drops, nil if it does neither.
func wholeTable(c schema.Change) *schema.Table {
	switch c := c.(type) {
	case *schema.AddTable:
		return c.T
	case *schema.DropTable:
		return c.T
	}
	return nil
}

// separateKeys are unique constraints to add after their tables, by table.
type separateKeys map[tableName][]*schema.ModifyTable

// takeSeparate removes unique constraints from the tables that changes create or drop if an earlier key has the same
// columns, because PostgreSQL merges equal keys that one statement adds. restore undoes that.
func takeSeparate(changes []schema.Change) (separate separateKeys, restore func()) {
	separate = separateKeys{}
	whole := map[*schema.Table][]*schema.Index{}
	for _, c := range changes {
		t := wholeTable(c)
		if t == nil {
			continue
		}
		seen := map[string]bool{}
		if t.PrimaryKey != nil {
			seen[columnList(t.PrimaryKey)] = true
		}
		whole[t] = t.Indexes
		var kept []*schema.Index
		for _, i := range t.Indexes {
			switch columns := columnList(i); {
			case !isUniqueConstraint(i):
			case seen[columns]:
				separate[nameOf(t)] = append(separate[nameOf(t)], &schema.ModifyTable{T: t, Changes: []schema.Change{&schema.AddIndex{I: i}}})
				continue
			default:
				seen[columns] = true
			}
			kept = append(kept, i)
		}
		t.Indexes = kept
	}
	return separate, func() {
		for t, indexes := range whole {
			t.Indexes = indexes
		}
	}
}

// take returns changes that add the keys of the table that src creates or drops, and forgets them, because later
// statements may have the same source.
func (m separateKeys) take(src schema.Change) []*schema.ModifyTable {
	t := wholeTable(src)
	if t == nil {
		return nil
	}
	keys := m[nameOf(t)]
	delete(m, nameOf(t))
	return keys
}

func isUniqueConstraint(i *schema.Index) bool {
	return slices.ContainsFunc(i.Attrs, func(a schema.Attr) bool {
		k, ok := a.(*postgres.Constraint)
		return ok && k.IsUnique()
	})
}

// columnList returns a string that identifies the columns of a key and their order.
func columnList(key *schema.Index) string {
	var b strings.Builder
	for _, p := range key.Parts {
		if p.C != nil {
			b.WriteString(pgsql.Ident(p.C.Name) + ",")
		}
	}
	return b.String()
}

// lostKeys returns the change that adds a dropped table's foreign keys to itself again, if the engine lost them. The
// engine drops the keys between dropped tables first, and these along with them.
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

// primaryKeys returns the names of the primary keys that a change's statement and its reverse add, or "" for none and
// for the name that PostgreSQL would choose.
func primaryKeys(c schema.Change) (up, down string) {
	switch c := c.(type) {
	case *schema.AddTable:
		return schemahcl.KeyName(c.T, c.T.PrimaryKey), ""
	case *schema.DropTable:
		return "", schemahcl.KeyName(c.T, c.T.PrimaryKey)
	case *schema.ModifyTable:
		for _, ch := range c.Changes {
			switch ch := ch.(type) {
			case *schema.AddPrimaryKey:
				up = schemahcl.KeyName(c.T, ch.P)
			case *schema.DropPrimaryKey:
				down = schemahcl.KeyName(c.T, ch.P)
			case *schema.ModifyPrimaryKey:
				up, down = schemahcl.KeyName(c.T, ch.To), schemahcl.KeyName(c.T, ch.From)
			}
		}
	}
	return up, down
}

// nameKey adds a name to the primary key in a CREATE or ALTER TABLE.
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

// An EngineError means that Atlas's engine can't plan a change. Nothing was written.
type EngineError struct{ Err error }

func (e *EngineError) Error() string {
	return fmt.Sprintf("the engine can't plan the schema file's changes: %v\nwrite this change as SQL (new), or change the schema file", e.Err)
}

func (e *EngineError) Unwrap() error { return e.Err }
