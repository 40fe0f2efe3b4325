//go:build unix

package devdb

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// cacheDir returns the folder for what is kept between runs: below
// XDG_CACHE_HOME or the user's cache folder; for root /var/cache, as root's home
// is closed to the server's account. If that can't be written it is a folder
// below the temp dir, said on log. Links in its path are
// resolved: a running server is known by the path that it was started with.
func cacheDir(log logger) (string, error) {
	const name = "ibutsu-schema"
	base, err := userCache()
	if err == nil {
		dir := filepath.Join(base, name)
		if file := committed(dir); file != "" {
			return "", fmt.Errorf("the cache folder %s belongs to a git repository, which has %s committed: set XDG_CACHE_HOME to a folder outside of it", dir, file)
		}
		// Others than the owner may pass, the server's account among them, not look.
		if err = os.MkdirAll(dir, 0o711); err == nil {
			if err = unix.Access(dir, unix.W_OK|unix.X_OK); err == nil {
				return filepath.EvalSymlinks(dir)
			}
			err = fmt.Errorf("%s: %w", dir, err)
		}
	}
	dir := filepath.Join(os.TempDir(), name+"-"+strconv.Itoa(os.Geteuid()))
	log.printf("the cache folder can't be written (%v): %s is used in its place", err, dir)
	if err := os.Mkdir(dir, 0o711); err != nil && !os.IsExist(err) {
		return "", err
	}
	// The temp dir is everybody's: a folder made by somebody else is not trusted.
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if !info.IsDir() || ownerOf(info) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("%s is not a folder of this user's alone: remove it, or set XDG_CACHE_HOME", dir)
	}
	return filepath.EvalSymlinks(dir)
}

// committed names a file that git has committed below the folder, or a link on the way to it; "" if there is none, or nobody to
// ask. Programs are run from the cache: they must not be a pull request's.
func committed(folder string) string {
	git, err := exec.LookPath("git")
	if err != nil {
		return ""
	}
	top := folder
	for {
		if _, err := os.Lstat(filepath.Join(top, ".git")); err == nil {
			break
		}
		if top == filepath.Dir(top) {
			return ""
		}
		top = filepath.Dir(top)
	}
	// Whoever owns the repository, it is only read; a monitor of its own is none of ours to start.
	args := []string{"-C", top, "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "ls-files", "-z", "--", ":(literal)" + folder}
	for path := filepath.Dir(folder); len(path) > len(top); path = filepath.Dir(path) {
		if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink != 0 {
			args = append(args, ":(literal)"+path)
		}
	}
	out, err := exec.Command(git, args...).Output()
	if err != nil {
		return ""
	}
	file, _, _ := strings.Cut(string(out), "\x00")
	return file
}

func userCache() (string, error) {
	if os.Geteuid() == 0 && os.Getenv("XDG_CACHE_HOME") == "" {
		return "/var/cache", nil
	}
	return os.UserCacheDir()
}
