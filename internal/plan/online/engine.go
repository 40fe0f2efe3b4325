package online

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// engine returns the ops that create, drop and change whole tables, types and schemas.
func (d *differ) engine(ctx context.Context, from *state.State, have, want *schema.Realm, unmanaged []string) ([]Op, error) {
	plainKeys(have)
	plainKeys(want)
	for _, s := range have.Schemas {
		for i, t := range s.Tables {
			t.ForeignKeys = slices.DeleteFunc(t.ForeignKeys, func(k *schema.ForeignKey) bool { return d.dropsFirst(t, k) })
			if ws, ok := want.Schema(s.Name); ok {
				if w, ok := ws.Table(t.Name); ok {
					s.Tables[i] = w // the differ compares tables that are in both states
				}
			}
		}
	}
	drv, err := from.Driver()
	if err != nil {
		return nil, err
	}
	changes, err := drv.RealmDiff(have, want, schema.DiffNormalized())
	if err != nil {
		return nil, &state.EngineError{Err: err}
	}
	rest, drops := dropSchemas(changes, unmanaged)
	separated, ops := d.separateKeys(rest)
	planned, err := from.Plan(ctx, separated)
	if err != nil {
		return nil, &state.EngineError{Err: err}
	}
	dropped := map[*schema.Table]bool{}
	along := map[*schema.Table][]string{} // what is dropped with a table
	for _, c := range rest {
		if c, ok := c.(*schema.DropObject); ok {
			comment, err := d.enumComment(ctx, c.O)
			if err != nil {
				return nil, err
			}
			ops = append(ops, comment...)
		}
		if c, ok := c.(*schema.DropTable); ok {
			dropped[c.T] = true
			t := d.have.tables[tableName(c.T)]
			if t == nil {
				continue
			}
			if up, down := d.keepSequences(t, t.columns...); len(up) > 0 {
				ops = append(ops, Op{stage: stageDropTables, rank: -1, up: up, down: down})
			}
			restore := slices.Clone(t.properties)
			for _, k := range t.outside {
				restore = append(append(restore, addAgain(t, k)), finishConstraint(t, k)...)
			}
			objects, err := d.attached(ctx, t)
			if err != nil {
				return nil, err
			}
			for _, o := range objects {
				along[c.T] = append(along[c.T], o.What)
				for _, s := range o.Create {
					restore = append(restore, sql(s))
				}
			}
			if len(restore) > 0 {
				// Runs last in the down file: it alters the keys that are created before it.
				ops = append(ops, Op{stage: stageDropTables, rank: -1, down: restore})
			}
		}
	}
	for _, c := range append(planned, drops...) {
		o, err := d.engineOp(c, dropped)
		if err != nil {
			return nil, err
		}
		if t, ok := c.Source.(*schema.DropTable); ok && len(along[t.T]) > 0 {
			o.up[0].note = append(o.up[0].note, "Drops what belongs to it: "+strings.Join(along[t.T], ", ")+". The schema file doesn't manage that; the down file restores it.")
		}
		ops = append(ops, o)
	}
	return ops, nil
}

// dropsFirst reports whether the plan drops a foreign key before the engine drops its table.
func (d *differ) dropsFirst(t *schema.Table, k *schema.ForeignKey) bool {
	have := d.have.tables[tableName(t)]
	if have == nil {
		return false
	}
	key := have.constraint(k.Symbol)
	return key != nil && (d.dropFirst[key] || d.losesIndex(key))
}

// engineOp turns a statement of the engine into an op.
func (d *differ) engineOp(c *migrate.Change, dropped map[*schema.Table]bool) (Op, error) {
	reverse, err := c.ReverseStmts()
	if err != nil {
		return Op{}, err
	}
	o := Op{stage: stageNew, up: []cmd{sql(layOut(c.Cmd), capitalize(c.Comment))}}
	switch src := c.Source.(type) {
	case nil:
		if stmts, err := pgsql.Split(c.Cmd); err == nil && len(stmts) == 1 {
			if s := stmts[0].Parse(); s.Verb == "ALTER TYPE" && len(s.Targets) == 1 {
				o.stage = stageEnum
				o.change = change{verb: "change", kind: "enum", name: s.Targets[0].Name}
				enum := pgsql.QualifiedIdent(s.Targets[0].Schema, s.Targets[0].Name)
				switch back, ok := d.shrink[enum]; {
				case ok && len(back.down) > 0:
					// The first of its statements reverts all of them.
					o.down, o.downHazards = back.down, back.downHazards
					d.shrink[enum] = Op{down: []cmd{}, downHazards: []hazard.Hazard{}}
				case !ok || back.down == nil:
					o.irreversible = "PostgreSQL cannot remove a value from an enum"
				}
				return o, nil
			}
		}
	case *schema.AddObject:
		o.change = enumChange("add", src.O)
	case *schema.ModifySchema:
		o.change = change{verb: "change", kind: "schema", name: src.S.Name}
	case *schema.AddSchema:
		o.change = change{verb: "add", kind: "schema", name: src.S.Name}
		// The plan's own objects have been dropped from the schema by then. What others have put there must stay.
		for i, r := range reverse {
			reverse[i] = strings.TrimSuffix(r, " CASCADE")
		}
	case *schema.AddTable:
		o.change = change{verb: "add", kind: "table", schema: src.T.Schema.Name, name: src.T.Name}
		for _, k := range src.T.ForeignKeys {
			if parent := tableName(k.RefTable); d.have.tables[parent] != nil {
				o.parents = append(o.parents, parent)
			}
		}
	case *schema.DropTable:
		o.stage, o.change = stageDropTables, change{verb: "drop", kind: "table", schema: src.T.Schema.Name, name: src.T.Name}
		name := tableName(src.T)
		o.losses = []string{"table " + name}
		o.up[0].note = append(o.up[0].note, "Drops table "+name+" with its data.")
	case *schema.ModifyTable:
		if dropped[src.T] {
			o.stage = stageDropTables
		}
	case *schema.DropObject:
		o.stage, o.change = stageDropTypes, enumChange("drop", src.O)
	case *schema.DropSchema:
		o.stage, o.change = stageDropTypes, change{verb: "drop", kind: "schema", name: src.S.Name}
	}
	for i, r := range reverse {
		back := sql(layOut(r))
		if i == 0 {
			back.note = []string{"Reverse: " + decapitalize(c.Comment)}
			for _, l := range o.losses {
				back.note = append(back.note, "The data of "+l+" is not restored.")
			}
		}
		o.down = append(o.down, back)
	}
	if len(reverse) == 0 && o.irreversible == "" {
		o.irreversible = "PostgreSQL cannot revert: " + decapitalize(c.Comment)
	}
	return o, nil
}

// separateKeys removes new tables' foreign keys to existing tables from changes, and returns ops that add them. If the
// keys refer to several tables, it removes all, so that each table is locked on its own. Otherwise it removes only
// those that refer to an index which is built later.
func (d *differ) separateKeys(changes []schema.Change) (rest []schema.Change, ops []Op) {
	existing := func(k *schema.ForeignKey) bool { return d.have.tables[tableName(k.RefTable)] != nil }
	parents := map[string]bool{}
	for _, c := range changes {
		if c, ok := c.(*schema.AddTable); ok {
			for _, k := range c.T.ForeignKeys {
				if existing(k) {
					parents[tableName(k.RefTable)] = true
				}
			}
		}
	}
	rest = slices.Clone(changes)
	for i, c := range changes {
		add, ok := c.(*schema.AddTable)
		if !ok {
			continue
		}
		facts := d.want.tables[tableName(add.T)]
		if facts == nil {
			continue
		}
		t := *add.T
		t.ForeignKeys = nil
		for _, k := range add.T.ForeignKeys {
			key := facts.constraint(k.Symbol)
			if !existing(k) || key == nil || len(parents) < 2 && !d.late(key) {
				t.ForeignKeys = append(t.ForeignKeys, k)
				continue
			}
			s := stageNewKeys
			if d.late(key) {
				s = stageLateKeys
			}
			ops = append(ops, Op{stage: s, up: []cmd{sql("ALTER TABLE "+facts.String()+" ADD CONSTRAINT "+ident(key.Name)+" "+key.Def, "The table is new, so there is little to check. Each statement locks one other table.")},
				down: []cmd{dropConstraint(facts, key.Name)}})
		}
		if len(t.ForeignKeys) < len(add.T.ForeignKeys) {
			rest[i] = &schema.AddTable{T: &t, Extra: add.Extra}
		}
	}
	return rest, ops
}

// dropSchemas removes the drops of schemas from changes: Atlas plans them with CASCADE, which would drop what
// schema.hcl doesn't manage. A schema's tables and enums are dropped one by one instead, and then the schema, unless
// it is unmanaged.
func dropSchemas(changes []schema.Change, unmanaged []string) ([]schema.Change, []*migrate.Change) {
	var rest []schema.Change
	var drops []*migrate.Change
	for _, c := range changes {
		d, ok := c.(*schema.DropSchema)
		if !ok {
			rest = append(rest, c)
			continue
		}
		for _, t := range d.S.Tables {
			rest = append(rest, &schema.DropTable{T: t})
		}
		for _, o := range d.S.Objects {
			rest = append(rest, &schema.DropObject{O: o})
		}
		if slices.Contains(unmanaged, pgsql.Ident(d.S.Name)) {
			continue
		}
		reverse := []string{"CREATE SCHEMA " + quote(d.S.Name)}
		if i := slices.IndexFunc(d.S.Attrs, func(a schema.Attr) bool { _, ok := a.(*schema.Comment); return ok }); i >= 0 {
			reverse = append(reverse, "COMMENT ON SCHEMA "+quote(d.S.Name)+" IS "+pgsql.Literal(d.S.Attrs[i].(*schema.Comment).Text))
		}
		drops = append(drops, &migrate.Change{
			Cmd:     "DROP SCHEMA " + quote(d.S.Name),
			Reverse: reverse,
			Comment: fmt.Sprintf("drop schema named %q", d.S.Name),
			Source:  d,
		})
	}
	return rest, drops
}

// quote quotes any name, as Atlas does.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// plainKeys omits the actions of foreign keys that are PostgreSQL's default.
func plainKeys(r *schema.Realm) {
	for _, s := range r.Schemas {
		for _, t := range s.Tables {
			for _, k := range t.ForeignKeys {
				if k.OnUpdate == schema.NoAction {
					k.OnUpdate = ""
				}
				if k.OnDelete == schema.NoAction {
					k.OnDelete = ""
				}
			}
		}
	}
}

func capitalize(s string) string {
	if s == "" {
		return "Statement of the engine"
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func oneLine(s string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(s) }

func decapitalize(s string) string {
	if s == "" {
		return "the statement"
	}
	return strings.ToLower(s[:1]) + oneLine(s[1:])
}

// layOut puts each action of an ALTER TABLE on its own line if there are several. Atlas lays out other statements.
func layOut(stmt string) string {
	tokens := pgsql.Tokens(stmt)
	if len(tokens) < 4 || tokens[0].Text != "ALTER" || tokens[1].Text != "TABLE" {
		return stmt
	}
	breaks := map[int]bool{} // before these tokens
	depth := 0
	for i, t := range tokens {
		if t.Kind != pgsql.Op {
			continue
		}
		switch t.Text {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		case ",":
			breaks[i+1] = depth == 0
		}
	}
	several := false
	for _, b := range breaks {
		several = several || b
	}
	// The first action follows the table's name: an identifier, or two and a dot.
	first := 3
	if tokens[3].Text == "." {
		first = 5
	}
	breaks[first] = several
	var b strings.Builder
	end := 0
	for i, t := range tokens {
		gap := stmt[end:t.Pos.Offset]
		switch {
		case breaks[i]:
			gap = "\n  "
		case strings.Contains(gap, "\n"):
			gap = " "
		}
		b.WriteString(gap + t.Text)
		end = t.Pos.Offset + len(t.Text)
	}
	return b.String()
}

func tableName(t *schema.Table) string {
	if t.Schema == nil {
		return pgsql.Ident(t.Name)
	}
	return pgsql.QualifiedIdent(t.Schema.Name, t.Name)
}

func enumChange(verb string, o schema.Object) change {
	if e, ok := o.(*schema.EnumType); ok {
		return change{verb: verb, kind: "enum", schema: e.Schema.Name, name: e.T}
	}
	return change{}
}
