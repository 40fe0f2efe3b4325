package state

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// The objects of a file with many tables are created as those of a small one, and a mistake is found at its place.
func TestDesiredManyTables(t *testing.T) {
	const tables = manyStmts
	var src strings.Builder
	src.WriteString("schema \"public\" {\n}\n")
	for i := range tables {
		fmt.Fprintf(&src, "table \"t %d\" {\n  schema  = schema.public\n  comment = %q\n  column \"c\" {\n    type    = text\n    default = %q\n  }\n}\n", i, `it's $$ a \ comment`, `$block$ '\`)
	}
	s, err := Desired(t.Context(), pgtest.Server(t), "schema.hcl", []byte(src.String()), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range tables {
		if _, ok := s.Catalog.Def("table", fmt.Sprintf(`public."t %d"`, i)); !ok {
			t.Errorf("table %d is missing", i)
		}
	}

	src.WriteString("table \"last\" {\n  schema = schema.public\n  column \"c\" {\n    type    = text\n    default = sql(\"no_such_function()\")\n  }\n}\n")
	line := strings.Count(src.String(), "\n") - 4
	_, err = Desired(t.Context(), pgtest.Server(t), "schema.hcl", []byte(src.String()), catalog.Options{})
	want := fmt.Sprintf("schema.hcl:%d:3: column c of table last: function no_such_function() does not exist", line)
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}
