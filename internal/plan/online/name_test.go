package online

import (
	"testing"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
)

func TestDeriveName(t *testing.T) {
	public := schema.New("public")
	id, flaky, score := schema.NewColumn("id"), schema.NewColumn("flaky"), schema.NewColumn("Score %")
	runs := schema.NewTable("runs").SetSchema(public).AddColumns(id)
	results := schema.NewTable("results").SetSchema(public).AddColumns(id, flaky, score)
	index := schema.NewIndex("ix_results_flaky").SetTable(results).AddColumns(flaky)
	expr := schema.NewIndex("ix_results_tags").SetTable(results).AddParts(schema.NewExprPart(&schema.RawExpr{X: "(data -> 'tags')"}))
	unique := schema.NewUniqueIndex("results_flaky_key").SetTable(results).AddColumns(flaky).AddAttrs(&postgres.Constraint{N: "results_flaky_key", T: "u"})
	key := schema.NewForeignKey("results_run").SetTable(results).SetRefTable(runs).AddColumns(id).AddRefColumns(id)
	modify := func(t *schema.Table, changes ...schema.Change) schema.Change {
		return &schema.ModifyTable{T: t, Changes: changes}
	}
	for _, tt := range []struct {
		want    string
		changes []schema.Change
	}{
		{"", nil},
		{"add_results", []schema.Change{&schema.AddTable{T: results}}},
		{"drop_runs_and_results", []schema.Change{&schema.DropTable{T: runs}, &schema.DropTable{T: results}}},
		{"add_runs_and_2_more", []schema.Change{&schema.AddTable{T: runs}, &schema.AddTable{T: results}, &schema.AddTable{T: schema.NewTable("x")}}},
		{"add_results_flaky", []schema.Change{modify(results, &schema.AddColumn{C: flaky}, &schema.AddIndex{I: index})}},
		{"add_results_flaky_and_Score %", []schema.Change{modify(results, &schema.AddColumn{C: flaky}, &schema.AddColumn{C: score})}},
		{"change_results", []schema.Change{modify(results, &schema.AddColumn{C: flaky}, &schema.AddColumn{C: score}, &schema.AddColumn{C: id})}},
		{"drop_results_flaky", []schema.Change{modify(results, &schema.DropColumn{C: flaky}, &schema.DropIndex{I: index})}},
		{"index_results_flaky", []schema.Change{modify(results, &schema.AddIndex{I: index})}},
		{"index_results_tags", []schema.Change{modify(results, &schema.AddIndex{I: expr})}},
		{"drop_index_results_tags", []schema.Change{modify(results, &schema.DropIndex{I: expr})}},
		{"constrain_results", []schema.Change{modify(results, &schema.AddIndex{I: unique}, &schema.AddForeignKey{F: key})}},
		{"drop_constraint_results", []schema.Change{modify(results, &schema.DropForeignKey{F: key})}},
		{"drop_runs", []schema.Change{&schema.DropTable{T: runs}, modify(results, &schema.DropForeignKey{F: key})}},
		{"change_runs_and_results", []schema.Change{modify(runs, &schema.ModifyColumn{From: id, To: id}), modify(results, &schema.AddColumn{C: flaky})}},
		{"change_results", []schema.Change{modify(results, &schema.AddColumn{C: flaky}, &schema.DropColumn{C: score})}},
		{"drop_schema_app", []schema.Change{&schema.DropSchema{S: schema.New("app")}}},
		{"add_Ü", []schema.Change{&schema.AddTable{T: schema.NewTable("Ü")}}},
	} {
		if got := deriveName(tt.changes); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
