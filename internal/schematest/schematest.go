// Package schematest looks at a database's schema in two ways that have nothing
// in common with how the tool itself does, so that tests can hold the one
// against the other: by a query over the system catalogs, and by pg_dump.
//
// Its own tests are those of the three inputs: that schema.hcl and the migrations
// give what Ibutsu's Alembic chain gave, as dumped into testdata.
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

// Table is a table as [Describe] sees it: columns in their order, constraints
// and indexes by name, definitions as PostgreSQL prints them.
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

// Constraint is a primary or foreign key, or another constraint but NOT NULL. Type is pg_constraint's contype.
type Constraint struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Def  string `json:"def"`
}

// Index is an index, those behind constraints included. Valid is false if its
// build failed.
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

// restricted are the lines that newer releases of pg_dump put around a dump with a
// random word in them.
var restricted = regexp.MustCompile(`(?m)^\\(un)?restrict .*\n`)

// Dump returns what pg_dump --schema-only prints of the database at url, without
// owners, privileges and alembic_version. It skips the test where pg_dump is not on the PATH.
// It is empty, and said in the test's log, where the server is newer than pg_dump, which
// refuses it then: what is compared beside the dumps still counts.
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
