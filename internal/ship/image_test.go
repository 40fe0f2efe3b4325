package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// unpacked returns the image that a release contains, and a folder with its files, which any user may read.
func unpacked(t *testing.T) (v1.Image, string) {
	t.Helper()
	dir := first(t).dir
	at, root := filepath.Join(temp, "image"), filepath.Join(temp, "root")
	unpackOnce.Do(func() {
		shell(t, dir, "chmod a+rx "+temp+" && mkdir "+at+" "+root+" && tar -xf ibutsu-schema_1.2.3_image.tar -C "+at)
	})
	index, err := layout.ImageIndexFromPath(at)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Fatal(err)
	}
	top, err := index.IndexManifest()
	if err != nil || len(top.Manifests) != 1 || top.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "1.2.3" {
		t.Fatalf("the layout has %+v, %v", top, err)
	}
	index, err = index.ImageIndex(top.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	all, err := index.IndexManifest()
	if err != nil || len(all.Manifests) != 1 || all.Manifests[0].Platform.String() != "linux/amd64" {
		t.Fatalf("the image has %+v, %v", all, err)
	}
	img, err := index.Image(all.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return img, root
}

var unpackOnce sync.Once

// extracted returns a folder with the image's files.
func extracted(t *testing.T) string {
	t.Helper()
	img, root := unpacked(t)
	extractOnce.Do(func() {
		files := mutate.Extract(img)
		defer files.Close()
		tar := exec.Command("tar", "-xpf", "-", "--no-same-owner", "-C", root)
		tar.Stdin = files
		if out, err := tar.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})
	return root
}

var extractOnce sync.Once

// The image has the same digest in each build, and contains nothing but the binary, its license and the mount point.
func TestImage(t *testing.T) {
	root := extracted(t)
	want := "/licenses 755\n/licenses/LICENSE 644\n/project 755\n/usr 755\n/usr/local 755\n/usr/local/bin 755\n/usr/local/bin/ibutsu-schema 755\n"
	if got := shell(t, root, `find . -mindepth 1 -printf '/%P %m\n' | sort`); got != want {
		t.Errorf("the image has\n%s", got)
	}
	var digests []v1.Hash
	for range 2 {
		digest, err := writeLayout(t.TempDir(), at, []built{first(t).binary}, []byte("Apache"))
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, digest)
	}
	if digests[0] != digests[1] {
		t.Errorf("the digests are %v", digests)
	}
	img, _ := unpacked(t)
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if file.Config.Labels["org.opencontainers.image.revision"] != at.commit || !file.Created.Equal(at.time) {
		t.Errorf("the image's configuration is %+v", file)
	}
}

// The image verifies servers by a mounted certificate, and says what is missing without it.
func TestVerified(t *testing.T) {
	db := newDatabase(t)
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "ca.pem"), db.authority, 0o644); err != nil {
		t.Fatal(err)
	}
	const untrusted = "cannot verify the certificate of PostgreSQL at 127.0.0.1:.* isn't trusted here; name the file .* by sslrootcert in the URL, or by PGSSLROOTCERT"
	for _, tt := range []struct {
		mode, authority string
		code            int
		want            string
	}{
		{"verify-full", mounted + "/ca.pem", 3, "8 migrations are pending"},
		{"verify-ca", mounted + "/ca.pem", 3, "8 migrations are pending"},
		{"verify-full", "", 1, untrusted},
		{"verify-ca", "", 1, untrusted},
	} {
		c := container{user: users()[0], root: extracted(t), project: folder, env: []string{
			"POSTGRESQL_HOST=" + db.host, "POSTGRESQL_PORT=" + db.port, "POSTGRESQL_DATABASE=" + db.name, "POSTGRESQL_USER=" + db.user, "POSTGRESQL_PASSWORD=" + db.password,
			"POSTGRESQL_SSLMODE=" + tt.mode, "PGSSLROOTCERT=" + tt.authority,
		}}
		out, stderr, code := c.run(t, installed, "status", "-ready", "-env=prod")
		if code != tt.code || !regexp.MustCompile(tt.want).MatchString(out+stderr) {
			t.Errorf("%s by %q: exit code %d, want %d and %s:\n%s%s", tt.mode, tt.authority, code, tt.code, tt.want, out, stderr)
		}
	}
}

// The image's files run as any user, with a read-only root: it waits, applies and is ready, names the project first,
// and takes a mounted one only when told.
func TestRun(t *testing.T) {
	root := extracted(t)
	img, _ := unpacked(t)
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	command, healthy := append(file.Config.Entrypoint, file.Config.Cmd...), file.Config.Healthcheck.Test[1:]
	for _, user := range users() {
		t.Run(user, func(t *testing.T) {
			db := newDatabase(t)
			c := container{user: user, root: root, env: []string{
				"POSTGRESQL_HOST=" + db.host, "POSTGRESQL_PORT=" + db.port, "POSTGRESQL_DATABASE=" + db.name, "POSTGRESQL_USER=" + db.user, "POSTGRESQL_PASSWORD=" + db.password,
			}}
			expect := func(c container, code int, args []string, want string) (stderr string) {
				t.Helper()
				out, stderr, got := c.run(t, args...)
				if got != code || !regexp.MustCompile(want).MatchString(out+stderr) {
					t.Errorf("%s: exit code %d, want %d and %s:\n%s%s", strings.Join(args, " "), got, code, want, out, stderr)
				}
				return stderr
			}
			expect(c, 3, healthy, "8 migrations are pending")
			stderr := expect(c, 0, command, "(?m)^Applied 8 migrations in .*: the database is at 20260827000000 ")
			if !strings.HasPrefix(stderr, "using the project that this binary carries: "+module+", up to 20260827000000_") {
				t.Errorf("it says first %s", stderr)
			}
			expect(c, 0, healthy, "nothing is pending")
			if got := db.head(t); got != "c4d5e6f7a8b9" {
				t.Errorf("the database is at %s", got)
			}
			expect(c, 1, []string{installed, "init"}, "read-only file system")
			nowhere := c
			nowhere.env = nil
			expect(nowhere, 1, command, "no database is set for env prod: .*POSTGRESQL_")

			mine := c
			mine.env = append(slices.Clone(c.env), "SCHEMA_CARRIED=0")
			expect(mine, 1, command, "no atlas.hcl here")
			mine.project = filepath.Join(first(t).source, "internal", "e2e", "testdata", "second")
			out, _, code := mine.run(t, installed, "history", "-format=json")
			var history struct{ Available []struct{ Version string } }
			if err := json.Unmarshal([]byte(out), &history); err != nil || code != 0 || len(history.Available) == 0 {
				t.Errorf("the mounted project: exit code %d, %v\n%s", code, err, out)
			}
			for _, v := range history.Available {
				if v.Version == "20260827000000" {
					t.Error("it isn't the mounted project")
				}
			}
		})
	}
}

// The Dockerfile makes the same image: its first stage makes the same files, its second has the same configuration.
func TestDockerfile(t *testing.T) {
	text := string(read(t, first(t).source, "Dockerfile"))
	_, second, ok := strings.Cut(text, "\nFROM scratch\nCOPY --from=build /out/ /\n")
	if !ok {
		t.Fatalf("the second stage isn't the files of the first")
	}
	list := func(words []string) string {
		text, err := json.Marshal(words)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	c := imageConfig
	want := ""
	for _, e := range c.Env {
		want += "ENV " + e + "\n"
	}
	want += "WORKDIR " + c.WorkingDir + "\nUSER " + c.User + "\nENTRYPOINT " + list(c.Entrypoint) + "\nCMD " + list(c.Cmd) + "\n" +
		"HEALTHCHECK --interval=" + c.Healthcheck.Interval.String() + " --timeout=" + c.Healthcheck.Timeout.String() + " CMD " + list(c.Healthcheck.Test[1:]) + "\n"
	if second != want {
		t.Errorf("the second stage is\n%s\nand the image is\n%s", second, want)
	}
	image := regexp.MustCompile(`(?m)^FROM golang:(\S+) AS build\n`).FindStringSubmatch(text)
	declared := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(string(read(t, first(t).source, "go.mod")))
	if image == nil || declared == nil || image[1] != declared[1] {
		t.Errorf("the first stage is %q, and go.mod says %q", image, declared)
	}

	command := regexp.MustCompile(`(?m)^RUN (.*)$`).FindStringSubmatch(text)
	if command == nil {
		t.Fatal("the first stage runs nothing")
	}
	source, out := first(t).source, filepath.Join(t.TempDir(), "out")
	if _, err := os.Stat(filepath.Join(source, ".git")); err != nil { // the version comes from git
		shell(t, source, "git init -q && git add LICENSE && git -c user.name=t -c user.email=t@example.com commit -qm 1 && git tag v1.2.3")
	}
	shell(t, source, "VERSION= TARGETARCH=amd64; "+strings.ReplaceAll(command[1], "/out", out))
	if got := shell(t, out, "usr/local/bin/ibutsu-schema version"); !strings.HasPrefix(got, "ibutsu-schema  v1.2.3") {
		t.Errorf("version prints %s", got)
	}
	const files = `find . -mindepth 1 -printf '/%P %m\n' | sort`
	if got, want := shell(t, out, files), shell(t, extracted(t), files); got != want {
		t.Errorf("the first stage makes\n%s\nand the image has\n%s", got, want)
	}
}
