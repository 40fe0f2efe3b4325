package internal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOldestServer looks for names of the system catalogs that the oldest supported PostgreSQL doesn't have. Only the
// queries that are chosen by the server's version may use them.
func TestOldestServer(t *testing.T) {
	newer := regexp.MustCompile(`\b(regcollation|tgparentid|pubviaroot|stxstattarget|attcompression|rngmultitypid|inhdetachpending|leader_pid|waitstart|pg_current_xact_id)\b`)
	chosen := regexp.MustCompile(`to_jsonb\(\w+\) ->> '\w+'|-- .*|// .*`)
	found := 0
	err := filepath.WalkDir(".", func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") || strings.Contains(name, "testdata") || !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".sql") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			n++
			if m := newer.FindString(chosen.ReplaceAllString(line, "")); m != "" {
				if found++; filepath.ToSlash(name) != "catalog/queries.go" {
					t.Errorf("%s:%d: PostgreSQL 12 has no %s", name, n, m)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Error("catalog/queries.go has none of the names: the list is out of date")
	}
}
