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

// cacheDir returns the folder for files that persist between runs. It is in XDG_CACHE_HOME or the user's cache folder.
// For root it is in /var/cache, because the server's account can't enter root's home. If it isn't writable, cacheDir
// returns a folder in the temporary directory and reports that to log. Links in its path are resolved, because a
// running server is identified by the path that it was started with.
func cacheDir(log logger) (string, error) {
	const name = "ibutsu-schema"
	base, err := userCache()
	if err == nil {
		dir := filepath.Join(base, name)
		if file := committed(dir); file != "" {
			return "", fmt.Errorf("the cache folder %s is in a git repository that has %s committed: set XDG_CACHE_HOME to a folder outside the repository", dir, file)
		}
		// Other users, such as the server's account, may traverse the folder but not list it.
		if err = os.MkdirAll(dir, 0o711); err == nil {
			if err = unix.Access(dir, unix.W_OK|unix.X_OK); err == nil {
				return filepath.EvalSymlinks(dir)
			}
			err = fmt.Errorf("%s: %w", dir, err)
		}
	}
	dir := filepath.Join(os.TempDir(), name+"-"+strconv.Itoa(os.Geteuid()))
	log.printf("the cache folder isn't writable (%v): using %s instead", err, dir)
	if err := os.Mkdir(dir, 0o711); err != nil && !os.IsExist(err) {
		return "", err
	}
	// Anyone can create this folder in the temporary directory: don't trust another user's.
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if !info.IsDir() || ownerOf(info) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("%s isn't writable by this user only: remove it, or set XDG_CACHE_HOME", dir)
	}
	return filepath.EvalSymlinks(dir)
}

// committed returns a file in the folder that is committed to git, or a committed link in the path to the folder. It
// returns "" if there is none, or no git. The tool runs programs from the cache, which must not come from a pull
// request.
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
	// Reading is safe whoever owns the repository, but core.fsmonitor would run a program.
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
