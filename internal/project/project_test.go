package project

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// env makes a lookup function of NAME=VALUE words.
func env(words ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, w := range words {
			if n, v, _ := strings.Cut(w, "="); n == name {
				return v, true
			}
		}
		return "", false
	}
}

// folder makes a project folder with an atlas.hcl.
func folder(t *testing.T, hcl string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ConfigName), []byte(hcl), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

const minimal = `env "local" {
  migration { revisions_schema = "public" }
}
`

func TestLoad(t *testing.T) {
	root := folder(t, `
variable "schema" {
  type    = string
  default = "ledger"
}
variable "never" { type = string } # no default, and never used
locals {
  bare  = ["alembic_version"]
  names = concat(local.bare, [format("%s.alembic_version", var.schema)])
}
data "sql" "x" { url = "y" }
atlas {
  cloud { token = "t" }
}
env "other" {
  url     = data.sql.x
  schemas = ["a"]
  dev     = var.never
}
env "prod" {
  src     = "file://db/schema.hcl"
  dev     = "docker://postgres/${15}/dev"
  dev_extensions = ["postgis", "O'Dd"]
  oldest_postgres = 15
  exclude = local.names
  alembic_version_schema = var.schema
  lock_timeout = "1500ms"
  lock_retry   = "10m"
  role         = getenv("OWNER")
  batch {
    target          = "250ms"
    min_size        = 10
    max_size        = 20
    vacuum_wait     = "0s"
    max_replica_lag = "10s"
  }
  migration {
    dir              = "file://./db/migrations?format=atlas"
    format           = atlas
    exec_order       = LINEAR
    revisions_schema = "${var.schema}_journal"
    lock_timeout     = "10m"
    exclude          = ["tmp_*"]
  }
  format {
    migrate { lint = "{{ json . }}" }
  }
  lint {
    git { base = "origin/release" }
    destructive {
      error = false
      allow_table { match = "tmp_.*" }
    }
    check "drop-view" { error = true }
  }
}
lint {
  latest = 3
  git { dir = "db" }
  destructive {
    error = true
    force = true
    allow_table { match = "old_.*" }
    allow_column { match = ".*_old" }
  }
  condrop { error = true }
  style { skip = false }
  check "drop-view" { skip = true }
  check "missing-lock-timeout" {}
  allow_table { match = "audit\\..*" }
}
diff {
  skip { drop_table = false }
  concurrent_index { create = true }
}
`)
	got, err := Load(t.Context(), Options{Root: root, Env: "prod", LookupEnv: env("OWNER=Table Owner")})
	if err != nil {
		t.Fatal(err)
	}
	wait, none, yes, no := 10*time.Minute, time.Duration(0), true, false
	got.FS, got.choice, got.opts, got.settings = nil, choice{}, Options{}, nil
	want := &Env{
		Name: "prod", Root: root, Schema: "db/schema.hcl", Migrations: "db/migrations",
		MigrationsDir: filepath.Join(root, "db", "migrations"),
		Dev:           "docker://postgres/15/dev",
		DevExtensions: []string{"postgis", "O'Dd"},
		Oldest:        15,
		Exclude:       []string{"alembic_version", "ledger.alembic_version", "tmp_*"},
		AlembicSchema: "ledger", JournalSchema: "ledger_journal",
		LockTimeout: 1500 * time.Millisecond, LockRetry: 10 * time.Minute, Wait: &wait, Role: "Table Owner",
		Gate: Gate{
			Base: "origin/release",
			Policy: Policy{Analyzers: map[string]Setting{
				"destructive": {
					Error: &no, Force: true,
					AllowTables:  []*regexp.Regexp{regexp.MustCompile("^(?:tmp_.*)$"), regexp.MustCompile("^(?:old_.*)$")},
					AllowColumns: []*regexp.Regexp{regexp.MustCompile("^(?:.*_old)$")},
				},
				"condrop": {Error: &yes},
				"style":   {Skip: &no},
			},
				Checks: map[string]Setting{
					"drop-view":            {Error: &yes, Skip: &no},
					"missing-lock-timeout": {Skip: &no},
				},
				AllowTables: []*regexp.Regexp{regexp.MustCompile(`^(?:audit\..*)$`)},
			},
		},
	}
	want.Batch.Target, want.Batch.MinSize, want.Batch.MaxSize = 250*time.Millisecond, 10, 20
	want.Batch.VacuumWait, want.Batch.MaxReplicaLag = &none, 10*time.Second
	same := cmp.Comparer(func(a, b *regexp.Regexp) bool { return a.String() == b.String() })
	if d := cmp.Diff(want, got, cmp.AllowUnexported(Env{}, choice{}, value{}), same); d != "" {
		t.Error(d)
	}
}

func TestDefaults(t *testing.T) {
	got, err := Load(t.Context(), Options{Root: folder(t, minimal), LookupEnv: env()})
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "local" || got.Schema != "schema.hcl" || got.Migrations != "migrations" ||
		got.AlembicSchema != "public" || got.LockTimeout != 0 || got.Wait != nil || got.OnEmbedded {
		t.Errorf("got %+v", got)
	}
}

func TestChooseEnv(t *testing.T) {
	body := " {\n  migration { revisions_schema = \"public\" }\n}\n"
	two := `env "ci"` + body + `env "prod"` + body
	any := "env {\n  name = atlas.env\n  dev  = atlas.env\n  migration { revisions_schema = \"public\" }\n}\n"
	for _, tt := range []struct{ hcl, ask, want, err string }{
		{two, "prod", "prod", ""},
		{two, "", "", "atlas.hcl has several envs: choose one with -env; known envs: ci, prod"},
		{two, "prd", "", `atlas.hcl has no env "prd"; did you mean prod?`},
		{two, "staging", "", `atlas.hcl has no env "staging"; known envs: ci, prod`},
		{two + `env "local"` + body, "", "local", ""},
		{`env "only"` + body, "", "only", ""},
		{any, "x y", "x y", ""},
		{two + any, "ci", "ci", ""},
		{any, "", "local", ""},
		{"locals {}", "", "", `atlas.hcl has no env: add env "local" { ... }`},
	} {
		t.Run(tt.want+tt.err, func(t *testing.T) {
			got, err := Load(t.Context(), Options{Root: folder(t, tt.hcl), Env: tt.ask, LookupEnv: env()})
			if fmt.Sprint(err) != tt.err && (err != nil || tt.err != "") {
				t.Fatalf("error %v, want %q", err, tt.err)
			}
			if err == nil && got.Name != tt.want {
				t.Errorf("env %q, want %q", got.Name, tt.want)
			}
		})
	}
}

func TestBadFiles(t *testing.T) {
	inEnv := func(lines string) string {
		return "env \"local\" {\n" + lines + "\n  migration { revisions_schema = \"public\" }\n}\n"
	}
	for _, tt := range []struct{ name, hcl, want string }{
		{"syntax", "env \"local\" {\n  url = \n}\n", "atlas.hcl:2:9: Invalid expression: Expected the start of an expression, but found an invalid expression token"},
		{"top block", "enw \"local\" {}\n", "atlas.hcl:1:1: unknown block enw; did you mean env?"},
		{"top attribute", "a = 1\n", "atlas.hcl:1:1: unknown attribute a; known names: alembic, atlas, data, diff, drift, env, lint, locals, variable"},
		{"env attribute", inEnv("  urll = 1"), "atlas.hcl:2:3: unknown attribute urll in env; did you mean url?"},
		{"other env", minimal + "env \"x\" {\n  éxclude = []\n}\n", "atlas.hcl:5:3: unknown attribute éxclude in env; did you mean exclude?"},
		{"deep attribute", inEnv("  lint {\n    git {\n      bas = 1\n    }\n  }"), "atlas.hcl:4:7: unknown attribute bas in env.lint.git; did you mean base?"},
		{"deep block", inEnv("  lint {\n    destructiv {}\n  }"), "atlas.hcl:3:5: unknown block destructiv in env.lint; did you mean destructive?"},
		{"nothing near", inEnv("  lint {\n    ownership {}\n  }"), "atlas.hcl:3:5: unknown block ownership in env.lint; known names: allow_table, blocking, check, concurrent_index, condrop, data_depend, destructive, format, git, incompatible, latest, log, naming, owner, review, rule, sizes, small, style, transaction"},
		{"unknown check", inEnv("  lint {\n    check \"drop-colum\" {}\n  }"), "atlas.hcl:3:11: unknown check \"drop-colum\"; did you mean drop-column?"},
		{"check without a name", inEnv("  lint {\n    check {}\n  }"), "atlas.hcl:3:5: a check block needs the check's name or code: check \"drop-column\" { ... }"},
		{"check twice", inEnv("  lint {\n    check \"DS103\" {}\n    check \"DS103\" {}\n  }"), "atlas.hcl:4:11: lint.check \"DS103\" is set twice"},
		{"misspelt setting", inEnv("  lint {\n    check \"DS103\" { eror = true }\n  }"), "atlas.hcl:3:21: unknown attribute eror in env.lint.check; did you mean error?"},
		{"allow without a pattern", inEnv("  lint {\n    allow_table {}\n  }"), "atlas.hcl:3:5: allow_table needs match = \"...\", a regular expression that matches whole names"},
		{"bad pattern", inEnv("  lint {\n    style {\n      allow_table { match = \"(\" }\n    }\n  }"), "atlas.hcl:4:29: \"(\" isn't a regular expression: missing closing )"},
		{"naming without a pattern", inEnv("  lint {\n    naming {\n      index {}\n    }\n  }"), "atlas.hcl:4:7: lint.naming.index needs match = \"...\", a regular expression"},
		{"bad naming", inEnv("  lint {\n    naming { match = \"(\" }\n  }"), "atlas.hcl:3:22: \"(\" isn't a regular expression: missing closing )"},
		{"unknown kind of name", inEnv("  lint {\n    naming {\n      indx {}\n    }\n  }"), "atlas.hcl:4:7: unknown block indx in env.lint.naming; did you mean index?"},
		{"rule without a name", inEnv("  lint {\n    rule {}\n  }"), "atlas.hcl:3:5: a rule block needs a name: rule \"no-vacuum\" { ... }"},
		{"rule without a pattern", inEnv("  lint {\n    rule \"a\" {}\n  }"), "atlas.hcl:3:5: lint.rule \"a\" needs match = \"...\", a regular expression"},
		{"rule in Perl's syntax", inEnv("  lint {\n    rule \"a\" { match = \"(?!x)\" }\n  }"), "atlas.hcl:3:24: \"(?!x)\" isn't a regular expression: invalid or unsupported Perl syntax"},
		{"rule twice", inEnv("  lint {\n    rule \"a\" {\n      match = \"x\"\n      message = \"m\"\n    }\n    rule \"a\" {}\n  }"), "atlas.hcl:7:10: lint.rule \"a\" is set twice"},
		{"naming twice", inEnv("  lint {\n    naming {\n      index { match = \"x\" }\n      index { match = \"y\" }\n    }\n  }"), "atlas.hcl:5:7: lint.naming.index is set twice"},
		{"rule without a message", inEnv("  lint {\n    rule \"a\" { match = \"x\" }\n  }"), "atlas.hcl:3:5: lint.rule \"a\" needs message = \"...\", which says why"},
		{"concurrent index", inEnv("  lint {\n    concurrent_index { check_creat = true }\n  }"), "atlas.hcl:3:24: unknown attribute check_creat in env.lint.concurrent_index; did you mean check_create?"},
		{"block as attribute", inEnv("  lint = 1"), "atlas.hcl:2:3: lint in env is a block: write lint { ... }"},
		{"attribute as block", inEnv("  exclude {}"), "atlas.hcl:2:3: exclude in env is an attribute: write exclude = ..."},
		{"first in the file wins", "zz {}\nenv \"local\" { yy = 1 }\n", "atlas.hcl:1:1: unknown block zz; known names: alembic, atlas, data, diff, drift, env, lint, locals, variable"},
		{"twice", minimal + minimal, "atlas.hcl:4:1: duplicate env \"local\": the first is at line 1"},
		{"no journal", "env \"local\" {}\n", "atlas.hcl:1:1: env local doesn't say where the journal is: add migration { revisions_schema = \"public\" } (the Atlas CLI's default is a schema of its own)"},
		{"schemas", inEnv("  schemas = []"), "atlas.hcl:2:3: schemas in env is not supported: every schema that exclude doesn't match is managed"},
		{"baseline", "env \"local\" {\n  migration {\n    baseline = \"1\"\n  }\n}\n", "atlas.hcl:3:5: baseline in env.migration is not supported: record a database's version with `stamp` instead"},
		{"format", "env \"local\" {\n  migration {\n    format = flyway\n  }\n}\n", "atlas.hcl:3:14: format in env.migration must be atlas: nothing else is supported"},
		{"skip", inEnv("  diff {\n    skip {\n      drop_table = true\n    }\n  }"), "atlas.hcl:4:7: drop_table in diff.skip is not supported: a plan must produce the schema file"},
		{"no variable", inEnv("  dev = var.durl"), "atlas.hcl:2:9: unknown variable durl"},
		{"near variable", "variable \"url\" {\n  type = string\n}\n" + inEnv("  dev = var.ur"), "atlas.hcl:5:9: unknown variable ur; did you mean url?"},
		{"dev reads a device", inEnv("  dev = \"postgres://h/d?servicefile=/dev/zero&service=x\""), "atlas.hcl:2:9: dev: servicefile: /dev/zero isn't a regular file of up to 64 MiB"},
		{"no default", "variable \"dev_url\" {\n  type = string\n}\n" + inEnv("  dev = var.dev_url"), "atlas.hcl:5:9: variable dev_url has no default (atlas.hcl:1), and nothing else can set it: add one, for example getenv(\"DEV_URL\")"},
		{"wrong default", "variable \"a\" {\n  type    = number\n  default = \"x\"\n}\n" + inEnv("  dev = var.a"), "atlas.hcl:3:13: the default of variable a: a number is required"},
		{"cycle", "locals {\n  a = local.b\n  b = local.a\n}\n" + inEnv("  dev = local.a"), "atlas.hcl:3:7: local a refers to itself: a -> b -> a"},
		{"data", inEnv("  dev = data.sql.x"), "atlas.hcl:2:9: data sources are not supported: use getenv() or a variable"},
		{"type", inEnv("  exclude = { a = 1 }"), "atlas.hcl:2:13: exclude must be a list of strings"},
		{"duration", inEnv("  lock_timeout = \"5\""), "atlas.hcl:2:18: lock_timeout must be a duration such as \"2s\" or \"5m\""},
		{"batch attribute", inEnv("  batch {\n    max_sise = 5\n  }"), "atlas.hcl:3:5: unknown attribute max_sise in env.batch; did you mean max_size?"},
		{"oldest PostgreSQL", inEnv("  oldest_postgres = 9"), "atlas.hcl:2:21: oldest_postgres must be a major version of PostgreSQL, 12 or later"},
		{"batch duration", inEnv("  batch {\n    target = \"5\"\n  }"), "atlas.hcl:3:14: target must be a duration such as \"2s\" or \"5m\""},
		{"batch without time", inEnv("  batch {\n    target = \"0s\"\n  }"), "atlas.hcl:3:14: target must be more than 0"},
		{"batch without rows", inEnv("  batch {\n    max_size = 0\n  }"), "atlas.hcl:3:16: max_size must be a number of rows, 1 or more"},
		{"batch bounds", inEnv("  batch {\n    min_size = 1000\n    max_size = 10\n  }"), "atlas.hcl:3:16: min_size must not be more than max_size, 10"},
		{"batch twice", inEnv("  batch {}\n  batch {}"), "atlas.hcl:3:3: duplicate block batch: the first is at line 2"},
		{"number", inEnv("  lint {\n    latest = 1.5\n  }"), "atlas.hcl:3:14: latest must be a whole number, 0 or more"},
		{"outside", inEnv("  src = \"file://../schema.hcl\""), "atlas.hcl:2:9: src: file://../schema.hcl is outside the project folder, which must contain all of a project's files"},
		{"absolute", inEnv("  src = \"file:///etc/passwd\""), "atlas.hcl:2:9: src: file:///etc/passwd is outside the project folder, which must contain all of a project's files"},
		{"not a file URL", inEnv("  src = \"schema.hcl\""), "atlas.hcl:2:9: src: must be a file:// URL, relative to atlas.hcl"},
		{"two sources", inEnv("  src = [\"file://a\", \"file://b\"]"), "atlas.hcl:2:9: src must be one file: a list is not supported"},
		{"environment in src", inEnv("  src = \"file://${strrev(getenv(\"TOKEN\"))}\""), "atlas.hcl:2:9: src can't depend on getenv(), because its value appears in messages: only url, dev, role, alembic_version_schema, lock_timeout, lock_retry, replay_statement_timeout, replay_timeout, replay_disk can"},
		{"owner without a name", inEnv("  lint {\n    owner { match = \"a\" }\n  }"), "atlas.hcl:3:5: an owner block needs a name: owner \"billing-team\" { ... }"},
		{"owner of nothing", inEnv("  lint {\n    owner \"a\" {}\n  }"), "atlas.hcl:3:5: lint.owner \"a\" needs match = \"...\", a regular expression that matches whole names"},
		{"owner of a bad pattern", inEnv("  lint {\n    owner \"a\" { match = \"(\" }\n  }"), "atlas.hcl:3:25: \"(\" isn't a regular expression: missing closing )"},
		{"owner twice", inEnv("  lint {\n    owner \"a\" { match = \"x\" }\n    owner \"a\" { match = \"y\" }\n  }"), "atlas.hcl:4:11: lint.owner \"a\" is set twice"},
		{"small", inEnv("  lint {\n    small = \"10 megabytes\"\n  }"), "atlas.hcl:3:13: small must be a size such as \"512MB\" or \"4GB\""},
		{"small overflows", inEnv("  lint {\n    small = \"9000000TB\"\n  }"), "atlas.hcl:3:13: small must be a size such as \"512MB\" or \"4GB\""},
		{"sizes elsewhere", inEnv("  lint {\n    sizes = \"file://../sizes.json\"\n  }"), "atlas.hcl:3:13: sizes: file://../sizes.json is outside the project folder, which must contain all of a project's files"},
		{"sizes without a scheme", inEnv("  lint {\n    sizes = \"sizes.json\"\n  }"), "atlas.hcl:3:13: sizes: must be a file:// URL, relative to atlas.hcl"},
		{"sizes by the environment", inEnv("  lint {\n    sizes = \"file://${getenv(\"TOKEN\")}\"\n  }"), "atlas.hcl:3:13: sizes can't depend on getenv(), because its value appears in messages: only url, dev, role, alembic_version_schema, lock_timeout, lock_retry, replay_statement_timeout, replay_timeout, replay_disk can"},
		{"environment by names", "variable \"v\" {\n  type = string\n  default = local.a\n}\nlocals {\n  a = [for x in [1] : getenv(\"TOKEN\")]\n}\n" + inEnv("  lint {\n    git {\n      base = \"${join(\"\", [var.v])}\"\n    }\n  }"), "atlas.hcl:11:14: base can't depend on getenv(), because its value appears in messages: only url, dev, role, alembic_version_schema, lock_timeout, lock_retry, replay_statement_timeout, replay_timeout, replay_disk can"},
		{"environment in a list", inEnv("  exclude = [\"a\", upper(getenv(\"TOKEN\"))]"), "atlas.hcl:2:13: exclude can't depend on getenv(), because its value appears in messages: only url, dev, role, alembic_version_schema, lock_timeout, lock_retry, replay_statement_timeout, replay_timeout, replay_disk can"},
		{"environment in dev", inEnv("  dev = \"docker://postgres/${getenv(\"TOKEN\")}/dev\""), "atlas.hcl:2:9: dev must be a whole variable of the environment, such as getenv(\"DEV_URL\"), or not depend on getenv()"},
		{"environment in an error", inEnv("  role = parseint(getenv(\"TOKEN\"), 10)"), "atlas.hcl:2:19: Invalid function argument: HCL's message isn't shown, because it may quote a variable of the environment"},
		{"environment in a circle", "locals {\n  a = local.b\n  b = local.a\n}\n" + inEnv("  src = local.a"), "atlas.hcl:3:7: local a refers to itself: a -> b -> a"},
		{"nested", inEnv("  url = " + strings.Repeat("[", 100_000)), "atlas.hcl:2:108: brackets, blocks and templates are nested more than 100 deep"},
		{"locals that grow", "locals {\n  a = \"" + strings.Repeat("x", 1000) + "\"\n  b = \"" + strings.Repeat("${local.a}", 100) + "\"\n  c = \"" + strings.Repeat("${local.b}", 100) + "\"\n}\n" + inEnv("  dev = local.c"), "atlas.hcl:4:7: this may give a value of more than 1048576 bytes"},
		{"large file", inEnv("  dev = file(\"large\")"), "atlas.hcl:2:9: Error in function call: Call to function \"file\" failed: large has 65537 bytes: file() reads up to 65536"},
		{"exponent in JSON", inEnv("  dev = jsondecode(file(\"exponent\"))"), "atlas.hcl:2:9: Error in function call: Call to function \"jsondecode\" failed: the exponent of a number must not exceed 999"},
		{"function", inEnv("  dev = file(\"../secret\")"), "atlas.hcl:2:9: Error in function call: Call to function \"file\" failed: ../secret is outside the project folder, which must contain all of a project's files"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := folder(t, tt.hcl)
			for name, text := range map[string]string{"large": strings.Repeat("x", 64<<10+1), "exponent": "[1e99999999]"} {
				if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Load(t.Context(), Options{Root: root, LookupEnv: env("TOKEN=s3cr3t"), Checks: []string{"drop-column", "DS103"}})
			if d := cmp.Diff(tt.want, fmt.Sprint(err)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	const linked = ": is a symbolic link, which is not followed: replace it with the file or folder that it points to"
	for _, tt := range []struct {
		name         string
		link, target string // created first
		dir, src     string
		want, err    string
	}{
		{name: "in the folder", dir: "file://a/b", want: "a/b"},
		{name: "absolute in the folder", dir: "file://ROOT/a", want: "a"},
		{name: "link inside", link: "migrations", target: "other", dir: "file://migrations", err: "migrations" + linked},
		{name: "link out", link: "migrations", target: "..", dir: "file://migrations", err: "migrations" + linked},
		{name: "link to nothing", link: "migrations", target: "nowhere", dir: "file://migrations", err: "migrations" + linked},
		{name: "link to itself", link: "migrations", target: "migrations", dir: "file://migrations", err: "migrations" + linked},
		{name: "link on the way", link: "db", target: "other", dir: "file://db/migrations", err: "db" + linked},
		{name: "git's", dir: "file://.git/x", err: ".git: belongs to git, not to the project: name another path"},
		{name: "schema by a link", link: "schema.hcl", target: "/dev/zero", dir: "file://migrations", err: "schema.hcl" + linked},
		{name: "schema from git's", dir: "file://migrations", src: "file://.git/config", err: ".git: belongs to git, not to the project: name another path"},
		{name: "below a file", dir: "file://atlas.hcl/x", err: "atlas.hcl: is a file, not a folder"},
		{name: "project file by a link", link: "atlas.hcl", target: "/etc/passwd", err: "atlas.hcl" + linked},
		{name: "project file by a link to nothing", link: "atlas.hcl", target: "nowhere", err: "atlas.hcl" + linked},
		{name: "function by a link", link: "token", target: "/etc/passwd", dir: "file://migrations", src: `file://${trimspace(file("token"))}`, err: "token" + linked},
		{name: "function from git's", dir: "file://migrations", src: `file://${trimspace(file(".git/config"))}`, err: ".git: belongs to git, not to the project: name another path"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := folder(t, "")
			if tt.src == "" {
				tt.src = "file://schema.hcl"
			}
			hcl := fmt.Sprintf("env \"local\" {\n  src = \"%s\"\n  migration {\n    dir = %q\n    revisions_schema = \"public\"\n  }\n}\n",
				tt.src, strings.ReplaceAll(tt.dir, "ROOT", root))
			for _, dir := range []string{"other", ".git"} {
				if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for name, text := range map[string]string{ConfigName: hcl, ".git/config": "token"} {
				if name == tt.link {
					continue
				}
				if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if tt.link == ConfigName {
				if err := os.Remove(filepath.Join(root, ConfigName)); err != nil {
					t.Fatal(err)
				}
			}
			if tt.link != "" {
				if err := os.Symlink(tt.target, filepath.Join(root, tt.link)); err != nil {
					t.Fatal(err)
				}
			}
			got, err := Load(t.Context(), Options{Root: root, LookupEnv: env()})
			if err != nil || tt.err != "" {
				// HCL adds the position of a function call.
				if text := fmt.Sprint(err); text != tt.err && (!strings.Contains(tt.src, "${") || !strings.Contains(text, tt.err)) {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				return
			}
			if got.Migrations != tt.want {
				t.Errorf("got %q, want %q", got.Migrations, tt.want)
			}
		})
	}
}

// TestEmbedded selects the project that the binary carries, or doesn't, in folders with a project, half of one, and
// none.
func TestEmbedded(t *testing.T) {
	embedded := fstest.MapFS{ConfigName: {Data: []byte(minimal)}, schemaName: {}}
	half := t.TempDir()
	if err := os.Mkdir(filepath.Join(half, migrationsName), 0o755); err != nil {
		t.Fatal(err)
	}
	whole := folder(t, minimal)
	yes, no := true, false
	for _, tt := range []struct {
		flag     *bool
		variable string
		carried  bool
	}{
		{nil, "", false}, {nil, "0", false}, {nil, "false", false}, {&no, "", false}, {&no, "1", false},
		{nil, "1", true}, {nil, "true", true}, {&yes, "", true}, {&yes, "0", true}, {&yes, "nonsense", true},
	} {
		for _, root := range []string{t.TempDir(), half, whole} {
			got, err := Load(t.Context(), Options{Root: root, Embedded: embedded, Carried: tt.flag, LookupEnv: env(CarriedVariable + "=" + tt.variable)})
			switch {
			case !tt.carried && root != whole:
				if !noProject(err, root) {
					t.Errorf("%+v in %s: error %v", tt, root, err)
				}
			case err != nil:
				t.Errorf("%+v in %s: %v", tt, root, err)
			case got.OnEmbedded != tt.carried || got.Root != root || (got.MigrationsDir == "") != tt.carried:
				t.Errorf("%+v in %s: %+v", tt, root, got)
			}
		}
	}
	_, err := Load(t.Context(), Options{Root: whole, Embedded: embedded, LookupEnv: env(CarriedVariable + "=yes")})
	if !errors.As(err, new(*usage.Error)) || err.Error() != `SCHEMA_CARRIED="yes": write 1 for the project that the binary carries, or 0` {
		t.Errorf("a word that is neither: %v", err)
	}
}

// noProject reports whether err says that there is no project in dir.
func noProject(err error, dir string) bool {
	return errors.Is(err, ErrNoProject) && err.Error() == "no atlas.hcl here ("+dir+"): run this in the project's folder"
}

// TestAbove finds the project from folders below it.
func TestAbove(t *testing.T) {
	root, err := filepath.EvalSymlinks(folder(t, minimal))
	if err != nil {
		t.Fatal(err)
	}
	mkdir := func(parts ...string) string {
		dir := filepath.Join(append([]string{root}, parts...)...)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	mkdir("sub", "repository", ".git")
	if err := os.Chmod(mkdir("anybodys"), 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(mkdir("anybodys"), ConfigName), []byte("left by somebody"), 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(mkdir("sub", "deep"), link); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, dir string
		found     bool
	}{
		{"the folder itself", root, true},
		{"below it", mkdir("sub", "deep"), true},
		{"by a link", link, true},
		{"a git repository in it", mkdir("sub", "repository"), false},
		{"below a git repository in it", mkdir("sub", "repository", "deep"), false},
		{"where anybody may leave files", mkdir("anybodys", "mine"), false},
	} {
		got, err := Load(t.Context(), Options{Root: tt.dir, LookupEnv: env()})
		switch {
		case !tt.found:
			if !noProject(err, tt.dir) {
				t.Errorf("%s: error %v", tt.name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case got.Above != (tt.dir != root) || got.OnEmbedded || got.Root != root || got.MigrationsDir != filepath.Join(root, migrationsName):
			t.Errorf("%s: above %v, found %s with %s", tt.name, got.Above, got.Root, got.MigrationsDir)
		}
	}
	// Half a project isn't a project yet, and the project above it isn't used instead.
	half := mkdir("half")
	mkdir("half", migrationsName)
	if _, err := Load(t.Context(), Options{Root: half, LookupEnv: env()}); !noProject(err, half) {
		t.Errorf("half a project: %v", err)
	}
}

func TestDevURL(t *testing.T) {
	clearLibpq(t)
	for _, tt := range []struct{ dev, want, err string }{
		{"docker://postgres/15/dev", "docker://postgres/15/dev", ""},
		{"postgresql+psycopg2://me:p#w/%@h/d?search_path=public", "postgres://me:p%23w%2F%25@h/d", ""},
		{"postgres://h", "postgres://h/", ""}, // databases are made there
		{"postgres://me:hunter2@h:x/d", "", "atlas.hcl:2:9: dev: invalid port"},
	} {
		hcl := fmt.Sprintf("env \"local\" {\n  dev = %q\n  migration { revisions_schema = \"public\" }\n}\n", tt.dev)
		got, err := Load(t.Context(), Options{Root: folder(t, hcl), LookupEnv: env()})
		if err != nil || tt.err != "" {
			if fmt.Sprint(err) != tt.err {
				t.Errorf("%s: error %v, want %q", tt.dev, err, tt.err)
			}
			continue
		}
		if got.Dev != tt.want {
			t.Errorf("%s: got %s, want %s", tt.dev, got.Dev, tt.want)
		}
	}
}

// TestOwnFile reads this repository's atlas.hcl: every env, and the settings that the commands rely on.
func TestOwnFile(t *testing.T) {
	for _, name := range []string{"local", "ci", "prod"} {
		got, err := Load(t.Context(), Options{Root: filepath.Join("..", ".."), Env: name, LookupEnv: env()})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"public.alembic_version", "alembic_version", "public.atlas_schema_revisions", "atlas_schema_revisions"}
		if d := cmp.Diff(want, got.Exclude); d != "" {
			t.Errorf("%s: exclude: %s", name, d)
		}
		if got.JournalSchema != "public" || got.Dev != "docker://postgres/15/dev" || !*got.Gate.Analyzers["destructive"].Error {
			t.Errorf("%s: got %+v", name, got)
		}
		if db, err := got.Database(); (err == nil) != (name == "local") {
			t.Errorf("%s without any database: %v, %v", name, db, err)
		}
	}
}

// TestConventions reads the patterns for names, a project's own rules, and the checks of concurrent_index.
func TestConventions(t *testing.T) {
	root := folder(t, `
lint {
  concurrent_index {
    check_create = false
    check_drop   = true
  }
  naming {
    error = true
    match = "^[a-z]+$"
    message = "lower case"
    index {
      match = "_idx$"
    }
  }
  rule "no-vacuum" {
    match   = "^VACUUM"
    message = "autovacuum does it"
  }
}
env "local" {
  url = "postgres://x"
  migration { revisions_schema = "public" }
  lint {
    check "PG108" { skip = false }
    naming {
      index {
        match = "^i_"
        message = "i_ first"
      }
    }
    rule "no-grant" {
      match   = "^GRANT"
      message = "no"
      error   = true
    }
  }
}
`)
	e, err := Load(t.Context(), Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	p := e.Gate.Policy
	if n := p.Naming; len(n) != 2 || n[""].Match.String() != "^[a-z]+$" || n[""].Message != "lower case" || n["index"].Match.String() != "^i_" || n["index"].Message != "i_ first" {
		t.Errorf("naming: %v", n)
	}
	if !*p.Analyzers["naming"].Error {
		t.Error("naming isn't an error")
	}
	if r := p.Rules; len(r) != 2 || r[0].Name != "no-grant" || !r[0].Error || r[1].Name != "no-vacuum" || r[1].Error || r[1].Message != "autovacuum does it" || r[1].Match.String() != "^VACUUM" {
		t.Errorf("rules: %v", r)
	}
	if c := p.Checks; !*c["PG101"].Skip || *c["PG108"].Skip || c["PG102"].Skip != nil {
		t.Errorf("checks: %v", c)
	}
}
