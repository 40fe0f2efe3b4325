package fix

import (
	"fmt"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A Column is a column of a table.
type Column struct {
	Table Table
	Name  string
	Type  string // with what follows it in ADD COLUMN, as in "integer DEFAULT 0 NOT NULL"
}

// add returns the statement that adds the column.
func (c Column) add() string {
	return "ALTER TABLE " + c.Table.Name + " ADD COLUMN " + c.Name + " " + c.Type + ";"
}

// added returns the statements that add columns, each with a newline.
func added(columns []Column) string {
	var b strings.Builder
	for _, c := range columns {
		b.WriteString(c.add() + "\n")
	}
	return b.String()
}

// Fill returns the batch that sets the column where it is NULL. The value may use the row's columns, as r.column.
func (c Column) Fill(value string) Batch {
	return Batch{Table: c.Table, Alias: "r", Statement: "UPDATE " + c.Table.Name + " r SET " + c.Name + " = " + value, Where: "r." + c.Name + " IS NULL"}
}

// FillEach returns the batch that sets each column to its value where it is NULL, in one pass.
func FillEach(columns []Column, values []string) Batch {
	if len(columns) == 1 {
		return columns[0].Fill(values[0])
	}
	var set, null []string
	for i, c := range columns {
		set = append(set, c.Name+" = coalesce(r."+c.Name+", "+values[i]+")")
		null = append(null, "r."+c.Name+" IS NULL")
	}
	b := columns[0].Fill("")
	b.Statement = "UPDATE " + b.Table.Name + " r SET " + strings.Join(set, ", ")
	b.Where = "(" + strings.Join(null, " OR ") + ")"
	return b
}

var setNotNull = entry("set-not-null", "sets a column NOT NULL with a validated check, without scanning the table under a strong lock")

// SetNotNull sets a column NOT NULL. The check is a free name for a constraint.
func SetNotNull(c Column, check string) Text {
	return setNotNull("%s", c.setNotNull(check))
}

func (c Column) setNotNull(check string) string {
	return fmt.Sprintf(`ALTER TABLE %[1]s ADD CONSTRAINT %[3]s CHECK (%[2]s IS NOT NULL) NOT VALID;
%[4]s
ALTER TABLE %[1]s VALIDATE CONSTRAINT %[3]s;
%[5]s
ALTER TABLE %[1]s ALTER COLUMN %[2]s SET NOT NULL;
ALTER TABLE %[1]s DROP CONSTRAINT %[3]s;`, c.Table.Name, c.Name, check, laterTransaction, oneAfterThat)
}

// SetEachNotNull sets columns NOT NULL one after another, each with its check.
func SetEachNotNull(columns []Column, checks []string) Text {
	var list []string
	for i, c := range columns {
		list = append(list, c.setNotNull(checks[i]))
	}
	return setNotNull("%s", strings.Join(list, "\n"))
}

var addNotNull = entry("add-not-null-column", "adds a NOT NULL column without a default to a table with rows")

// AddNotNull adds the column as nullable, fills existing rows with a value that only the author knows, then sets it NOT
// NULL.
func AddNotNull(c Column, check string) Text {
	return addNotNull("%s\n-- deploy an application that writes it, then fill existing rows\n%s\n%s\n%s\n%s",
		c.add(), ownFile, c.Fill(Blank).File(), laterTransaction, c.setNotNull(check))
}

var addDefault = entry("add-column-then-default", "adds a column with a volatile default without rewriting the table")

// AddDefault adds the column, then its default, and fills existing rows. With a check, it then sets the column NOT
// NULL.
func AddDefault(c Column, value, check string) Text {
	return addDefault("%s\nALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s;\n%s\n%s%s",
		c.add(), c.Table.Name, c.Name, value, ownFile, c.Fill("DEFAULT").File(), c.thenNotNull(check))
}

func (c Column) thenNotNull(check string) string {
	if check == "" {
		return ""
	}
	return "\n" + laterTransaction + "\n" + c.setNotNull(check)
}

var addNumbered = entry("add-numbered-column", "adds a column with a sequence without rewriting the table")

// AddNumbered adds a bigint column, numbers the rows with a new sequence, and sets it NOT NULL. The sequence, with its
// schema, and the check are free names.
func AddNumbered(c Column, sequence, check string) Text {
	c.Type = "bigint"
	return addNumbered("%s\nCREATE SEQUENCE %s OWNED BY %s.%s;\nALTER TABLE %[3]s ALTER COLUMN %[4]s SET DEFAULT nextval(%s);\n%s\n%s%s",
		c.add(), sequence, c.Table.Name, c.Name, pgsql.Literal(sequence), ownFile, c.Fill("DEFAULT").File(), c.thenNotNull(check))
}

var addComputed = entry("add-computed-column", "adds a plain column instead of a stored generated one, without rewriting the table")

// AddComputed adds the column, which the application or a trigger must keep up to date, and fills it with the value of
// an expression.
func AddComputed(c Column, value string) Text {
	return addComputed("%s\n-- create a trigger that keeps it up to date, then fill existing rows\n%s\n%s", c.add(), ownFile, c.Fill(value).File())
}

var addChecked = entry("add-checked-column", "adds a column with a domain's checks instead of one of the domain, without rewriting the table")

// AddChecked adds the column with constraints that are validated later. Their names are free.
func AddChecked(c Column, checks []Constraint) Text {
	return addChecked("%s\n%s", c.add(), notValid(checks))
}

// An Expand is a column that replaces another.
type Expand struct {
	Old   string
	New   Column
	Value string // of the new column, as an expression over the columns of row r
}

var expandColumn = entry("expand-column", "changes a column's name or type with a second column, without rewriting the table")

// ExpandColumn adds the new column and fills it.
func ExpandColumn(e Expand) Text {
	b := e.New.Fill(e.Value)
	b.Where += " AND r." + e.Old + " IS NOT NULL"
	return expandColumn("%s\n-- deploy an application that writes both columns, then fill existing rows\n%s\n%s\n-- make it read %s, then drop %s in a later release",
		e.New.add(), ownFile, b.File(), e.New.Name, e.Old)
}

var outline = entry("expand-column-outline", "outlines in a migration's comment how to change a column's type with a second column")

// Outline is like ExpandColumn for a comment in a migration, which can't show another migration's directives: the
// author must fill in the rows of a batch.
func (e Expand) Outline() Text {
	return outline("-- To keep the application running, expand and contract instead: first\n%s\n"+
		"-- deploy an application that writes both columns, fill existing rows in batches with\n%s\n"+
		"-- make it read %s, then drop %s once nothing uses it.", e.New.add(), FillRows(e.New, e.Value, Blank), e.New.Name, e.Old)
}

var addColumn = entry("add-column", "adds a plain column, which is fast")

// AddColumn adds the column.
func AddColumn(c Column) Text { return addColumn("%s", c.add()) }

var addPlain = entry("add-plain-column", "adds a plain column instead of one whose values are computed or checked while the table is locked")

// AddPlain adds the column without a value.
func AddPlain(c Column) Text {
	return addPlain("-- To keep the application running, add a plain column instead,\n%s\n-- make the application or a trigger write it, and fill existing rows in batches.", c.add())
}

var fillRows = entry("fill-rows", "fills a column in some rows, as a batch must")

// FillRows sets the column in the rows that satisfy a condition.
func FillRows(c Column, value, where string) Text {
	return fillRows("UPDATE %s SET %s = %s WHERE %s;", c.Table.Name, c.Name, value, where)
}
