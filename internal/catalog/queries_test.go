package catalog

import (
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// TestGuards shows that no guarded query runs for an empty database. That each runs where it must, TestChanges shows.
func TestGuards(t *testing.T) {
	conn := pgtest.New(t).Conn().PgConn()
	major, err := majorVersion(conn)
	if err != nil {
		t.Fatal(err)
	}
	list := queries(major, false)
	results, err := conn.Exec(t.Context(), guards(list)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	must := results[0].Rows[0]
	for _, q := range list {
		if q.guard == "" {
			continue
		}
		if string(must[0]) != "f" {
			t.Errorf("there are rows of %s", q.guard)
		}
		must = must[1:]
	}
}
