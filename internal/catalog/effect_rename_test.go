package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// TestEffectRenames writes effects with the renames of statements, and reads them again.
func TestEffectRenames(t *testing.T) {
	for _, c := range []struct {
		name, sql, effect, want string
	}{{
		name: "column", sql: "ALTER TABLE results RENAME COLUMN owner_id TO keeper_id;",
		effect: "- column public.results.owner_id: uuid not null\n+ column public.results.keeper_id: uuid not null\n" +
			"- constraint public.results.fk: FOREIGN KEY (owner_id) REFERENCES public.u(id)\n+ constraint public.results.fk: FOREIGN KEY (keeper_id) REFERENCES public.u(id)\n",
		want: "~ column public.results.owner_id -> keeper_id: uuid not null\n" +
			"- constraint public.results.fk: FOREIGN KEY (owner_id) REFERENCES public.u(id)\n+ constraint public.results.fk: FOREIGN KEY (keeper_id) REFERENCES public.u(id)\n",
	}, {
		name: "nothing is renamed", sql: "ALTER TABLE results DROP COLUMN a, ADD COLUMN b int;",
		effect: "- column public.results.a: integer\n+ column public.results.b: integer\n",
		want:   "- column public.results.a: integer\n+ column public.results.b: integer\n",
	}, {
		name: "renamed and changed", sql: "ALTER TABLE t RENAME a TO b; ALTER TABLE t ALTER b TYPE text;",
		effect: "- column public.t.a: integer\n+ column public.t.b: text\n",
		want:   "- column public.t.a: integer\n+ column public.t.b: text\n",
	}, {
		name: "odd names", sql: `ALTER TABLE "my.App"."a -> b" RENAME COLUMN "x: y" TO "p -> ""q"".r"; COMMENT ON TABLE t IS 'x';`,
		effect: `- column "my.App"."a -> b"."x: y": text default 'a: b -> c'::text` + "\n" + `+ column "my.App"."a -> b"."p -> ""q"".r": text default 'a: b -> c'::text` + "\n" +
			`- comment on column "my.App"."a -> b"."x: y": 'a -> b: c'` + "\n" + `+ comment on column "my.App"."a -> b"."p -> ""q"".r": 'a -> b: c'` + "\n",
		want: `~ column "my.App"."a -> b"."x: y" -> "p -> ""q"".r": text default 'a: b -> c'::text` + "\n" +
			`~ comment on column "my.App"."a -> b"."x: y" -> "p -> ""q"".r": 'a -> b: c'` + "\n",
	}, {
		name: "table", sql: "ALTER TABLE public.t RENAME TO u; ALTER TABLE public.u SET SCHEMA app;",
		effect: "- table public.t: ordinary\n- column public.t.a: integer\n+ table app.u: ordinary\n+ column app.u.a: integer\n",
		want:   "~ table public.t -> app.u: ordinary\n~ column public.t.a -> app.u.a: integer\n",
	}, {
		name: "names passed on", sql: "ALTER TABLE t RENAME b TO c; ALTER TABLE t RENAME a TO b;",
		effect: "- column public.t.a: integer\n- column public.t.b: text\n+ column public.t.b: integer\n+ column public.t.c: text\n",
		want:   "~ column public.t.a -> b: integer\n~ column public.t.b -> c: text\n",
	}, {
		name: "a name used again", sql: "ALTER TABLE t RENAME a TO b; ALTER TABLE t DROP b; ALTER TABLE t RENAME c TO b;",
		effect: "- column public.t.a: integer\n- column public.t.c: integer\n+ column public.t.b: integer\n",
		want:   "- column public.t.a: integer\n~ column public.t.c -> b: integer\n",
	}, {
		name: "enum", sql: "ALTER TYPE e RENAME TO f;",
		effect: "- enum public.e: ('a')\n+ enum public.f: ('a')\n", want: "~ enum public.e -> f: ('a')\n",
	}, {
		name: "moved to another schema", sql: `ALTER TYPE e SET SCHEMA "New one"; alter domain app.d set schema public; ALTER SEQUENCE IF EXISTS s SET SCHEMA App; ALTER STATISTICS st RENAME TO "St";`,
		effect: `+ enum "New one".e: ('a')` + "\n- enum public.e: ('a')\n- domain app.d: text\n+ domain public.d: text\n- sequence public.s: bigint\n+ sequence app.s: bigint\n" +
			"- statistics public.st: a, b FROM public.t\n" + `+ statistics public."St": a, b FROM public.t` + "\n",
		want: "~ domain app.d -> public.d: text\n" + `~ enum public.e -> "New one".e: ('a')` + "\n~ sequence public.s -> app.s: bigint\n" + `~ statistics public.st -> "St": a, b FROM public.t` + "\n",
	}, {
		name: "schema", sql: `ALTER SCHEMA app RENAME TO "App";`,
		effect: "- schema app\n" + `+ schema "App"` + "\n- table app.t: ordinary\n- column app.t.e: app.e\n" + `+ table "App".t: ordinary` + "\n" + `+ column "App".t.e: "App".e` +
			"\n- enum app.e: ('a')\n" + `+ enum "App".e: ('a')` + "\n- comment on table app.t: 'x'\n" + `+ comment on table "App".t: 'x'` + "\n",
		want: `~ schema app -> "App"` + "\n" + `~ enum app.e -> "App".e: ('a')` + "\n" + `+ column "App".t.e: "App".e` + "\n" + `~ table app.t -> "App".t: ordinary` + "\n" +
			`- column app.t.e: app.e` + "\n" + `~ comment on table app.t -> "App".t: 'x'` + "\n",
	}, {
		name: "another kind", sql: "ALTER TYPE e RENAME VALUE 'a' TO 'b'; ALTER TYPE c RENAME ATTRIBUTE a TO b; ALTER ROLE e RENAME TO f; ALTER EXTENSION e SET SCHEMA app;",
		effect: "- enum public.e: ('a')\n+ enum public.f: ('a')\n", want: "- enum public.e: ('a')\n+ enum public.f: ('a')\n",
	}} {
		t.Run(c.name, func(t *testing.T) {
			stmts, err := pgsql.Split(c.sql)
			if err != nil {
				t.Fatal(err)
			}
			e, err := ParseEffect(c.effect)
			if err != nil {
				t.Fatal(err)
			}
			text := e.Text(stmts...)
			if diff := cmp.Diff(effectHead+c.want, text); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			again, err := ParseEffect(text)
			if diff := cmp.Diff(e, again); err != nil || diff != "" {
				t.Errorf("read again: %v\n%s", err, diff)
			}
		})
	}
	for _, bad := range []string{"~ column public.t.a", "~ column public.t.a -> ", "~ what public.t.a -> b", "~ -> b", "~ column public.t.a -> b: int\n- column public.t.a: int",
		"+ column : x", "+ column : ", "~ column :  -> b", "~ column a -> : x", "~ column a -> b\\u003a c: x", "~ domain a -> constraint ", "~ domain a -> constraint b"} {
		if _, err := ParseEffect(bad); err == nil || !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestBrokenEffects cuts the lines of effect files off at each character. What can be parsed can be compared, and is
// written so that it can be parsed again.
func TestBrokenEffects(t *testing.T) {
	const view = `view public.v: SELECT x FROM (SELECT 1::numeric(5,2) AS "numeric", TRIM(BOTH 'a'::text FROM "b"), ARRAY['x'::text]::"Mo od"[], s::timestamp(3) with time zone AT TIME ZONE 'UTC' UNION SELECT 2) q`
	whole, err := ParseEffect("+ " + view)
	if err != nil {
		t.Fatal(err)
	}
	want := newCatalog(whole.Add)
	for _, line := range []string{
		"+ " + view, "- " + view, `~ column "my.App"."a -> b"."x: y" -> "p -> ""q"".r": text default 'a: b -> c'::text`, "~ domain a -> constraint b: text",
		`+ table "S s".x: partition of "S s"."p P" FOR VALUES IN ('a, (b') [unlogged]`, `+ table "S s".x: partitioned by LIST (k), partition of "S s"."p P" DEFAULT`,
	} {
		for i := range len(line) + 1 {
			for _, text := range []string{line[:i], line[:2] + line[i:]} {
				e, err := ParseEffect(text)
				if err != nil {
					continue
				}
				e.Added()
				e.Removed()
				if again, err := ParseEffect(e.String()); err != nil || !cmp.Equal(e, again) {
					t.Errorf("%s is read again as %v: %v", text, again, err)
				}
				have := newCatalog(append(e.Add, e.Remove...))
				Undeclared(want, Diff(want, have))
				want.Equal(have)
			}
		}
	}
}
