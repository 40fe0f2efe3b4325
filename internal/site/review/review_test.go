package review

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/project"
	"github.com/ibutsu/ibutsu-schema/internal/site/diagram"
)

var update = flag.Bool("update", false, "write the golden file")

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// linted lints all files but the first.
func linted(t *testing.T, files map[string]string, cfg lint.Config) *lint.Report {
	t.Helper()
	root := filepath.Join(t.TempDir(), "migrations")
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := migration.Rehash(t.Context(), root, nil); err != nil {
		t.Fatal(err)
	}
	var err error
	if cfg.Dir, err = migration.Read(os.DirFS(root)); err != nil {
		t.Fatal(err)
	}
	cfg.Latest = len(cfg.Dir.Files()) - 1
	cfg.Start = func(context.Context, []string) (*devdb.Server, error) { return pgtest.Server(t), nil }
	r, err := lint.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newPage(t *testing.T, r *lint.Report) *Page {
	t.Helper()
	p, err := New(t.Context(), r, Config{Dir: "migrations", Schema: "schema.hcl", Tool: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const shop = `CREATE TABLE customers (id int PRIMARY KEY, name text, mail text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, note text, state text);
CREATE INDEX orders_state ON orders (state);
`

func TestVerdict(t *testing.T) {
	off := new(true)
	for _, tt := range []struct {
		sql, down string
		cfg       lint.Config
		want      string
	}{
		{sql: "ALTER TABLE orders ADD COLUMN flaky boolean;", down: "ALTER TABLE orders DROP COLUMN flaky;", want: "good: Safe; can be reverted"},
		{sql: "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY i ON orders (note);", down: "DROP INDEX i;", want: "good: Safe; can be reverted"},
		{sql: "ALTER TABLE orders ADD COLUMN flaky boolean;", want: "warn: Safe; can't be reverted"},
		{sql: "ALTER TABLE orders ADD COLUMN flaky boolean;", down: "-- alembic:down none nobody needs it\n", want: "warn: Safe; can't be reverted"},
		{sql: "ALTER TABLE orders ADD COLUMN flaky boolean;", down: "SELECT 1;", want: "warn: Safe; reverting it fails"},
		{sql: "CREATE INDEX i ON orders (note);", down: "DROP INDEX i;", want: "warn: Needs a window; can be reverted"},
		{
			sql: "CREATE INDEX i ON orders (note);", down: "DROP INDEX i;", want: "good: Safe; can be reverted",
			cfg: lint.Config{Policy: lint.Policy{Small: 1 << 20}, Sizes: lint.Sizes{"public.orders": {Bytes: 8192, Rows: 3}}},
		},
		{sql: "ALTER TABLE orders DROP COLUMN note;", down: "ALTER TABLE orders ADD COLUMN note text;", want: "bad: Destroys data; breaks a running application; can be reverted, but not the data"},
		{sql: "-- atlas:nolint\nALTER TABLE orders DROP COLUMN note;", down: "ALTER TABLE orders ADD COLUMN note text;", want: "bad: Destroys data; can be reverted, but not the data"},
		{
			sql: "ALTER TABLE orders DROP COLUMN note;", down: "ALTER TABLE orders ADD COLUMN note text;", want: "bad: Destroys data; can be reverted, but not the data",
			cfg: lint.Config{Policy: lint.Policy{Analyzers: map[string]project.Setting{lint.Destructive: {Skip: off}}}},
		},
		{sql: "DELETE FROM orders WHERE id < 7;", down: "SELECT 1;", want: "bad: Destroys data; can be reverted, but not the data"},
		{sql: "UPDATE orders SET state = 'new' WHERE id < 7;", down: "SELECT 1;", want: "warn: Overwrites values; can be reverted"},
		{sql: "UPDATE orders SET state = 'new' WHERE state IS NULL AND id < 7;", down: "SELECT 1;", want: "good: Safe; can be reverted"},
		{sql: "ALTER TABLE orders RENAME COLUMN note TO notes;", down: "ALTER TABLE orders RENAME COLUMN notes TO note;", want: "warn: Breaks a running application; can be reverted"},
		{sql: "-- atlas:nolint\nALTER TABLE orders RENAME COLUMN note TO notes;", down: "ALTER TABLE orders RENAME COLUMN notes TO note;", want: "good: Safe; can be reverted"},
		{sql: "-- atlas:nolint\nCREATE INDEX i ON orders (note);", down: "DROP INDEX i;", want: "warn: Needs a window; can be reverted"},
		{sql: "-- atlas:nolint\nDROP INDEX orders_state;", down: "CREATE INDEX orders_state ON orders (state);", want: "good: Safe; can be reverted"},
		{sql: "DROP INDEX orders_state;", down: "CREATE INDEX orders_state ON orders (state);", want: "warn: Needs a window; can be reverted"},
		{sql: "ALTER TABLE orders ALTER COLUMN id TYPE bigint;", down: "ALTER TABLE orders ALTER COLUMN id TYPE int;", want: "warn: Needs a window; can be reverted"},
		{
			sql:  "-- atlas:txmode none\n\nALTER TABLE orders ADD CONSTRAINT c CHECK (note <> '') NOT VALID;\nALTER TABLE orders VALIDATE CONSTRAINT c;",
			down: "ALTER TABLE orders DROP CONSTRAINT c;", want: "warn: May fail on the data; can be reverted",
		},
		{
			sql:  "-- atlas:txmode none\n\nALTER TABLE orders ADD CONSTRAINT c CHECK (note IS NOT NULL) NOT VALID;\nALTER TABLE orders VALIDATE CONSTRAINT c;\nALTER TABLE orders ALTER note SET NOT NULL;\nALTER TABLE orders DROP CONSTRAINT c;",
			down: "ALTER TABLE orders ALTER note DROP NOT NULL;", want: "warn: May fail on the data; can be reverted",
		},
		{
			sql:  "-- atlas:txmode none\n\nALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (customer_id) REFERENCES customers NOT VALID;\nALTER TABLE orders VALIDATE CONSTRAINT f;",
			down: "ALTER TABLE orders DROP CONSTRAINT f;", want: "warn: May fail on the data; can be reverted",
		},
		{
			sql:  "-- atlas:txmode none\n\nALTER TABLE orders ADD COLUMN c2 int, ADD CONSTRAINT f FOREIGN KEY (c2) REFERENCES customers NOT VALID;\nALTER TABLE orders VALIDATE CONSTRAINT f;",
			down: "ALTER TABLE orders DROP COLUMN c2;", want: "good: Safe; can be reverted",
		},
		{sql: "ALTER TABLE orders ADD CONSTRAINT c CHECK (note <> '') NOT VALID;", down: "ALTER TABLE orders DROP CONSTRAINT c;", want: "good: Safe; can be reverted"},
		{sql: "ALTER TABLE orders DROP COLUMN nothing;", down: "SELECT 1;", want: "bad: Doesn't run; reverting it wasn't tested"},
	} {
		files := map[string]string{"1_base.sql": shop, "down/1_base.sql": "DROP TABLE orders, customers;\n", "2_change.sql": tt.sql + "\n"}
		if tt.down != "" {
			files["down/2_change.sql"] = tt.down + "\n"
		}
		r := linted(t, files, tt.cfg)
		v := newMaker(r, Config{}).judge()
		if got := v.Level + ": " + v.Text; got != tt.want {
			t.Errorf("%s: %s, want %s\n%+v", tt.sql, got, tt.want, v.Reasons)
		}
	}
}

// The timeline shows the locks of each statement, and until when they are held.
func TestTimeline(t *testing.T) {
	r := linted(t, map[string]string{
		"1_base.sql": shop,
		"2_a.sql": `ALTER TABLE orders ADD COLUMN flaky boolean;
SELECT 1;
ALTER TABLE customers ALTER COLUMN id TYPE bigint;
UPDATE orders SET note = '' WHERE id = 1;
`,
		"3_b.sql": `-- atlas:txmode none

CREATE INDEX CONCURRENTLY i ON orders (note);
BEGIN;
ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (customer_id) REFERENCES customers NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT f;
COMMIT;
`,
	}, lint.Config{Sizes: lint.Sizes{"public.customers": {Bytes: 8192, Rows: 3}}})
	var b strings.Builder
	for i, f := range r.Files {
		tl := newTimeline(i, f.Statements, groups(f))
		for _, tx := range tl.Transactions {
			b.WriteString(tx.Text + ": ")
			for range tx.Span {
				b.WriteString("|")
			}
			b.WriteString("\n")
		}
		for _, row := range tl.Rows {
			b.WriteString(strings.TrimSpace(row.Table+" "+row.Size) + ": " + row.Strongest + " " + row.Work + "\n")
			for _, c := range row.Cells {
				b.WriteString("  " + c.Level + ": " + c.Code + " " + c.Work + ": " + c.Text + "\n")
			}
		}
	}
	const golden = "testdata/timeline.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Error(diff)
	}
}

// The old schema has the old names, types and keys, with the marks of what changes, and the new one the new ones.
func TestDrawings(t *testing.T) {
	r := linted(t, map[string]string{
		"1_base.sql": shop + "CREATE TABLE kept (id int PRIMARY KEY);\nCREATE TABLE gone (id int PRIMARY KEY);\nALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (customer_id) REFERENCES customers;\n",
		"2_a.sql": `ALTER TABLE customers RENAME TO clients;
ALTER TABLE clients RENAME COLUMN mail TO email;
ALTER TABLE clients ALTER COLUMN name TYPE varchar(9);
ALTER TABLE orders DROP COLUMN note, ADD COLUMN "</svg>&" int;
DROP TABLE gone;
`,
		"3_b.sql": "CREATE INDEX i ON orders (state);\nALTER TABLE orders DROP CONSTRAINT k;\nCREATE TABLE fresh (id int PRIMARY KEY);\n",
	}, lint.Config{})
	list, err := newMaker(r, Config{}).drawings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, d := range list {
		texts, err := diagram.TextsOf([]byte(d.SVG))
		if err != nil {
			t.Fatal(err)
		}
		got[d.Title] = strings.Join(texts, " | ")
	}
	want := map[string]string{
		"Before": "- customer_id | - gone | - id | - note | - orders (customer_id) refers to customers | FK | PK | PK | customer_id | id | integer | integer | integer? | " +
			"text? | text? | text? | ~ customers | ~ mail | ~ name | ~ orders",
		"After": "+ \"</svg>&\" | + fresh | + id | + index i | PK | PK | customer_id | id | integer | integer | integer? | integer? | text? | varchar(9)? | " +
			"was customers | was mail | was text | ~ clients | ~ email | ~ name | ~ orders",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What is between dollar quotes is code, too, and no text gets lost or becomes HTML.
func TestHighlight(t *testing.T) {
	tags := regexp.MustCompile(`<[^>]*>`)
	for sql, want := range map[string]string{
		"DO $a$ BEGIN UPDATE t SET x = '</span>'; END $a$": `<span class="k">UPDATE</span>`,
		"SELECT $$ -- no end":                              `<span class="k">SELECT</span>`,
		"-- a\u202eb":                                      `-- a\u202eb`,
		"SELECT '" + strings.Repeat("<", longestSQL) + "'": "... 9 bytes more: see the file",
	} {
		html := (&highlighter{}).html(sql)
		if !strings.Contains(string(html), want) {
			t.Errorf("%.60s: %.200s", sql, html)
		}
		if text := tags.ReplaceAllString(string(html), ""); strings.ContainsAny(text, "<>") || !strings.HasPrefix(text, sql[:4]) {
			t.Errorf("%.60s: the text is %.200s", sql, text)
		}
	}
}

// The definition of PostgreSQL's SQL is that of chroma's version in go.mod.
func TestDefinition(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/alecthomas/chroma/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	for ours, theirs := range map[string]string{"postgresql.xml": "lexers/embedded/postgresql_sql_dialect.xml", "postgresql.LICENSE": "COPYING"} {
		want, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), theirs))
		if err != nil {
			t.Fatal(err)
		}
		have, err := os.ReadFile(ours)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("%s isn't chroma's %s: copy it", ours, theirs)
		}
	}
}

// A page of a report that is too large for a page says what it leaves out.
func TestLarge(t *testing.T) {
	r := linted(t, map[string]string{
		"1_base.sql": shop,
		"2_many.sql": strings.Repeat("SELECT 1;\n", mostStatements+50) + strings.Repeat("INSERT INTO orders VALUES (1) ON CONFLICT DO NOTHING;\n", 300),
	}, lint.Config{})
	p := newPage(t, r)
	for _, want := range []string{"50 statements more without locks and findings", "and 299 statements like it"} {
		if !strings.Contains(p.HTML, want) {
			t.Errorf("the page doesn't say %q", want)
		}
	}
}

func TestInvalid(t *testing.T) {
	r := lint.Invalid(migration.Errors{{File: "1_a.sql", Line: 3, Msg: "is a folder"}})
	if p := newPage(t, r); p.Verdict != "Doesn't run; reverting it wasn't tested" || !strings.Contains(p.HTML, "migrations/1_a.sql:3") {
		t.Errorf("%s:\n%s", p.Verdict, p.HTML)
	}
	if p := newPage(t, &lint.Report{Total: 3, Base: "main"}); p.Verdict != "Nothing to review" {
		t.Error(p.Verdict)
	}
}
