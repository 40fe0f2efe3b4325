package plan

import (
	"errors"
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
		{flag: "t.a", err: "-rename=t.a: after t.a there must be = and the new name; write old=new, table.old=new, or none"},
		{flag: "a=b=c", err: `-rename=a=b=c: "=c" stands where a comma or the end should be`},
		{flag: "a=", err: "-rename=a=: a name is empty"},
		{flag: "a=b,", err: "-rename=a=b,: nothing stands behind the last comma"},
		{flag: ".a=b", err: "-rename=.a=b: a name is empty"},
		{flag: `"a=b`, err: `-rename="a=b: a double quote is not closed`},
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

// What a refusal proposes is read as what it means.
func TestRenameFlag(t *testing.T) {
	for _, r := range []Rename{
		{Kind: "column", Schema: "public", Of: "results", Old: "env", New: "environment", NewSchema: "public"},
		{Kind: "column", Schema: "App Data", Of: `od"d.name`, Old: "none", New: "a,b=c", NewSchema: "App Data"},
		{Kind: "table", Schema: "public", Old: "a", New: "Ünï", NewSchema: "public"},
		{Kind: "table", Schema: "app", Old: "a", New: "a", NewSchema: "public"},
		{Kind: "enum value", Schema: "public", Of: "mood", Old: "it's", New: "so so", NewSchema: "public"},
	} {
		args, none, err := parseRenames(r.flag())
		if err != nil || none || len(args) != 1 || !args[0].says(r) {
			t.Errorf("%s does not say %+v: %v", r.flag(), r, err)
		}
	}
}

// What was renamed in the replayed state to plan from it is renamed back, however the plan
// ended.
func TestRenamedBack(t *testing.T) {
	before := `
schema "public" {
}
table "runs" {
  schema = schema.public
  column "a" {
    type = boolean
  }
}`
	table := func(column string) string {
		return "schema \"public\" {\n}\ntable \"results\" {\n  schema = schema.public\n  " + column + "\n}\n"
	}
	for _, test := range []struct {
		name, after, rename string
		err                 any
	}{
		{"planned", table(`column "a" {
    type = boolean
  }`), "runs=results", nil},
		{"refused", table(`column "a" {
    type = timestamptz
  }`), "runs=results", new(*RefusedError)},
		{"asked for more", table(`column "b" {
    type = boolean
  }`), "runs=results", new(*RenameError)},
		{"said wrong", table(`column "a" {
    type = boolean
  }`), "runs=results,x=y", new(*RenameFlagError)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pair := randomPair{t: t}
			replayed, desired := pair.state(before), pair.state(test.after)
			want := fingerprint(t, replayed)
			project := newProject(t)
			project.rename = test.rename
			if _, err := work(t.Context(), project.config(), replayed, desired); test.err == nil && err != nil || test.err != nil && !errors.As(err, test.err) {
				t.Fatalf("wanted %T, got %v", test.err, err)
			}
			if diff := cmp.Diff(want, fingerprint(t, replayed)); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
		})
	}
}
