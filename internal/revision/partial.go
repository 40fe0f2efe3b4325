package revision

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

const hashPrefix = "h1:"

// downMark is the first of the partial hashes of a row whose down file has begun but not ended. The Atlas CLI compares
// it with the first statement's hash and refuses to continue, as it should.
const downMark = "down"

// Done reports whether the row says that its migration ran to the end.
func Done(r *migrate.Revision) bool { return r.Applied == r.Total }

// Sums returns the hashes in the journal's partial_hashes after the statements of src have run: the n-th covers the
// first n statements. They are those of the Atlas CLI, including semicolons, so that each tool can continue where the
// other stopped.
func Sums(src string, stmts []pgsql.Stmt) []string {
	h := sha256.New()
	sums := make([]string, len(stmts))
	for i, s := range stmts {
		h.Write([]byte(s.Text))
		rest := src[s.End:]
		space := len(rest) - len(strings.TrimLeft(rest, " \t\r\n\f\v"))
		if strings.HasPrefix(rest[space:], ";") {
			h.Write([]byte(rest[:space+1]))
		}
		sums[i] = hashPrefix + base64.StdEncoding.EncodeToString(h.Sum(nil))
	}
	return sums
}

// BeginDown turns the row of an applied migration into that of one whose down file has run the statements with the
// hashes sums.
func BeginDown(r *migrate.Revision, sums []string) {
	if !IsDown(r) {
		// If applied is at least 1 and differs from total, the Atlas CLI compares the hashes, too.
		r.Applied = max(r.Total, 1)
		r.Total = r.Applied + 1
	}
	r.PartialHashes = append([]string{downMark}, sums...)
}

// IsDown reports whether the row is that of a migration whose down file has begun but not ended.
func IsDown(r *migrate.Revision) bool {
	return !Done(r) && len(r.PartialHashes) > 0 && r.PartialHashes[0] == downMark
}

// DownSums returns the hashes of the statements of the down file that have run.
func DownSums(r *migrate.Revision) []string { return r.PartialHashes[1:] }

// edited returns the index of the first statement that has changed since it ran, -1 if none has. ran holds the hashes
// of those that have run.
func edited(sums, ran []string) int {
	for i, sum := range ran {
		if i >= len(sums) || hashPrefix+strings.TrimPrefix(sum, hashPrefix) != sums[i] {
			return i
		}
	}
	return -1
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

func quoteAll(ss []string) string {
	q := slices.Clone(ss)
	for i := range q {
		q[i] = quote(q[i])
	}
	return strings.Join(q, ", ")
}
