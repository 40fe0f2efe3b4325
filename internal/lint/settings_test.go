package lint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/project"
)

// TestReadSettings reads the settings of changed project files. Without flags, they are those of main.
func TestReadSettings(t *testing.T) {
	const prod = "env \"prod\" {\n  dev = \"docker://postgres/15/dev\"\n  migration {\n    dir = \"file://migrations\"\n    revisions_schema = \"public\"\n  }\n}\n"
	skip := func(analyzer string) string { return "lint {\n  " + analyzer + " {\n    skip = true\n  }\n}\n" }
	latest := func(base string) string {
		return "lint {\n  latest = 2\n  git {\n    base = \"" + base + "\"\n  }\n}\n"
	}
	pullRequest := func(r *repo) { r.t.Setenv("GITHUB_BASE_REF", "main") }
	named := func(base string) string { return "lint {\n  git {\n    base = \"" + base + "\"\n  }\n}\n" }
	rule := func(lines string) string {
		return "lint {\n  rule \"r\" {\n    message = \"m\"\n" + lines + "  }\n}\n"
	}
	small := func(size string) string {
		return "lint {\n  small = \"" + size + "\"\n  sizes = \"file://sizes.json\"\n}\n"
	}
	sizes := func(n int) string { return fmt.Sprintf("{\"tables\": [{\"name\": \"public.t\", \"bytes\": %d}]}", n) }
	type result struct {
		Settings string // what lint uses
		Changes  []string
	}
	for _, test := range []struct {
		name         string
		base, branch map[string]string // files
		git          func(r *repo)     // after the branch was made
		env, flag    string
		latest       int
		want         result
	}{
		{"nothing", map[string]string{"atlas.hcl": prod + skip("style")}, nil, nil, "", "", 0, result{"skip style", nil}},
		{"a rule", map[string]string{"atlas.hcl": prod + rule("    match = \"a\"\n    error = true\n")}, map[string]string{"atlas.hcl": prod + rule("    match = \"b\"\n")}, nil, "", "", 0,
			result{"", []string{
				`0:0 lint.rule "r".error = true was removed: lint uses the settings of main until this is merged`,
				`11:5 lint.rule "r".match was changed from "a" to "b": lint uses the settings of main until this is merged`,
			}}},
		{"sizes", map[string]string{"atlas.hcl": prod + small("1MB"), "sizes.json": sizes(5)}, nil, nil, "", "", 0, result{"small 1048576; public.t has 5", nil}},
		{"other sizes", map[string]string{"atlas.hcl": prod + small("1MB"), "sizes.json": sizes(5)},
			map[string]string{"atlas.hcl": prod + small("1GB"), "sizes.json": sizes(4)}, nil, "", "", 0, result{"small 1048576; public.t has 5", []string{
				`9:3 lint.small was changed from "1MB" to "1GB": lint uses the settings of main until this is merged`,
				"0:0 sizes.json was changed: lint uses the one of main until this is merged",
			}}},
		{"sizes of its own", map[string]string{"atlas.hcl": prod}, map[string]string{"atlas.hcl": prod + small("1MB"), "sizes.json": sizes(5)}, nil, "", "", 0, result{"", []string{
			`9:3 lint.small = "1MB" was added: lint uses the settings of main until this is merged`,
			`10:3 lint.sizes = "sizes.json" was added: lint uses the settings of main until this is merged`,
		}}},
		{"sizes, and no base", map[string]string{}, map[string]string{"atlas.hcl": prod + small("1MB"), "sizes.json": sizes(5)}, nil, "", "", 0, result{"", []string{
			"0:0 main has no atlas.hcl: until this one is merged, each check has its default severity, and nothing is excluded",
		}}},
		{"the base's sizes are missing", map[string]string{"atlas.hcl": prod + small("1MB")}, map[string]string{"sizes.json": sizes(5)}, nil, "", "", 0, result{"small 1048576", []string{
			"0:0 the sizes of tables in main can't be used (sizes.json, which lint.sizes names, doesn't exist: write it with lint -snapshot=sizes.json): until that is fixed there, no table is small",
		}}},
		{"the base's sizes are broken", map[string]string{"atlas.hcl": prod + small("1MB"), "sizes.json": "{}"}, nil, nil, "", "", 0, result{"small 1048576", []string{
			"0:0 the sizes of tables in main can't be used (sizes.json: not a snapshot of sizes: it has no tables: write it with lint -snapshot=sizes.json): until that is fixed there, no table is small",
		}}},
		{"sizes without git's main", map[string]string{"atlas.hcl": prod + small("1MB")}, map[string]string{"sizes.json": sizes(5)},
			func(r *repo) { r.git("branch", "-D", "main") }, "", "", 0, result{"own; small 1048576; public.t has 5", nil}},
		{"missing sizes without git's main", map[string]string{"atlas.hcl": prod + small("1MB")}, nil,
			func(r *repo) { r.git("branch", "-D", "main") }, "", "", 0, result{"sizes.json, which lint.sizes names, doesn't exist: write it with lint -snapshot=sizes.json", nil}},
		{"without main", map[string]string{"atlas.hcl": prod}, map[string]string{"atlas.hcl": prod + skip("style")},
			func(r *repo) { r.git("branch", "-D", "main") }, "", "", 0, result{"skip style; own", nil}},
		{"the base's name", map[string]string{"atlas.hcl": prod + named("release")}, map[string]string{"atlas.hcl": prod + named("HEAD") + skip("style")},
			func(r *repo) { r.git("branch", "release", "main") }, "", "", 0,
			result{"base release", []string{
				`10:5 lint.git.base was changed from "release" to "HEAD": lint uses the settings of release until this is merged`,
				"15:5 lint.style.skip = true was added: lint uses the settings of release until this is merged",
			}}},
		{"a base that only the branch names", map[string]string{"atlas.hcl": prod}, map[string]string{"atlas.hcl": prod + named("trunk") + skip("style")},
			func(r *repo) { r.git("branch", "-m", "main", "trunk") }, "", "", 0,
			result{"", []string{
				`10:5 lint.git.base = "trunk" was added: lint uses the settings of trunk until this is merged`,
				"15:5 lint.style.skip = true was added: lint uses the settings of trunk until this is merged",
			}}},
		{"a base that isn't there", map[string]string{"atlas.hcl": prod + named("gone")}, nil, nil, "", "", 0,
			result{`base "gone" isn't in this clone: fetch it (git fetch origin gone), or use -latest=N for the last N files`, nil}},
		{"a base that isn't there, and the latest files", map[string]string{"atlas.hcl": prod + latest("gone")}, map[string]string{"atlas.hcl": prod + latest("gone") + skip("style")}, nil, "", "", 0,
			result{"base gone; latest 2", []string{"16:5 lint.style.skip = true was added: lint uses the settings of main until this is merged"}}},
		{"a base that isn't there, and the flag for the latest files", map[string]string{"atlas.hcl": prod + named("gone")}, map[string]string{"atlas.hcl": prod + named("gone") + skip("style")}, nil, "", "", 1,
			result{"latest 1", []string{"15:5 lint.style.skip = true was added: lint uses the settings of main until this is merged"}}},
		{"a flag that isn't there", map[string]string{"atlas.hcl": prod}, map[string]string{"atlas.hcl": prod + named("HEAD") + skip("style")}, nil, "", "gone", 0,
			result{`base "gone" isn't in this clone: fetch it (git fetch origin gone), or use -latest=N for the last N files`, nil}},
		{"a pull request's base that isn't there", map[string]string{"atlas.hcl": prod}, map[string]string{"atlas.hcl": prod + named("HEAD") + skip("style")}, pullRequest, "", "", 0,
			result{"the pull request's base origin/main isn't in this clone: fetch it (git fetch origin main), or use -latest=N for the last N files", nil}},
		{"a pull request's base that isn't there, and its own latest files", map[string]string{"atlas.hcl": prod}, map[string]string{"atlas.hcl": prod + "lint {\n  latest = 1\n}\n"}, pullRequest, "", "", 0,
			result{"the pull request's base origin/main isn't in this clone: fetch it (git fetch origin main), or use -latest=N for the last N files", nil}},
		{"a pull request's base that isn't there, and the flag for the latest files", map[string]string{"atlas.hcl": prod}, map[string]string{"atlas.hcl": prod + skip("style")}, pullRequest, "", "", 1,
			result{"skip style; latest 1; own", nil}},
		{"the flag", map[string]string{"atlas.hcl": prod + named("release")}, map[string]string{"atlas.hcl": prod + skip("style")},
			func(r *repo) { r.git("branch", "release", "main") }, "", "main", 0,
			result{"base main", []string{
				"0:0 lint.git.base = \"release\" was removed: lint uses the settings of main until this is merged",
				"10:5 lint.style.skip = true was added: lint uses the settings of main until this is merged",
			}}},
		{"the latest files", map[string]string{"atlas.hcl": prod}, map[string]string{"atlas.hcl": prod + skip("style")}, nil, "", "", 2,
			result{"latest 2", []string{"10:5 lint.style.skip = true was added: lint uses the settings of main until this is merged"}}},
		{"reworded, with the same effect", map[string]string{"atlas.hcl": prod + skip("style")},
			map[string]string{"atlas.hcl": "locals {\n  yes = true\n}\nvariable \"dev\" {\n  type = string\n  default = \"docker://postgres/15/dev\"\n}\n" +
				"env \"prod\" {\n  dev = var.dev\n  lint {\n    style {\n      skip = local.yes\n    }\n  }\n  migration {\n    dir = \"file://./migrations\"\n    revisions_schema = \"public\"\n  }\n}\n"},
			nil, "", "", 0, result{"skip style", nil}},
		{"a file that the settings read", map[string]string{"atlas.hcl": prod + "lint {\n  allow_table {\n    match = file(\"allow.txt\")\n  }\n}\n", "allow.txt": "a"},
			map[string]string{"allow.txt": ".*"}, nil, "", "", 0, result{"allow a", []string{
				`0:0 lint.allow_table "a" was removed: lint uses the settings of main until this is merged`,
				`10:5 lint.allow_table ".*" was added: lint uses the settings of main until this is merged`,
			}}},
		{"another env is the default", map[string]string{"atlas.hcl": prod}, map[string]string{"atlas.hcl": prod + strings.Replace(strings.Replace(prod, "prod", "local", 1), "dev\"\n", "dev\"\n  lint {\n    style {\n      skip = true\n    }\n  }\n", 1)},
			nil, "", "", 0, result{"", []string{"12:7 lint.style.skip = true was added: lint uses the settings of main until this is merged"}}},
		{"an env that the base doesn't have", map[string]string{"atlas.hcl": prod}, map[string]string{"atlas.hcl": prod + strings.Replace(prod, "prod", "ci", 1) + skip("style")},
			nil, "ci", "", 0, result{"", []string{`0:0 the atlas.hcl of main can't be used (atlas.hcl has no env "ci"; known envs: prod): until it is fixed there, each check has its default severity, and nothing is excluded`}}},
		{"another server", map[string]string{"atlas.hcl": prod}, map[string]string{"atlas.hcl": strings.Replace(prod, "docker://postgres/15/dev", "postgres://u:secret@evil.example/db", 1)},
			nil, "", "", 0, result{"", []string{"2:3 dev was changed: lint uses the settings of main until this is merged"}}},
		{"exclusions", map[string]string{"atlas.hcl": prod}, map[string]string{"atlas.hcl": strings.Replace(prod, "  dev", "  exclude = [\"*\"]\n  dev", 1)},
			nil, "", "", 0, result{"", []string{`2:3 exclude "*" was added: lint uses the settings of main until this is merged`}}},
		{"a folder that was moved", map[string]string{"atlas.hcl": prod, "migrations/1.sql": ""}, map[string]string{"atlas.hcl": strings.Replace(prod, "//migrations", "//moved", 1), "migrations/1.sql": "gone", "moved/1.sql": ""},
			nil, "", "", 0, result{"in moved; merged in ../migrations; tip in ../migrations", []string{`4:5 migration.dir was changed from "migrations" to "moved": lint compares the new folder with the one of main`}}},
		{"a folder that was copied", map[string]string{"atlas.hcl": prod, "migrations/1.sql": "", "a/moved/1.sql": ""}, map[string]string{"atlas.hcl": strings.Replace(prod, "//migrations", "//a/moved", 1)},
			nil, "", "", 0, result{"in a/moved; merged in ../../migrations; tip in ../../migrations", []string{`4:5 migration.dir was changed from "migrations" to "a/moved": lint compares the new folder with the one of main`}}},
		{"a folder that the base moved", map[string]string{"atlas.hcl": prod, "migrations/1.sql": ""}, map[string]string{"migrations/2.sql": ""}, func(r *repo) {
			r.git("switch", "-q", "main")
			r.git("mv", "db dir/migrations", "db dir/moved")
			r.write(map[string]string{"atlas.hcl": strings.Replace(prod, "//migrations", "//moved", 1)})
			r.commit()
			r.git("switch", "-q", "work")
		}, "", "", 0, result{"tip in ../moved", nil}},
		{"a folder that was moved since the base lost its settings", map[string]string{"atlas.hcl": prod}, map[string]string{"atlas.hcl": strings.Replace(prod, "//migrations", "//moved", 1)}, func(r *repo) {
			r.git("switch", "-q", "main")
			r.git("rm", "-q", "db dir/atlas.hcl")
			r.commit()
			r.git("switch", "-q", "work")
		}, "", "", 0, result{"in moved; merged in ../migrations; tip in ../migrations", nil}},
		{"a new project with exclusions", nil, map[string]string{"atlas.hcl": strings.Replace(prod, "  dev", "  exclude = [\"*\"]\n  dev", 1)}, nil, "", "", 0,
			result{"", []string{"0:0 main has no atlas.hcl: until this one is merged, each check has its default severity, and nothing is excluded"}}},
		{"exclusions, and a base that can't be used", map[string]string{"atlas.hcl": "x = 1"}, map[string]string{"atlas.hcl": strings.Replace(prod, "  dev", "  exclude = [\"*\"]\n  dev", 1)}, nil, "", "", 0,
			result{"", []string{"0:0 the atlas.hcl of main can't be used (atlas.hcl:1:1: unknown attribute x; known names: alembic, atlas, data, diff, drift, env, lint, locals, variable): until it is fixed there, each check has its default severity, and nothing is excluded"}}},
		{"a new project", nil, map[string]string{"atlas.hcl": prod}, nil, "", "", 0, result{"", nil}},
		{"a new project with settings", nil, map[string]string{"atlas.hcl": prod + skip("style")}, nil, "", "", 0,
			result{"", []string{"0:0 main has no atlas.hcl: until this one is merged, each check has its default severity, and nothing is excluded"}}},
		{"a project that hides the one above", map[string]string{"../atlas.hcl": prod}, map[string]string{"atlas.hcl": prod}, nil, "", "", 0,
			result{"main has no atlas.hcl in this folder, but it has atlas.hcl: run lint in that folder until this file is merged", nil}},
		{"a base with a link", map[string]string{"atlas.hcl": "link"}, map[string]string{"atlas.hcl": prod + skip("style")}, nil, "", "", 0,
			result{"", []string{"0:0 main has no atlas.hcl: until this one is merged, each check has its default severity, and nothing is excluded"}}},
		{"changes of the base", map[string]string{"atlas.hcl": prod}, map[string]string{"atlas.hcl": prod + "# one\n"}, func(r *repo) {
			r.git("switch", "-q", "main")
			r.write(map[string]string{"atlas.hcl": prod + skip("style")})
			r.commit()
			r.git("switch", "-q", "work")
		}, "", "", 0, result{"skip style", nil}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("GITHUB_BASE_REF", "")
			r := newRepo(t)
			r.write(test.base)
			r.commit()
			r.git("switch", "-q", "-c", "work")
			r.write(test.branch)
			r.commit()
			if test.git != nil {
				test.git(r)
			}
			lookup := func(string) (string, bool) { return "", false }
			env, err := project.Load(t.Context(), project.Options{Root: filepath.Dir(r.root), Env: test.env, LookupEnv: lookup})
			if err != nil {
				t.Fatal(err)
			}
			var got result
			s, err := lint.ReadSettings(t.Context(), env, test.flag, test.latest, os.LookupEnv)
			if err != nil {
				got.Settings = err.Error()
			} else {
				got.Settings = shown(s)
				for _, d := range s.Changes {
					got.Changes = append(got.Changes, fmt.Sprintf("%d:%d %s", d.Line, d.Col, d.Text))
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// shown describes what differs from the defaults.
func shown(s *lint.Settings) string {
	var words []string
	for name, set := range s.Env.Gate.Analyzers {
		if set.Skip != nil && *set.Skip {
			words = append(words, "skip "+name)
		}
	}
	for _, re := range s.Env.Gate.AllowTables {
		words = append(words, "allow "+strings.Trim(re.String(), "^(?:)$"))
	}
	if s.Base != "" {
		words = append(words, "base "+s.Base)
	}
	if s.Latest != 0 {
		words = append(words, fmt.Sprint("latest ", s.Latest))
	}
	if s.OwnSettings {
		words = append(words, "own")
	}
	if s.Env.Migrations != "migrations" {
		words = append(words, "in "+s.Env.Migrations)
	}
	for _, at := range [][2]string{{"merged", s.MergedDir}, {"tip", s.TipDir}} {
		if at[1] != "" && at[1] != "." {
			words = append(words, at[0]+" in "+at[1])
		}
	}
	if s.Env.Dev != "docker://postgres/15/dev" {
		words = append(words, "on "+s.Env.Dev)
	}
	if s.Env.Gate.Small != 0 {
		words = append(words, fmt.Sprint("small ", s.Env.Gate.Small))
	}
	for name, size := range s.Sizes {
		words = append(words, fmt.Sprintf("%s has %d", name, size.Bytes))
	}
	if len(s.Env.Exclude) > 0 {
		words = append(words, fmt.Sprint("without ", s.Env.Exclude))
	}
	return strings.Join(words, "; ")
}
