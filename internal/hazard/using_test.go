package hazard_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// TestUsing says what expressions do to values, and lets PostgreSQL show it: the change is made, and the queries find the rows.
func TestUsing(t *testing.T) {
	const (
		total     = "lossy loses without an error what USING leaves out of bio"
		fails     = "fails if a value of bio does not fit into "
		blanks    = "lossy loses without an error blanks at the end of bio"
		shortened = "lossy loses without an error what is longer than 2 characters of bio"
	)
	db := pgtest.New(t)
	db.Exec("SET timezone = 'UTC'; CREATE TYPE public.mood AS ENUM ('sad', 'glad'); CREATE TYPE public.tone AS ENUM ('sad')")
	for _, test := range []struct {
		from, to, using string
		values          string // with bars between
		want            []string
		stop, change    string // the values that are found, with bars between
	}{
		{"text", "text", "NULL", "a|b", []string{total}, "", "a|b"},
		{"text", "text", "lower(bio)", "a|B", []string{total}, "", "B"},
		{"integer", "bigint", "0", "0|7", []string{total}, "", "7"},
		{"text", "character varying(3)", "left(bio, 3)", "abc|abcd", []string{total}, "", "abcd"},
		{"text", "character varying(2)", "lower(bio)", "ab|ABC", []string{total, "narrow " + fails + "character varying(2)"}, "ABC", ""},
		{"text", "integer", "CASE WHEN bio = '' THEN 0 ELSE t.bio::integer END", "7|x|", []string{total, "cast " + fails + "integer"}, "x", ""},
		{"text", "integer", "public.t.bio::integer + 1", "7|2147483647", []string{total, "cast " + fails + "integer"}, "2147483647", "7"},
		{"integer", "character varying(2)", "", "12|12345", []string{"narrow " + fails + "character varying(2)"}, "12345", ""},
		{"integer", "character varying(2)", "bio::varchar(2)", "12|12345", []string{shortened}, "", "12345"},
		{"integer", "character varying(2)", "CAST((bio) AS pg_catalog.varchar (2))", "12|12345", []string{shortened}, "", "12345"},
		{"text", "character varying(5)", "", "abc|abcdef|abcd   ", []string{blanks, "narrow " + fails + "character varying(5)"}, "abcdef", "abcd   "},
		{"bytea", `character(1)`, "", `\x|\x61`, []string{"narrow " + fails + "character(1)"}, `\x|\x61`, ""},
		{"bit varying(8)", "bit varying(4)", "", "101|10101", []string{"narrow " + fails + "bit varying(4)"}, "10101", ""},
		{"json", "jsonb", "", `{"a": 1}|{"b": 1, "a": 2}`, []string{"lossy loses without an error the order of keys, and all but the last of those that are there twice of bio",
			"cast " + fails + "jsonb"}, "", `{"b": 1, "a": 2}`},
		{"timestamp with time zone", "time without time zone", "", "2026-01-01 10:00:00+00", []string{"lossy loses without an error the date of bio"}, "", "2026-01-01 10:00:00+00"},
		{"time without time zone", "timestamp with time zone", "bio::text::timestamp with time zone", "10:00:00", []string{
			"lossy takes as UTC the local times, of bio", "cast " + fails + "timestamp with time zone"}, "10:00:00", "10:00:00"},
		{"time with time zone", "time without time zone", "", "10:00:00+02|10:00:00+00", []string{"lossy loses without an error the time zone of bio"}, "", "10:00:00+02"},
		{"bigint", "double precision", "", "1|1234567890123456789", []string{"lossy loses without an error the last digits of bio"}, "", "1234567890123456789"},
		{"integer", "real", "", "1|123456789", []string{"lossy loses without an error the last digits of bio"}, "", "123456789"},
		{"text", "numeric(6,2)", "bio::decimal(6,2)", "1.25|1.239|7|x", []string{"lossy loses without an error digits behind the point of bio", "cast " + fails + "numeric(6,2)"}, "x", "1.239"},
		{"text", "date", "bio::date", "2026-01-01|2026-01-01 10:00|x", []string{"lossy loses without an error the time of day of bio", "cast " + fails + "date"}, "x", "2026-01-01 10:00"},
		{"text", "timestamp(0) without time zone", "bio::timestamp(0)", "2026-01-01 10:00|2026-01-01 10:00:00.5", []string{
			"lossy loses without an error the time zone of bio", "cast " + fails + "timestamp(0) without time zone"}, "", "2026-01-01 10:00:00.5"},
		{"text", "time without time zone", "bio::time", "10:00|2026-01-01 10:00", []string{"lossy loses without an error the date of bio", "cast " + fails + "time without time zone"}, "", "2026-01-01 10:00"},
		{"text", "jsonb", "bio::jsonb", `{"a":1}|{"a":1,"a":2}|x`, []string{"lossy loses without an error the order of keys, and all but the last of those that are there twice of bio",
			"cast " + fails + "jsonb"}, "x", `{"a":1,"a":2}`},
		{"timestamp without time zone", "timestamp with time zone", "", "2026-01-01 10:00:00", []string{"lossy takes as UTC the local times, of bio"}, "", "2026-01-01 10:00:00"},
		{"timestamp with time zone", "timestamp without time zone", "", "2026-01-01 10:00:00+00", []string{"lossy takes as UTC the times, without their zone, of bio"}, "", "2026-01-01 10:00:00+00"},
		{"public.mood", "public.tone", "bio::text::public.tone", "sad|glad", []string{"cast " + fails + "public.tone"}, "glad", ""},
		{"text", "jsonb", "to_jsonb(bio)", "x", nil, "", ""},
		{"integer", "jsonb", "jsonb_build_object('n', bio)", "1", nil, "", ""},
		{"text", "text[]", "ARRAY[bio]", "x", nil, "", ""},
		{"integer", "bigint", "(bio)::int8", "1", nil, "", ""},
	} {
		t.Run(fmt.Sprintf("%s to %s %s", test.from, test.to, test.using), func(t *testing.T) {
			typ := func(name string) hazard.Type {
				return hazard.Type{Name: name, Labels: map[string][]string{"public.mood": {"sad", "glad"}, "public.tone": {"sad"}}[name]}
			}
			c := hazard.TypeChange{Relation: pgsql.Name{Schema: "public", Name: "t"}, Table: "public.t", Column: "bio", From: typ(test.from), To: typ(test.to), Using: test.using}
			var got []string
			for _, h := range c.Values() {
				got = append(got, string(h.Kind)+" "+h.What)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			db.Exec(fmt.Sprintf("DROP TABLE IF EXISTS public.t; CREATE TABLE public.t (bio %s, n serial)", test.from))
			for v := range strings.SplitSeq(test.values, "|") {
				db.Exec("INSERT INTO public.t VALUES (" + pgsql.Literal(v) + ")")
			}
			var stop, change []int
			for _, h := range c.Values() {
				if h.Kind == hazard.Lossy {
					change = append(change, rows(t, db.Conn(), "", h)...)
				} else {
					stop = append(stop, rows(t, db.Conn(), "", h)...)
				}
			}
			values := strings.Split(test.values, "|")
			text := func(rows []int) string {
				var list []string
				for _, n := range rows {
					list = append(list, values[n-1])
				}
				slices.Sort(list)
				return strings.Join(list, "|")
			}
			if text(stop) != test.stop || text(change) != test.change {
				t.Errorf("stops at %q, alters %q", text(stop), text(change))
			}
			// PostgreSQL agrees.
			alter := "ALTER TABLE public.t ALTER bio TYPE " + test.to
			if test.using != "" {
				alter += " USING " + test.using
			}
			if _, err := db.Conn().Exec(t.Context(), alter); (err != nil) != (test.stop != "") {
				t.Errorf("%s: %v", alter, err)
			}
		})
	}
}
