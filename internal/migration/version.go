package migration

import (
	"math/big"
	"strings"
	"time"
)

const versionLayout = "20060102150405"

// NextVersion returns a version for a new file: now in UTC seconds, or the second after the directory's last version if
// that is later. For the n-th further file of the same plan it is n seconds later.
func NextVersion(d *Dir, now time.Time, n int) string {
	if len(d.all) == 0 {
		return VersionAfter("", now, n)
	}
	return VersionAfter(d.all[len(d.all)-1].Version, now, n)
}

// VersionAfter is like NextVersion for a directory whose last version is last, or "" if it has none.
func VersionAfter(last string, now time.Time, n int) string {
	next := now.UTC()
	if last != "" {
		if first := next.Format(versionLayout); first <= last || !numberLess(last, first) {
			at, err := time.Parse(versionLayout, last)
			if err != nil {
				// It isn't a time, so count on.
				return countOn(last, n+1)
			}
			next = at.Add(time.Second)
		}
	}
	return next.Add(time.Duration(n) * time.Second).Format(versionLayout)
}

// numberLess compares two versions as numbers.
func numberLess(a, b string) bool {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// countOn adds n to a version of any length and keeps its leading zeros.
func countOn(version string, n int) string {
	v, ok := new(big.Int).SetString(version, 10)
	if !ok {
		v = new(big.Int)
	}
	text := v.Add(v, big.NewInt(int64(n))).String()
	if pad := len(version) - len(text); pad > 0 {
		text = strings.Repeat("0", pad) + text
	}
	return text
}
