package migration

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words that Resolve knows in addition to versions and revision ids.
const (
	Head = "head" // the last migration
	Base = "base" // before the first
)

// A ResolveError means that a word names no migration, or several.
type ResolveError struct {
	Word      string
	Ambiguous bool    // Near holds all matches
	Near      []*File // the most similar ones, if any
}

func (e *ResolveError) Error() string {
	names := make([]string, len(e.Near))
	for i, f := range e.Near {
		names[i] = fmt.Sprintf("%s (%s)", f.Revision, strings.TrimSuffix(f.Name, ".sql"))
	}
	list := strings.Join(names, ", ")
	switch {
	case e.Word == "":
		return "no migration named: give a version, a revision id, head or base"
	case e.Ambiguous:
		return fmt.Sprintf("%q is ambiguous: it matches %s", e.Word, list)
	case len(names) > 0:
		return fmt.Sprintf("there is no migration %q: did you mean %s?", e.Word, list)
	default:
		return fmt.Sprintf("there is no migration %q: give a version, a revision id, head or base", e.Word)
	}
}

// Resolve returns the index in Files of what word names: a version, a revision id, an unambiguous prefix of either, a
// file name, "head" (the last file; -1 if there is none) or "base" (-1). A checkpoint's index is that of the last
// migration that it replaces. The error is a *ResolveError, which lists similar names.
func (d *Dir) Resolve(word string) (int, error) {
	switch word {
	case Head:
		return len(d.files) - 1, nil
	case Base:
		return -1, nil
	case "":
		return 0, &ResolveError{}
	}
	stem := strings.TrimSuffix(word, ".sql")
	for _, c := range d.checkpoints {
		if c.Version == word || strings.TrimSuffix(c.Name, ".sql") == stem {
			return c.Through, nil
		}
	}
	var matches []int
	for i, f := range d.files {
		switch {
		case f.Version == word || f.Revision == word || strings.TrimSuffix(f.Name, ".sql") == stem:
			return i, nil
		case strings.HasPrefix(f.Version, word) || strings.HasPrefix(f.Revision, word):
			matches = append(matches, i)
		}
	}
	if len(matches) == 1 {
		return matches[0], nil
	}
	e := &ResolveError{Word: word, Ambiguous: len(matches) > 1}
	if !e.Ambiguous {
		e.Near = d.Near(word)
		return 0, e
	}
	for _, i := range matches {
		e.Near = append(e.Near, d.files[i])
	}
	return 0, e
}

// Near returns at most three files whose version, revision id or description is similar to word, the most similar
// first.
func (d *Dir) Near(word string) []*File {
	type candidate struct {
		file     *File
		distance int
	}
	var near []candidate
	lower := strings.ToLower(word)
	for _, f := range d.files {
		distance := min(editDistance(lower, strings.ToLower(f.Revision)), editDistance(lower, f.Version), editDistance(lower, strings.ToLower(f.Desc)))
		if len(word) >= 3 && strings.Contains(strings.ToLower(f.Name), lower) {
			distance = min(distance, 1)
		}
		if distance <= max(1, len(word)/3) {
			near = append(near, candidate{f, distance})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return a.distance - b.distance })
	var files []*File
	for _, c := range near[:min(3, len(near))] {
		files = append(files, c.file)
	}
	return files
}

// Mistyped returns at most three files for whose revision id or version the unknown id looks like a typo: in another
// case, with something before or after it, cut short, or with a character or two mistyped. It is empty if ids are
// numbered or similar to each other, since then another character means another id.
func (d *Dir) Mistyped(id string) []*File {
	word := strings.ToLower(strings.TrimSpace(id))
	var files []*File
	for _, f := range d.files {
		if slices.ContainsFunc([]string{f.Revision, f.Version}, func(known string) bool {
			return partOf(word, strings.ToLower(known)) || d.typo(word, strings.ToLower(known))
		}) {
			files = append(files, f)
		}
	}
	if len(files) > 3 {
		return nil // too many begin with it
	}
	return files
}

// partOf reports whether word is known, a prefix of it, or known with a suffix.
func partOf(word, known string) bool {
	const shortest = 4 // fewer characters may begin any id
	if len(word) < shortest || len(known) < shortest {
		return word == known
	}
	if after, ok := strings.CutPrefix(word, known); ok {
		r, _ := utf8.DecodeRuneInString(after)
		return after == "" || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}
	return strings.HasPrefix(known, word)
}

// typo reports whether word is known with at most one in six characters mistyped, and no other id is as similar.
func (d *Dir) typo(word, known string) bool {
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	most := min(len(word), len(known)) / 6
	if most == 0 || digits(word) || digits(known) || editDistance(word, known) > most {
		return false
	}
	return !slices.ContainsFunc(d.files, func(f *File) bool {
		other := strings.ToLower(f.Revision)
		return other != known && editDistance(other, known) <= most
	})
}

// editDistance returns the Levenshtein distance, in characters.
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(y)]
}

// Word returns what -to calls the version at an index: what Resolve takes, Base for -1.
func (d *Dir) Word(i int) string {
	if i < 0 {
		return Base
	}
	return d.files[i].Version
}

// Title describes the version at an index in messages.
func (d *Dir) Title(i int) string {
	if i < 0 {
		return "the base"
	}
	f := d.files[i]
	if f.Revision == f.Version {
		return f.Version + " (" + f.Desc + ")"
	}
	return f.Version + " (" + f.Revision + ", " + f.Desc + ")"
}
