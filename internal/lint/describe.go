package lint

import (
	"fmt"
	"strconv"
	"strings"

	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// hazards are the names for Atlas's codes.
var hazards = map[string]string{
	"DS101": "drop-schema",
	"DS102": "drop-table",
	"DS103": "drop-column",
	"MF101": "unique-data",
	"MF102": "unique-data",
	"MF103": "add-not-null-column-no-default",
	"MF104": "set-not-null-data",
	"CD101": "drop-foreign-key",
	"BC101": "rename-table",
	"BC102": "rename-column",
}

// describe fills in what the change c is about, and says it with the table's name and with what follows from it, which Atlas's
// own text leaves out.
func describe(d *Diagnostic, text string, c schema.Change) {
	d.Name = hazards[d.Code]
	switch c := c.(type) {
	case *schema.DropSchema:
		d.Text = fmt.Sprintf("dropping schema %s deletes all that is in it (%s)", pgsql.Ident(c.S.Name), plural(len(c.S.Tables), "table"))
	case *schema.DropTable:
		d.Table = sqlName(c.T)
		d.Text = fmt.Sprintf("dropping table %s deletes its data, and breaks all that still uses it", d.Table)
	case *schema.RenameTable:
		d.Table = sqlName(c.From)
		d.Text = fmt.Sprintf("renaming table %s to %s breaks all that still uses the old name", d.Table, sqlName(c.To))
		if c.From.Schema.Name != c.To.Schema.Name {
			d.Name = "move-table-schema"
			d.Text = fmt.Sprintf("moving table %s to %s breaks all that still uses the old name", d.Table, sqlName(c.To))
		}
	case *schema.ModifyTable:
		d.Table = sqlName(c.T)
		describeModified(d, text, c)
	}
}

func describeModified(d *Diagnostic, text string, m *schema.ModifyTable) {
	for _, c := range m.Changes {
		switch c := c.(type) {
		case *schema.DropColumn:
			if d.Code == "DS103" {
				d.Column = pgsql.Ident(c.C.Name)
				d.Text = fmt.Sprintf("dropping column %s.%s deletes its data, and breaks all that still uses it", d.Table, d.Column)
			}
		case *schema.DropForeignKey:
			if d.Code == "CD101" && mentions(text, c.F.Symbol) {
				d.Text = fmt.Sprintf("dropping foreign key %s of table %s lets rows in that refer to nothing", pgsql.Ident(c.F.Symbol), d.Table)
			}
		case *schema.AddColumn:
			if d.Code == "MF103" && mentions(text, c.C.Name) {
				d.Column = pgsql.Ident(c.C.Name)
				d.Text = fmt.Sprintf("adding column %s.%s, NOT NULL and without a default, fails if the table has a row", d.Table, d.Column)
			}
		case *schema.ModifyColumn:
			if d.Code == "MF104" && mentions(text, c.To.Name) {
				d.Column = pgsql.Ident(c.To.Name)
				d.Text = fmt.Sprintf("setting column %s.%s NOT NULL fails if a row has a NULL there", d.Table, d.Column)
			}
		case *schema.RenameColumn:
			if d.Code == "BC102" && mentions(text, c.From.Name) && mentions(text, c.To.Name) {
				d.Column = pgsql.Ident(c.From.Name)
				d.Text = fmt.Sprintf("renaming column %s.%s to %s breaks all that still uses the old name", d.Table, d.Column, pgsql.Ident(c.To.Name))
			}
		case *schema.AddIndex:
			if d.Code == "MF101" && mentions(text, c.I.Name) {
				d.Text = fmt.Sprintf("making %s unique on table %s fails if rows have the same values", indexParts(c.I), d.Table)
			}
		case *schema.ModifyIndex:
			if d.Code == "MF102" && mentions(text, c.To.Name) {
				d.Text = fmt.Sprintf("making index %s of table %s unique fails if rows have the same values", pgsql.Ident(c.To.Name), d.Table)
			}
		}
	}
}

// mentions reports whether an analyzer's text names something: each quotes names as Go does.
func mentions(text, name string) bool { return strings.Contains(text, strconv.Quote(name)) }

// indexParts names what an index is on.
func indexParts(i *schema.Index) string {
	var parts []string
	for _, p := range i.Parts {
		switch x := p.X.(type) {
		case nil:
			parts = append(parts, pgsql.Ident(p.C.Name))
		case *schema.RawExpr:
			parts = append(parts, x.X)
		default:
			parts = append(parts, "an expression")
		}
	}
	return strings.Join(parts, ", ")
}

// sqlName writes a table's name as SQL does, with its schema unless that is public.
func sqlName(t *schema.Table) string {
	if t.Schema == nil || t.Schema.Name == "public" {
		return pgsql.Ident(t.Name)
	}
	return pgsql.QualifiedIdent(t.Schema.Name, t.Name)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
