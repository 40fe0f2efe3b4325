package tree

import "strings"

// ConflictLine returns the line number of the first conflict marker that git left in text, or 0 if there is none.
func ConflictLine(text string) int {
	at := -1
	switch {
	case strings.HasPrefix(text, "<<<<<<< "):
		at = 0
	default:
		if at = strings.Index(text, "\n<<<<<<< "); at >= 0 {
			at++
		}
	}
	if at < 0 || !strings.Contains(text[at:], "\n>>>>>>> ") {
		return 0
	}
	return 1 + strings.Count(text[:at], "\n")
}
