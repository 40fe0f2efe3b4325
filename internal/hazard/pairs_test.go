package hazard_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// A sample is a type with values that may not fit in other types.
type sample struct {
	typ    hazard.Type
	values []string
}

// common are the types that are paired.
var common = []sample{
	{hazard.Type{Name: "integer"}, []string{"0", "1", "7", "-2147483648", "2147483647", "16777217"}},
	{hazard.Type{Name: "bigint"}, []string{"1", "-9223372036854775808", "9223372036854775807", "1234567890123456789", "3000000000"}},
	{hazard.Type{Name: "numeric"}, []string{"1", "1.5", "1.239", "99.995", "-100", "123456.789", "2147483647.5", "1234567890123456789.25", "1e400", "1e-400", "NaN"}},
	{hazard.Type{Name: "numeric(6,2)"}, []string{"1", "1.25", "9999.99", "-9999.99", "0.01", "99.95"}},
	{hazard.Type{Name: "numeric(30,10)"}, []string{"1", "1.0000000001", "12345678901234567890.0123456789"}},
	{hazard.Type{Name: "real"}, []string{"1", "1.5", "1.1", "3e38", "1e-30", "16777216", "123456.7"}},
	{hazard.Type{Name: "double precision"}, []string{"1", "1.5", "1.1", "1e300", "1e-300", "0.1234567890123456", "9007199254740993", "9223372036854775807", "2147483647.5", "123456789"}},
	{hazard.Type{Name: "boolean"}, []string{"true", "false"}},
	{hazard.Type{Name: "text"}, texts},
	{hazard.Type{Name: "character varying(5)"}, short(5)},
	{hazard.Type{Name: "character(5)"}, short(5)},
	{hazard.Type{Name: `"char"`}, []string{"a", "1"}},
	{hazard.Type{Name: "date"}, []string{"2026-01-31", "1999-12-31", "infinity"}},
	{hazard.Type{Name: "timestamp without time zone"}, []string{"2026-01-31 00:00:00", "2026-01-31 10:11:12.345678", "infinity"}},
	{hazard.Type{Name: "timestamp with time zone"}, []string{"2026-01-31 00:00:00+00", "2026-01-31 10:11:12.345678+02"}},
	{hazard.Type{Name: "time without time zone"}, []string{"00:00:00", "10:11:12.345678"}},
	{hazard.Type{Name: "time with time zone"}, []string{"00:00:00+00", "10:11:12.345678+02"}},
	{hazard.Type{Name: "interval"}, []string{"01:02:03.456789", "3 days 04:05:06", "1 year 2 mons", "25:00:00"}},
	{hazard.Type{Name: "json"}, []string{`{"b": 1, "a": 2, "b": 3}`, `{"a": 1}`, "1", "1.5", "true", `"x"`, `"\u0000"`, "null"}},
	{hazard.Type{Name: "jsonb"}, []string{`{"a": 1, "b": 2}`, "1", "1.5", "1.239", "99999999999", "true", `"x"`, "null", "1e400"}},
	{hazard.Type{Name: "uuid"}, []string{"00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}},
	{hazard.Type{Name: "inet"}, []string{"10.0.0.1", "10.0.0.1/24", "10.0.0.0/24", "::1"}},
	{hazard.Type{Name: "bit(4)"}, []string{"1010", "0000"}},
	{hazard.Type{Name: "bit varying"}, []string{"1", "10101", "10101010", ""}},
	{hazard.Type{Name: "public.mood", Labels: []string{"sad", "glad", "so {}"}}, []string{"sad", "glad", "so {}"}},
	{hazard.Type{Name: "public.percent", Base: "integer", Checked: true}, []string{"1", "99"}},
	{hazard.Type{Name: "public.plain", Base: "character varying(5)"}, short(5)},
	{hazard.Type{Name: "integer[]"}, []string{"{1,2}", "{}", "{2147483647}"}},
	{hazard.Type{Name: "numeric[]"}, []string{"{1.5}", "{}", "{1,1e10}"}},
}

// texts are values that other types can parse, or can parse in part.
var texts = []string{
	"", "abc", "abc  ", "so {}", strings.Repeat("ä", 40), "7", "99999999999", "1.239", "0.12345678901234567", "true", "2026-01-31",
	"2026-01-31 10:11:12.345678", "2026-01-31 10:11:12+02", "10:11:12.345678", "3 days 04:05:06.5", `{"b": 1, "a": 2, "b": 3}`, `"\u0000"`,
	"00000000-0000-0000-0000-000000000000", "10.0.0.1", "10101", "1010", "sad", "{1,2}", "{1.5}",
}

func short(n int) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return len([]rune(s)) > n })
}

// observed is what PostgreSQL did to a value.
type observed struct{ fails, alters bool }

const types = `
CREATE EXTENSION citext SCHEMA public;
CREATE TYPE public.mood AS ENUM ('sad', 'glad', 'so {}');
CREATE DOMAIN public.percent AS integer CHECK (VALUE < 100);
CREATE DOMAIN public.plain AS character varying(5);
CREATE FUNCTION public.same(a text, b text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE typ text; same boolean;
BEGIN
  IF a IS NULL OR b IS NULL THEN RETURN coalesce(a, 'null') = coalesce(b, 'null'); END IF; -- PostgreSQL 18 converts the null of jsonb to NULL
  IF a IS NOT DISTINCT FROM b OR regexp_replace(a, '\s', '', 'g') = regexp_replace(b, '\s', '', 'g') AND a ~ '^([[({"]|true|null)' THEN RETURN true; END IF;
  FOREACH typ IN ARRAY ARRAY['numeric', 'interval', 'timestamptz', 'inet', 'boolean'] LOOP
    BEGIN
      EXECUTE format('SELECT %L::%s = %L::%2$s', a, typ, b) INTO same;
      IF same AND (typ <> 'interval' OR a LIKE '%:%' OR a LIKE '%mon%') THEN RETURN true; END IF;
    EXCEPTION WHEN others THEN NULL;
    END;
  END LOOP;
  RETURN false;
END $$;
CREATE FUNCTION public.back(new_value anyelement, typ text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v text;
BEGIN
  BEGIN
    EXECUTE format('SELECT ($1::%s)::text', typ) INTO v USING new_value;
    RETURN v;
  EXCEPTION WHEN others THEN NULL;
  END;
  EXECUTE format('SELECT ($1::text::%s)::text', typ) INTO v USING new_value;
  RETURN v;
EXCEPTION WHEN others THEN
  RETURN NULL;
END $$;
`

// ways are the ways in which a change can convert values.
var ways = []struct {
	name  string
	using func(from, to hazard.Type) string
}{
	{"assigned", func(_, _ hazard.Type) string { return "" }},
	{"cast", func(_, to hazard.Type) string { return `"C c"::` + to.Name }},
	{"by text", func(_, to hazard.Type) string { return `CAST("C c"::text AS ` + to.Name + ")" }},
}

// TestPairs changes columns of each common type to each other type, with values that fit and values that don't, and
// compares what happens to each value with the hazards. It also runs their queries.
func TestPairs(t *testing.T) {
	db := pgtest.New(t)
	conn := db.Conn()
	db.Exec(types)
	exec := func(sql string) error { _, err := conn.Exec(t.Context(), sql); return err }
	if err := exec("SET timezone = 'UTC'"); err != nil {
		t.Fatal(err)
	}
	pairs, values, alarms := 0, 0, map[string]int{}
	for _, from := range common {
		if err := exec(fmt.Sprintf(`CREATE TABLE public.src ("C c" %s, n serial)`, from.typ.Name)); err != nil {
			t.Fatal(err)
		}
		for _, v := range from.values {
			if err := exec(fmt.Sprintf(`INSERT INTO public.src VALUES (%s)`, pgsql.Literal(v))); err != nil {
				t.Fatalf("%s %q: %v", from.typ.Name, v, err)
			}
		}
		for _, to := range common {
			castable := false
			for _, way := range ways {
				if castable && way.name == "by text" {
					continue // the planner uses it only if there is no cast
				}
				using := way.using(from.typ, to.typ)
				name := fmt.Sprintf("%s to %s, %s", from.typ.Name, to.typ.Name, way.name)
				seen, possible := observe(t, conn, name, from, to.typ, using)
				if !possible {
					continue
				}
				castable = castable || way.name == "cast"
				pairs++
				values += len(seen)
				c := hazard.TypeChange{Table: "public.src", Named: "src", Column: "C c", From: from.typ, To: to.typ, Using: using}
				alarms[compare(t, conn, name, from, seen, c.Values())]++
			}
		}
		if err := exec("DROP TABLE public.src"); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d changes of %d values: %v", pairs, values, alarms)
	if pairs < 500 || alarms["false alarm"]*20 > pairs {
		t.Errorf("%d changes, %v", pairs, alarms)
	}
}

// observe changes a column's type. It finds the values that fail by assigning each, and confirms that with the change
// itself, which succeeds with all others and fails with the first and the last of those. possible is false if
// PostgreSQL has no such change.
func observe(t *testing.T, conn *pgx.Conn, name string, from sample, to hazard.Type, using string) (seen []observed, possible bool) {
	t.Helper()
	change := `ALTER TABLE pg_temp.one ALTER "C c" TYPE ` + to.Name
	value := `"C c"`
	if using != "" {
		change += " USING " + using
		value = using
	}
	create := func(where string) string {
		return `CREATE TEMPORARY TABLE one ON COMMIT DROP AS SELECT *, "C c"::text AS was FROM public.src WHERE ` + where
	}
	try := func(read string, stmts ...string) (list []int, err error) {
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { err = errors.Join(err, tx.Rollback(t.Context())) }()
		if _, err := tx.Exec(t.Context(), strings.Join(stmts, ";")); err != nil || read == "" {
			return nil, err
		}
		rows, _ := tx.Query(t.Context(), read, pgx.QueryExecModeSimpleProtocol)
		return pgx.CollectRows(rows, pgx.RowTo[int])
	}
	if _, err := try("", create("false"), change); err != nil {
		return nil, false
	}
	failing, err := try("SELECT n FROM public.src WHERE pg_temp.stops(src.*)", fmt.Sprintf(`CREATE FUNCTION pg_temp.stops(public.src) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE new_value %s; BEGIN new_value := (SELECT %s FROM (SELECT ($1).*) src); RETURN false; EXCEPTION WHEN others THEN RETURN true; END $$`, to.Name, value))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	ok := "true"
	for i, n := range failing {
		ok += fmt.Sprintf(" AND n <> %d", n)
		if i == 0 || i == len(failing)-1 {
			if _, err := try("", create(fmt.Sprintf("n = %d", n)), change); err == nil {
				t.Errorf("%s: the change doesn't fail with %q", name, from.values[n-1])
			}
		}
	}
	back := from.typ.Name
	if strings.HasPrefix(back, "character varying") || back == "name" || back == "public.plain" {
		back = "text" // a cast would truncate it
	}
	if strings.HasPrefix(back, "character(") {
		back = "bpchar"
	}
	altered, err := try(`SELECT n FROM pg_temp.one WHERE NOT public.same(public.back("C c", `+pgsql.Literal(back)+"), was)", create(ok), change)
	if err != nil {
		t.Errorf("%s: fails with a value that can be assigned: %v", name, err)
	}
	for n := range from.values {
		seen = append(seen, observed{slices.Contains(failing, n+1), slices.Contains(altered, n+1)})
	}
	return seen, true
}

// compare compares hazards with what was observed.
func compare(t *testing.T, conn *pgx.Conn, name string, from sample, seen []observed, hazards []hazard.Hazard) string {
	t.Helper()
	is := func(kinds ...hazard.Kind) (h hazard.Hazard, ok bool) {
		i := slices.IndexFunc(hazards, func(h hazard.Hazard) bool { return slices.Contains(kinds, h.Kind) })
		if i < 0 {
			return h, false
		}
		return hazards[i], true
	}
	fails, mayFail := is(hazard.Narrow, hazard.Cast)
	lossy, mayAlter := is(hazard.Lossy)
	var failing, altering []int
	if mayFail {
		failing = rows(t, conn, name, fails)
	}
	if mayAlter {
		altering = rows(t, conn, name, lossy)
	}
	failed, altered := false, false
	for i, o := range seen {
		failed, altered = failed || o.fails, altered || o.alters
		switch {
		case o.fails && !mayFail:
			t.Errorf("%s: %q fails without a hazard", name, from.values[i])
		case o.fails != slices.Contains(failing, i+1) && (o.fails || from.values[i] != "NaN"):
			t.Errorf("%s: %q fails: %v, but not in %s", name, from.values[i], o.fails, fails.Query)
		case o.alters && !mayAlter:
			t.Errorf("%s: %q changes without a hazard", name, from.values[i])
		case o.alters && !slices.Contains(altering, i+1):
			t.Errorf("%s: %q changes, but isn't found by %s", name, from.values[i], lossy.Query)
		}
	}
	if mayFail && !failed || mayAlter && !altered && !strings.Contains(lossy.What, "UTC") {
		t.Logf("not observed: %s: fails %v %v, alters %v %v", name, mayFail, failed, mayAlter, altered)
		if strings.HasSuffix(name, "by text") {
			return "false alarm by text" // without a cast, hazards are conservative
		}
		return "false alarm"
	}
	if len(hazards) == 0 {
		return "safe"
	}
	return "harmful"
}

// rows runs a hazard's query and returns the numbers of the rows.
func rows(t *testing.T, conn *pgx.Conn, name string, h hazard.Hazard) (list []int) {
	t.Helper()
	if strings.Contains(h.Query.String(), "pg_input") {
		t.Errorf("%s: %s needs PostgreSQL 16", name, h.Query)
	}
	results, err := conn.PgConn().Exec(t.Context(), h.Query.String()).ReadAll()
	if err != nil {
		var pg *pgconn.PgError
		errors.As(err, &pg)
		t.Errorf("%s: %v by %s", name, err, h.Query)
		return nil
	}
	for _, row := range results[len(results)-1].Rows {
		var n int
		if _, err := fmt.Sscan(string(row[1]), &n); err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}
