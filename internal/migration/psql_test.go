package migration_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

func TestCopy(t *testing.T) {
	for sql, refused := range map[string]bool{
		"COPY t FROM STDIN":                                true,
		"copy s.stdin (a) from stdin with (format csv)":    true,
		"COPY (SELECT a FROM stdin) TO '/dev/null'":        false,
		"COPY stdin FROM '/dev/null'":                      false,
		`COPY t FROM "stdin"`:                              false, // a syntax error, which PostgreSQL reports
		"INSERT INTO t SELECT a FROM stdin":                false,
		"CREATE VIEW copy AS SELECT a FROM stdin /*COPY*/": false,
	} {
		_, err := migration.Read(fstest.MapFS{"1_a.sql": {Data: []byte(sql + ";\n")}})
		if got := err != nil && strings.Contains(err.Error(), "write them as INSERT statements"); got != refused {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
