package revision_test

import (
	"context"
	"database/sql"
	"errors"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"
)

// failing is a driver that fails at statement n. It is for Atlas's executor, because the tests only look at what that
// records.
type failing struct {
	migrate.Driver
	n int
}

func (f *failing) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	if f.n--; f.n < 0 {
		return nil, errors.New("failed")
	}
	return nil, nil
}

func (f *failing) CheckClean(context.Context, *migrate.TableIdent) error { return nil }

func (f *failing) InspectRealm(context.Context, *schema.InspectRealmOption) (*schema.Realm, error) {
	return &schema.Realm{}, nil
}

// revisions keeps the last revision that was written.
type revisions struct{ last *migrate.Revision }

func (r *revisions) Ident() *migrate.TableIdent { return &migrate.TableIdent{} }

func (r *revisions) ReadRevisions(context.Context) ([]*migrate.Revision, error) { return nil, nil }

func (r *revisions) ReadRevision(context.Context, string) (*migrate.Revision, error) {
	return nil, migrate.ErrRevisionNotExist
}

func (r *revisions) WriteRevision(_ context.Context, rev *migrate.Revision) error {
	copied := *rev
	r.last = &copied
	return nil
}

func (r *revisions) DeleteRevision(context.Context, string) error { return nil }
