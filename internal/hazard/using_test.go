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

// TestUsing lists what expressions do to values, and confirms it with PostgreSQL: it makes the change, and the queries
// find the rows.
func TestUsing(t *testing.T) {
	const (
		total      = "lossy silently loses what USING omits of bio"
		fails      = "fails if a value of bio doesn't fit in "
		blanks     = "lossy silently loses trailing blanks of bio"
		localTimes = "lossy interprets the local times in bio as UTC, unless the file sets a different time zone"
		stops      = "fails if USING fails for a value of bio"
		shortened  = "lossy silently loses all but the first 2 characters of bio"
	)
	db := pgtest.New(t)
	conn := db.Conn()
	db.Exec("SET timezone = 'UTC'; CREATE TYPE public.mood AS ENUM ('sad', 'glad'); CREATE TYPE public.tone AS ENUM ('sad'); CREATE DOMAIN public.filled AS integer NOT NULL")
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
		{"text", "integer", "CASE WHEN bio = '' THEN 0 ELSE t.bio::integer END", "7|x|", []string{total, "cast " + stops}, "x", ""},
		{"text", "integer", "public.t.bio::integer + 1", "7|2147483647", []string{total, "cast " + stops}, "2147483647", "7"},
		{"integer", "character varying(2)", "", "12|12345", []string{"narrow " + fails + "character varying(2)"}, "12345", ""},
		{"integer", "character varying(2)", "bio::varchar(2)", "12|12345", []string{shortened}, "", "12345"},
		{"integer", "character varying(2)", "CAST((bio) AS pg_catalog.varchar (2))", "12|12345", []string{shortened}, "", "12345"},
		{"text", "character varying(5)", "", "abc|abcdef|abcd   ", []string{blanks, "narrow " + fails + "character varying(5)"}, "abcdef", "abcd   "},
		{"bytea", `character(1)`, "", `\x|\x61`, []string{"narrow " + fails + "character(1)"}, `\x|\x61`, ""},
		{"bit varying(8)", "bit varying(4)", "", "101|10101", []string{"narrow " + fails + "bit varying(4)"}, "10101", ""},
		{"json", "jsonb", "", `{"a": 1}|{"b": 1, "a": 2}`, []string{"lossy silently loses key order and duplicate keys of bio",
			"cast " + fails + "jsonb"}, "", `{"b": 1, "a": 2}`},
		{"timestamp with time zone", "time without time zone", "", "2026-01-01 10:00:00+00", []string{"lossy silently loses the date of bio"}, "", "2026-01-01 10:00:00+00"},
		{"time without time zone", "timestamp with time zone", "bio::text::timestamp with time zone", "10:00:00", []string{
			localTimes, "cast " + fails + "timestamp with time zone"}, "10:00:00", "10:00:00"},
		{"time with time zone", "time without time zone", "", "10:00:00+02|10:00:00+00", []string{"lossy silently loses the time zone of bio"}, "", "10:00:00+02"},
		{"bigint", "double precision", "", "1|1234567890123456789", []string{"lossy silently loses the last digits of bio"}, "", "1234567890123456789"},
		{"integer", "real", "", "1|123456789", []string{"lossy silently loses the last digits of bio"}, "", "123456789"},
		{"text", "numeric(6,2)", "bio::decimal(6,2)", "1.25|1.239|7|x", []string{"lossy silently loses digits after the decimal point of bio", "cast " + fails + "numeric(6,2)"}, "x", "1.239"},
		{"text", "date", "bio::date", "2026-01-01|2026-01-01 10:00|x", []string{"lossy silently loses the time of day of bio", "cast " + fails + "date"}, "x", "2026-01-01 10:00"},
		{"text", "timestamp(0) without time zone", "bio::timestamp(0)", "2026-01-01 10:00|2026-01-01 10:00:00.5", []string{
			"lossy silently loses the time zone and fractional seconds of bio", "cast " + fails + "timestamp(0) without time zone"}, "", "2026-01-01 10:00:00.5"},
		{"text", "time without time zone", "bio::time", "10:00|2026-01-01 10:00", []string{"lossy silently loses the date of bio", "cast " + fails + "time without time zone"}, "", "2026-01-01 10:00"},
		{"text", "jsonb", "bio::jsonb", `{"a":1}|{"a":1,"a":2}|x`, []string{"lossy silently loses key order and duplicate keys of bio",
			"cast " + fails + "jsonb"}, "x", `{"a":1,"a":2}`},
		{"timestamp without time zone", "timestamp with time zone", "", "2026-01-01 10:00:00", []string{localTimes}, "", "2026-01-01 10:00:00"},
		{"timestamp with time zone", "timestamp without time zone", "", "2026-01-01 10:00:00+00", []string{"lossy converts the times in bio to local times in UTC, unless the file sets a different time zone"}, "", "2026-01-01 10:00:00+00"},
		{"public.mood", "public.tone", "bio::text::public.tone", "sad|glad", []string{"cast " + fails + "public.tone"}, "glad", ""},
		{"text", "jsonb", "to_jsonb(bio)", "x", nil, "", ""},
		{"integer", "jsonb", "jsonb_build_object('n', bio)", "1", nil, "", ""},
		{"text", "text[]", "ARRAY[bio]", "x", nil, "", ""},
		{"integer", "bigint", "(bio)::int8", "1", nil, "", ""},
		{"text", "text", `t.bio COLLATE "C"`, "x", nil, "", ""},
		{"integer", "public.filled", "", "1|NULL", []string{"narrow " + fails + "public.filled"}, "NULL", ""},
		{"public.filled", "smallint", "nullif(t.bio, 1)", "1|7", []string{total, "narrow " + fails + "smallint"}, "", "1"},
		{"oid", "bigint", "", "4294967295", nil, "", ""},
		{"text", "interval", "bio::interval", "1 day", []string{"cast " + fails + "interval"}, "", ""},
		{"timestamp without time zone", "time(0) without time zone", "", "2026-01-01 10:00:00.5", []string{"lossy silently loses the date and fractional seconds of bio"}, "", "2026-01-01 10:00:00.5"},
		{"numeric(5,2)", "character varying(7)", "", "-999.99|NaN", nil, "", ""},
		{"numeric(5,2)", "character varying(6)", "", "-999.99|NaN", []string{"narrow " + fails + "character varying(6)"}, "-999.99", ""},
		{"numeric(1,0)", "character varying(2)", "", "-9|NaN", []string{"narrow " + fails + "character varying(2)"}, "NaN", ""},
		{"bigint", "text", "bio::int::text", "7|3000000000", []string{"narrow " + fails + "integer"}, "3000000000", ""},
		{"bigint", "smallint", "coalesce(bio, 0)", "7|32768", []string{total, "narrow " + fails + "smallint"}, "32768", ""},
		{"text", "numeric(2,1)", "length(bio)", "x|0123456789", []string{total, "narrow " + fails + "numeric(2,1)"}, "0123456789", "x"},
		{"text", "character varying(2)[]", "ARRAY[bio]", "ab|abc", []string{"narrow " + fails + "character varying(2)[]"}, "abc", ""},
		{"json", "jsonb", `coalesce(bio, '{}')`, `{}|"\u0000"`, []string{total, "narrow " + fails + "jsonb"}, `"\u0000"`, ""},
		{"timestamp without time zone", "timestamp with time zone", "bio AT TIME ZONE 'utc'", "2026-01-01 10:00:00", nil, "", ""},
		{"timestamp with time zone", "timestamp without time zone", "(t.bio) AT TIME ZONE 'UTC'", "2026-01-01 10:00:00+00", nil, "", ""},
		{"timestamp without time zone", "timestamp with time zone", "bio AT TIME ZONE 'Europe/Berlin'", "2026-03-29 02:30:00|2026-03-29 03:30:00", []string{
			"lossy silently loses times in the hour that clocks skip of bio"}, "", "2026-03-29 02:30:00"},
		{"timestamp with time zone", "timestamp without time zone", "bio AT TIME ZONE 'Europe/Berlin'", "2026-10-25 00:30:00+00|2026-10-25 01:30:00+00|2026-10-25 02:30:00+00", []string{
			"lossy silently loses times in the hour that clocks repeat of bio"}, "", "2026-10-25 00:30:00+00"},
	} {
		t.Run(fmt.Sprintf("%s to %s %s", test.from, test.to, test.using), func(t *testing.T) {
			typ := func(name string) hazard.Type {
				if name == "public.filled" {
					return hazard.Type{Name: name, Base: "integer", Checked: true}
				}
				return hazard.Type{Name: name, Labels: map[string][]string{"public.mood": {"sad", "glad"}, "public.tone": {"sad"}}[name]}
			}
			c := hazard.TypeChange{Table: "public.t", Named: "t", Column: "bio", From: typ(test.from), To: typ(test.to), Using: test.using}
			var got []string
			for _, h := range c.Values() {
				got = append(got, string(h.Kind)+" "+h.What)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			db.Exec(fmt.Sprintf("DROP TABLE IF EXISTS public.t; CREATE TABLE public.t (bio %s, n serial)", test.from))
			for v := range strings.SplitSeq(test.values, "|") {
				literal := pgsql.Literal(v)
				if v == "NULL" {
					literal = v
				}
				db.Exec("INSERT INTO public.t VALUES (" + literal + ")")
			}
			var stop, change []int
			for _, h := range c.Values() {
				if h.Kind == hazard.Lossy {
					change = append(change, rows(t, conn, "", h)...)
				} else {
					stop = append(stop, rows(t, conn, "", h)...)
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
			if _, err := conn.Exec(t.Context(), alter); (err != nil) != (test.stop != "") {
				t.Errorf("%s: %v", alter, err)
			}
		})
	}
}
