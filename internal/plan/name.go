package plan

import (
	"regexp"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

var namePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`) })

// CheckName reports whether a name can be part of a file's name. The error is a *usage.Error.
func CheckName(name string) error {
	if namePattern().MatchString(name) && len(name) <= maxName && !strings.HasSuffix(name, ".sql") {
		return nil
	}
	return usage.Errorf("%q isn't a valid name for a migration: use at most %d ASCII letters, digits, _ and -, start with a letter or a digit, and omit the version and .sql: -name=%s",
		name, maxName, clean(strings.TrimSuffix(name, ".sql")))
}

// maxName is the maximum length in bytes: with version and suffix it stays readable in listings.
const maxName = 80

// maxDerived is the maximum length of a derived name, to which the file's step and number are added.
const maxDerived = 38

// derived makes what a plan does the name of its files: whole words, as many as fit.
func derived(name string) string {
	name = clean(name)
	if len(name) <= maxDerived {
		return name
	}
	end := strings.LastIndexByte(name[:maxDerived+1], '_')
	if end < maxDerived/2 {
		end = maxDerived
	}
	return strings.TrimSuffix(strings.TrimRight(name[:end], "_"), "_and")
}

var unclean = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^a-z0-9]+`) })

// clean makes a derived name fit for a file name.
func clean(name string) string {
	name = strings.Trim(unclean().ReplaceAllString(strings.ToLower(name), "_"), "_")
	if len(name) > maxName {
		name = strings.TrimRight(name[:maxName], "_")
	}
	if name == "" {
		return "change"
	}
	return name
}
