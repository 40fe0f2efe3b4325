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
	Type  string // with what follows it where the column is added, as "integer DEFAULT 0 NOT NULL"
}

// add is the statement that adds the column.
func (c Column) add() string {
	return "ALTER TABLE " + c.Table.Name + " ADD COLUMN " + c.Name + " " + c.Type + ";"
}

// added are the statements that add columns, each with a line break.
func added(columns []Column) string {
	var b strings.Builder
	for _, c := range columns {
		b.WriteString(c.add() + "\n")
	}
	return b.String()
}

// Fill gives the column a value where it is NULL, batch by batch. The value may name the columns of the row, as r.column.
func (c Column) Fill(value string) Batch {
	return Batch{
		Table: c.Table, Row: "r", Statement: "UPDATE " + c.Table.Name + " r SET " + c.Name + " = " + value, Where: "r." + c.Name + " IS NULL",
		Done: true, Reason: FillsNull,
	}
}

// FillsNull is why a batch that fills a column may be run again.
const FillsNull = "it fills only what is still NULL"

var setNotNull = entry("set-not-null", "sets a column NOT NULL by the proof of a check, without reading the table under a strong lock")

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

// SetEachNotNull sets columns NOT NULL one after the other, each with its check.
func SetEachNotNull(columns []Column, checks []string) Text {
	var list []string
	for i, c := range columns {
		list = append(list, c.setNotNull(checks[i]))
	}
	return setNotNull("%s", strings.Join(list, "\n"))
}

var addNotNull = entry("add-not-null-column", "adds a column that is to be NOT NULL and has no default, where the table has rows")

// AddNotNull adds the column without NOT NULL, has the old rows filled with a value that only the author knows, and sets it NOT NULL.
func AddNotNull(c Column, check string) Text {
	return addNotNull("%s\n-- let the application write it, then fill the old rows\n%s\n%s\n%s\n%s",
		c.add(), ownFile, c.Fill(Blank).File(), laterTransaction, c.setNotNull(check))
}

var addDefault = entry("add-column-then-default", "adds a column whose default is computed for each row, without rewriting the table")

// AddDefault adds the column, then its default, and fills the old rows. With a check it sets the column NOT NULL after that.
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

var addNumbered = entry("add-numbered-column", "adds a column that is numbered by a sequence, without rewriting the table")

// AddNumbered adds a bigint column, numbers the rows by a sequence of its own, and sets it NOT NULL. The sequence and the check are free
// names, the sequence's with its schema.
func AddNumbered(c Column, sequence, check string) Text {
	c.Type = "bigint"
	return addNumbered("%s\nCREATE SEQUENCE %s OWNED BY %s.%s;\nALTER TABLE %[3]s ALTER COLUMN %[4]s SET DEFAULT nextval(%s);\n%s\n%s%s",
		c.add(), sequence, c.Table.Name, c.Name, pgsql.Literal(sequence), ownFile, c.Fill("DEFAULT").File(), c.thenNotNull(check))
}

var addComputed = entry("add-computed-column", "adds a plain column in place of one that is generated and stored, without rewriting the table")

// AddComputed adds the column, which the application or a trigger is to keep up to date, and fills it with the value of an expression.
func AddComputed(c Column, value string) Text {
	return addComputed("%s\n-- let a trigger keep it up to date, then fill the old rows\n%s\n%s", c.add(), ownFile, c.Fill(value).File())
}

var addChecked = entry("add-checked-column", "adds a column with the checks of a domain in place of one of the domain, without rewriting the table")

// AddChecked adds the column with constraints that are checked later. Their names are free ones.
func AddChecked(c Column, checks []Constraint) Text {
	return addChecked("%s\n%s", c.add(), notValid(checks))
}

// An Expand is a column that takes the place of another.
type Expand struct {
	Old   string
	New   Column
	Value string // of the new one, as an expression of the columns of the row, which is called r
}

var expandColumn = entry("expand-column", "changes a column's name or type without rewriting the table, by a second column")

// ExpandColumn adds the new column and fills it.
func ExpandColumn(e Expand) Text {
	b := e.New.Fill(e.Value)
	b.Where += " AND r." + e.Old + " IS NOT NULL"
	return expandColumn("%s\n-- let the application write both columns, then fill the old rows\n%s\n%s\n-- let it read %s, and drop %s in a later release",
		e.New.add(), ownFile, b.File(), e.New.Name, e.Old)
}

var outline = entry("expand-column-outline", "says in a migration's comment how to change a column's type by a second column")

// Outline is ExpandColumn for the comment of a migration, which cannot show the directives of another one: the author fills in
// which rows a batch is of.
func (e Expand) Outline() Text {
	return outline("-- To keep the application running, expand and contract instead: first\n%s\n"+
		"-- let the application write both columns, fill the old rows in batches with\n%s\n"+
		"-- let it read %s, and drop %s when nobody uses it any more.", e.New.add(), FillRows(e.New, e.Value, Blank), e.New.Name, e.Old)
}

var addColumn = entry("add-column", "adds a plain column, which takes a moment")

// AddColumn adds the column.
func AddColumn(c Column) Text { return addColumn("%s", c.add()) }

var addPlain = entry("add-plain-column", "adds a plain column in place of one whose values are computed or checked while the table is locked")

// AddPlain adds the column without a value.
func AddPlain(c Column) Text {
	return addPlain("-- To keep the application running, add a plain column instead,\n%s\n-- let the application or a trigger write it, and fill the old rows in batches.", c.add())
}

var fillRows = entry("fill-rows", "fills a column in some of the rows: what a batch has to do")

// FillRows sets the column in the rows of a condition.
func FillRows(c Column, value, where string) Text {
	return fillRows("UPDATE %s SET %s = %s WHERE %s;", c.Table.Name, c.Name, value, where)
}
