package online

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// A hole is where the value belongs in a conversion's SQL. No name and no literal of PostgreSQL contains it.
const hole = "\x00"

// A conversion turns a column's value into one of another type, the same in every session.
type conversion struct {
	cast string // the value is a hole
	// assigned is the cast where PL/pgSQL assigns the result, "" if it is the same. It names no enum, because a
	// role may write a column without USAGE on the schema of its type.
	assigned string
	// fails is the condition of values that have no counterpart, which are holes, too. If it is "" and raises is set,
	// there are such values, but only the cast finds them.
	fails  string
	raises bool
	// text reports that the new type has no equality, so that values are compared as text.
	text bool
}

// strict returns the new value of an expression. It fails, or isn't equal to any value, if there is none.
func (c conversion) strict(value string) string { return strings.ReplaceAll(c.cast, hole, value) }

// value is like strict, but NULL if c.fails says so.
func (c conversion) value(value string) string {
	if c.fails == "" {
		return c.strict(value)
	}
	return "CASE WHEN " + strings.ReplaceAll(c.fails, hole, value) + " THEN NULL ELSE " + c.strict(value) + " END"
}

// loses reports whether values may have no counterpart.
func (c conversion) loses() bool { return c.fails != "" || c.raises }

// tries reports whether only the cast itself finds values without a counterpart.
func (c conversion) tries() bool { return c.raises && c.fails == "" }

// differs returns a condition that compares two expressions of the new type.
func (c conversion) differs(a, b string) string { return compared(c.text, a, " IS DISTINCT FROM ", b) }

// equals is the opposite.
func (c conversion) equals(a, b string) string {
	return compared(c.text, a, " IS NOT DISTINCT FROM ", b)
}

func compared(text bool, a, operator, b string) string {
	if text {
		a, b = "("+a+")::text", "("+b+")::text"
	}
	return a + operator + b
}

// conversion returns how to convert column a into b, with the USING that PostgreSQL needs. It returns why that isn't
// possible, or "".
func (d *differ) conversion(ctx context.Context, t *table, a, b *column, using string) (c conversion, why string, err error) {
	change := hazard.TypeChange{Table: t.String(), Named: t.Name, Column: a.Name, From: a.resolved(), To: b.resolved(), Using: strings.TrimPrefix(using, " USING ")}
	c.fails, c.raises = change.Failing(hole)
	c.cast = hole + cmp.Or(strings.TrimPrefix(using, " USING "+ident(a.Name)), "::"+b.Type)
	if b.Labels != nil && !c.tries() && c.cast == hole+"::"+b.Type {
		c.assigned = hole + "::text"
	}
	c.cast = cmp.Or(zoned(a, b, d.types.Zone), c.cast)
	if b.Collation != "" {
		c.cast = "(" + c.cast + ") COLLATE " + b.Collation
	}
	// The labels of an enum may be renamed, which is why PostgreSQL says that its casts aren't immutable.
	if a.Labels == nil && b.Labels == nil {
		immutable, err := d.anywhere(ctx, "CREATE TEMPORARY TABLE tried (c "+a.typed()+")", "CREATE INDEX ON pg_temp.tried ((("+c.strict("c")+") IS NULL))")
		if err != nil {
			return c, "", err
		}
		if !immutable {
			return c, "the conversion from " + a.Type + " to " + b.Type + " depends on the settings of a session", nil
		}
	}
	equality, err := d.anywhere(ctx, "CREATE TEMPORARY TABLE tried (c "+b.typed()+")", "CREATE VIEW pg_temp.same AS SELECT c IS DISTINCT FROM c FROM pg_temp.tried")
	if err != nil {
		return c, "", err
	}
	c.text = !equality
	return c, "", nil
}

// zoned returns the cast of a value that loses or gains a time zone, and "" for other types.
func zoned(a, b *column, zone string) string {
	const local, instant = "timestamp without time zone", "timestamp with time zone"
	value, direct := hole, local
	switch loses, gains := (hazard.TypeChange{From: a.resolved(), To: b.resolved()}).Zones(); {
	case gains:
		direct = instant
		if a.Type == "date" {
			value += "::" + local
		}
	case !loses:
		return ""
	}
	cast := "(" + value + " AT TIME ZONE " + literal(zone) + ")"
	if b.Type != direct {
		cast += "::" + b.Type
	}
	return cast
}

// zonedUsing returns the USING of a change in place for which PostgreSQL would take the session's time zone, UTC,
// instead of the one that the user has named.
func (d *differ) zonedUsing(a, b *column) string {
	cast := zoned(a, b, d.types.Zone)
	if cast == "" || d.types.Zone == "" || strings.EqualFold(d.types.Zone, "UTC") {
		return ""
	}
	return " USING " + conversion{cast: cast}.strict(ident(a.Name))
}

// askZone refuses to guess in which time zone the values of a column are.
func askZone(t *table, a, b *column) Op {
	column := t.columnName(a)
	return refuse(t, fmt.Sprintf("column %s cannot become %s without a time zone: which one are its values in?\n"+
		"name it with -timezone=UTC, or in atlas.hcl: diff { timezone = \"UTC\" }", column, b.Type))[0]
}

// knowsZone returns a *usage.Error if PostgreSQL doesn't know the named time zone.
func (d *differ) knowsZone(ctx context.Context) error {
	if d.types.Zone == "" {
		return nil
	}
	_, err := d.have.conn.Exec(ctx, "SELECT now() AT TIME ZONE "+literal(d.types.Zone), pgx.QueryExecModeSimpleProtocol)
	switch {
	case err == nil:
		return nil
	case pgsql.SQLState(err) != "":
		return usage.Errorf("PostgreSQL knows no time zone %q; they are listed in pg_timezone_names, such as UTC and Europe/Prague", d.types.Zone)
	}
	return fmt.Errorf("trying a time zone: %w", err)
}

// anywhere reports whether PostgreSQL runs the statements in one of the two states. Types may exist in only one.
func (d *differ) anywhere(ctx context.Context, stmts ...string) (bool, error) {
	for _, conn := range []*pgx.Conn{d.have.conn, d.want.conn} {
		err := possible(ctx, conn, stmts...)
		if err == nil {
			return true, nil
		}
		if pgsql.SQLState(err) == "" {
			return false, err
		}
	}
	return false, nil
}
