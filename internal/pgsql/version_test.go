package pgsql

import "testing"

func TestMajorVersion(t *testing.T) {
	for version, want := range map[string]int{
		"15.18 (Debian 15.18-0+deb12u1)": 15, "18beta1": 18, "13": 13, "9.6.24": 9, "": 0, "devel": 0, "99999999999999999999": 0,
	} {
		if got := MajorVersion(version); got != want {
			t.Errorf("%q: %d, want %d", version, got, want)
		}
	}
}

func TestSupportEnded(t *testing.T) {
	for major := OldestMajor; major <= 20; major++ {
		if got := SupportEnded(major); (got != "") != (major <= 14) {
			t.Errorf("%d: %q", major, got)
		}
	}
}
