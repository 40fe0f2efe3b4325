package catalog_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

func line(t *testing.T, text string) catalog.Line {
	t.Helper()
	l, err := catalog.ParseLine(text)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestColumn(t *testing.T) {
	for text, want := range map[string]catalog.Column{
		`column public.t.a: integer`: {Type: "integer"},
		`column public.t.a: character varying(9) collate "C" not null default 'not null'::text [statistics 7]`: {
			Type: "character varying(9)", Collation: `COLLATE "C"`, NotNull: "NOT NULL", Value: "DEFAULT 'not null'::text", State: "statistics 7"},
		`column public.t.a: bigint not null generated always as identity (increment 2)`: {
			Type: "bigint", NotNull: "NOT NULL", Value: "GENERATED ALWAYS AS IDENTITY (increment 2)"},
		`column public.t."default": public."default"[] not null not valid generated always as ((b + 1)) stored`: {
			Type: `public."default"[]`, NotNull: "NOT NULL NOT VALID", Value: "GENERATED ALWAYS AS ((b + 1)) stored"},
	} {
		if d := cmp.Diff(want, line(t, text).Column()); d != "" {
			t.Errorf("%s: (-want +got)\n%s", text, d)
		}
	}
}

func TestConstraint(t *testing.T) {
	for text, want := range map[string]catalog.Constraint{
		`constraint public.t.k: PRIMARY KEY (id, "Weird, (name)")`: {Kind: "PRIMARY KEY", Columns: []string{"id", "Weird, (name)"}},
		`constraint public.t.k: UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b) DEFERRABLE [replica identity]`: {
			Kind: "UNIQUE", Columns: []string{"a"}, Rest: "INCLUDE (b) DEFERRABLE"},
		`constraint public.t.k: UNIQUE (id, valid_at WITHOUT OVERLAPS)`: {Kind: "UNIQUE", Columns: []string{"id", "valid_at"}},
		`constraint public.t.k: FOREIGN KEY (a, b) REFERENCES app."My (t)"(x, "Y") MATCH FULL ON DELETE SET NULL (b) NOT VALID`: {
			Kind: "FOREIGN KEY", Columns: []string{"a", "b"}, RefTable: `app."My (t)"`, RefColumns: []string{"x", "Y"}, Rest: "MATCH FULL ON DELETE SET NULL (b) NOT VALID"},
		`constraint public.t.k: FOREIGN KEY (period, PERIOD valid_at) REFERENCES public.p(period, PERIOD valid_at)`: {
			Kind: "FOREIGN KEY", Columns: []string{"period", "valid_at"}, RefTable: "public.p", RefColumns: []string{"period", "valid_at"}},
		`constraint public.t.k: CHECK ((a > 0)) NOT VALID [inherited]`:          {Kind: "CHECK", Rest: "((a > 0)) NOT VALID"},
		`constraint public.t.k: EXCLUDE USING gist (r WITH &&) WHERE ((a > 0))`: {Kind: "EXCLUDE", Rest: "USING gist (r WITH &&) WHERE ((a > 0))"},
	} {
		if d := cmp.Diff(want, line(t, text).Constraint()); d != "" {
			t.Errorf("%s: (-want +got)\n%s", text, d)
		}
	}
}

func TestIndexParts(t *testing.T) {
	for text, want := range map[string]catalog.Index{
		`index public.t.i: CREATE UNIQUE INDEX i ON ONLY public.t USING btree (a DESC NULLS LAST, "B" text_pattern_ops) INCLUDE (c) NULLS NOT DISTINCT WITH (fillfactor='70') [INVALID]`: {
			Unique: true, Method: "btree", Keys: []string{"a DESC NULLS LAST", `"B" text_pattern_ops`}, Columns: []string{"a", "B"}, Rest: "INCLUDE (c) NULLS NOT DISTINCT WITH (fillfactor='70')"},
		`index public."T x".i: CREATE INDEX i ON public."T x" USING gin (((data -> 'tags'::text)), lower(a), public.f(a), data jsonb_path_ops) WHERE (a IS NOT NULL)`: {
			Method: "gin", Keys: []string{"((data -> 'tags'::text))", "lower(a)", "public.f(a)", "data jsonb_path_ops"}, Columns: []string{"", "", "", "data"},
			Rest: "WHERE (a IS NOT NULL)", Where: true},
	} {
		if d := cmp.Diff(want, line(t, text).Index()); d != "" {
			t.Errorf("%s: (-want +got)\n%s", text, d)
		}
	}
}

func TestPartitionOf(t *testing.T) {
	for text, want := range map[string]string{
		`table public.t: ordinary`:                                                                   "",
		`table public.t: partitioned by RANGE (a)`:                                                   "",
		`table public.t: ordinary, inherits (public.p)`:                                              "",
		`table public.t: ordinary, partition of public."P, q" FOR VALUES FROM (1) TO (9) [unlogged]`: `public."P, q"`,
		`table public.t: partitioned by LIST (b), partition of public.p DEFAULT`:                     "public.p",
		`foreign table public.t: server s, partition of public.p FOR VALUES IN ('a')`:                "public.p",
		`comment on table public.t: 'ordinary, partition of public.p DEFAULT'`:                       "",
	} {
		if got := line(t, text).PartitionOf(); got != want {
			t.Errorf("%s: %q, not %q", text, got, want)
		}
	}
}

func TestRenamesOf(t *testing.T) {
	stmts, err := pgsql.Split(`ALTER TABLE a RENAME TO b; ALTER TABLE b RENAME x TO y; ALTER TABLE c SET SCHEMA app; DROP TABLE d; ALTER TABLE e RENAME TO d`)
	if err != nil {
		t.Fatal(err)
	}
	r := catalog.RenamesOf(stmts)
	for name, want := range map[string]string{
		"public.a": "public.b", "public.a.x": "public.b.y", "public.a.z": "public.b.z", "public.c": "app.c", "public.e": "public.d",
		"public.d": "public.d", "public.f": "public.f",
	} {
		if got := r.Of(name); got != want {
			t.Errorf("%s becomes %s, not %s", name, got, want)
		}
	}
}

// The parts of this repository's own lines make up their definitions.
func TestPartsOfOurs(t *testing.T) {
	text, err := os.ReadFile("../../migrations/effect/20251210172554_initial_baseline_schema.txt")
	if err != nil {
		t.Fatal(err)
	}
	e, err := catalog.ParseEffect(string(text))
	if err != nil {
		t.Fatal(err)
	}
	keys, indexes := 0, 0
	for _, l := range e.Added() {
		switch l.Kind {
		case "constraint":
			if c := l.Constraint(); len(c.Columns) == 0 || (c.Kind == "FOREIGN KEY") != (len(c.RefColumns) == len(c.Columns)) || c.Rest != "" {
				t.Errorf("%s: %+v", l, c)
			}
			keys++
		case "index":
			if x := l.Index(); len(x.Columns) != 1 || x.Columns[0] == "" || x.Method != "btree" || x.Rest != "" {
				t.Errorf("%s: %+v", l, x)
			}
			indexes++
		}
	}
	if keys < 20 || indexes < 30 {
		t.Errorf("%d keys, %d indexes", keys, indexes)
	}
}
