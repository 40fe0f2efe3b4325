// Package words suggests the word that was probably meant, forms plurals, writes numbers and makes foreign text
// visible, for messages. It knows English, not the words.
package words

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agext/levenshtein"
)

// Nearest returns the word in list that is closest to word, or "" if none is close. It ignores case. Among equally
// close words it returns the first in alphabetical order.
func Nearest(word string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	distance := func(w string) int {
		return levenshtein.Distance(strings.ToLower(word), strings.ToLower(w), nil)
	}
	best := slices.MinFunc(slices.Sorted(slices.Values(list)), func(a, b string) int { return distance(a) - distance(b) })
	if distance(best) > (len(word)+1)/3 {
		return ""
	}
	return best
}

// Plural returns a count and its noun: "1 file", "2 files", "2 entries", "2 indexes with storage parameters", "2
// statistics".
func Plural(n int, one string) string {
	noun, with, _ := strings.Cut(one, " with ")
	if with != "" {
		with = " with " + with
	}
	if n != 1 {
		stem, y := strings.CutSuffix(noun, "y")
		switch {
		case strings.HasSuffix(noun, "statistics"):
		case y && !strings.ContainsRune("aeiou", rune(stem[len(stem)-1])):
			noun = stem + "ies"
		case strings.HasSuffix(noun, "s"), strings.HasSuffix(noun, "x"):
			noun += "es"
		default:
			noun += "s"
		}
	}
	return fmt.Sprintf("%d %s%s", n, noun, with)
}

// Thousands formats a number as "676,296".
func Thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	digits := strings.TrimPrefix(text, "-")
	sign := text[:len(text)-len(digits)]
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Visible escapes, as Go does, control characters, those that change the writing direction, and invalid UTF-8.
// Characters in keep stay.
func Visible(text, keep string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case unicode.IsGraphic(r) || strings.ContainsRune(keep, r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += n
	}
	return b.String()
}
