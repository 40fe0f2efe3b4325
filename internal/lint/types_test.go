package lint_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

// TestLossyIsApart silences the rewrite of changes that also lose data, which is a separate finding.
func TestLossyIsApart(t *testing.T) {
	before := `CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TYPE tone AS ENUM ('glad');
CREATE DOMAIN percent AS integer CHECK (VALUE < 100);
CREATE DOMAIN short AS varchar(5);
CREATE TABLE "Some t" ("A b" integer, j json, ts timestamptz, tz timetz, n bigint, i integer, bio text, m mood, p percent, s short, texts text[]);
`
	for _, test := range []struct{ change, want string }{
		{`j TYPE jsonb`, "lossy-type-change cast-may-fail"},
		{`ts TYPE time`, "lossy-type-change"},
		{`tz TYPE time`, "lossy-type-change"},
		{`n TYPE double precision`, "lossy-type-change"},
		{`i TYPE real`, "lossy-type-change"},
		{`bio TYPE numeric(6,2) USING bio::numeric(6,2)`, "lossy-type-change cast-may-fail"},
		{`bio TYPE text USING NULL`, "lossy-type-change"},
		{`"A b" TYPE varchar(2) USING "A b"::varchar(2)`, "lossy-type-change"},
		{`"A b" TYPE varchar(2)`, "narrowing-type-change"},
		{`"A b" TYPE percent`, "narrowing-type-change"},
		{`p TYPE bigint`, ""},
		{`m TYPE text`, ""},
		{`bio TYPE mood USING bio::mood`, "cast-may-fail"},
		{`n TYPE numeric`, ""},
		{`m TYPE tone USING m::text::tone`, "recreate-enum-type"},
		{`m TYPE tone USING 'glad'`, "recreate-enum-type lossy-type-change"},
		{`texts TYPE mood[] USING texts::mood[]`, "cast-may-fail"},
		{`s TYPE varchar(3)`, "lossy-type-change narrowing-type-change"},
		{`s TYPE varchar(5)`, ""},
		{`DO $$ BEGIN ALTER TABLE "Some t" ALTER i TYPE varchar(2) USING i::varchar(2); END $$`, "lossy-type-change narrowing-type-change"},
		{`DO $$ BEGIN ALTER TABLE "Some t" ALTER i TYPE bigint; END $$`, ""},
	} {
		stmt := test.change
		if !strings.HasPrefix(stmt, "DO ") {
			stmt = `ALTER TABLE "Some t" ALTER ` + stmt
		}
		change := "-- atlas:nolint type-change-rewrite type-change-loses-statistics type-change-recheck\n" + stmt + ";\n"
		var got []string
		for _, f := range mustRun(t, folder(t, map[string]string{first: before, second: change}), lint.Config{Latest: 1}).Files {
			for _, d := range f.Diagnostics {
				if d.Name != "unused-nolint" {
					got = append(got, d.Name)
				}
			}
		}
		if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", test.change, diff)
		}
	}
}
