package main

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// at is the stamp of the tests' releases.
var at = stamp{"v1.2.3", "c0ffee", time.Date(2026, 11, 24, 8, 11, 12, 0, time.UTC)}

var linux = platform{"linux", "amd64"}

// temp is a folder that TestMain removes.
var temp string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if temp, err = os.MkdirTemp("", "ship"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(temp)
		return pgtest.Main(m)
	}())
}

// made is a release for Linux, from a copy of the repository's files.
type made struct {
	binary built
	dir    string // of the files
	source string
}

func makeRelease(name string) (m made, err error) {
	m.source, m.dir = filepath.Join(temp, name, "source"), filepath.Join(temp, name, "out")
	if err := os.MkdirAll(m.source, 0o755); err != nil {
		return m, err
	}
	copied := exec.Command("bash", "-c", `set -o pipefail; git ls-files -zco --exclude-standard --deduplicate | tar --null --ignore-failed-read -T - -cf - | tar -xf - -C "$0"`, m.source)
	copied.Dir, copied.Stderr = filepath.Join("..", ".."), os.Stderr
	if err := copied.Run(); err != nil {
		return m, err
	}
	binaries, err := build(context.Background(), m.source, at, []platform{linux})
	if err != nil {
		return m, err
	}
	m.binary = binaries[0]
	if err := emptyDir(m.dir); err != nil {
		return m, err
	}
	return m, release(m.dir, at, binaries, []byte("Apache"))
}

// first returns the release that most tests look at.
func first(t *testing.T) made {
	t.Helper()
	m, err := firstRelease()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var firstRelease = sync.OnceValues(func() (made, error) { return makeRelease("first") })

// Two releases from different folders are identical to the byte.
func TestReproducible(t *testing.T) {
	a := first(t).dir
	t.Setenv("GOAMD64", "v3")
	t.Setenv("GOFLAGS", "-ldflags=-X=main.builtVersion=other")
	second, err := makeRelease("second/with/a/longer/path")
	if err != nil {
		t.Fatal(err)
	}
	b := second.dir
	var names []string
	list, err := os.ReadDir(a)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
		if !bytes.Equal(read(t, a, e.Name()), read(t, b, e.Name())) {
			t.Errorf("%s differs between two builds", e.Name())
		}
	}
	want := "SHA256SUMS ibutsu-schema_1.2.3_image.tar ibutsu-schema_1.2.3_linux_amd64.cdx.json ibutsu-schema_1.2.3_linux_amd64.tar.gz"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("released %s", got)
	}
}

// The released binary is static, and knows what it is; the checksums are those of the files.
func TestBinary(t *testing.T) {
	dir := first(t).dir
	shell(t, dir, "sha256sum --check --strict "+sums)
	to := t.TempDir()
	shell(t, dir, "tar -xzf ibutsu-schema_1.2.3_linux_amd64.tar.gz -C "+to)
	got := shell(t, to, "./ibutsu-schema -version")
	for _, want := range []string{"ibutsu-schema  v1.2.3\n", "commit         c0ffee\n", "postgresql     12 to "} {
		if !strings.Contains(got, want) {
			t.Errorf("-version prints\n%s", got)
		}
	}
	f, err := elf.Open(filepath.Join(to, program))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the binary isn't static: it has a segment %s", p.Type)
		}
	}
	if found := bytes.Contains(read(t, to, program), []byte(temp)); found {
		t.Error("the binary contains the path of the folder that it was built in")
	}
}

// The bill of materials lists what Go says is linked in, and what is embedded.
func TestBill(t *testing.T) {
	dir := first(t).dir
	var b cdx.BOM
	if err := json.Unmarshal(read(t, dir, "ibutsu-schema_1.2.3_linux_amd64.cdx.json"), &b); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range *b.Components {
		got[c.Name] = c.Version
	}
	binary := filepath.Join(t.TempDir(), program)
	shell(t, dir, "tar -xzf *.tar.gz -C "+filepath.Dir(binary))
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"std": info.GoVersion, "graphviz": "12.1.2", "expat": "2.6.3"}
	for _, m := range info.Deps {
		if m.Path != module {
			want[m.Path] = m.Version
		}
	}
	for _, needed := range []string{"ariga.io/atlas", "github.com/jackc/pgx/v5", "github.com/hashicorp/hcl/v2"} {
		if want[needed] == "" {
			t.Errorf("%s isn't linked in", needed)
		}
	}
	for path, version := range want {
		if got[path] != version {
			t.Errorf("the bill has %s %q, and %s is linked in", path, got[path], version)
		}
	}
	if len(got) != len(want) {
		t.Errorf("the bill lists %d libraries, and %d are linked in", len(got), len(want))
	}
}

// The bill of materials is valid by CycloneDX's own schema.
func TestBillIsValid(t *testing.T) {
	dir := first(t).dir
	c := jsonschema.NewCompiler()
	schemas := filepath.Join(strings.TrimSpace(shell(t, ".", "go list -m -f '{{.Dir}}' github.com/CycloneDX/cyclonedx-go")), "schema")
	for _, name := range []string{"bom-1.6", "spdx", "jsf-0.82"} {
		found, err := filepath.Glob(filepath.Join(schemas, name+".schema*.json"))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v, %v", name, found, err)
		}
		f, err := os.Open(found[0])
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		doc, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("http://cyclonedx.org/schema/"+name+".schema.json", doc); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text []byte) error {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(doc)
	}
	text := read(t, dir, "ibutsu-schema_1.2.3_linux_amd64.cdx.json")
	if err := valid(text); err != nil {
		t.Error(err)
	}
	if err := valid(bytes.Replace(text, []byte(`"library"`), []byte(`"book"`), 1)); err == nil {
		t.Error("a wrong bill is valid")
	}
}

// A zip archive has the same content, whatever the time zone.
func TestZipped(t *testing.T) {
	content := []entry{{"ibutsu-schema.exe", []byte("MZ"), 0o755}, {"LICENSE", []byte("Apache"), 0o644}}
	a, err := zipped(content, at.time)
	if err != nil {
		t.Fatal(err)
	}
	b, err := zipped(content, at.time.In(time.FixedZone("", 3600)))
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("it differs: %v", err)
	}
	z, err := zip.NewReader(bytes.NewReader(a), int64(len(a)))
	if err != nil {
		t.Fatal(err)
	}
	if len(z.File) != 2 || z.File[0].Name != "ibutsu-schema.exe" || z.File[0].Mode() != 0o755 || !z.File[0].Modified.Equal(at.time) {
		t.Errorf("it has %+v", z.File)
	}
}

// A release never mixes with files that are already there, and its version is a file name.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "old"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"isn't empty":                {"release", "-version=v1.2.3", "-out=" + dir},
		"usage: ship release|image|": {"releases"},
		"version \"v1 -X":            {"image", "-version=v1 -X main.x=y", "-out=" + dir + "/new"},
	} {
		if err := run(t.Context(), args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v", args, err)
		}
	}
	for _, version := range []string{"v1 -X main.x=y", "../v1", "'v1"} {
		if s, err := stampOf(t.Context(), "../..", version); err == nil {
			t.Errorf("%q is accepted: %+v", version, s)
		}
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func shell(t *testing.T, dir, script string) string {
	t.Helper()
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}
