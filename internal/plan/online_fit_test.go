package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// TestMisfits asks PostgreSQL which values stop a change of their type: those must be the
// ones that the condition finds.
func TestMisfits(t *testing.T) {
	conn := pgtest.New(t).Conn()
	exec := func(t *testing.T, sql string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	var version int
	if err := conn.QueryRow(t.Context(), "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		t.Fatal(err)
	}
	exec(t, `CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN percent AS int CHECK (VALUE < 100)`)
	for _, test := range []struct {
		from, to, using string
		values          string // with commas between
		bad             int    // how many of them, the last ones, do not fit
		never           bool   // no value is said not to fit
		unsaid          bool   // nothing short finds them
	}{
		{from: "text", to: "character varying(3)", values: "abc,abc  ,,abcd", bad: 1},
		{from: "character varying(10)", to: "character varying(3)", values: "a,abcd", bad: 1},
		{from: "character varying(3)", to: "character varying(10)", values: "abc", never: true},
		{from: "character varying(3)", to: "text", values: "abc", never: true},
		{from: "integer", to: "character varying(4)", values: "-123,-1234", bad: 1},
		{from: "smallint", to: "character varying(6)", values: "-32768", never: true},
		{from: "uuid", to: "character(36)", values: "00000000-0000-0000-0000-000000000000", never: true},
		{from: "bigint", to: "integer", values: "2147483647,-2147483648,2147483648,-2147483649", bad: 2},
		{from: "integer", to: "smallint", values: "32767,32768", bad: 1},
		{from: "integer", to: "bigint", values: "2147483647", never: true},
		{from: "numeric", to: "integer", values: "2147483647.4,-2147483648.4,2147483647.5,NaN", bad: 2},
		{from: "numeric(9,0)", to: "integer", values: "999999999", never: true},
		{from: "numeric(10,0)", to: "integer", values: "1,9999999999", bad: 1},
		{from: "double precision", to: "smallint", values: "1.5,40000", bad: 1},
		{from: "text", to: "integer", using: "::integer", values: " 7 ,-7,+7,7.5,seven,,99999999999", bad: 4},
		{from: "numeric(10,2)", to: "numeric(12,4)", values: "99999999.99", never: true},
		{from: "numeric(10,2)", to: "numeric(9,1)", values: "99999999.94,99999999.95", bad: 1},
		{from: "numeric", to: "numeric(4,2)", values: "99.994,99.995,-100", bad: 2},
		{from: "integer", to: "numeric(4,2)", values: "99,100", bad: 1},
		{from: "integer", to: "numeric(12,2)", values: "2147483647", never: true},
		{from: "integer", to: "numeric", values: "2147483647", never: true},
		{from: "text", to: "numeric", using: "::numeric", values: "7.5,seven", bad: 1},
		{from: "text", to: "uuid", using: "::uuid", values: "00000000-0000-0000-0000-000000000000,7", bad: 1},
		{from: "text", to: "public.mood", using: "::mood", values: "sad,glad", bad: 1},
		{from: "json", to: "jsonb", values: `{},"\u0000"`, bad: 1},
		{from: "jsonb", to: "json", values: `{}`, never: true},
		{from: "integer", to: "public.percent", values: "7,100", bad: 1, unsaid: true},
		{from: "bigint", to: "bit(4)", using: "::bit(4)", values: "1,255", never: true},
		{from: "text", to: "bit(3)", using: "::bit(3)", values: "101,10101,12", bad: 1},
		{from: "text", to: "name", values: strings.Repeat("x", 70), never: true},
		{from: "bit varying(8)", to: "bit(2)", values: "11,111", bad: 1, unsaid: true},
		{from: "character varying(9)[]", to: "character varying(2)[]", values: "{ab},{abc}", bad: 1, unsaid: true},
		{from: "integer[]", to: "bigint[]", values: "{1}", never: true},
		{from: "timestamp with time zone", to: "date", values: "2026-01-01", never: true},
	} {
		t.Run(test.from+" to "+test.to, func(t *testing.T) {
			may, where := misfits("c", test.from, test.to)
			if may == test.never || may && (where == "") != test.unsaid {
				t.Fatalf("may not fit: %v, by %q", may, where)
			}
			values := strings.Split(test.values, ",")
			for i, v := range values {
				bad := i >= len(values)-test.bad
				exec(t, "DROP TABLE IF EXISTS t")
				exec(t, fmt.Sprintf("CREATE TABLE t (c %s); INSERT INTO t VALUES (%s), (NULL)", test.from, pgsql.Literal(v)))
				if where != "" && may && (version >= 160000 || !strings.Contains(where, "pg_input_is_valid")) {
					var found int
					if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM t WHERE "+where).Scan(&found); err != nil {
						t.Fatal(err)
					}
					if (found == 1) != bad {
						t.Errorf("%q: found %d rows by %s", v, found, where)
					}
				}
				using := ""
				if test.using != "" {
					using = " USING c" + test.using
				}
				if _, err := conn.Exec(t.Context(), "ALTER TABLE t ALTER c TYPE "+test.to+using); (err != nil) != bad {
					t.Errorf("%q: PostgreSQL says %v", v, err)
				}
			}
		})
	}
}

// TestLoses asks PostgreSQL which values are others after a change of their type and back.
func TestLoses(t *testing.T) {
	conn := pgtest.New(t).Conn()
	if _, err := conn.Exec(t.Context(), "SET timezone = 'UTC'"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ from, to, value, want string }{
		{"numeric", "integer", "1.5", "the fractions"},
		{"numeric(10,2)", "bigint", "1.5", "the fractions"},
		{"numeric(10,0)", "bigint", "15", ""},
		{"double precision", "smallint", "1.25", "the fractions"},
		{"jsonb", "integer", "1.5", "the fractions"},
		{"integer", "bigint", "15", ""},
		{"numeric", "numeric(10,2)", "1.555", "digits behind the point"},
		{"numeric(10,3)", "numeric(10,2)", "1.555", "digits behind the point"},
		{"numeric(10,2)", "numeric(12,2)", "1.55", ""},
		{"double precision", "numeric(10,1)", "1.55", "digits behind the point"},
		{"double precision", "real", "1.23456789012", "the last digits"},
		{"integer", "real", "123456789", "the last digits"},
		{"bigint", "double precision", "1234567890123456789", "the last digits"},
		{"integer", "double precision", "123456789", ""},
		{"real", "double precision", "1.5", ""},
		{"json", "jsonb", `{"b": 1, "a": 2, "b": 3}`, "the order of keys, and all but the last of those that are there twice"},
		{"timestamp with time zone", "date", "2024-05-06 07:08:09+00", "the time of day"},
		{"timestamp without time zone", "date", "2024-05-06 07:08:09", "the time of day"},
		{"timestamp without time zone", "time without time zone", "2024-05-06 07:08:09", "the date"},
		{"date", "timestamp without time zone", "2024-05-06", ""},
		{"timestamp with time zone", "timestamp(0) with time zone", "2024-05-06 07:08:09.5+00", "fractions of the seconds"},
		{"timestamp(3) with time zone", "timestamp(6) with time zone", "2024-05-06 07:08:09.5+00", ""},
		{"time without time zone", "time(0) without time zone", "07:08:09.5", "fractions of the seconds"},
		{"time with time zone", "time without time zone", "07:08:09+02", "the time zone"},
		{"interval", "interval day", "3 days 04:05:06", "the smaller units"},
		{"interval day to hour", "interval", "3 days 04:00:00", ""},
		{"interval", "interval(0)", "04:05:06.5", "fractions of the seconds"},
		{"interval", "interval second(2)", "04:05:06.555", "fractions of the seconds"},
		{"interval", "interval day to second", "3 days 04:05:06", ""},
		{"numeric[]", "integer[]", "{1.5}", "the fractions"},
	} {
		if got := loses(test.from, test.to); got != test.want {
			t.Errorf("%s to %s loses %q, want %q", test.from, test.to, got, test.want)
		}
		var had, has string
		for _, sql := range []string{"DROP TABLE IF EXISTS t", "CREATE TABLE t (c " + test.from + ")", "INSERT INTO t VALUES (" + pgsql.Literal(test.value) + ")"} {
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		read := func(into *string) {
			if err := conn.QueryRow(t.Context(), "SELECT c::text FROM t", pgx.QueryExecModeSimpleProtocol).Scan(into); err != nil {
				t.Fatal(err)
			}
		}
		read(&had)
		for _, typ := range []string{test.to, test.from} {
			using := "c::" + typ
			if test.to == "time without time zone" && strings.HasPrefix(typ, "timestamp") {
				using = "'2000-01-01'::date + c" // there is no cast
			}
			if _, err := conn.Exec(t.Context(), "ALTER TABLE t ALTER c TYPE "+typ+" USING "+using); err != nil {
				if typ == test.from {
					break // no way back: what is there now is told apart as it is
				}
				t.Fatal(err)
			}
		}
		read(&has)
		if lost := had != has; lost != (test.want != "") {
			t.Errorf("%s to %s and back: %s becomes %s", test.from, test.to, had, has)
		}
	}
}

// TestCuts asks PostgreSQL of which values a change of their type leaves a part only.
func TestCuts(t *testing.T) {
	conn := pgtest.New(t).Conn()
	for _, test := range []struct {
		from, to, using, value string
		want                   bool
	}{
		{"text", "name", "", strings.Repeat("x", 70), true},
		{"text", "bit(3)", "::bit(3)", "10101", true},
		{"text", "bit varying(3)", "::bit varying(3)", "10101", true},
		{"text", "bit varying", "::bit varying", "10101", false},
		{"text", "character varying(70)", "", strings.Repeat("x", 70), false},
		{"bit(5)", "bit varying(5)", "", "10101", false},
	} {
		if got := cuts(test.from, test.to); got != test.want {
			t.Errorf("%s to %s cuts: %v", test.from, test.to, got)
		}
		_, err := conn.Exec(t.Context(), fmt.Sprintf("DROP TABLE IF EXISTS t; CREATE TABLE t (c %s); INSERT INTO t VALUES (%s); ALTER TABLE t ALTER c TYPE %s USING c%s",
			test.from, pgsql.Literal(test.value), test.to, test.using))
		if err != nil {
			t.Fatal(err)
		}
		var have string
		if err := conn.QueryRow(t.Context(), "SELECT c::text FROM t", pgx.QueryExecModeSimpleProtocol).Scan(&have); err != nil {
			t.Fatal(err)
		}
		if cut := have != test.value; cut != test.want {
			t.Errorf("%s to %s: %s becomes %s", test.from, test.to, test.value, have)
		}
	}
}
