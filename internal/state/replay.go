package state

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// Replay runs the first files of dir, those up to and including index through
// (-1: none), in a new database. A failing statement gives a *StmtError.
func Replay(ctx context.Context, srv *devdb.Server, dir *migration.Dir, through int, opts catalog.Options) (*State, error) {
	return &State{}, nil
}

// Desired works out what the HCL text src says. name is the file's name in errors.
func Desired(ctx context.Context, srv *devdb.Server, name string, src []byte, opts catalog.Options) (*State, error) {
	return &State{}, nil
}

// Inspect returns the schema of a live database as HCL, without the record's
// tables and what opts excludes.
func Inspect(ctx context.Context, conn *pgx.ConnConfig, opts catalog.Options) ([]byte, error) {
	return nil, nil
}
