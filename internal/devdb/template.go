//go:build unix

package devdb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"golang.org/x/sys/unix"
)

// The template is an archive of a data directory that initdb created, with throwawaySettings and the owner's roles.

// Locale C is the only one that exists and sorts the same on every machine.
var initdbArgs = []string{"--username=" + superuser, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"}

// templateSQL runs in a single-user server, which reads one statement per line. It drops template0, which every copy
// would contain: on a throwaway server nothing changes template1.
var templateSQL = []string{
	"CREATE ROLE " + devGroup,
	"CREATE ROLE " + devOwner + " LOGIN IN ROLE " + devGroup,
	"UPDATE pg_database SET datistemplate = false WHERE datname = 'template0'",
	"DROP DATABASE template0",
	"CHECKPOINT",
	"CHECKPOINT",
}

// templateVersion must be incremented when makeTemplate changes in a way that serverKey doesn't cover.
const templateVersion = 3

func templateKey(bins binaries) string { return templatePrefix + serverKey(bins) + ".tar" }

// factsFile returns the name of the file with a server's facts.
func factsFile(bins binaries) string { return factsPrefix + serverKey(bins) }

const (
	templatePrefix = "template-"
	factsPrefix    = "facts-"
)

// serverKey identifies everything that a data directory and a server's behavior depend on.
func serverKey(bins binaries) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n%s\n%s\n%q\n%q\n%s", templateVersion, bins.version, bins.dir, initdbArgs, templateSQL, throwawaySettings)
	name := regexp.MustCompile(`[^0-9A-Za-z.]+`).ReplaceAllString(bins.version, "-")
	return fmt.Sprintf("%.40s-%s", name, hex.EncodeToString(h.Sum(nil))[:12])
}

// copyTemplate creates the data directory from the template, and the template if it is missing.
func copyTemplate(ctx context.Context, bins binaries, f *folder, data string, log logger) error {
	cache, err := cacheDir(log)
	if err != nil {
		return fmt.Errorf("choosing a cache folder: %w", err)
	}
	archive, err := makeTemplate(ctx, bins, f, filepath.Join(cache, templateKey(bins)))
	if err != nil {
		return fmt.Errorf("creating a template data directory: %w", err)
	}
	if err := unpack(ctx, archive, data, f.account); err != nil {
		return fmt.Errorf("copying the template data directory: %w", err)
	}
	return nil
}

// makeTemplate returns the template's archive, and creates it if it is missing or damaged. If several processes need it
// at the same time, one creates it and the others wait.
func makeTemplate(ctx context.Context, bins binaries, f *folder, file string) ([]byte, error) {
	if archive, err := readArchive(file); err == nil {
		return archive, nil
	}
	lock, err := os.OpenFile(file+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if err := awaitLock(ctx, lock, unix.LOCK_EX); err != nil {
		return nil, err
	}
	if archive, err := readArchive(file); err == nil {
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
		fmt.Fprintln(&sql, "ALTER SCHEMA public OWNER TO "+devGroup)
	}
	if err := run(ctx, f.account, data, sql.String(), bins.path("postgres"), "--single", "-D", data, "template1"); err != nil {
		return nil, err
	}

	archive, err := pack(data)
	if err != nil {
		return nil, err
	}
	dropOldTemplates(filepath.Dir(file))
	return archive, writeArchive(file, archive)
}

// maxUnused is how long unused files stay in the cache.
const maxUnused = 30 * 24 * time.Hour

// dropOldTemplates removes the templates and facts that were not used for maxUnused.
func dropOldTemplates(cache string) {
	for _, prefix := range []string{templatePrefix, factsPrefix} {
		files, _ := filepath.Glob(filepath.Join(cache, prefix+"*"))
		for _, f := range files {
			if info, err := os.Stat(f); err == nil && time.Since(info.ModTime()) > maxUnused {
				os.Remove(f)
			}
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
