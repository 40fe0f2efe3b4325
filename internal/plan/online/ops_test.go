package online

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGroup tests which ops share a file: those that are one transaction with strong locks on at most one existing
// table, or statements that commit one by one.
func TestGroup(t *testing.T) {
	one := func(name string, s stage, key string) Op { return Op{stage: s, key: key, up: []cmd{sql(name)}} }
	for _, tt := range []struct {
		name string
		ops  []Op
		want [][]string
	}{
		{"a new type and its first use", []Op{one("b", stageAlter, "t"), one("a", stageNew, "")}, [][]string{{"a", "b"}}},
		{"a new table that refers to the changed one",
			[]Op{{stage: stageNew, parents: []string{"t"}, up: []cmd{sql("a")}}, one("b", stageAlter, "t")}, [][]string{{"a", "b"}}},
		{"a new table that refers to another one",
			[]Op{{stage: stageNew, parents: []string{"u"}, up: []cmd{sql("a")}}, one("b", stageAlter, "t")}, [][]string{{"a"}, {"b"}}},
		{"two tables", []Op{one("a", stageAlter, "t"), one("b", stageAlter, "u"), one("c", stageAlter, "t")}, [][]string{{"a", "c"}, {"b"}}},
		{"scans of two tables", []Op{one("a", stageValidate, ""), one("b", stageValidate, "")}, [][]string{{"a", "b"}}},
		{"the swap and what goes then", []Op{one("b", stageDrop, "t"), one("a", stageSwap, "t"), one("c", stageDrop, "u")}, [][]string{{"a", "b"}, {"c"}}},
		{"a column and its type", []Op{one("b", stageDropTypes, ""), one("a", stageDrop, "t")}, [][]string{{"a", "b"}}},
		{"irreversible ones are separate", []Op{one("a", stageAlter, "t"), {stage: stageAlter, key: "t", irreversible: "so", up: []cmd{sql("b")}}}, [][]string{{"a"}, {"b"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got [][]string
			for _, g := range group(slices.Clone(tt.ops)) {
				var names []string
				for _, o := range g {
					names = append(names, o.up[0].sql)
				}
				got = append(got, names)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
