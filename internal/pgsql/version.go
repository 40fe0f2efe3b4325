package pgsql

import (
	"strconv"
	"strings"
)

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
