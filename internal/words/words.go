// Package words puts words into messages.
package words

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// Nearest returns the word of a list that was probably meant by another, or "" if none is near.
// Case makes no difference. Of two that are as near it is the first in the alphabet.
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

// Plural is "1 file", "2 files", "2 entries".
func Plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if stem, ok := strings.CutSuffix(one, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, one)
}
