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

// Reason is why a sum file and its files do not fit.
type Reason int

const (
	Edited    Reason = iota + 1 // a file is not as it was when the sum was written
	Added                       // a file is not in the sum
	Removed                     // a file of the sum is gone
	Missing                     // there is no sum file
	Malformed                   // the sum file cannot be read
	Conflict                    // git's conflict markers stand in the sum file
)

// A SumError says that a sum file does not fit the files beside it.
type SumError struct {
	Sum    string   // "atlas.sum" or "down/atlas.sum"
	Reason Reason   // the first one's
	Line   int      // in the sum file, from 1; 0 where no line is meant
	File   string   // the first file that does not fit, as a path inside the migrations folder; "" if the sum file itself is meant
	Others []string // further files, each with its reason
}

func (e *SumError) Error() string {
	const rehash = "run rehash"
	switch e.Reason {
	case Missing:
		return fmt.Sprintf("%s is missing: %s to write it", e.Sum, rehash)
	case Malformed:
		return fmt.Sprintf("%s:%d: this is no sum file of Atlas, or its lines do not belong together: %s to write it anew", e.Sum, e.Line, rehash)
	case Conflict:
		return fmt.Sprintf("%s:%d: git's conflict markers: %s to write it anew, or rebase where this branch's migrations have to move behind the other's", e.Sum, e.Line, rehash)
	}
	text := fmt.Sprintf("%s does not fit: %s was %s", e.Sum, e.File, e.Reason)
	if len(e.Others) > 0 {
		text += "; also not as the sum says: " + strings.Join(e.Others, ", ")
	}
	if e.Reason == Added {
		return text + ": if it belongs there, " + rehash
	}
	return text + ": restore it; or, if no database has run it yet, " + rehash
}

func (r Reason) String() string {
	return [...]string{"", "edited", "added", "removed", "missing", "malformed", "conflict"}[r]
}

// hashes computes the sums as Atlas does: each covers the files before it too.
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

// hashesByAtlas is hashes by Atlas's own code, which looks for a directive in each
// file, and leaves a file out that has it.
func hashesByAtlas(files []source) (migrate.HashFile, error) {
	atlas := make([]migrate.File, len(files))
	for i, f := range files {
		atlas[i] = migrate.NewLocalFile(f.name, []byte(f.text))
	}
	sum, err := migrate.NewHashFile(atlas)
	if err != nil {
		return nil, fmt.Errorf("computing sums: %w", err)
	}
	if len(sum) != len(files) {
		for i, f := range files {
			if i >= len(sum) || sum[i].N != f.name {
				return nil, Errors{{File: f.name, Line: 1, Msg: "\"atlas:sum ignore\" on the first line takes the file out of atlas.sum: reword the line, " + unsupported["atlas:sum"]}}
			}
		}
	}
	return sum, nil
}

// Verify compares both atlas.sum files with the files. The error is a *SumError. Without files no sum file is needed.
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

// parseSum reads a sum file. A reason other than 0 says what is wrong at which line.
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

// compare finds out which files differ. A sum covers all files before its own, so behind the first edited file nothing can be
// said about edits; files that came or went are found by name.
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
		// The same names in another order.
		return &SumError{Sum: name, Reason: Malformed, Line: 2}
	}
	first := errs[0]
	for _, e := range errs[1:] {
		first.Others = append(first.Others, fmt.Sprintf("%s (%s)", e.File, e.Reason))
	}
	return first
}
