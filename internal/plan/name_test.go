package plan

import (
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for name, want := range map[string]string{
		"add_results_Score %": "add_results_score", "add_Ü": "add", "Ü": "change", strings.Repeat("a", 79) + "_b": strings.Repeat("a", 79),
	} {
		if got := clean(name); got != want || CheckName(got) != nil {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

func TestDerived(t *testing.T) {
	for name, want := range map[string]string{
		"add_results_Score %": "add_results_score", "": "change",
		"change_results_the_first_long_column_and_the_second": "change_results_the_first_long_column",
		"rename_abcdefghijklmnop_and_abcdefghijk_and_x":       "rename_abcdefghijklmnop",
		strings.Repeat("a", 79):                               strings.Repeat("a", maxDerived),
	} {
		if got := derived(name); got != want || CheckName(got) != nil || len(got) > maxDerived {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}
