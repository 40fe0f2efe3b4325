package online

import (
	"context"
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
)

// changesExpression says whether two generated columns of a name differ in what they are
// computed from.
func changesExpression(a, b *column) bool {
	return a.Generated != nil && b.Generated != nil && (*a.Generated != *b.Generated || a.Virtual != b.Virtual)
}

// setsExpression says whether PostgreSQL has a statement for a change of an expression, as
// it has from 17 on.
func (d *differ) setsExpression(ctx context.Context, a, b *column) (bool, error) {
	var version int
	if err := d.haveConn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return false, fmt.Errorf("asking for the server's version: %w", err)
	}
	return version >= 170000 && a.Virtual == b.Virtual && a.typed() == b.typed() && a.NotNull == b.NotNull, nil
}

// setExpression changes what a generated column is computed from.
func (d *differ) setExpression(t *table, a, b *column) {
	set := func(c *column) []cmd {
		// In a statement of its own: together with the type of an indexed column PostgreSQL
		// looks for the index that it dropped already, "cache lookup failed".
		return []cmd{sql("ALTER TABLE " + t.String() + " ALTER COLUMN " + ident(c.Name) + " SET EXPRESSION AS (" + *c.Generated + ")")}
	}
	o := Op{stage: stageRewrite, key: t.String(), up: set(b), down: set(a)}
	if !b.Virtual {
		why := "the values of " + ident(a.Name) + " are computed again"
		o.hazards = rewrites(t, why, expressionAlternative(b))
		o.downHazards = rewrites(t, why, fix.Text{})
		d.add(analyze(t.String(), "the new values", b.Name))
	}
	d.add(o)
}

// expressionAlternative says how to change an expression without blocking.
func expressionAlternative(c *column) fix.Text {
	return fix.Words("To keep the application running, add a column with the new expression under another name instead,\n" +
		"let the application read that, and drop " + ident(c.Name) + " when nobody uses it any more.")
}
