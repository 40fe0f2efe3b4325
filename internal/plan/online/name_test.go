package online

import "testing"

func TestName(t *testing.T) {
	whole := func(verb, kind, name string) Op {
		return Op{change: change{verb: verb, kind: kind, schema: "public", name: name}}
	}
	part := func(table, verb, kind, name string, columns ...string) Op {
		return Op{change: change{verb: verb, kind: kind, table: table, name: name, columns: columns}}
	}
	key := func(verb string) Op {
		return Op{change: change{verb: verb, kind: "constraint", table: "results", columns: []string{"id"}, refers: "runs"}}
	}
	changed := func(name, what string) Op {
		o := part("results", "change", "column", name)
		o.change.what = what
		return o
	}
	flaky := part("results", "add", "index", "flaky", "flaky")
	expr := func(verb string) Op { return part("results", verb, "index", "tags") }
	for _, tt := range []struct {
		want string
		ops  []Op
	}{
		{"", nil},
		{"change_schema", []Op{{}}},
		{"add_results", []Op{whole("add", "table", "results")}},
		{"drop_runs_and_results", []Op{whole("drop", "table", "runs"), whole("drop", "table", "results"), whole("drop", "table", "runs")}},
		{"add_runs_and_2_more", []Op{whole("add", "table", "runs"), whole("add", "table", "results"), whole("add", "enum", "x")}},
		{"add_runs", []Op{whole("add", "schema", "public"), whole("add", "table", "runs")}},
		{"change_runs_and_results", []Op{whole("drop", "table", "runs"), whole("add", "table", "results")}},
		{"add_results_flaky", []Op{part("results", "add", "column", "flaky"), flaky}},
		{"add_results_flaky_and_Score %", []Op{part("results", "add", "column", "flaky"), part("results", "add", "column", "Score %")}},
		{"change_results", []Op{part("results", "add", "column", "a"), part("results", "add", "column", "b"), part("results", "add", "column", "c")}},
		{"drop_results_flaky", []Op{part("results", "drop", "column", "flaky"), part("results", "drop", "index", "flaky", "flaky")}},
		{"index_results_flaky", []Op{flaky}},
		{"index_results_tags", []Op{expr("add")}},
		{"drop_index_results_tags", []Op{expr("drop")}},
		{"constrain_results_flaky_and_id", []Op{part("results", "add", "constraint", "", "flaky"), key("add")}},
		{"drop_constraint_results_id", []Op{key("drop")}},
		{"drop_runs", []Op{whole("drop", "table", "runs"), key("drop")}},
		{"change_runs_and_results", []Op{part("runs", "change", "column", "id"), part("results", "add", "column", "flaky")}},
		{"change_results_flaky_and_score", []Op{part("results", "add", "column", "flaky"), part("results", "drop", "column", "score")}},
		{"change_results_flaky_type", []Op{changed("flaky", "type"), changed("flaky", "type")}},
		{"change_results_flaky_and_score", []Op{changed("flaky", "type"), changed("score", "default")}},
		{"change_results_flaky_and_score_null", []Op{changed("flaky", "null"), changed("score", "null")}},
		{"drop_schema_app", []Op{whole("drop", "schema", "app"), {change: change{verb: "drop", kind: "table", schema: "app", name: "t"}}}},
		{"rename_results_env_and_runs", []Op{part("results", "rename", "column", "env"), whole("rename", "table", "runs"), part("results", "rename", "index", "i")}},
		{"rename_runs_and_add_results", []Op{whole("rename", "table", "runs"), whole("add", "table", "results")}},
	} {
		if got := Name(tt.ops); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
