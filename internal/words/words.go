// Package words suggests the word that was probably meant and forms plurals, for messages. It knows English, not the
// words.
package words

import (
	"fmt"
	"slices"
	"strings"

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
