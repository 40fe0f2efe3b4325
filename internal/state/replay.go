package state

import (
	"context"
	"fmt"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// Replay runs the files of dir up to and including index through (-1 for none) in a new database, each as the migrator
// would, and reads the catalog. If a statement fails, the error is a *runner.StmtError.
func Replay(ctx context.Context, srv *devdb.Server, dir *migration.Dir, through int, opts catalog.Options) (*State, error) {
	files := dir.Files()
	if through >= len(files) {
		return nil, fmt.Errorf("replaying file %d of %d", through+1, len(files))
	}
	s, err := ReplayFiles(ctx, srv, files[:through+1], opts)
	if err != nil {
		return nil, err
	}
	if err := s.Refresh(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Up runs a migration.
func (s *State) Up(ctx context.Context, f *migration.File) error {
	start := time.Now()
	defer func() { s.ran += time.Since(start) }()
	return s.Run(ctx, f.Stmts, f.TxNone, f.Name)
}
