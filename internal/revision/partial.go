package revision

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

const hashPrefix = "h1:"

// downMark is the first of the partial hashes of a row whose down file has begun but not ended, and counts as one of
// its statements. The Atlas CLI compares it with the first statement's hash and refuses to continue, as it should.
const downMark = "revert"

// oldDownMark is the mark of earlier versions, whose partial hashes are only those of the statements that have run, and
// whose counts are those of the migration. They refuse a row with another mark.
const oldDownMark = "down"

// Done reports whether the row says that its migration ran to the end.
func Done(r *migrate.Revision) bool { return r.Applied == r.Total }

// Sums returns the partial hashes of a file: the n-th covers the first n statements of src. They are those of the Atlas
// CLI, including semicolons, so that each tool can continue where the other stopped.
//
// All of them are in the journal from the start, and the row's count says how many of the statements have run, because
// PostgreSQL writes the whole array again whenever it changes. The Atlas CLI, too, reads only as many as have run.
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

// DownSums is like Sums for a down file.
func DownSums(src string, stmts []pgsql.Stmt) []string {
	return append([]string{downMark}, Sums(src, stmts)...)
}

// BeginDown turns the row of an applied migration into that of one whose down file, with the hashes of DownSums, has
// run n statements.
func BeginDown(r *migrate.Revision, sums []string, n int) {
	r.Applied, r.Total, r.PartialHashes = 1+n, len(sums), sums
}

// IsDown reports whether the row is that of a migration whose down file has begun but not ended.
func IsDown(r *migrate.Revision) bool {
	return !Done(r) && len(r.PartialHashes) > 0 && r.PartialHashes[0] == downMark
}

// DownApplied returns how many statements of the down file have run.
func DownApplied(r *migrate.Revision) int { return r.Applied - 1 }

// In memory, the note of a batch that has begun but not ended follows the hashes of the statements that have run. In
// the journal it counts as one of the statements that have run, so that the Atlas CLI compares it with the statement's
// hash and refuses to run the statement as a whole.

// Batch returns the note of the batch that the next statement of a half applied or half reverted migration has begun.
// ok is false if it has begun none.
func Batch(r *migrate.Revision) (n batch.Note, ok bool) {
	if r == nil || r.Applied < 0 || r.Applied >= len(r.PartialHashes) {
		return batch.Note{}, false
	}
	return batch.ParseNote(r.PartialHashes[r.Applied])
}

// BeginBatch adds to a half applied or half reverted row, with the hashes of Sums or DownSums, how far the batch of its
// next statement has come.
func BeginBatch(r *migrate.Revision, n batch.Note) {
	n.Sum = r.PartialHashes[r.Applied]
	r.PartialHashes = slices.Insert(slices.Clone(r.PartialHashes), r.Applied, n.String())
}

// stored returns a row as it is in the journal.
func stored(r *migrate.Revision) *migrate.Revision {
	if _, ok := Batch(r); !ok {
		return r
	}
	row := *r
	row.Applied++
	row.Total++
	return &row
}

// trim removes the hashes of statements that have not run from a row of the journal.
func trim(r *migrate.Revision) {
	n := len(r.PartialHashes)
	if Done(r) || r.Applied < 0 || r.Applied > r.Total {
		return
	}
	if n > 0 && r.PartialHashes[0] == oldDownMark {
		r.PartialHashes[0] = downMark
		r.Applied, r.Total = n, n+1
		return
	}
	// The Atlas CLI appends the hashes of the statements that it runs, and doesn't change the total.
	appended := max(0, n-r.Total)
	if n > r.Applied && appended <= r.Applied {
		r.PartialHashes = append(r.PartialHashes[:r.Applied-appended], r.PartialHashes[n-appended:]...)
	}
	if r.Applied > 0 && r.Applied <= len(r.PartialHashes) {
		if _, ok := batch.ParseNote(r.PartialHashes[r.Applied-1]); ok {
			r.Applied--
			r.Total--
		}
	}
}

// edited returns the index of the first statement that has changed since it ran, -1 if none has. ran holds the hashes
// of those that have run, and the note of a batch.
func edited(sums, ran []string) int {
	for i, sum := range ran {
		if n, ok := batch.ParseNote(sum); ok {
			sum = n.Sum
		}
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
