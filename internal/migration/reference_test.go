package migration

import (
	"os"
	"strings"
	"testing"
)

// docs/reference.md has each directive.
func TestReference(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n### Directives\n")
	section, _, _ = strings.Cut(section, "\n### Settings\n")
	if !ok {
		t.Fatal("the reference has no section on directives")
	}
	for name, argument := range supported {
		argument = strings.TrimSuffix(argument, "5s") // an example
		if want := strings.TrimSpace("`-- " + name + " " + argument); !strings.Contains(section, want) {
			t.Errorf("the reference doesn't have %s`", want)
		}
	}
}
