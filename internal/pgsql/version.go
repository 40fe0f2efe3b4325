package pgsql

import (
	"strconv"
	"strings"
)

// OldestMajor is the oldest supported major version of PostgreSQL.
const OldestMajor = 12

// SupportEnded returns when PostgreSQL's developers ended their support of a major version, if that is before
// production is expected to have left it: "November 2024". It returns "" for other versions.
func SupportEnded(major int) string {
	if major == 12 {
		return "November 2024"
	}
	return ""
}

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
