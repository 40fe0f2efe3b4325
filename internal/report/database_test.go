package report

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

func TestDatabase(t *testing.T) {
	for _, tt := range []struct {
		url, want string
		local     bool
	}{
		{"postgres://ann:" + secretText + "@db.example:5433/ibutsu", "database ibutsu at db.example:5433, as user ann", false},
		{"postgres://ann:" + secretText + "@[::1]:5433/a%0Ab", `database a\nb at [::1]:5433, as user ann`, false},
		{"postgres://ann@/ibutsu?host=/run/postgresql&port=5432", "database ibutsu at the socket in /run/postgresql, port 5432, as user ann", false},
		{"postgres://ann@/ibutsu?host=/run/postgresql&port=5432", "database ibutsu of the local PostgreSQL, as user ann", true},
	} {
		cfg, err := pgx.ParseConfig(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		db := Database{Config: cfg, Local: tt.local}
		var out bytes.Buffer
		NewStream(&out, noEnv).Database(db, noEnv)
		if got := out.String(); got != tt.want+"\n" {
			t.Errorf("%s: %q", tt.url, got)
		}
		out.Reset()
		p := &Printer{Out: NewStream(&out, noEnv), Database: db}
		if err := p.Status(&migrator.Status{Index: -1}, false); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != tt.want+"\nAt the base: there are no migrations yet\n" {
			t.Errorf("%s: %q", tt.url, got)
		}
	}
}

func TestShown(t *testing.T) {
	other := errors.New("other")
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{nil, false}, {other, false}, {findingsError(2, "error"), true}, {errors.Join(findingsError(2, "error")), true},
		{errors.Join(findingsError(2, "error"), other), false}, {fmt.Errorf("x: %w", findingsError(2, "error")), false},
		{&FindingsError{Text: "add -yes"}, false},
	} {
		if got := Shown(tt.err); got != tt.want {
			t.Errorf("%v: %v", tt.err, got)
		}
	}
}
