package words

import "testing"

func TestNearest(t *testing.T) {
	for _, tt := range []struct {
		word string
		list []string
		want string
	}{
		{"colum", []string{"table", "column"}, "column"},
		{"COLUMN", []string{"table", "column"}, "column"},
		{"column", nil, ""},
		{"index", []string{"table", "column"}, ""},
		{"a", []string{"b"}, ""},
		{"id", []string{"ix", "if"}, "if"},
		{"", []string{"a"}, ""},
	} {
		if got := Nearest(tt.word, tt.list); got != tt.want {
			t.Errorf("Nearest(%q, %q) = %q, want %q", tt.word, tt.list, got, tt.want)
		}
	}
	if list := []string{"b", "a"}; Nearest("c", list) != "" || list[0] != "b" {
		t.Error("Nearest sorts its caller's list")
	}
}

func TestPlural(t *testing.T) {
	for want, got := range map[string]string{
		"0 files": Plural(0, "file"), "1 file": Plural(1, "file"), "2 files": Plural(2, "file"),
		"1 entry": Plural(1, "entry"), "2 entries": Plural(2, "entry"), "2 foreign keys": Plural(2, "foreign key"),
		"2 classes": Plural(2, "class"), "3 statistics": Plural(3, "statistics"), "1 index with storage parameters": Plural(1, "index with storage parameters"),
		"2 indexes with storage parameters": Plural(2, "index with storage parameters"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
