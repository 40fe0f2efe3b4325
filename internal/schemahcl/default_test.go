package schemahcl_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// The string of a default is the value, whatever is in it.
func TestDefaults(t *testing.T) {
	tests := []struct{ typ, hcl, want string }{
		{"text", `"q"`, `text default 'q'::text`},
		{"text", `"\"q\""`, `text default '"q"'::text`},
		{"text", `"'x'"`, `text default '''x'''::text`},
		{"text", `"'"`, `text default ''''::text`},
		{"text", `"''"`, `text default ''''''::text`},
		{"text", `""`, `text default ''::text`},
		{"text", `"a\\b"`, `text default 'a\\b'::text`},
		{"text", `"now()"`, `text default 'now()'::text`},
		{"text", `"0x1F"`, `text default '0x1F'::text`},
		{"text", `5`, `text default '5'::text`},
		{"text", `true`, `text default 'true'::text`},
		{"text", `"${1 + 1}x"`, `text default '2x'::text`},
		{"text", `local.word`, `text default 'it''s'::text`},
		{"text", `local.placeholder`, `text default 'default_0'::text`},
		{"text", `"${"default"}_1"`, `text default 'default_1'::text`},
		{"text", "<<A\n    x\n    A\n", `text default '    x\n'::text`},
		{"text", `null`, `text`},
		{"text", `sql("'x'")`, `text default 'x'::text`},
		{"jsonb", `"\"open\""`, `jsonb default '"open"'::jsonb`},
		{"jsonb", `"{}"`, `jsonb default '{}'::jsonb`},
		{"bigint", `5`, `bigint default 5`},
		{"bigint", `"5"`, `bigint default 5`},
		{"bigint", `-5`, `bigint default '-5'::integer`},
		{"bigint", `sql("'5'")`, `bigint default '5'::bigint`},
		{"bigint", `9223372036854775807`, `bigint default '9223372036854775807'::bigint`},
		{"numeric", `0.12345678901234567890123`, `numeric default 0.12345678901234567890123`},
		{"numeric", `"0.50"`, `numeric default 0.50`},
		{"numeric", `123456789012345678901234567890.5`, `numeric default 123456789012345678901234567890.5`},
		{"numeric", `"NaN"`, `numeric default 'NaN'::numeric`},
		{"double_precision", `"Infinity"`, `double precision default 'Infinity'::double precision`},
		{"double_precision", `1e-7`, `double precision default 0.0000001`},
		{"boolean", `true`, `boolean default true`},
		{"boolean", `"yes"`, `boolean default true`},
		{"timestamptz", `"2020-01-01 00:00:00+00"`, `timestamp with time zone default '2020-01-01 00:00:00+00'::timestamp with time zone`},
		{`sql("text[]")`, `"{}"`, `text[] default '{}'::text[]`},
	}
	src := "schema \"public\" {\n}\nlocals {\n  word = \"it's\"\n  placeholder = \"default_0\"\n}\ntable \"t\" {\n  schema = schema.public\n"
	for i, tt := range tests {
		src += fmt.Sprintf("  column \"c%d\" {\n    type = %s\n    null = true\n    default = %s\n  }\n", i, tt.typ, tt.hcl)
	}
	s, err := state.Desired(t.Context(), pgtest.Server(t), "schema.hcl", []byte(src+"}\n"), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, tt := range tests {
		if diff := cmp.Diff(tt.want, columnLine(s.Catalog, fmt.Sprintf("c%d", i))); diff != "" {
			t.Errorf("%s of %s (-want +got):\n%s", tt.hcl, tt.typ, diff)
		}
	}
}

func TestDefaultsRefused(t *testing.T) {
	for _, tt := range []struct{ typ, hcl, want string }{
		{"text", `"${local.quoted}"`, `schema.hcl:9:3: the default of column "c" begins and ends with quotes, which the engine would remove from a computed string: write it as a literal string`},
		{"int", `"1 + 1"`, `schema.hcl:9:3: column c of table t: invalid input syntax for type integer: "1 + 1" (SQLSTATE 22P02); correct the schema file`},
		{"jsonb", `"open"`, `schema.hcl:9:3: column c of table t: invalid input syntax for type json (SQLSTATE 22P02), Token "open" is invalid; correct the schema file`},
	} {
		t.Run(tt.hcl, func(t *testing.T) {
			src := fmt.Sprintf("schema \"public\" {\n}\nlocals {\n  quoted = \"'x'\"\n  word = 1\n}\ntable \"t\" {\n  schema = schema.public\n  column \"c\" {\n    type = %s\n    default = %s\n  }\n}\n", tt.typ, tt.hcl)
			s, err := state.Desired(t.Context(), pgtest.Server(t), "schema.hcl", []byte(src), catalog.Options{})
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
