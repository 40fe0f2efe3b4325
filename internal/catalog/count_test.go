package catalog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

func TestCounts(t *testing.T) {
	type file struct{ sql, effect string }
	for name, c := range map[string]struct {
		files []file
		want  string
	}{
		"nothing": {nil, ""},
		"added and changed": {[]file{
			{"", "+ column public.t.flaky: boolean\n- column public.t.n: integer\n+ column public.t.n: bigint\n"},
			{"", "+ index public.t.i: CREATE INDEX i ON public.t USING btree (flaky)\n+ index public.t.j: CREATE INDEX j ON public.t USING btree (n)\n- constraint public.t.c: CHECK (n > 0)\n"},
		}, "+1 column, +2 index, ~1 type, -1 constraint"},
		"not a type": {[]file{
			{"", "- column public.t.n: integer\n+ column public.t.n: integer not null\n- column public.t.m: integer\n+ column public.t.m: integer default 1\n- enum public.e: ('a')\n+ enum public.e: ('a', 'b')\n"},
		}, "~2 column, ~1 enum"},
		"a table with its parts": {[]file{
			{"", "+ table public.t: ordinary\n+ column public.t.id: integer\n+ sequence public.t_id_seq: bigint owned by public.t.id\n+ constraint public.t.t_pkey: PRIMARY KEY (id)\n+ comment on table public.t: 'x'\n+ column public.u.t: integer\n"},
			{"", "+ index public.t.i: CREATE INDEX i ON public.t USING btree (id)\n- table public.old: ordinary\n- column public.old.a: integer\n"},
		}, "+1 table, +1 column, -1 table"},
		"a view and a comment": {[]file{
			{"", "+ view public.v: SELECT 1\n+ column public.v.a: integer\n- comment on column public.t.a: 'x'\n+ comment on column public.t.a: 'y'\n+ comment on table public.t: 'z'\n"},
		}, "+1 view, +1 comment, ~1 comment"},
		"undone by a later file": {[]file{
			{"", "+ constraint public.t.c: CHECK (n IS NOT NULL) NOT VALID\n"},
			{"", "- constraint public.t.c: CHECK (n IS NOT NULL) NOT VALID\n+ constraint public.t.c: CHECK (n IS NOT NULL)\n"},
			{"", "- constraint public.t.c: CHECK (n IS NOT NULL)\n- column public.t.n: integer\n+ column public.t.n: integer not null\n"},
		}, "~1 column"},
		"a column, with what names it": {[]file{
			{"ALTER TABLE t RENAME env TO environment;", "~ column public.t.env -> environment: text\n- index public.t.i: CREATE INDEX i ON public.t USING btree (env)\n+ index public.t.i: CREATE INDEX i ON public.t USING btree (environment)\n" +
				"- constraint public.t.c: CHECK (env <> 'env'::text)\n+ constraint public.t.c: CHECK (environment <> 'env'::text)\n"},
		}, "~1 renamed column"},
		"a table": {[]file{
			{"ALTER TABLE t RENAME TO u;", "- table public.t: ordinary\n+ table public.u: ordinary\n- column public.t.a: integer\n+ column public.u.a: integer\n- comment on table public.t: 'x'\n+ comment on table public.u: 'x'\n" +
				"- index public.t.i: CREATE INDEX i ON public.t USING btree (a)\n+ index public.u.i: CREATE INDEX i ON public.u USING btree (a)\n" +
				"- constraint public.v.fk: FOREIGN KEY (a) REFERENCES public.t(a)\n+ constraint public.v.fk: FOREIGN KEY (a) REFERENCES public.u(a)\n"},
		}, "~1 renamed table"},
		"a table, and a column that changes": {[]file{
			{"ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME a TO b;", "- table public.t: ordinary\n+ table public.u: ordinary\n- column public.t.a: integer\n+ column public.u.b: integer\n"},
			{"", "- column public.u.b: integer\n+ column public.u.b: text\n"},
		}, "~1 renamed table, ~1 type, ~1 renamed column"},
		"a schema": {[]file{
			{`ALTER SCHEMA app RENAME TO "App";`, "- schema app\n+ schema \"App\"\n- table app.t: ordinary\n+ table \"App\".t: ordinary\n- column app.t.e: app.e\n+ column \"App\".t.e: \"App\".e\n- enum app.e: ('a')\n+ enum \"App\".e: ('a')\n"},
		}, "~1 renamed schema"},
		"to another schema": {[]file{
			{"ALTER TABLE t SET SCHEMA app;", "- table public.t: ordinary\n+ table app.t: ordinary\n- column public.t.a: integer\n+ column app.t.a: integer\n"},
		}, "~1 renamed table"},
		"an index": {[]file{
			{"ALTER INDEX i RENAME TO j;", "- index public.t.i: CREATE INDEX i ON public.t USING btree (a)\n+ index public.t.j: CREATE INDEX j ON public.t USING btree (a)\n"},
		}, "~1 renamed index"},
		"expand and contract": {[]file{
			{"", "+ column public.t.new: bigint\n+ trigger public.t.copy: CREATE TRIGGER copy\n"},
			{"", "+ index public.t.i_new: CREATE INDEX i_new ON public.t USING btree (new)\n"},
			{"ALTER TABLE t RENAME a TO old; ALTER TABLE t RENAME new TO a; ALTER INDEX i RENAME TO i_old; ALTER INDEX i_new RENAME TO i;",
				"~ column public.t.a -> old: integer\n~ column public.t.new -> a: bigint\n+ index public.t.i_old: CREATE INDEX i_old ON public.t USING btree (old)\n- index public.t.i_new: CREATE INDEX i_new ON public.t USING btree (new)\n"},
			{"", "- column public.t.old: integer\n- index public.t.i_old: CREATE INDEX i_old ON public.t USING btree (old)\n- trigger public.t.copy: CREATE TRIGGER copy\n"},
		}, "~1 type"},
	} {
		t.Run(name, func(t *testing.T) {
			var effects []Effect
			var stmts [][]pgsql.Stmt
			for _, f := range c.files {
				e, err := ParseEffect(f.effect)
				if err != nil {
					t.Fatal(err)
				}
				s, err := pgsql.Split(f.sql)
				if err != nil {
					t.Fatal(err)
				}
				effects, stmts = append(effects, e), append(stmts, s)
			}
			var got []string
			for _, c := range Counts(effects, stmts) {
				got = append(got, fmt.Sprint(c.Sign, c.N, " ", c.What))
			}
			if text := strings.Join(got, ", "); text != c.want {
				t.Errorf("%q, want %q", text, c.want)
			}
		})
	}
}
