package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
)

func TestCompare(t *testing.T) {
	long := strings.Repeat("x", 400)
	for _, tt := range []struct {
		want, have string // one line each, "" for none
		text       string
		harmless   bool
	}{
		{"column public.results.start_time: timestamp without time zone not null", "column public.results.start_time: timestamp without time zone", "results.start_time is nullable; the migrations say NOT NULL", false},
		{"column public.r.a: text", "column public.r.a: text not null", "r.a is NOT NULL; the migrations say nullable", false},
		{"column public.r.a: text not null", "column public.r.a: text not null not valid", "r.a is NOT NULL NOT VALID; the migrations say NOT NULL", false},
		{"column public.r.a: bigint", "column public.r.a: integer", "r.a is integer; the migrations say bigint", false},
		{"column public.r.a: timestamp with time zone not null default now()", "column public.r.a: timestamp without time zone", "r.a is timestamp without time zone, is nullable and has no default; the migrations say timestamp with time zone, NOT NULL, DEFAULT now()", false},
		{"column public.r.a: text default 'not null'::text", "column public.r.a: text default 'default'::text", "r.a has DEFAULT 'default'::text; the migrations say DEFAULT 'not null'::text", false},
		{"column public.r.a: text default (SELECT 1 AS \"default\")", "column public.r.a: text", "r.a has no default; the migrations say DEFAULT (SELECT 1 AS \"default\")", false},
		{"column public.r.a: public.default", "column public.r.a: public.\"not\"", "r.a is public.\"not\"; the migrations say public.default", false},
		{`column public.r.a: text collate "C"`, "column public.r.a: text", `r.a has the type's collation; the migrations say COLLATE "C"`, false},
		{"column public.r.a: integer not null generated always as identity", "column public.r.a: integer not null default 1", "r.a has DEFAULT 1; the migrations say GENERATED ALWAYS AS IDENTITY", false},
		{"column public.r.a: integer generated always as (b + 1) stored", "column public.r.a: integer generated always as (b + 2) stored", "r.a is GENERATED ALWAYS AS (b + 2) stored; the migrations say GENERATED ALWAYS AS (b + 1) stored", false},
		{"column public.r.a: integer [statistics 100]", "column public.r.a: integer", "r.a has no settings; the migrations say statistics 100", true},
		{`column app."R s".". a": text not null`, `column app."R s".". a": text`, `app."R s".". a" is nullable; the migrations say NOT NULL`, false},
		{"column public.r.a: text", "", "column r.a is missing (text)", false},
		{"", "column public.r.a: text", "column r.a is extra (text)", false},
		{"table public.r: ordinary", "", "table r is missing", false},
		{"", "table public.r: partitioned by LIST (a)", "table r is extra (partitioned by LIST (a))", false},
		{"constraint public.r.k: FOREIGN KEY (a) REFERENCES public.s(id)", "constraint public.r.k: FOREIGN KEY (a) REFERENCES public.s(id) NOT VALID", "constraint r.k is NOT VALID, so older rows may violate it; the migrations say validated", false},
		{"constraint public.r.k: FOREIGN KEY (a) REFERENCES public.s(id) ON DELETE CASCADE", "constraint public.r.k: FOREIGN KEY (a) REFERENCES public.s(id)", "constraint r.k is FOREIGN KEY (a) REFERENCES public.s(id); the migrations say FOREIGN KEY (a) REFERENCES public.s(id) ON DELETE CASCADE", false},
		{"constraint public.r.k: FOREIGN KEY (a) REFERENCES public.s(id)", "constraint public.r.fk: FOREIGN KEY (a) REFERENCES public.s(id)", "constraint r.k is named fk", true},
		{"index public.r.i: CREATE INDEX i ON public.r USING btree (a)", "index public.r.i: CREATE INDEX i ON public.r USING btree (a) [INVALID]", "index r.i is INVALID", false},
		{"enum public.e: ('a', 'b')", "enum public.e: ('a')", "enum e is ('a'); the migrations say ('a', 'b')", false},
		{"comment on table public.r: 'a'", "comment on table public.r: 'b\nc'", `comment on table r is 'b\nc'; the migrations say 'a'`, true},
		{"function public.f(): " + long + "é > 0" + long, "function public.f(): " + long + "é > 1" + long,
			"function f() is ..." + strings.Repeat("x", 55) + "é > 1" + strings.Repeat("x", 119) + "...; the migrations say ..." + strings.Repeat("x", 55) + "é > 0" + strings.Repeat("x", 119) + "...", false},
	} {
		catalogOf := func(line string) catalog.Catalog {
			if line == "" {
				return catalog.Catalog{}
			}
			return of(t, catalog.Escape(line))
		}
		got := catalog.Compare(catalogOf(tt.want), catalogOf(tt.have), "the migrations say")
		if len(got) != 1 {
			t.Errorf("%s\n%s: %d differences", tt.want, tt.have, len(got))
			continue
		}
		if d := cmp.Diff(tt.text, got[0].Text); d != "" || got[0].Harmless != tt.harmless {
			t.Errorf("%s\n%s: harmless %v (-want +got):\n%s", tt.want, tt.have, got[0].Harmless, d)
		}
	}
}
