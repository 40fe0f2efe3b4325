// Package adopt takes over databases that others have managed. It finds out which version of a directory of migrations
// a database has, by its record, its schema and its data, and records that version. It also finds out how a database
// differs from what it should be.
package adopt

import (
	"context"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// Options say what to adopt.
type Options struct {
	To  string // the version, as migration.Dir.Resolve takes it; "" for the one that Propose finds
	Yes bool   // record it
}

// Result is what Adopt found and did.
type Result struct {
	*Proposal
	// Stamp is what was recorded, nil if nothing was.
	Stamp *migrator.StampResult
}

// A RefusedError means that a database can't be adopted. Nothing was written.
type RefusedError struct{ Proposal *Proposal }

func (e *RefusedError) Error() string { return strings.Join(e.Proposal.Refused, "; ") }

// Adopt finds out which version a database has and, if opts.Yes is set, records it in both tables, under the lock and
// in one transaction. It needs no other server: the effects of the migrations are the schemas of the versions. If the
// database is already recorded at its version, nothing is written. The error is a *RefusedError if the proposal is
// refused, whether or not opts.Yes is set; the result has the proposal.
func Adopt(ctx context.Context, m *migrator.Migrator, dir *migration.Dir, opts Options) (*Result, error) {
	res := &Result{}
	if err := dir.Verify(); err != nil {
		return res, err
	}
	var err error
	if opts.Yes {
		var stamp *migrator.StampResult
		stamp, err = m.Record(ctx, func(ctx context.Context, v *migrator.Survey) (index int, ok bool, err error) {
			res.Proposal, err = Propose(ctx, dir, v, opts.To)
			if err != nil {
				return 0, false, err
			}
			return res.Index, len(res.Refused) == 0 && !res.Recorded, nil
		})
		if stamp.Done {
			res.Stamp = stamp
		}
	} else {
		err = m.Survey(ctx, func(ctx context.Context, v *migrator.Survey) (err error) {
			res.Proposal, err = Propose(ctx, dir, v, opts.To)
			return err
		})
	}
	if err == nil && len(res.Refused) > 0 {
		err = &RefusedError{res.Proposal}
	}
	return res, err
}
