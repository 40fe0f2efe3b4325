package revision

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// Settlement is what must be written so that both tables name the same position.
type Settlement struct {
	Index int    // the position, -1 for the base
	Note  string // why, on one line; "" if the user asked for it

	From   []string            // alembic_version's rows as read
	To     string              // its new row, "" for none
	Put    []*migrate.Revision // journal rows to insert or change
	Delete []string            // versions whose journal rows are deleted
}

// Settle returns what makes both tables of rec say that dir's migrations up to the index, -1 for none, are applied as
// they are now, and no others. Rows that say so already stay. The row of a checkpoint that the database started from
// stays in place of those of the migrations that it stands for.
func Settle(dir *migration.Dir, rec Record, index int) *Settlement {
	s := &Settlement{Index: index, From: rec.Alembic}
	rows := make(map[string]*migrate.Revision, len(rec.Journal))
	for _, r := range rec.Journal {
		rows[r.Version] = r
	}
	keep := make(map[string]bool)
	files, covered := slices.Clone(dir.Files()[:index+1]), -1
	for _, c := range dir.Checkpoints() {
		if r := rows[c.Version]; r != nil && Done(r) && c.Through <= index {
			files, covered = append(files, c.File), max(covered, c.Through)
		}
	}
	for i, f := range files {
		if i <= index {
			s.To = f.Revision
		}
		keep[f.Version] = true
		r := rows[f.Version]
		switch {
		case r == nil && i <= covered:
		case r == nil:
			s.Put = append(s.Put, &migrate.Revision{Version: f.Version, Description: f.Desc, Type: migrate.RevisionTypeResolved, Hash: f.Hash})
		case !Done(r) || r.Hash != f.Hash:
			fixed := *r
			fixed.Type |= migrate.RevisionTypeResolved
			fixed.Hash = f.Hash
			fixed.Description = f.Desc
			fixed.Applied, fixed.Total = len(f.Stmts), len(f.Stmts)
			fixed.Error, fixed.ErrorStmt, fixed.PartialHashes = "", "", nil
			s.Put = append(s.Put, &fixed)
		}
	}
	for _, r := range rec.Journal {
		if !keep[r.Version] {
			s.Delete = append(s.Delete, r.Version)
		}
	}
	return s
}

// keep excludes the journal's row of a version.
func (s *Settlement) keep(version string) {
	s.Put = slices.DeleteFunc(s.Put, func(r *migrate.Revision) bool { return r.Version == version })
	s.Delete = slices.DeleteFunc(s.Delete, func(v string) bool { return v == version })
}

// Empty reports whether there is nothing to write.
func (s *Settlement) Empty() bool {
	same := len(s.From) == 0 && s.To == "" || len(s.From) == 1 && s.From[0] == s.To
	return same && len(s.Put) == 0 && len(s.Delete) == 0
}

// Settle writes st, and creates the tables that rec lacks. operator is recorded as the tool that wrote it. If
// alembic_version has changed since rec was read, the error is a *ConflictError.
func (s Store) Settle(ctx context.Context, tx Querier, rec Record, st *Settlement, operator string) error {
	if err := s.Create(ctx, tx, rec); err != nil {
		return err
	}
	var err error
	if len(st.From) > 1 || slices.Contains(st.From, "") {
		err = s.Set(ctx, tx, st.To)
	} else {
		from := ""
		if len(st.From) == 1 {
			from = st.From[0]
		}
		err = s.Advance(ctx, tx, from, st.To)
	}
	if err != nil {
		return err
	}
	for _, version := range st.Delete {
		if err := s.Delete(ctx, tx, version); err != nil {
			return err
		}
	}
	for _, r := range st.Put {
		row := *r
		row.OperatorVersion = operator
		if row.ExecutedAt.IsZero() {
			row.ExecutedAt = time.Now()
		}
		if err := s.Put(ctx, tx, &row); err != nil {
			return err
		}
	}
	return s.settled(ctx, tx, st)
}

// settled reads the record back, as [Store.ConfirmSQL] does for a single row.
func (s Store) settled(ctx context.Context, tx Querier, st *Settlement) error {
	if _, err := tx.Exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
		return fmt.Errorf("running deferred triggers: %w", err)
	}
	rec, err := s.Read(ctx, tx)
	if err != nil {
		return err
	}
	var want []string
	if st.To != "" {
		want = []string{st.To}
	}
	if !slices.Equal(want, rec.Alembic) {
		return s.unwritten()
	}
	rows := make(map[string]*migrate.Revision)
	for _, r := range rec.Journal {
		rows[r.Version] = r
	}
	for _, version := range st.Delete {
		if rows[version] != nil {
			return s.unwritten()
		}
	}
	for _, want := range st.Put {
		have := rows[want.Version]
		if have == nil || have.Type != want.Type || have.Applied != want.Applied || have.Total != want.Total || have.Hash != want.Hash {
			return s.unwritten()
		}
	}
	return nil
}
