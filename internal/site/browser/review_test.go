package browser

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	ibutsuschema "github.com/ibutsu/ibutsu-schema"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/site/review"
)

var update = flag.Bool("update", false, "write the screenshots in docs")

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// hostile is a table's name, and the end of what most texts on a page can be in.
const hostile = `x</style></script><script>hacked = 1</script><img src=x onerror="hacked = 1">'`

// change is a change that has everything that a page shows.
var change = map[string]string{
	"20260101000000_base.sql": `CREATE TABLE projects (id int PRIMARY KEY, name text);
CREATE TABLE results (id int PRIMARY KEY, project_id int REFERENCES projects, source text, duration int, started date);
CREATE TABLE "` + strings.ReplaceAll(hostile, `"`, `""`) + `" (id int, a text);
`,
	"20260102000000_types.sql": `-- The application no longer reads source. postgres://me:canary@db/x
ALTER TABLE results DROP COLUMN source;
ALTER TABLE results ALTER COLUMN duration TYPE bigint;
-- atlas:nolint create-index-blocking -- there are few
CREATE INDEX results_started ON results (started);
DELETE FROM results WHERE started < '2020-01-01';
`,
	"down/20260102000000_types.sql": "-- alembic:down none " + hostile + "\n",
	"20260103000000_index.sql": `-- atlas:txmode none

CREATE INDEX CONCURRENTLY results_project ON results (project_id);
DO $$ BEGIN UPDATE projects SET name = 'x' WHERE id = 1; END $$;
ALTER TABLE projects ADD COLUMN ` + `"` + strings.Repeat("very_long_", 6) + `" text;
BEGIN;
CREATE TABLE runs (id int PRIMARY KEY, project_id int REFERENCES projects);
COMMIT;
DO $$ BEGIN IF EXISTS (SELECT FROM results) THEN DELETE FROM projects; END IF; END $$;
`,
	"down/20260103000000_index.sql": "DROP TABLE runs;\nALTER TABLE projects DROP COLUMN \"" + strings.Repeat("very_long_", 6) + "\";\nDROP INDEX results_project;\n",
	"effect/20260103000000_index.txt": `+ function public.f(): CREATE OR REPLACE FUNCTION public.f()\n RETURNS text\n LANGUAGE sql\nAS $$\n  SELECT '` + hostile + `' || 'postgres://me:canary@db/x'\n$$\n
`,
	"20260104000000_hostile.sql": `/* ` + hostile + ` */
ALTER TABLE "` + strings.ReplaceAll(hostile, `"`, `""`) + `" ADD COLUMN "` + strings.ReplaceAll(hostile, `"`, `""`) + `" text;
ALTER TABLE "` + strings.ReplaceAll(hostile, `"`, `""`) + `" DROP COLUMN a;
`,
	"down/20260104000000_hostile.sql": "-- " + hostile + "\n" + `ALTER TABLE "` + strings.ReplaceAll(hostile, `"`, `""`) + `" ADD COLUMN a text;
ALTER TABLE "` + strings.ReplaceAll(hostile, `"`, `""`) + `" DROP COLUMN "` + strings.ReplaceAll(hostile, `"`, `""`) + `";
`,
}

// write writes the page about the last files of a folder of migrations to a file, and returns its address.
func write(t *testing.T, files map[string]string, latest int) string {
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
	dir, err := migration.Read(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	r, err := lint.Run(t.Context(), lint.Config{
		Start: func(context.Context, []string) (*devdb.Server, error) { return pgtest.Server(t), nil },
		Dir:   dir, Latest: latest,
		Sizes: lint.Sizes{"public.results": {Bytes: 12 << 30, Rows: 40_000_000}, "public.runs": {Bytes: 2 << 30, Rows: 1_000_000}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := review.New(t.Context(), r, review.Config{Dir: "migrations", Schema: "schema.hcl", Tool: "v1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(p.HTML, "canary") {
		t.Error("the page shows a password")
	}
	name := filepath.Join(root, "review.html")
	if err := os.WriteFile(name, []byte(p.HTML), 0o644); err != nil {
		t.Fatal(err)
	}
	return (&url.URL{Scheme: "file", Path: name}).String()
}

func TestReview(t *testing.T) {
	b := start(t)
	address := write(t, change, 3)

	t.Run("works alone", func(t *testing.T) {
		b.open(t, address)
		text := eval[string](t, b, `document.body.innerText`)
		for _, want := range []string{
			"Destroys data; needs a window; breaks a running application; has other errors; overwrites values; 1 file of 3 can't be reverted",
			"rewrites results", "silenced", "40,000,000 rows", "ACCESS EXCLUSIVE", hostile,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the page doesn't say %q", want)
			}
		}
		if got, want := eval[string](t, b, `document.querySelector(".effect .sql").textContent`), "CREATE OR REPLACE FUNCTION public.f()\n RETURNS text\n LANGUAGE sql\nAS $$\n  SELECT '"+hostile; !strings.HasPrefix(got, want) {
			t.Errorf("the function is shown as %s", got)
		}
		if eval[bool](t, b, `"hacked" in window || document.querySelector("img, iframe, object, link, base, script[src]") !== null`) {
			t.Error("a foreign text is part of the page's HTML")
		}
		if hosts := b.loaded(); len(hosts) != 1 {
			t.Errorf("the page loads more than itself: %q", hosts)
		}
	})

	t.Run("expands", func(t *testing.T) {
		b.open(t, address)
		open := func() int { return eval[int](t, b, `document.querySelectorAll("details[open]").length`) }
		total := eval[int](t, b, `document.querySelectorAll("details").length`)
		b.run(t, click("#expand"))
		if n := open(); n != total || total < 10 {
			t.Errorf("%d of %d are open", n, total)
		}
		b.run(t, click("#collapse"))
		if n := open(); n != 0 {
			t.Errorf("%d are open", n)
		}
		b.run(t, click(".reasons a"))
		if n := open(); n != 1 {
			t.Errorf("a link to a statement opens %d", n)
		}
	})

	t.Run("filters", func(t *testing.T) {
		b.open(t, address)
		shown := func() int {
			return eval[int](t, b, `[...document.querySelectorAll(".statement")].filter((s) => s.checkVisibility()).length`)
		}
		all := shown()
		b.run(t, click(`[data-show="findings"]`))
		some := shown()
		if some == 0 || some >= all {
			t.Errorf("%d of %d statements have findings", some, all)
		}
		b.run(t, click(`[data-show="locks"]`))
		depending, begin := `[...document.querySelectorAll(".statement")].find((s) => s.innerText.includes("its locks depend on the data"))`, `[...document.querySelectorAll(".statement")].find((s) => s.querySelector(".title").textContent === "BEGIN")`
		if !eval[bool](t, b, depending+`.checkVisibility()`) || eval[bool](t, b, begin+`.checkVisibility()`) {
			t.Error("a block whose locks depend on the data isn't shown among the statements with locks, or BEGIN is")
		}
		for statement, want := range map[string]string{
			depending: "A DO block: which locks it takes depends on the data, perhaps ROW EXCLUSIVE on projects.",
			begin:     "Begins a transaction: the locks of all statements up to COMMIT (line 8) are held until then.",
		} {
			if got := eval[string](t, b, statement+`.querySelector("p").textContent`); got != want {
				t.Errorf("the page says %q, want %q", got, want)
			}
		}
		b.run(t, click(`[data-show="all"]`), chromedp.SendKeys(chromedp.CSS("#words"), "very_long"))
		if n := shown(); n != 1 {
			t.Errorf("%d statements contain the word", n)
		}
		if text := eval[string](t, b, `document.getElementById("shown").textContent`); text != fmt.Sprintf("1 of %d shown", all) {
			t.Errorf("the page says %q", text)
		}
		b.run(t, click(".reasons a")) // its statement isn't among those
		if n := shown(); n != 2 {
			t.Errorf("a link to a hidden statement shows %d", n)
		}
	})

	t.Run("keyboard", func(t *testing.T) {
		b.open(t, address)
		focused := func() string {
			return eval[string](t, b, `document.activeElement.id || document.activeElement.className || document.activeElement.tagName`)
		}
		var order []string
		for range 4 {
			b.run(t, chromedp.KeyEvent(kb.Tab))
			order = append(order, focused())
		}
		if want := []string{"skip", "theme", "expand", "collapse"}; !slices.Equal(order, want) {
			t.Errorf("Tab reaches %q, want %q", order, want)
		}
		b.run(t, chromedp.KeyEvent(kb.Enter)) // collapses all
		summary := `document.querySelector("summary")`
		eval[chromedp.Void](t, b, summary+`.focus()`)
		b.run(t, chromedp.KeyEvent(" "))
		if !eval[bool](t, b, summary+`.parentElement.open`) {
			t.Error("the space bar doesn't open a statement")
		}
		// All that reacts to a click can be reached, and shows it.
		if missing := eval[[]string](t, b, `[...document.querySelectorAll("a[href], button, input, summary, .scroll")].filter((e) => {
			e.focus();
			return e.checkVisibility() && (document.activeElement !== e || getComputedStyle(e).outlineStyle === "none");
		}).map((e) => e.outerHTML)`); len(missing) > 0 {
			t.Errorf("not reached, or not shown: %q", missing)
		}
	})

	t.Run("contrast", func(t *testing.T) {
		for _, theme := range []string{"light", "dark"} {
			b.open(t, address)
			b.run(t, emulated("", theme), click("#expand"))
			b.contrast(t, theme)
			// The switch, from the other one.
			other := map[string]string{"light": "dark", "dark": "light"}[theme]
			b.run(t, emulated("", other), click("#theme"))
			if pressed := eval[string](t, b, `document.getElementById("theme").ariaPressed`); pressed != fmt.Sprint(theme == "dark") {
				t.Errorf("%s: the switch says %s", theme, pressed)
			}
			b.contrast(t, theme)
		}
		b.run(t, emulated("", ""))
	})

	t.Run("narrow", func(t *testing.T) {
		b.open(t, address)
		for _, width := range []int64{400, 320} {
			b.run(t, chromedp.EmulateViewport(width, 800, chromedp.EmulateMobile), click("#expand"))
			if n := eval[int64](t, b, `document.documentElement.scrollWidth`); n > width {
				t.Errorf("at %d pixels, the page is %d wide: %q", width, n, eval[[]string](t, b, fmt.Sprintf(`[...document.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > %d && !e.closest(".scroll *")).map((e) => e.outerHTML.slice(0, 80))`, width)))
			}
		}
		b.run(t, chromedp.ResetViewport())
	})

	t.Run("print", func(t *testing.T) {
		b.open(t, address)
		b.run(t, click("#collapse"), chromedp.SendKeys(chromedp.CSS("#words"), "very_long"), emulated("print", "dark"))
		if hidden := eval[[]string](t, b, `[...document.querySelectorAll("details > :not(summary), .statement")].filter((e) => !e.checkVisibility() || e.getClientRects().length === 0).map((e) => e.outerHTML)`); len(hidden) > 0 {
			t.Errorf("not printed: %q", hidden)
		}
		if eval[bool](t, b, `document.getElementById("controls").checkVisibility()`) {
			t.Error("the buttons are printed")
		}
		b.contrast(t, "print")
		b.run(t, emulated("", ""))
		eval[chromedp.Void](t, b, `addEventListener("beforeprint", () => { opened = document.querySelectorAll("details[open]").length; })`)
		pdf := result(t, b, chromedp.PrintToPDF())
		if !strings.HasPrefix(string(pdf), "%PDF-") {
			t.Errorf("printing returns %.20q", pdf)
		}
		if total, opened, now := eval[int](t, b, `document.querySelectorAll("details").length`), eval[int](t, b, `opened`), eval[int](t, b, `document.querySelectorAll("details[open]").length`); opened != total || now != 0 {
			t.Errorf("%d of %d are open while the page is printed, and %d afterwards", opened, total, now)
		}
	})

	if lines := b.problems(); len(lines) > 0 {
		t.Errorf("the console has %q", lines)
	}
}

// screenshots are those in docs: their names, the part of the page, the width and the theme.
var screenshots = []struct {
	name, part, theme string
	width             int64
}{
	{"review.png", "", "light", 1000},
	{"review-locks.png", "article", "light", 1000},
	{"review-narrow.png", "", "dark", 400},
}

// TestScreenshots writes the images in docs/images with -update: of the second of Ibutsu's migrations, with the indexes
// that block writes.
func TestScreenshots(t *testing.T) {
	const folder, largest = "../../../docs/images", 150 << 10
	if *update {
		b := start(t)
		files := map[string]string{}
		all, err := fs.Glob(ibutsuschema.Files, "migrations/2*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range all[:2] {
			for _, name := range []string{name, strings.Replace(name, "/", "/down/", 1)} {
				text, err := fs.ReadFile(ibutsuschema.Files, name)
				if err != nil {
					t.Fatal(err)
				}
				files[strings.TrimPrefix(name, "migrations/")] = string(text)
			}
		}
		address := write(t, files, 1)
		for _, s := range screenshots {
			b.open(t, address)
			b.run(t, chromedp.EmulateViewport(s.width, 720), emulated("", s.theme))
			if s.part != "" {
				eval[chromedp.Void](t, b, fmt.Sprintf(`document.querySelector(%q).scrollIntoView()`, s.part))
			}
			image := result(t, b, chromedp.CaptureScreenshot())
			if err := os.WriteFile(filepath.Join(folder, s.name), image, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, s := range screenshots {
		info, err := os.Stat(filepath.Join(folder, s.name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > largest {
			t.Errorf("%s has %d bytes", s.name, info.Size())
		}
	}
}
