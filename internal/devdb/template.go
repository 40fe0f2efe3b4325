//go:build unix

package devdb

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// The template is a data directory as initdb makes it, with our settings and
// the owner role, in one tar file of the cache: a single file is made whole by
// one fsync and one rename, needs no care for owners and modes, and is read
// faster than a thousand small ones.

// Locale C is the only one that every machine has and that sorts alike
// everywhere.
var initdbArgs = []string{"--username=" + superuser, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"}

// templateSQL runs in a single-user server, where a line is a statement.
// template0 goes because every copy would carry it and nobody needs it: on a
// throwaway server template1 stays as it is.
var templateSQL = []string{
	"CREATE ROLE " + devOwner + " LOGIN",
	"UPDATE pg_database SET datistemplate = false WHERE datname = 'template0'",
	"DROP DATABASE template0",
	"CHECKPOINT",
	"CHECKPOINT",
}

// templateVersion is to be counted up when the making changes in a way that
// the key does not see.
const templateVersion = 2

func templateKey(bins binaries) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n%s\n%s\n%q\n%q\n%s", templateVersion, bins.version, bins.dir, initdbArgs, templateSQL, throwawaySettings)
	name := regexp.MustCompile(`[^0-9A-Za-z.]+`).ReplaceAllString(bins.version, "-")
	return fmt.Sprintf("template-%.40s-%s.tar", name, hex.EncodeToString(h.Sum(nil))[:12])
}

// copyTemplate makes the data directory from the template, which it makes
// first if need be.
func copyTemplate(ctx context.Context, bins binaries, f *folder, data string, log logger) error {
	cache, err := cacheDir(log)
	if err != nil {
		return fmt.Errorf("choosing a cache folder: %w", err)
	}
	file := filepath.Join(cache, templateKey(bins))
	archive, err := os.ReadFile(file)
	if err == nil {
		os.Chtimes(file, time.Time{}, time.Now())
	}
	if errors.Is(err, fs.ErrNotExist) {
		archive, err = makeTemplate(ctx, bins, f, file)
	}
	if err != nil {
		return fmt.Errorf("making a template data directory: %w", err)
	}
	if err := unpack(ctx, archive, data, f.account); err != nil {
		return fmt.Errorf("copying the template data directory: %w", err)
	}
	return nil
}

// makeTemplate makes the archive once, also when several processes want it at
// the same time.
func makeTemplate(ctx context.Context, bins binaries, f *folder, file string) ([]byte, error) {
	lock, err := os.OpenFile(file+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if err := awaitLock(ctx, lock, unix.LOCK_EX); err != nil {
		return nil, err
	}
	if archive, err := os.ReadFile(file); err == nil {
		return archive, nil
	}

	data := filepath.Join(f.path, "template")
	defer os.RemoveAll(data)
	args := append([]string{"--pgdata=" + data, "--wal-segsize=1"}, initdbArgs...)
	if bins.major >= 18 {
		args = append(args, "--no-data-checksums")
	}
	if err := run(ctx, f.account, f.path, "", bins.path("initdb"), args...); err != nil {
		return nil, err
	}
	if err := appendFile(filepath.Join(data, "postgresql.conf"), throwawaySettings); err != nil {
		return nil, err
	}
	var sql bytes.Buffer
	for _, stmt := range templateSQL {
		fmt.Fprintln(&sql, stmt)
	}
	if bins.major < ownPublic {
		fmt.Fprintln(&sql, "ALTER SCHEMA public OWNER TO "+devOwner)
	}
	if err := run(ctx, f.account, data, sql.String(), bins.path("postgres"), "--single", "-D", data, "template1"); err != nil {
		return nil, err
	}

	archive, err := pack(data)
	if err != nil {
		return nil, err
	}
	dropOldTemplates(filepath.Dir(file))
	return archive, writeWhole(file, archive)
}

// dropOldTemplates removes what was not used for a month: templates of servers
// and settings that are no more.
func dropOldTemplates(cache string) {
	files, _ := filepath.Glob(filepath.Join(cache, "template-*"))
	for _, f := range files {
		if info, err := os.Stat(f); err == nil && time.Since(info.ModTime()) > 30*24*time.Hour {
			os.Remove(f)
		}
	}
}

func appendFile(name, text string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// writeWhole writes a file so that a reader, also after a crash, finds it whole
// or not at all.
func writeWhole(name string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// pack archives a data directory whose server was shut down.
func pack(data string) ([]byte, error) {
	if err := trimWAL(data); err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	err := filepath.WalkDir(data, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(data, path)
		if err != nil || rel == "." || e.Name() == "postmaster.opts" {
			return err
		}
		if e.IsDir() {
			return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: rel, Mode: 0o700})
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: rel, Mode: 0o600, Size: int64(len(content))}); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// trimWAL removes the segments of the write-ahead log that the server has only
// laid in for later. The first one holds the last checkpoint, whose record may
// reach into the second.
func trimWAL(data string) error {
	segments, err := filepath.Glob(filepath.Join(data, "pg_wal", strings.Repeat("[0-9A-F]", 24)))
	if err != nil {
		return err
	}
	for _, s := range segments[min(2, len(segments)):] {
		if err := os.Remove(s); err != nil {
			return err
		}
	}
	return nil
}

// unpack writes the archive's files, two at a time.
func unpack(ctx context.Context, archive []byte, data string, a account) error {
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if err := a.own(data); err != nil {
		return err
	}
	type file struct {
		path    string
		content []byte
	}
	files := make(chan file, 64)
	var failed error
	var fail sync.Once
	var writers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for f := range files {
				err := os.WriteFile(f.path, f.content, 0o600)
				if err == nil {
					err = a.own(f.path)
				}
				if err != nil {
					fail.Do(func() { failed = err })
				}
			}
		})
	}
	err := func() error {
		defer close(files)
		src := bytes.NewReader(archive)
		r := tar.NewReader(src)
		for {
			h, err := r.Next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			path := filepath.Join(data, h.Name)
			if h.Typeflag == tar.TypeDir {
				if err := os.Mkdir(path, 0o700); err != nil {
					return err
				}
				if err := a.own(path); err != nil {
					return err
				}
				continue
			}
			at := len(archive) - src.Len()
			files <- file{path, archive[at : at+int(h.Size)]}
		}
	}()
	writers.Wait()
	return errors.Join(err, failed)
}
