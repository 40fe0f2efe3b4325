package diagram_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/site/diagram"
)

// parse returns the catalog of a text's lines.
func parse(t *testing.T, text string) catalog.Catalog {
	t.Helper()
	var lines []catalog.Line
	for s := range strings.Lines(text) {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		l, err := catalog.ParseLine(s)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return catalog.New(lines)
}

const before = `
	table public.groups: ordinary
	column public.groups.id: uuid not null
	constraint public.groups.groups_pkey: PRIMARY KEY (id)
	table public.old: ordinary
	column public.old.id: uuid not null
	column public.old.group_id: uuid
	constraint public.old.old_group_id_fkey: FOREIGN KEY (group_id) REFERENCES public.groups(id)
	table public.people: ordinary
	column public.people."Nick": character varying(10)
	column public.people.age: integer
	column public.people.group_id: uuid not null
	column public.people.id: uuid not null
	constraint public.people.people_group_id_fkey: FOREIGN KEY (group_id) REFERENCES public.groups(id) ON DELETE CASCADE
	constraint public.people.people_pkey: PRIMARY KEY (id)
	index public.people.ix_age: CREATE INDEX ix_age ON public.people USING btree (age)
	index public.people.ix_gone: CREATE INDEX ix_gone ON public.people USING btree (age, id)
`

const after = `
	table public.groups: ordinary
	column public.groups.id: uuid not null
	constraint public.groups.groups_pkey: PRIMARY KEY (id)
	table public.tokens: ordinary
	column public.tokens.id: uuid not null
	column public.tokens.user_id: uuid not null
	constraint public.tokens.tokens_pkey: PRIMARY KEY (id)
	constraint public.tokens.tokens_user_id_fkey: FOREIGN KEY (user_id) REFERENCES public.users(id)
	constraint public.tokens.tokens_user_id_key: UNIQUE (user_id)
	table public.users: ordinary
	column public.users."Nick": text
	column public.users.born: integer not null default 0
	column public.users.group_id: uuid not null
	column public.users.id: uuid not null
	constraint public.users.people_group_id_fkey: FOREIGN KEY (group_id) REFERENCES public.groups(id)
	constraint public.users.people_pkey: PRIMARY KEY (id)
	index public.users.ix_age: CREATE INDEX ix_age ON public.users USING btree (born)
	index public.users.ix_new: CREATE INDEX ix_new ON public.users USING btree ("Nick")
`

const renames = `ALTER TABLE people RENAME TO users; ALTER TABLE users RENAME COLUMN age TO born`

func between(t *testing.T) diagram.Model {
	t.Helper()
	stmts, err := pgsql.Split(renames)
	if err != nil {
		t.Fatal(err)
	}
	return diagram.Between(parse(t, before), parse(t, after), stmts...)
}

func TestMermaid(t *testing.T) {
	got, ok := between(t).Mermaid()
	want := `erDiagram
    t0["groups"] {
        uuid id PK
    }
    t1["old (dropped)"] {
        uuid group_id FK "dropped"
        uuid id "not null, dropped"
    }
    t2["tokens (added)"] {
        uuid id PK "added"
        uuid user_id FK, UK "not null, added"
    }
    t3["users (changed, was people)"] {
        uuid id PK
        text _Nick_ "#34;Nick#34;, changed, was varchar(10)"
        integer born "not null, changed, was age, was nullable, had no default"
        uuid group_id FK "not null"
        index ix_gone "dropped"
        index ix_new "added"
    }
    t1 }o..o| t0 : "group_id (dropped)"
    t2 |o--|| t3 : "user_id (added)"
    t3 }o--|| t0 : "group_id (changed)"
`
	if d := cmp.Diff(want, got); d != "" || !ok {
		t.Errorf("%v (-want +got):\n%s", ok, d)
	}
}

// A default may contain a password.
func TestPasswordIsMasked(t *testing.T) {
	m := diagram.Between(parse(t, `
		table public.t: ordinary
		column public.t.a: text default 'postgres://me:hunter2@host/db'::text`), parse(t, `
		table public.t: ordinary
		column public.t.a: text`))
	text, _ := m.Mermaid()
	if all := text + strings.Join(m.Texts(), " "); strings.Contains(all, "hunter2") || !strings.Contains(all, "had DEFAULT") {
		t.Error(all)
	}
}

// What the change leaves alone isn't in the diagram of the change.
func TestChanges(t *testing.T) {
	got, _ := between(t).Changes().Mermaid()
	for _, part := range []string{"uuid id PK\n", "born", "ix_new", `t0["groups"]`} {
		if !strings.Contains(got, part) {
			t.Errorf("no %s in\n%s", part, got)
		}
	}
	c := parse(t, after)
	if m := diagram.Between(c, c).Changes(); !m.Empty() {
		t.Errorf("changes: %+v", m)
	}
}

func TestAround(t *testing.T) {
	var text strings.Builder
	text.WriteString("table public.center: ordinary\ncolumn public.center.id: integer not null\ncolumn public.center.x: integer\n")
	for i := range 20 {
		fmt.Fprintf(&text, `table public.t%02[1]d: ordinary
			column public.t%02[1]d.c: integer
			column public.t%02[1]d.more: text
			constraint public.t%02[1]d.k: FOREIGN KEY (c) REFERENCES public.center(id)
			`, i)
	}
	m := diagram.Of(parse(t, text.String()))
	around, omitted := m.Around("center")
	if len(around.Tables) != diagram.MaxNeighbours || omitted != 6 {
		t.Errorf("%d tables, %d omitted", len(around.Tables), omitted)
	}
	if n := len(around.Tables[0].Columns); n != 2 || len(around.Tables[1].Columns) != 1 {
		t.Errorf("%+v", around.Tables[:2])
	}
	if around, omitted = m.Around("t03"); len(around.Tables) != 2 || omitted != 0 || len(around.Keys) != 1 {
		t.Errorf("%+v, %d omitted", around, omitted)
	}
}

func TestSVG(t *testing.T) {
	m := between(t)
	svg, err := m.SVG(t.Context(), `"people" & <users>`, false)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := diagram.TextsOf(svg)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m.Texts(), texts); d != "" {
		t.Errorf("texts (-model +drawing):\n%s", d)
	}
	for _, want := range []string{"~ users", "was people", "- old", "+ tokens", "~ born", "+ user_id", "- index ix_gone", "PK", "FK", "integer"} {
		if !slices.Contains(texts, want) {
			t.Errorf("no text %q in %q", want, texts)
		}
	}
	inline, err := m.SVG(t.Context(), "x", true)
	if err != nil || strings.Contains(string(inline), "<style") || strings.Contains(string(inline), "style=") {
		t.Errorf("inlined: %v\n%s", err, inline)
	}
	for _, theme := range []string{diagram.Light.Rules(".x"), diagram.Dark.Rules(".x")} {
		for line := range strings.Lines(theme) {
			if !strings.HasPrefix(line, ".x .er-") {
				t.Errorf("rule %q isn't within", line)
			}
		}
	}
}

// mermaidLine is what a line may be: names are words or in quotes, where only harmless characters and references are.
var mermaidLine = func() *regexp.Regexp {
	const label = `"(?:[\pL0-9_(),. ]|#\d+;)+"`
	const word = `[A-Za-z_][A-Za-z0-9_]*`
	return regexp.MustCompile(`^(?:erDiagram|    \}|    t\d+\[` + label + `\](?: \{)?|        ` + word + `[()\[\]\w]* ` + word +
		`(?: (?:PK|FK|UK)(?:, (?:PK|FK|UK))*)?(?: ` + label + `)?|    t\d+ (?:\}o|\|o)(?:--|\.\.)(?:\|\||o\|) t\d+ : ` + label + `)$`)
}()

var nasty = []string{`"`, "`", "|", "</text><script>", "-->", "]]>", "&amp;", "direction LR", "pk", "end", "%%", "x\ny", "t\\", "#34;", "~a~", "_a_", "1", "PK", "ﬂ°°34¶ß", "\u202e", "\ufffe", "été", "表"}

// named returns the model of a schema with two tables, whose names and columns are given, and a foreign key.
func named(a, b, c string) diagram.Model {
	a, b, c = pgsql.Ident(a), pgsql.Ident("b"+b), pgsql.Ident(c)
	return diagram.Between(catalog.Catalog{}, catalog.New([]catalog.Line{
		{Kind: "table", Name: "public." + a, Def: "ordinary"},
		{Kind: "column", Name: "public." + a + "." + c, Def: "integer not null"},
		{Kind: "table", Name: b + "." + a, Def: "ordinary"},
		{Kind: "column", Name: b + "." + a + "." + c, Def: "public." + b + " not null"},
		{Kind: "constraint", Name: b + "." + a + "." + c, Def: "FOREIGN KEY (" + c + ") REFERENCES public." + a + "(" + c + ")"},
	}))
}

// Any name is harmless in Mermaid.
func TestNames(t *testing.T) {
	name := rapid.OneOf(rapid.SampledFrom(nasty), rapid.StringN(1, 20, 60))
	rapid.Check(t, func(t *rapid.T) {
		m := named(name.Draw(t, "a"), name.Draw(t, "b"), name.Draw(t, "c"))
		if len(m.Tables) != 2 || len(m.Keys) != 1 {
			t.Fatalf("%+v", m)
		}
		text, _ := m.Mermaid()
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			if !mermaidLine.MatchString(line) || strings.Contains(strings.ToLower(line), "direction ") {
				t.Fatalf("line %q", line)
			}
		}
	})
}

// Any name appears in the drawing, and nothing else.
func TestNamesInSVG(t *testing.T) {
	for i, name := range nasty {
		m := named(name, nasty[(i+1)%len(nasty)], nasty[(i+2)%len(nasty)])
		svg, err := m.SVG(t.Context(), name, false)
		if err != nil {
			t.Fatal(err)
		}
		got, err := diagram.TextsOf(svg)
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if d := cmp.Diff(m.Texts(), got); d != "" {
			t.Errorf("texts (-model +drawing):\n%s", d)
		}
	}
}

// Text is legible in both themes (WCAG AA).
func TestContrast(t *testing.T) {
	for name, theme := range map[string]diagram.Theme{"light": diagram.Light, "dark": diagram.Dark} {
		for _, p := range theme.Pairs() {
			if c := contrast(t, p.On, p.Color); c < p.Least {
				t.Errorf("%s: %s %s on %s has a contrast of %.2f, less than %.1f", name, p.What, p.Color, p.On, c, p.Least)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(t *testing.T, color string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		sum += weight * linear(float64(n)/255)
	}
	return sum
}

func linear(c float64) float64 {
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

// linked returns a schema of n tables with foreign keys: to tables that most refer to, to the one before, to any.
func linked(t *testing.T, n int) catalog.Catalog {
	t.Helper()
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "table public.table_%03d: ordinary\ncolumn public.table_%03d.id: integer not null\n", i, i)
		for k, to := range []int{i % 7, i - 1, i * i * 31 % (i + 1)} {
			if i%5 > k && to != i && to >= 0 { // a fifth of the tables refers to none
				fmt.Fprintf(&text, "column public.table_%03[1]d.c%[2]d: integer\nconstraint public.table_%03[1]d.k%[2]d: FOREIGN KEY (c%[2]d) REFERENCES public.table_%03[3]d(id)\n", i, k, to)
			}
		}
	}
	return parse(t, text.String())
}

// Up to MaxColumns tables have columns. The drawing of more isn't wider than four times its height.
func TestOverview(t *testing.T) {
	if m := diagram.Of(linked(t, diagram.MaxColumns)).Overview(); len(m.Tables[3].Columns) < 2 {
		t.Errorf("%+v", m.Tables[3])
	}
	for _, n := range []int{31, 100, 400} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			m := diagram.Of(linked(t, n)).Overview()
			if len(m.Tables) != n || len(m.Tables[3].Columns) > 0 || len(m.Keys) < n {
				t.Fatalf("%d tables, %d keys, %+v", len(m.Tables), len(m.Keys), m.Tables[3])
			}
			svg, err := m.SVG(t.Context(), "x", false)
			if err != nil {
				t.Fatal(err)
			}
			var width, height float64
			_, box, _ := strings.Cut(string(svg), `viewBox="`)
			if _, err := fmt.Sscanf(box, "0 0 %f %f", &width, &height); err != nil {
				t.Fatal(err)
			}
			if width > 4*height || height > 4*width {
				t.Errorf("%.0f x %.0f", width, height)
			}
			t.Logf("%.0f x %.0f, %d bytes", width, height, len(svg))
		})
	}
}
