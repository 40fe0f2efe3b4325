package importer

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestFormats shows each migration as VERSION NAME, and its sections with the lines they come from.
func TestFormats(t *testing.T) {
	const body = "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$\nBEGIN\n-- +goose Down\n-- migrate:down\nRETURN '\n-- +goose Up\n';\nEND $$;\n"
	for name, test := range map[string]struct {
		format Format
		files  map[string]string
		want   string // an error begins with "error: "
	}{
		"goose, in order of numbers":   {Goose, map[string]string{"10_b.sql": "-- +goose Up\nB;\n", "9_a a.sql": "-- +goose Up\nA;\n-- +goose Down\n"}, "9 a a: up 2 \"A;\\n\"; down \"\"\n10 b: up 2 \"B;\\n\""},
		"goose, CR LF and BOM":         {Goose, map[string]string{"1_a.sql": "\uFEFF-- +goose Up\r\nA;\r\n\r\n-- +goose Down\r\nB;\r\n"}, "1 a: up 2 \"A;\\n\"; down 5 \"B;\\n\""},
		"goose, marks in a body":       {Goose, map[string]string{"1_a.sql": "-- +goose Up\n-- +goose StatementBegin\n" + body + "-- +goose StatementEnd\n"}, fmt.Sprintf("1 a: up 3 4 5 6 7 8 9 10 %q", body)},
		"goose, no transaction":        {Goose, map[string]string{"1_a.sql": "-- +goose NO TRANSACTION\n-- +goose Up\nA;\n-- +goose Down\nB;\n"}, "1 a: up none 3 \"A;\\n\"; down none 5 \"B;\\n\""},
		"goose, empty":                 {Goose, map[string]string{"1_a.sql": "-- +goose Up\n"}, "1 a: up \"\""},
		"goose, ENVSUB":                {Goose, map[string]string{"1_a.sql": "-- +goose Up\n-- +goose ENVSUB ON\nA;\n"}, "error: 1_a.sql:2: the SQL depends on environment variables (ENVSUB): write their values into it"},
		"goose, Go":                    {Goose, map[string]string{"1_a.go": "", "1_a_test.go": "", "2_b.sql": "-- +goose Up\n"}, "error: 1_a.go: this migration is a Go program: write what it does as SQL"},
		"goose, statement at the top":  {Goose, map[string]string{"1_a.sql": "\nA;\n-- +goose Up\n"}, "error: 1_a.sql:2: there is a statement before \"-- +goose Up\": move it below"},
		"goose, unknown":               {Goose, map[string]string{"1_a.sql": "-- +goose Up\n-- +goose Sideways\n"}, "error: 1_a.sql:2: goose has no annotation \"Sideways\""},
		"goose, one version":           {Goose, map[string]string{"1_a.sql": "-- +goose Up\n", "01_b.sql": "-- +goose Up\n"}, "error: 1_a.sql: the version 1 is also that of 01_b.sql: give one of them another"},
		"golang-migrate":               {GolangMigrate, map[string]string{"1_a.up.sql": "A;\n", "1_a.down.sql": "B;\n", "02_b.up.sql": ""}, "1 a: up 1 \"A;\\n\"; down 1 \"B;\\n\"\n02 b: up \"\""},
		"golang-migrate, transaction":  {GolangMigrate, map[string]string{"1_a.up.sql": "BEGIN;\nA;\nCOMMIT;\n"}, "1 a: up 2 \"A;\\n\""},
		"golang-migrate, concurrently": {GolangMigrate, map[string]string{"1_a.up.sql": "CREATE INDEX CONCURRENTLY i ON t (a);\n"}, "1 a: up none 1 \"CREATE INDEX CONCURRENTLY i ON t (a);\\n\""},
		"golang-migrate, only down":    {GolangMigrate, map[string]string{"1_a.down.sql": ""}, "error: 1_a.down.sql: there is no 1_NAME.up.sql for it: add it, or delete this file"},
		"golang-migrate, one version":  {GolangMigrate, map[string]string{"1_a.up.sql": "", "1_b.up.sql": ""}, "error: 1_b.up.sql: the version 1 is also that of 1_a.up.sql: give one of them another"},
		"dbmate":                       {Dbmate, map[string]string{"1_a.sql": "-- migrate:up transaction:false\n" + body + "-- migrate:down\nB;\n"}, fmt.Sprintf("1 _a: up none 2 3 4 5 6 7 8 9 %q; down 11 \"B;\\n\"", body)},
		"dbmate, two orders":           {Dbmate, map[string]string{"9_a.sql": "-- migrate:up\n", "10_b.sql": "-- migrate:up\n"}, "error: 9_a.sql: the tool runs it after 10_b.sql, which has a greater version: give both versions the same number of digits"},
		"dbmate, down first":           {Dbmate, map[string]string{"1_a.sql": "-- migrate:down\n-- migrate:up\n"}, "error: 1_a.sql:1: the down section must follow the up section, once"},
		"dbmate, none":                 {Dbmate, map[string]string{"1_a.sql": "A;\n"}, "error: 1_a.sql:1: there is no \"-- migrate:up\""},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{}
			for name, text := range test.files {
				fsys[name] = &fstest.MapFile{Data: []byte(text)}
			}
			if diff := cmp.Diff(test.want, show(test.format(fsys))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func show(found []Migration, err error) string {
	if err == nil {
		_, err = width(found)
	}
	if err != nil {
		return "error: " + err.Error()
	}
	var lines []string
	for _, m := range found {
		line := fmt.Sprintf("%s %s: up%s", m.Version, m.Name, showSection(&m.Up))
		if m.Down != nil {
			line += "; down" + showSection(m.Down)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func showSection(s *Section) string {
	text := ""
	if s.TxNone {
		text = " none"
	}
	for _, n := range s.Lines {
		text += fmt.Sprint(" ", n)
	}
	return text + fmt.Sprintf(" %q", s.SQL)
}
