package pgsql

import (
	"strconv"
	"strings"
)

// OldestMajor is the oldest supported major version of PostgreSQL.
const OldestMajor = 12

// NewestMajor is the newest major version of PostgreSQL on which the tool is tested. Later ones aren't refused.
const NewestMajor = 18

// supportEnded are the months in which PostgreSQL's developers stopped maintaining major versions, according to their
// versioning policy, until November 2026.
var supportEnded = map[int]string{12: "November 2024", 13: "November 2025", 14: "November 2026"}

// SupportEnded returns when PostgreSQL's developers stopped maintaining a major version: "November 2024". It returns ""
// for versions that they maintain, and for those that are too old for this tool.
func SupportEnded(major int) string { return supportEnded[major] }

// MajorVersion returns the major version in a server_version, which a server reports to clients that connect: "15.18
// (Debian ...)", "18beta1". It returns 0 if there is none.
func MajorVersion(version string) int {
	end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(version)
	}
	major, err := strconv.Atoi(version[:end])
	if err != nil {
		return 0
	}
	return major
}
