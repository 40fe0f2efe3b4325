package plan

import (
	"context"
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// changeExpression changes what a generated column is computed from. From 17 on PostgreSQL
// has a statement for that; before, a new column takes the old one's place if nothing
// depends on it: its values are computed again in either case.
func (d *differ) changeExpression(ctx context.Context, t *table, a, b *column) error {
	var version int
	if err := d.haveConn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return fmt.Errorf("asking for the server's version: %w", err)
	}
	set := func(c *column) []cmd {
		// In a statement of its own: together with the type of an indexed column PostgreSQL
		// looks for the index that it dropped already, "cache lookup failed".
		return []cmd{sql("ALTER TABLE " + t.String() + " ALTER COLUMN " + ident(c.Name) + " SET EXPRESSION AS (" + *c.Generated + ")")}
	}
	if version < 170000 || a.Virtual != b.Virtual || a.typed() != b.typed() || a.NotNull != b.NotNull {
		user, err := d.columnUser(ctx, t, a)
		if err != nil {
			return err
		}
		if user != "" {
			d.refuse(t, fmt.Sprintf("column %s is computed from another expression: PostgreSQL before 17 can only put a new column in its place, and %s depends on it\n"+
				"add a column with the new expression in the schema file, move what uses it to that, then drop the old one", t.columnName(a), user))
			return nil
		}
		set = func(c *column) []cmd {
			return append([]cmd{action(t, "DROP COLUMN "+ident(c.Name))}, createColumn(t, c)...)
		}
	}
	o := op{stage: stageRewrite, key: t.String(), up: set(b), down: set(a)}
	if !b.Virtual {
		o.marks = rewriteMark(t, "the values of "+ident(a.Name)+" are computed again", []string{
			"To keep the application running, add a column with the new expression under another name instead,",
			"let the application read that, and drop " + ident(a.Name) + " when nobody uses it any more."})
	}
	if !a.Virtual {
		o.downMarks = rewriteMark(t, "the values of "+ident(a.Name)+" are computed again", nil)
	}
	d.add(o)
	if !b.Virtual {
		d.add(analyze(t.String(), "the new values", b.Name))
	}
	return nil
}

// columnUser names something that depends on a column; it is empty for nothing.
func (d *differ) columnUser(ctx context.Context, t *table, c *column) (string, error) {
	var user *string
	err := d.haveConn.QueryRow(ctx, `
		SELECT min(pg_catalog.pg_describe_object(p.classid, p.objid, p.objsubid)) FROM pg_catalog.pg_depend p
		JOIN pg_catalog.pg_attribute a ON a.attrelid = p.refobjid AND a.attnum = p.refobjsubid
		WHERE p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND p.refobjid = $1::text::pg_catalog.regclass AND a.attname = $2
		AND NOT EXISTS (SELECT FROM pg_catalog.pg_attrdef f WHERE p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND f.oid = p.objid AND f.adnum = a.attnum)`,
		pgsql.QualifiedIdent(t.Schema, t.Name), c.Name).Scan(&user)
	if err != nil {
		return "", fmt.Errorf("looking for what depends on column %s: %w", t.columnName(c), err)
	}
	return text(user), nil
}
