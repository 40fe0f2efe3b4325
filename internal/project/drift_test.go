package project

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIgnored(t *testing.T) {
	root := folder(t, `
locals {
  more = ["c"]
}
drift {
  ignore = concat(["b"], local.more)
  with "models.sql" {
    ignore = ["y"]
  }
}
env "local" {
  migration { revisions_schema = "public" }
  drift {
    ignore = "a"
    with "models.sql" { ignore = ["x"] }
    with "postgres://db.example/ibutsu" { ignore = ["z"] }
  }
}
`)
	e, err := Load(context.Background(), Options{Root: root, LookupEnv: env()})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ names, want []string }{
		{nil, []string{"a", "b", "c"}},
		{[]string{"dir/models.sql", "models.sql"}, []string{"x", "y"}},
		{[]string{"postgres://db.example/ibutsu"}, []string{"z"}},
		{[]string{"other.sql"}, nil},
	} {
		if d := cmp.Diff(tt.want, e.Ignored(tt.names...)); d != "" {
			t.Errorf("%v (-want +got):\n%s", tt.names, d)
		}
	}
	for hcl, want := range map[string]string{
		"drift {\n  with {\n    ignore = []\n  }\n}\n":        `atlas.hcl:2:3: a with block needs what the database is compared with: with "models.sql" { ... }`,
		"drift {\n  ignore = [1, null]\n}\n":                  `atlas.hcl:2:12: ignore must be a list of strings`,
		"drift {\n  with \"a\" {\n    exclude = []\n  }\n}\n": `atlas.hcl:3:5: unknown attribute exclude in drift.with; known names: ignore`,
		"drift \"a\" {\n}\n":                                  `atlas.hcl:1:7: block drift has too many labels`,
	} {
		if _, err := Load(context.Background(), Options{Root: folder(t, hcl+minimal), LookupEnv: env()}); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", hcl, err, want)
		}
	}
}
