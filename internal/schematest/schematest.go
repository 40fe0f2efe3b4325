// Package schematest reads a database's schema with a query on the system catalogs and with pg_dump. Both share nothing
// with the tool, so that tests can compare its results with them.
//
// The package's own tests check that schema.hcl and the migrations produce the schema that Ibutsu's Alembic chain
// produced, as dumped into testdata.
package schematest

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Table is a table as [Describe] returns it: columns in order, constraints and indexes sorted by name, definitions as
// PostgreSQL prints them.
type Table struct {
	Columns     []Column     `json:"columns"`
	Constraints []Constraint `json:"constraints"`
	Indexes     []Index      `json:"indexes"`
}

// Column is a table's column. Default is nil if it has none.
type Column struct {
	Name    string  `json:"name"`
	Type    string  `json:"type"`
	NotNull bool    `json:"not_null"`
	Default *string `json:"default"`
}

// Constraint is a primary or foreign key, or another constraint except NOT NULL. Type is pg_constraint.contype.
type Constraint struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Def  string `json:"def"`
}

// Index is an index, including those of constraints. Valid is false if its build failed.
type Index struct {
	Name  string `json:"name"`
	Def   string `json:"def"`
	Valid bool   `json:"valid"`
}

//go:embed describe.sql
var describe string

// Describe returns the tables of schema public by name.
func Describe(t testing.TB, conn *pgx.Conn) map[string]Table {
	t.Helper()
	var doc []byte
	if err := conn.QueryRow(context.Background(), describe).Scan(&doc); err != nil {
		t.Fatalf("describing the database: %v", err)
	}
	tables := map[string]Table{}
	if err := json.Unmarshal(doc, &tables); err != nil {
		t.Fatalf("describing the database: %v", err)
	}
	return tables
}

// restricted matches the lines with a random word that newer releases of pg_dump put around a dump.
var restricted = regexp.MustCompile(`(?m)^\\(un)?restrict .*\n`)

// Dump returns the output of pg_dump --schema-only for the database at url, without owners, privileges and
// alembic_version. It skips the test if pg_dump is not on the PATH. If pg_dump refuses the server because it is newer,
// Dump logs that and returns "", so that the test's other comparisons still count.
func Dump(t testing.TB, url string) string {
	t.Helper()
	if _, err := exec.LookPath("pg_dump"); err != nil {
		t.Skip("no pg_dump on the PATH")
	}
	cmd := exec.Command("pg_dump", "--schema-only", "--no-owner", "--no-privileges", "--exclude-table=alembic_version", url)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			if bytes.Contains(exit.Stderr, []byte("server version mismatch")) {
				t.Logf("pg_dump: %s", exit.Stderr)
				return ""
			}
			t.Fatalf("pg_dump: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("pg_dump: %v", err)
	}
	return restricted.ReplaceAllString(string(out), "")
}
