package state

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestRegrant(t *testing.T) {
	s, err := New(t.Context(), pgtest.Server(t), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	run := func(sql string) {
		t.Helper()
		stmts, err := pgsql.Split(sql)
		if err == nil {
			err = s.Run(t.Context(), stmts, false, "test.sql")
		}
		if err == nil {
			err = s.Refresh(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	run(`CREATE TABLE "T" (a int, b int); CREATE TABLE u (a int);
GRANT SELECT, INSERT ON "T" TO regrant_reader; GRANT UPDATE ON "T" TO regrant_reader WITH GRANT OPTION; REVOKE DELETE ON "T" FROM CURRENT_USER;
GRANT SELECT (a), SELECT (b) ON "T" TO PUBLIC; GRANT SELECT ON u TO regrant_gone`)
	before, err := s.Privileges(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run(`DROP TABLE "T"; CREATE TABLE "T" (a int, c int); GRANT TRUNCATE ON "T" TO regrant_reader; GRANT UPDATE ON "T" TO regrant_reader`)
	for _, want := range [][]string{{
		`REVOKE TRUNCATE, UPDATE ON TABLE public."T" FROM regrant_reader`,
		`GRANT INSERT, SELECT ON TABLE public."T" TO regrant_reader`,
		`GRANT UPDATE ON TABLE public."T" TO regrant_reader WITH GRANT OPTION`,
		`GRANT SELECT (a) ON TABLE public."T" TO PUBLIC`,
		`REVOKE DELETE ON TABLE public."T" FROM CURRENT_USER`,
	}, nil} {
		got, err := s.Regrant(t.Context(), before)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	run("DROP TABLE u; CREATE TABLE u (a int)")
	admin, err := pgtest.Server(t).Admin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	if _, err := admin.Exec(t.Context(), "DROP ROLE regrant_gone"); err != nil {
		t.Fatal(err)
	}
	_, err = s.Regrant(t.Context(), before)
	var keep *LossError
	if !errors.As(err, &keep) {
		t.Fatalf("%v isn't a *LossError", err)
	}
	want := []Loss{{"table public.u", "grant (SELECT on table public.u to regrant_gone)"}}
	if diff := cmp.Diff(want, keep.Losses); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
