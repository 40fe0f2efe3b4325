package bench

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// BenchmarkFiles measures status, apply and plan with nothing to do on histories of 1,250 to 10,000 files, warm. Each
// size is twice the one before: time and memory should at most double, too.
func BenchmarkFiles(b *testing.B) {
	s := newSetup(b)
	for _, n := range []int{1250, 2500, 5000, 10000} {
		root := b.TempDir()
		longHistory(b, root, n)
		nothingToDo(b, s, fmt.Sprint(n), root)
	}
}

// BenchmarkSchemaTables measures the same on schemas of 625 to 5,000 tables that one file creates.
func BenchmarkSchemaTables(b *testing.B) {
	s := newSetup(b)
	for _, n := range []int{625, 1250, 2500, 5000} {
		root := b.TempDir()
		write(b, root, "atlas.hcl", projectHCL)
		var sql, hcl strings.Builder
		hcl.WriteString("schema \"public\" {\n}\n")
		for i := range n {
			fmt.Fprintf(&sql, "CREATE TABLE t%d (id bigint NOT NULL, name text, at timestamptz, PRIMARY KEY (id));\nCREATE INDEX i%d ON t%d (name);\n", i, i, i)
			fmt.Fprintf(&hcl, `table "t%d" {
  schema = schema.public
  column "id" {
    type = bigint
  }
  column "name" {
    type = text
    null = true
  }
  column "at" {
    type = timestamptz
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  index "i%d" {
    columns = [column.name]
  }
}
`, i, i)
		}
		write(b, root, "schema.hcl", hcl.String())
		write(b, root, "migrations/20240101000000_tables.sql", sql.String())
		s.run(root, nil, s.tool, "rehash")
		nothingToDo(b, s, fmt.Sprint(n), root)
	}
}

const projectHCL = `env "prod" {
  src = "file://schema.hcl"
  url = getenv("DATABASE_URL")
  migration {
    dir              = "file://migrations"
    revisions_schema = "public"
  }
}
`

// nothingToDo measures the commands on a database at head, with the largest resident memory of the tool.
func nothingToDo(b *testing.B, s *setup, name, root string) {
	b.Helper()
	write(b, root, "atlas.hcl", projectHCL)
	s.on(func(url string) time.Duration {
		env := append(os.Environ(), "DATABASE_URL="+url, "XDG_CACHE_HOME="+b.TempDir())
		s.run(root, env, s.tool, "apply")
		for _, command := range []string{"status", "apply", "plan"} {
			s.measured(b, name+"/"+command, env, func() (string, []string) { return root, []string{command} })
		}
		return 0
	})
}
