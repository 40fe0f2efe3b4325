package fix

import (
	"fmt"
	"strings"
)

// A Constraint is a constraint to add, with a free name.
type Constraint struct {
	Table      string
	Name       string
	Definition string // "CHECK (n > 0)", "FOREIGN KEY (a) REFERENCES b (c)"; without NOT VALID
}

func (c Constraint) add() string {
	return fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;\n", c.Table, c.Name, c.Definition)
}

func (c Constraint) validate() string {
	return fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s;\n", c.Table, c.Name)
}

// notValid adds constraints NOT VALID and validates them later.
func notValid(list []Constraint) string {
	var add, validate strings.Builder
	for _, c := range list {
		add.WriteString(c.add())
		validate.WriteString(c.validate())
	}
	return add.String() + laterTransaction + "\n" + strings.TrimSuffix(validate.String(), "\n")
}

var addNotValid = entry("add-not-valid", "adds checks and foreign keys without scanning the table under a strong lock")

// AddNotValid adds columns, which may be none, and constraints.
func AddNotValid(columns []Column, list ...Constraint) Text {
	return addNotValid("%s%s", added(columns), notValid(list))
}

var validate = entry("validate-apart", "validates a constraint while no other lock is held")

// Validate validates a constraint that was added NOT VALID.
func Validate(table, name string) Text {
	return validate("%s\n%s", ownFile, strings.TrimSuffix(Constraint{Table: table, Name: name}.validate(), "\n"))
}

var recheck = entry("change-under-checks", "changes a column with checks without scanning the table under a strong lock")

// Recheck drops the checks, runs the statement, and adds them again.
func Recheck(stmt string, checks []Constraint) Text {
	var drop strings.Builder
	for _, c := range checks {
		fmt.Fprintf(&drop, "ALTER TABLE %s DROP CONSTRAINT %s;\n", c.Table, c.Name)
	}
	return recheck("%s%s;\n%s", drop.String(), stmt, notValid(checks))
}

// A Key is a unique constraint or primary key to add.
type Key struct {
	Table      string
	Name       string
	Kind       string // "UNIQUE", "PRIMARY KEY"
	Deferrable string // "DEFERRABLE INITIALLY DEFERRED"; may be empty
	Build      Index  // its index
	Replaces   string // the constraint that it replaces; may be empty
}

var usingIndex = entry("add-key-using-index", "adds a unique constraint or a primary key with an index that is built concurrently")

// UsingIndex adds columns, which may be none, and a key.
func UsingIndex(columns []Column, k Key) Text {
	drop, deferrable := "", ""
	if k.Replaces != "" {
		drop = "DROP CONSTRAINT " + k.Replaces + ", "
	}
	if k.Deferrable != "" {
		deferrable = " " + k.Deferrable
	}
	return usingIndex("%s%s%s;\n%s\nALTER TABLE %s %sADD CONSTRAINT %s %s USING INDEX %s%s;",
		noTransaction, added(columns), k.Build.concurrently(), withTransaction, k.Table, drop, k.Name, k.Kind, k.Build.Name, deferrable)
}

var replaceKey = entry("replace-primary-key", "replaces a primary key")

// ReplaceKey replaces a primary key. The columns are those of the old one; index is a free name.
func ReplaceKey(table, constraint, index, columns string) Text {
	return replaceKey("-- replace (%[4]s) with the columns of the new key:\n%[5]sCREATE UNIQUE INDEX CONCURRENTLY %[3]s ON %[1]s (%[4]s);\n%[6]s\nALTER TABLE %[1]s DROP CONSTRAINT %[2]s, ADD CONSTRAINT %[2]s PRIMARY KEY USING INDEX %[3]s;",
		table, constraint, index, columns, noTransaction, withTransaction)
}
