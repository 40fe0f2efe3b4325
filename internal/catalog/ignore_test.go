package catalog_test

import (
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
)

func TestIgnored(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"a*", "ab", true}, {"*b", "ab", true},
		{"a*b*c", "axbxbc", true}, {"a*b*c", "axbxb", false}, {"?", "é", true}, {"??", "é", false}, {"index x.*_[a]", "index x.i_[a]", true},
		{"*count(*)*", "a count(*) b", true}, {"**a**", "a", true}, {"*aab", "aaab", true},
	} {
		d := catalog.Difference{Kind: "schema", Object: "long", Text: tt.text}
		if got := d.Ignored([]string{"none", tt.pattern}) == tt.pattern; got != tt.want {
			t.Errorf("%q, %q: %v", tt.pattern, tt.text, got)
		}
	}
	for _, tt := range []struct {
		d       catalog.Difference
		pattern string
	}{
		{catalog.Difference{Table: "public.results", Object: "ix", Kind: "index"}, "index public.results.ix"},
		{catalog.Difference{Table: "public.results", Object: "ix", Kind: "index"}, "index results.ix"},
		{catalog.Difference{Table: "app.results", Object: "ix", Kind: "index"}, "index app.results.*"},
		{catalog.Difference{Table: "public.v", Object: "public.v", Kind: "view"}, "view v"},
		{catalog.Difference{Object: "public.f(integer)", Kind: "function"}, "function f(*)"},
		{catalog.Difference{Table: "public.t", Object: "public.t_id_seq", Kind: "sequence"}, "sequence t_id_seq"},
	} {
		if tt.d.Ignored([]string{"other", tt.pattern}) != tt.pattern {
			t.Errorf("%s doesn't match %s", tt.pattern, tt.d.Line())
		}
	}
}
