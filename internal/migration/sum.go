package migration

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"path"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
)

// Reason is why a sum file doesn't match its files.
type Reason int

const (
	Edited    Reason = iota + 1 // a file changed after the sum file was written
	Added                       // a file isn't in the sum file
	Removed                     // a file in the sum file is gone
	Missing                     // there is no sum file
	Malformed                   // the sum file can't be parsed
	Conflict                    // the sum file contains git's conflict markers
)

// A SumError means that a sum file doesn't match its files.
type SumError struct {
	Sum    string   // "atlas.sum" or "down/atlas.sum"
	Reason Reason   // the first one's
	Line   int      // in the sum file, from 1; 0 for none
	File   string   // the first file that doesn't match, as a path in the migrations folder; "" for the sum file itself
	Others []string // further files, each with its reason
}

func (e *SumError) Error() string {
	switch e.Reason {
	case Missing:
		return fmt.Sprintf("%s is missing: run `rehash` to write it", e.Sum)
	case Malformed:
		return fmt.Sprintf("%s:%d: this isn't an Atlas sum file, or its lines don't belong together: run `rehash` to rewrite it", e.Sum, e.Line)
	case Conflict:
		return fmt.Sprintf("%s:%d: git's conflict markers: run `rehash` to rewrite it, or `rebase` if this branch's migrations must follow the other's", e.Sum, e.Line)
	}
	text := fmt.Sprintf("%s doesn't match: %s was %s", e.Sum, e.File, e.Reason)
	if len(e.Others) > 0 {
		text += ", and " + strings.Join(e.Others, ", ") + " too"
	}
	if e.Reason == Added {
		return text + ". Run `rehash` if it belongs there"
	}
	return text + ". Restore it, or run `rehash` if no database has run it yet"
}

func (r Reason) String() string {
	return [...]string{"", "edited", "added", "removed", "missing", "malformed", "conflict"}[r]
}

// hashes computes checksums as Atlas does: each also covers the files before it.
func hashes(files []source) (migrate.HashFile, error) {
	var (
		sum = make(migrate.HashFile, len(files))
		h   = sha256.New()
		buf []byte
	)
	for i, f := range files {
		if first, _, _ := strings.Cut(f.text, "\n"); strings.Contains(first, "atlas:sum") {
			return hashesByAtlas(files)
		}
		buf = append(append(buf[:0], f.name...), f.text...)
		h.Write(buf)
		sum[i].N, sum[i].H = f.name, base64.StdEncoding.EncodeToString(h.Sum(nil))
	}
	return sum, nil
}

// hashesByAtlas computes checksums with Atlas's own code, which omits files with the directive atlas:sum ignore.
func hashesByAtlas(files []source) (migrate.HashFile, error) {
	atlas := make([]migrate.File, len(files))
	for i, f := range files {
		atlas[i] = migrate.NewLocalFile(f.name, []byte(f.text))
	}
	sum, err := migrate.NewHashFile(atlas)
	if err != nil {
		return nil, fmt.Errorf("computing checksums: %w", err)
	}
	if len(sum) != len(files) {
		for i, f := range files {
			if i >= len(sum) || sum[i].N != f.name {
				return nil, Errors{{File: f.name, Line: 1, Msg: "\"atlas:sum ignore\" on the first line removes the file from atlas.sum: reword the line, since " + unsupported["atlas:sum"]}}
			}
		}
	}
	return sum, nil
}

// EmptySum returns the text of atlas.sum in a folder without migrations.
func EmptySum() string {
	text, _ := migrate.HashFile{}.MarshalText() // which never fails
	return string(text)
}

// Verify compares both atlas.sum files with the files. The error is a *SumError. An empty directory needs no sum file.
func (d *Dir) Verify() error {
	if err := verify(SumFile, d.folder.sum, d.sum, ""); err != nil {
		return err
	}
	if err := verify(path.Join(DownDir, SumFile), d.folder.downSum, d.down, DownDir); err != nil {
		return err
	}
	return nil
}

func verify(name string, text *string, want migrate.HashFile, dir string) error {
	if text == nil {
		if len(want) == 0 {
			return nil
		}
		return &SumError{Sum: name, Reason: Missing}
	}
	have, line, reason := parseSum(*text)
	if reason != 0 {
		return &SumError{Sum: name, Reason: reason, Line: line}
	}
	return compare(name, have, want, dir)
}

// parseSum parses a sum file. A reason other than 0 says what is wrong with the line.
func parseSum(text string) (sum migrate.HashFile, line int, reason Reason) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, l := range lines {
		for _, marker := range []string{"<<<<<<<", "|||||||", "=======", ">>>>>>>"} {
			if strings.HasPrefix(l, marker) {
				return nil, i + 1, Conflict
			}
		}
	}
	for i, l := range lines {
		l = strings.TrimSuffix(l, "\r")
		if i == 0 {
			if !strings.HasPrefix(l, "h1:") {
				return nil, 1, Malformed
			}
			continue
		}
		file, hash, ok := strings.Cut(l, " h1:")
		if !ok || file == "" || hash == "" {
			return nil, i + 1, Malformed
		}
		sum = append(sum, struct{ N, H string }{file, hash})
	}
	if strings.TrimSuffix(strings.TrimPrefix(lines[0], "h1:"), "\r") != sum.Sum() {
		return nil, 1, Malformed
	}
	return sum, 0, 0
}

// compare finds out which files differ. A checksum also covers the files before its own, so only the first edited file
// can be found; added and removed files are found by name.
func compare(name string, have, want migrate.HashFile, dir string) error {
	if slices.Equal(have, want) {
		return nil
	}
	inHave, inWant := make(map[string]int, len(have)), make(map[string]bool, len(want))
	for i, h := range have {
		inHave[h.N] = i
	}
	for _, w := range want {
		inWant[w.N] = true
	}
	var errs []*SumError
	add := func(reason Reason, file string, line int) {
		errs = append(errs, &SumError{Sum: name, Reason: reason, File: path.Join(dir, file), Line: line})
	}
	for i := range max(len(have), len(want)) {
		if i < len(have) && i < len(want) && have[i].N == want[i].N {
			if len(errs) == 0 && have[i].H != want[i].H {
				add(Edited, have[i].N, i+2)
			}
			continue
		}
		if i < len(have) && !inWant[have[i].N] {
			add(Removed, have[i].N, i+2)
		}
		if i < len(want) {
			if _, ok := inHave[want[i].N]; !ok {
				add(Added, want[i].N, i+2)
			}
		}
	}
	if len(errs) == 0 {
		// The names are the same, in another order.
		return &SumError{Sum: name, Reason: Malformed, Line: 2}
	}
	first := errs[0]
	for _, e := range errs[1:] {
		first.Others = append(first.Others, fmt.Sprintf("%s (%s)", e.File, e.Reason))
	}
	return first
}
