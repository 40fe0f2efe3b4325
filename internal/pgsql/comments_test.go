package pgsql

import "testing"

func TestComments(t *testing.T) {
	got := Comments("\uFEFF-- a\nSELECT /* b /* c */ */ '-- d', $$ -- e\n$$ -- f\nFROM t -- g\r\n; -- h")
	want := []Comment{
		{"-- a", Pos{3, 1, 1}}, {"/* b /* c */ */", Pos{15, 2, 8}}, {"-- f", Pos{50, 3, 4}}, {"-- g", Pos{62, 4, 8}}, {"-- h", Pos{70, 5, 3}},
	}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %+v, want %+v", i, got[i], want[i])
		}
	}
	if got := Comments("SELECT 'x -- y\n/* open"); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if got := Comments("/* open"); len(got) != 1 || got[0].Text != "/* open" {
		t.Errorf("%+v", got)
	}
}
