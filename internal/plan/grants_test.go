package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// privileges returns those of a state, as text.
func privileges(t *testing.T, s *state.State) []string {
	t.Helper()
	list := []string{}
	outside, err := s.Outside(t.Context(), func(catalog.Line) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outside {
		if o.Kind == "grant" || strings.HasSuffix(o.Kind, " privilege") {
			for _, name := range o.Names {
				list = append(list, o.Kind+" "+name)
			}
		}
	}
	return list
}

// What a plan drops and creates again keeps its privileges, also after the down files.
func TestGrantsAreCarriedOver(t *testing.T) {
	const column = "  column \"id\" {\n    type = int\n  }\n"
	const wide = "  column \"id\" {\n    type = bigint\n  }\n"
	table := func(columns string) string {
		return "schema \"public\" {\n}\ntable \"t\" {\n  schema = schema.public\n" + columns + "}\n"
	}
	for _, tt := range []struct {
		name, sql, hcl string
		gone           []string // privileges on what the schema file drops
		grants         [2]bool  // whether the up and down files must grant
	}{
		{"generated column", `CREATE TABLE t (id int, "G g" bigint GENERATED ALWAYS AS (id + 1) STORED);
			GRANT SELECT ("G g"), REFERENCES ("G g") ON t TO "grants Reader"; GRANT SELECT ("G g") ON t TO grants_writer WITH GRANT OPTION; GRANT SELECT (id) ON t TO PUBLIC`,
			table(wide + "  column \"G g\" {\n    type = bigint\n    null = true\n    as {\n      expr = \"id + 1\"\n      type = STORED\n    }\n  }\n"), nil, [2]bool{true, true}},
		{"enum", `CREATE TYPE "M ood" AS ENUM ('a', 'b'); CREATE TABLE t (m "M ood"); REVOKE USAGE ON TYPE "M ood" FROM PUBLIC; GRANT USAGE ON TYPE "M ood" TO grants_reader, "select"`,
			"enum \"M ood\" {\n  schema = schema.public\n  values = [\"b\", \"a\"]\n}\n" + table("  column \"m\" {\n    type = sql(\"\\\"public\\\".\\\"M ood\\\"\")\n    null = true\n  }\n"), nil, [2]bool{true, true}},
		{"serial to identity", `CREATE TABLE t (id serial PRIMARY KEY); GRANT USAGE, SELECT ON SEQUENCE t_id_seq TO grants_reader`,
			table("  column \"id\" {\n    type = int\n    identity {\n      generated = ALWAYS\n    }\n  }\n  primary_key {\n    columns = [column.id]\n  }\n"), nil, [2]bool{true, true}},
		{"identity to serial", `CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY); GRANT USAGE ON SEQUENCE t_id_seq TO PUBLIC; GRANT UPDATE ON SEQUENCE t_id_seq TO grants_reader`,
			table("  column \"id\" {\n    type = serial\n  }\n  primary_key {\n    columns = [column.id]\n  }\n"), nil, [2]bool{true, true}},
		{"identity to a plain column", `CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY); GRANT USAGE ON SEQUENCE t_id_seq TO grants_reader`,
			table(column), []string{"grant USAGE on sequence public.t_id_seq to grants_reader"}, [2]bool{false, true}},
		{"serial to a plain column", `CREATE TABLE t (id serial); GRANT USAGE ON SEQUENCE t_id_seq TO grants_reader`,
			table(column), []string{"grant USAGE on sequence public.t_id_seq to grants_reader"}, [2]bool{false, true}},
		{"dropped column", `CREATE TABLE t (id int NOT NULL, a serial); GRANT SELECT (id), UPDATE (a) ON t TO grants_reader; GRANT USAGE ON SEQUENCE t_a_seq TO grants_reader`,
			table(column), []string{"grant UPDATE on column public.t.a to grants_reader", "grant USAGE on sequence public.t_a_seq to grants_reader"}, [2]bool{false, true}},
		{"dropped table, enum and schema", `CREATE TABLE t (id int NOT NULL); CREATE SCHEMA "A b"; CREATE TYPE "A b".e AS ENUM ('a'); CREATE TABLE "A b"."user" (a serial, b int GENERATED ALWAYS AS IDENTITY, c "A b".e);
			GRANT USAGE ON SCHEMA "A b" TO grants_reader; GRANT SELECT ON "A b"."user" TO grants_reader WITH GRANT OPTION; GRANT INSERT (c) ON "A b"."user" TO PUBLIC; REVOKE DELETE ON "A b"."user" FROM CURRENT_USER;
			GRANT USAGE ON ALL SEQUENCES IN SCHEMA "A b" TO grants_reader; REVOKE ALL ON TYPE "A b".e FROM PUBLIC`,
			table(column), []string{
				"grant INSERT on column \"A b\".\"user\".c to PUBLIC",
				"grant SELECT WITH GRANT OPTION on table \"A b\".\"user\" to grants_reader",
				"grant USAGE on schema \"A b\" to grants_reader",
				"grant USAGE on sequence \"A b\".user_a_seq to grants_reader",
				"grant USAGE on sequence \"A b\".user_b_seq to grants_reader",
				"revoked privilege DELETE on table \"A b\".\"user\" from its owner",
				"revoked privilege USAGE on type \"A b\".e from PUBLIC",
			}, [2]bool{false, true}},
		{"default privileges since", `CREATE TABLE t (id int NOT NULL); CREATE TABLE u (id int); ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO grants_reader`,
			table(column), nil, [2]bool{false, true}},
		{"identity's sequence with a name of its own", `CREATE TABLE t (id int NOT NULL); CREATE TABLE u (id int GENERATED ALWAYS AS IDENTITY); ALTER SEQUENCE u_id_seq RENAME TO "Odd"; GRANT USAGE ON SEQUENCE "Odd" TO grants_reader`,
			table(column), []string{`grant USAGE on sequence public."Odd" to grants_reader`}, [2]bool{false, true}},
		{"column of another type", `CREATE TABLE t (id int); GRANT SELECT ON t TO grants_reader; GRANT SELECT (id) ON t TO grants_writer`,
			table(wide), nil, [2]bool{true, true}},
		{"nothing dropped", `CREATE TABLE t (id bigint); GRANT SELECT ON t TO grants_reader; GRANT SELECT (id) ON t TO grants_writer`,
			table(wide), nil, [2]bool{false, false}},
		{"granted by another", `CREATE TABLE t (id int, g bigint GENERATED ALWAYS AS (id + 1) STORED); GRANT SELECT (g) ON t TO grants_writer WITH GRANT OPTION;
			SET ROLE grants_writer; GRANT SELECT (g) ON t TO grants_reader; RESET ROLE`,
			table(wide + "  column \"g\" {\n    type = bigint\n    null = true\n    as {\n      expr = \"id + 1\"\n      type = STORED\n    }\n  }\n"), nil, [2]bool{true, true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.Write(map[string]string{"20250101000000_before.sql": tt.sql + ";\n"})
			before, err := state.Replay(t.Context(), p.Base().Server, p.Base().Dir, 0, p.Base().Options)
			if err != nil {
				t.Fatal(err)
			}
			defer before.Close()
			had := privileges(t, before)
			p.HCL = []byte(tt.hcl)
			pl := p.plan()
			var grants [2]bool
			for _, f := range pl.Files {
				for i, text := range []string{f.SQL, f.Down} {
					grants[i] = grants[i] || strings.Contains(text, "GRANT ") || strings.Contains(text, "REVOKE ")
				}
			}
			if grants != tt.grants {
				t.Errorf("the files grant: %v, want %v", grants, tt.grants)
			}
			base := p.Base()
			files := base.Dir.Files()
			after, err := state.Replay(t.Context(), base.Server, base.Dir, len(files)-1, base.Options)
			if err != nil {
				t.Fatal(err)
			}
			defer after.Close()
			want := slices.DeleteFunc(slices.Clone(had), func(p string) bool { return slices.Contains(tt.gone, p) })
			if diff := cmp.Diff(want, privileges(t, after)); diff != "" || len(want) != len(had)-len(tt.gone) {
				t.Errorf("after the migrations (-want +got):\n%s", diff)
			}
			for _, f := range slices.Backward(files[1:]) {
				if err := after.Run(t.Context(), f.Down.Stmts, f.Down.TxNone, f.Name); err != nil {
					t.Fatal(err)
				}
			}
			if err := after.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			back := privileges(t, after)
			for i := range back {
				back[i] = strings.ReplaceAll(back[i], "public.u_id_seq", `public."Odd"`)
			}
			if diff := cmp.Diff(had, back); diff != "" {
				t.Errorf("after the down files (-want +got):\n%s", diff)
			}
		})
	}
}
