package fix

import "strings"

// ShellWord quotes what a shell would change.
func ShellWord(s string) string {
	if strings.ContainsAny(s, "\"' \t\n$*?\\;&|<>()`!{}[]#~") {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}
