package online

import (
	"strings"
	"testing"
)

func TestTemporaryNamesAreFree(t *testing.T) {
	u := &table{Schema: "public", Name: "u", constraints: []*constraint{{Name: "c_new"}}}
	n := &names{
		have:  &facts{tables: map[string]*table{"public.u": u}, relations: map[string]bool{"public.i_new": true}},
		want:  &facts{tables: map[string]*table{}, relations: map[string]bool{"public.i_new2": true, "other.i_new3": true}},
		taken: map[string]bool{},
	}
	long := strings.Repeat("i", 63)
	var got []string
	for range 2 {
		got = append(got, n.index(u, "i", "_new"), n.constraint(u, "c", "_new"), n.index(u, long, "_new"))
	}
	want := "i_new3 c_new2 " + long[:59] + "_new i_new4 c_new3 " + long[:58] + "_new2"
	if strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}
