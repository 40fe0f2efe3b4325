package internal_test

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// A phrase is one that no engineer would write, with what one would.
type phrase struct {
	re      *regexp.Regexp
	instead string
}

var phrases = []phrase{
	{regexp.MustCompile(`(?i)\banew\b`), "again"},
	{regexp.MustCompile(`(?i)\bbehind\b`), "after"},
	{regexp.MustCompile(`(?i)\bfor ever\b`), "forever"},
	{regexp.MustCompile(`(?i)\b(stands?|stood|standing)\b`), "is, remains, holds"},
	{regexp.MustCompile(`(?i)\b(takes?|took|taken|taking) (it |them )?back\b`), "revert"},
	{regexp.MustCompile(`(?i)\b(takes?|took|taken) down\b`), "record"},
	{regexp.MustCompile(`(?i)\bin the way\b`), "offending, conflicting"},
	{regexp.MustCompile(`(?i)\b(leads?|led|leading) back\b`), "revert"},
	{regexp.MustCompile(`(?i)\bways? back\b`), "down file, down migration"},
	{regexp.MustCompile(`(?i)\bthousand million\b`), "billion"},
	{regexp.MustCompile(`(?i)\bthere are [^ ]+, `), "known formats: text, json"},
	{regexp.MustCompile(`(?i)\bfor want of\b`), "without"},
	{regexp.MustCompile(`(?i)\bbut for\b`), "except for"},
	{regexp.MustCompile(`(?i)\bsees? to it\b`), "ensure"},
	{regexp.MustCompile(`(?i)\b(has|have|had) (no )?room\b`), "fits, is too small for"},
	{regexp.MustCompile(`(?i)\bunsaid\b`), "unreported, unsupported"},
	{regexp.MustCompile(`(?i)\bbeside\b`), "with, next to, in addition to"},
	{regexp.MustCompile(`(?i)\band the like\b`), "and similar"},
	{regexp.MustCompile(`(?i)\b(says?|said) (whether|if)\b`), "reports whether"},
	{regexp.MustCompile(`(?i), for (it|they|the|a|that|there|nothing|nobody)\b`), "because"},
	{regexp.MustCompile(`\b(he|him|his)\b`), "they, it"},
	{regexp.MustCompile(`(?i)\bshall\b`), "must"},
	{regexp.MustCompile(`(?i)\bwithout end\b`), "indefinitely"},
	{regexp.MustCompile(`(?i)\bto be had\b`), "available"},
	{regexp.MustCompile(`(?i)\b(is|are) to be\b`), "must be"},
	{regexp.MustCompile(`(?i)\bfor who\b`), "for whoever"},
	{regexp.MustCompile(`(?i)\b(hold|holds|held) [a-z ]{0,12}against\b`), "compare with"},
	{regexp.MustCompile(`(?i)\b(is|are|was|were) no [a-z]+`), "isn't a"},
}

// right are phrases that a pattern of phrases matches and that are good English.
var right = regexp.MustCompile(`(?i)\b(repeatable-unsaid|there (is|are|was|were) no [a-z]+|(is|are|was|were) no (longer|more|less|different)|stands? for|stand-?ins?|stands? alone|falls? behind)\b`)

// exceptions are texts that are written as they must be, by the end of the file's path.
var exceptions = map[string][]string{
	"internal/english_test.go":                 {""},
	"internal/pgsql/split.go":                  {"BEGIN ATOMIC without END"},
	"internal/pgsql/split_test.go":             {"BEGIN ATOMIC without END"},
	"internal/schematest/data_test.go":         {"is to be merged into "}, // a migration's message
	"internal/schematest/pass_percent_test.go": {"is no integer"},         // a migration's message
}

// unread are files, and folders with their files, that are kept as others wrote them.
var unread = []string{".git", "LICENSE", "migrations"}

// Comments, strings and documents are in idiomatic English.
func TestEnglish(t *testing.T) {
	root := os.DirFS("..")
	var all []string
	for _, p := range phrases {
		all = append(all, p.re.String())
	}
	any := regexp.MustCompile(strings.Join(all, "|"))
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains(unread, name) && d.IsDir() {
			return fs.SkipDir
		}
		if slices.Contains(unread, name) || d.IsDir() {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if !any.Match(text) {
			return nil
		}
		for _, l := range prose(name, text) {
			if !any.MatchString(l.text) {
				continue
			}
			for _, p := range phrases {
				line := right.ReplaceAllString(l.text, "")
				for _, e := range exceptions[name] {
					if line = strings.ReplaceAll(line, e, ""); e == "" {
						line = ""
					}
				}
				found := p.re.FindString(line)
				if found == "" {
					continue
				}
				t.Errorf("%s:%d: %q: write %s\n\t%s", name, l.line, found, p.instead, strings.TrimSpace(l.text))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Comments are wrapped at one width.
func TestCommentWidth(t *testing.T) {
	const width, tab = 120, "    "
	err := fs.WalkDir(os.DirFS(".."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".go" {
			return err
		}
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			return err
		}
		for i, l := range strings.Split(string(text), "\n") {
			if !strings.HasPrefix(strings.TrimLeft(l, "\t"), "// ") {
				continue
			}
			if n := utf8.RuneCountInString(strings.ReplaceAll(l, "\t", tab)); n > width {
				t.Errorf("%s:%d: the comment has %d columns, more than %d", name, i+1, n, width)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

type line struct {
	line int
	text string
}

// prose are the lines of a file that people read: of Go files the comments and the strings, of documents and fixtures
// all.
func prose(name string, text []byte) []line {
	var list []line
	add := func(first int, text string) {
		for i, l := range strings.Split(text, "\n") {
			list = append(list, line{first + i, l})
		}
	}
	switch filepath.Ext(name) {
	case ".go":
		set := token.NewFileSet()
		file := set.AddFile(name, -1, len(text))
		var s scanner.Scanner
		s.Init(file, text, nil, scanner.ScanComments)
		for {
			pos, tok, lit := s.Scan()
			if tok == token.EOF {
				return list
			}
			if tok == token.COMMENT || tok == token.STRING {
				add(set.Position(pos).Line, lit)
			}
		}
	case ".md", ".hcl", ".txtar", ".txt", ".yml", ".yaml", ".sql", "":
		add(1, string(text))
	}
	return list
}
