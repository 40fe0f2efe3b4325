package online

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseRenames(t *testing.T) {
	type arg struct{ From, To []string }
	for _, test := range []struct {
		flag string
		want []arg
		none bool
		err  string
	}{
		{flag: ""},
		{flag: "none", none: true},
		{flag: `"none"=b`, want: []arg{{[]string{"none"}, []string{"b"}}}},
		{flag: "old=new", want: []arg{{[]string{"old"}, []string{"new"}}}},
		{flag: "none=new", want: []arg{{[]string{"none"}, []string{"new"}}}},
		{flag: "app.Results.env=environment,none", want: []arg{{[]string{"app", "Results", "env"}, []string{"environment"}}}, none: true},
		{flag: `"a.b"."c""d"=" e",x=y.z`, want: []arg{{[]string{"a.b", `c"d`}, []string{" e"}}, {[]string{"x"}, []string{"y", "z"}}}},
		{flag: "t.a", err: "-rename=t.a: expected = and the new name after t.a; write old=new, table.old=new, or none"},
		{flag: "a=b=c", err: `-rename=a=b=c: expected a comma or the end before "=c"`},
		{flag: "a=", err: "-rename=a=: empty name"},
		{flag: "a=b,", err: "-rename=a=b,: nothing follows the last comma"},
		{flag: ".a=b", err: "-rename=.a=b: empty name"},
		{flag: `"a=b`, err: `-rename="a=b: unterminated double quote`},
	} {
		t.Run(test.flag, func(t *testing.T) {
			args, none, err := parseRenames(test.flag)
			if err != nil || test.err != "" {
				if err == nil || err.Error() != test.err {
					t.Fatalf("error %v, wanted %q", err, test.err)
				}
				return
			}
			var got []arg
			for _, a := range args {
				got = append(got, arg{a.from, a.to})
			}
			if diff := cmp.Diff(test.want, got); diff != "" || none != test.none {
				t.Errorf("none %v (-want +got):\n%s", none, diff)
			}
		})
	}
}

// A proposed flag means the rename that it is proposed for.
func TestRenameFlag(t *testing.T) {
	for _, r := range []Rename{
		{Kind: "column", Schema: "public", Of: "results", Old: "env", New: "environment", NewSchema: "public"},
		{Kind: "column", Schema: "App Data", Of: `od"d.name`, Old: "none", New: "a,b=c", NewSchema: "App Data"},
		{Kind: "table", Schema: "public", Old: "a", New: "Ünï", NewSchema: "public"},
		{Kind: "table", Schema: "app", Old: "a", New: "a", NewSchema: "public"},
		{Kind: "enum value", Schema: "public", Of: "mood", Old: "it's", New: "so so", NewSchema: "public"},
	} {
		args, none, err := parseRenames(r.Flag())
		if err != nil || none || len(args) != 1 || !args[0].says(r) {
			t.Errorf("%s does not say %+v: %v", r.Flag(), r, err)
		}
	}
}
