package schemahcl_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// PostgreSQL reads every word of a type that is written as SQL.
func TestSQLTypes(t *testing.T) {
	tests := []struct{ typ, more, want string }{
		{typ: `text`, want: `text not null`},
		{typ: `text COLLATE "C"`, want: `text collate "C" not null`},
		{typ: `text collate pg_catalog."POSIX"`, want: `text collate "POSIX" not null`},
		{typ: `character varying COLLATE "C"`, want: `character varying collate "C" not null`},
		{typ: `character varying(40) COLLATE "C"`, want: `character varying(40) collate "C" not null`},
		{typ: `character varying(40)[] COLLATE "C"`, want: `character varying(40)[] collate "C" not null`},
		{typ: `varchar(40) ARRAY[3]`, want: `character varying(40)[] not null`},
		{typ: `int [] [3]`, want: `integer[] not null`},
		{typ: "varchar /* of ( */\n  (40) -- characters", want: `character varying(40) not null`},
		{typ: `TIMESTAMP(3) WITH TIME ZONE`, want: `timestamp(3) with time zone not null`},
		{typ: `timestamp with time zone`, want: `timestamp with time zone not null`},
		{typ: `timestamptz(3)[]`, want: `timestamp(3) with time zone[] not null`},
		{typ: `time(0) without time zone`, want: `time(0) without time zone not null`},
		{typ: `interval day to second(2)`, want: `interval day to second(2) not null`},
		{typ: `interval(2)`, want: `interval(2) not null`},
		{typ: `bit varying(4)`, want: `bit varying(4) not null`},
		{typ: `national character varying(4)`, want: `character varying(4) not null`},
		{typ: `"char"`, want: `"char" not null`},
		{typ: `char`, want: `character(1) not null`},
		{typ: `double precision`, want: `double precision not null`},
		{typ: `pg_catalog.int4`, want: `integer not null`},
		{typ: `serial`, want: `integer not null default nextval('public.t_c21_seq'::regclass)`},
		{typ: `integer`, more: "\n    default = -5", want: `integer not null default '-5'::integer`},
		{typ: `numeric(5, 1)`, more: "\n    default = 0.5", want: `numeric(5,1) not null default 0.5`},
		{typ: `boolean`, more: "\n    default = true", want: `boolean not null default true`},
		{typ: `varchar(9) collate "C"`, more: "\n    null = true\n    default = \"it's\"", want: `character varying(9) collate "C" default 'it''s'::character varying`},
		{typ: `text COLLATE "C"`, more: "\n    as = \"'a'\"", want: `text collate "C" not null generated always as ('a'::text) stored`},
	}
	calls := []struct{ typ, want string }{
		{`timestamp(6)`, `timestamp(6) without time zone not null`},
		{`timestamptz(6)`, `timestamp(6) with time zone not null`},
		{`time(6)`, `time(6) without time zone not null`},
		{`timetz(6)`, `time(6) with time zone not null`},
		{`interval(6)`, `interval(6) not null`},
		{`second(6)`, `interval second(6) not null`},
		{`day_to_second(6)`, `interval day to second(6) not null`},
		{`hour_to_second(6)`, `interval hour to second(6) not null`},
		{`minute_to_second(6)`, `interval minute to second(6) not null`},
		{`numeric(5,-2)`, `numeric(5,-2) not null`},
		{`decimal(5,-2)`, `numeric(5,-2) not null`},
		{`true ? timestamp(6) : sql("timestamp")`, `timestamp(6) without time zone not null`},
		{`timestamp`, `timestamp without time zone not null`},
		{`interval`, `interval not null`},
		{`day_to_second`, `interval day to second not null`},
		{`timestamptz(3)`, `timestamp(3) with time zone not null`},
		{`numeric(5)`, `numeric(5,0) not null`},
		{`numeric(5,7)`, `numeric(5,7) not null`},
	}
	if pgtest.Server(t).VersionNum() < 150000 {
		calls = slices.DeleteFunc(calls, func(c struct{ typ, want string }) bool {
			return strings.Contains(c.typ, "5,-2") || strings.Contains(c.typ, "5,7") // scales of 15
		})
	}
	src := "schema \"public\" {\n}\ntable \"t\" {\n  schema = schema.public\n"
	for i, tt := range tests {
		src += fmt.Sprintf("  column \"c%d\" {\n    type = sql(%q)%s\n  }\n", i, tt.typ, tt.more)
	}
	for i, tt := range calls {
		src += fmt.Sprintf("  column \"call%d\" {\n    type = %s\n  }\n", i, tt.typ)
	}
	s, err := state.Desired(t.Context(), pgtest.Server(t), "schema.hcl", []byte(src+"}\n"), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, tt := range tests {
		if diff := cmp.Diff(tt.want, columnLine(s.Catalog, fmt.Sprintf("c%d", i))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.typ, diff)
		}
	}

	for i, tt := range calls {
		if diff := cmp.Diff(tt.want, columnLine(s.Catalog, fmt.Sprintf("call%d", i))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.typ, diff)
		}
	}

	// The inspected file produces the same columns.
	inspected, err := state.Inspect(t.Context(), s.DB.ConnConfig(), catalog.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := state.Desired(t.Context(), pgtest.Server(t), "schema.hcl", inspected, catalog.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, inspected)
	}
	defer again.Close()
	if diff := cmp.Diff(s.Catalog.Lines(), again.Catalog.Lines()); diff != "" {
		t.Errorf("inspected (-want +got):\n%s\n%s", diff, inspected)
	}
}

// columnLine returns the catalog's line of a column of table t.
func columnLine(c catalog.Catalog, name string) string {
	for _, l := range c.Lines() {
		if def, ok := strings.CutPrefix(l, "column public.t."+name+": "); ok {
			return def
		}
	}
	return ""
}

// columnHCL returns a schema file with a table t and its column c, whose type is at 6:12.
func columnHCL(typ string) []byte {
	return []byte("schema \"public\" {\n}\ntable \"t\" {\n  schema = schema.public\n  column \"c\" {\n    type = " + typ + "\n  }\n}\n")
}

func TestSQLTypesRefused(t *testing.T) {
	srv := pgtest.Server(t)
	const (
		rest    = "; write other properties of the column as attributes and blocks, such as null and default"
		written = `the type in column "c" must be written out, such as text, enum.NAME or sql("text[]"): the engine loses parts of a computed type`
	)
	not := func(text, why string) string {
		return fmt.Sprintf(`schema.hcl:6:16: sql(%q) in column "c" must be one type, optionally with COLLATE: %s%s`, text, why, rest)
	}
	for _, tt := range []struct{ typ, head, want string }{
		{typ: `sql("varchar(40) NOT NULL")`, want: not("varchar(40) NOT NULL", "unexpected NOT")},
		{typ: `sql("int DEFAULT 5")`, want: not("int DEFAULT 5", "unexpected DEFAULT")},
		{typ: `sql("text COLLATE \"C\" COLLATE \"POSIX\"")`, want: not(`text COLLATE "C" COLLATE "POSIX"`, "unexpected COLLATE")},
		{typ: `sql("int, d int")`, want: not("int, d int", "unexpected ,")},
		{typ: `sql("int); DROP TABLE u; --")`, want: not("int); DROP TABLE u; --", "unexpected )")},
		{typ: `sql("int;")`, want: not("int;", "unexpected ;")},
		{typ: `sql("numeric(5, (1))")`, want: not("numeric(5, (1))", "unexpected (")},
		{typ: `sql("numeric(5")`, want: not("numeric(5", "unclosed parenthesis")},
		{typ: `sql("text COLLATE")`, want: not("text COLLATE", "unexpected end")},
		{typ: `sql("timestamp(3) with time")`, want: not("timestamp(3) with time", "unexpected end")},
		{typ: `sql("-- nothing")`, want: not("-- nothing", "unexpected end")},
		{typ: `sql("text COLLATE \"C")`, want: not(`text COLLATE "C`, "unterminated quoted identifier")},
		{typ: `sql("text GENERATED ALWAYS AS IDENTITY")`, want: not("text GENERATED ALWAYS AS IDENTITY", "unexpected GENERATED")},
		{typ: `sql("COLLATE \"C\"")`, want: not(`COLLATE "C"`, `unexpected "C"`)},
		{typ: `local.c`, head: `sql("timestamp(3) with time zone")`, want: "schema.hcl:6:12: " + written},
		{typ: `sql(local.c)`, head: `"timestamp(3) with time zone"`, want: "schema.hcl:6:16: " + written},
		{typ: `sql("varchar(${local.c})")`, head: `3`, want: "schema.hcl:6:16: " + written},
		{typ: `local.c ? text : sql("int NULL")`, head: `true`, want: strings.Replace(not("int NULL", "unexpected NULL"), "6:16", "6:33", 1)},
		{typ: `[for x in [1]: sql("int")][0]`, want: "schema.hcl:6:12: " + written},
		{typ: `sql("text COLLATE \"nowhere\"")`, want: `schema.hcl:5:3: column c of table t: collation "nowhere" for encoding "UTF8" does not exist (SQLSTATE 42704); correct the name, or create the collation in a migration first: run new, write its SQL, and then run plan`},
		{typ: `sql("int COLLATE \"C\"")`, want: `schema.hcl:5:3: column c of table t: collations are not supported by type integer (SQLSTATE 42804); correct the schema file`},
	} {
		t.Run(tt.typ, func(t *testing.T) {
			src := columnHCL(tt.typ)
			if tt.head != "" {
				src = append(src, "locals {\n  c = "+tt.head+"\n}\n"...)
			}
			s, err := state.Desired(t.Context(), srv, "schema.hcl", src, catalog.Options{})
			if err == nil {
				s.Close()
				t.Fatalf("accepted as %s", columnLine(s.Catalog, "c"))
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSQLTypeChosen(t *testing.T) {
	src := append(columnHCL(`local.long ? sql("varchar(40) COLLATE \"C\"") : sql("text")`), "locals {\n  long = true\n}\n"...)
	s, err := state.Desired(t.Context(), pgtest.Server(t), "schema.hcl", src, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if diff := cmp.Diff(`character varying(40) collate "C" not null`, columnLine(s.Catalog, "c")); diff != "" {
		t.Errorf("column (-want +got):\n%s", diff)
	}
}
