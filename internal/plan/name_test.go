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
