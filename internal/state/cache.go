package state

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// The state after a long history is saved for the next command, so that a plan only has to run new files. Only
// databases are saved, never what was read from them: a proof still reads the catalog of a database that PostgreSQL
// created from exactly these files.

// replayVersion must be incremented when a change in how files are run may lead to another state.
const replayVersion = 2

// worthSaving is how long the files of a replay must take, after those of a saved state, for their state to be saved.
// It is about the time that saving takes.
const worthSaving = 150 * time.Millisecond

// Names returns the names of the states after each of the files, the last one first, for devdb.Config.States. A name is
// a hash of the contents of all files so far, not of their names.
func Names(files []*migration.File) []string {
	names := make([]string, len(files))
	var sum [sha256.Size]byte
	for i, f := range files {
		h := sha256.New()
		fmt.Fprintf(h, "%d\n%s", replayVersion, sum)
		_ = binary.Write(h, binary.BigEndian, int64(len(f.SQL))) // writing to a hash never fails
		h.Write([]byte(f.SQL))
		h.Sum(sum[:0])
		names[i] = hex.EncodeToString(sum[:])
	}
	slices.Reverse(names)
	return names
}

// ReplayFiles is like Replay but takes any files and doesn't read the catalog. If srv began with the state after some
// of them (see Names), these are not run again.
func ReplayFiles(ctx context.Context, srv *devdb.Server, files []*migration.File, opts catalog.Options) (*State, error) {
	names := Names(files)
	s, done, err := begin(ctx, srv, names, opts)
	if err != nil {
		return nil, err
	}
	for _, f := range files[done:] {
		if err = s.Up(ctx, f); err != nil {
			break
		}
	}
	if err == nil {
		err = s.save(ctx, names)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// begin returns the state that srv began with and the number of files before it, or an empty state and 0.
func begin(ctx context.Context, srv *devdb.Server, names []string, opts catalog.Options) (s *State, done int, err error) {
	i := slices.Index(names, srv.State())
	if i < 0 {
		s, err = New(ctx, srv, opts)
		return s, 0, err
	}
	db, err := srv.CloneState(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("copying a saved state: %w", err)
	}
	s, err = open(ctx, srv, db, opts)
	return s, len(names) - i, err
}

// Save saves the state for the next command if running files took long, as ReplayFiles does with the state that it
// returns. files are all files that led to the state.
func (s *State) Save(ctx context.Context, files []*migration.File) error {
	return s.save(ctx, Names(files))
}

// save saves the state under the first of names if running its files took long.
func (s *State) save(ctx context.Context, names []string) error {
	if s.ran < worthSaving {
		return nil
	}
	s.ran = 0
	// PostgreSQL copies a database only while nobody is connected to it.
	s.db.close()
	s.srv.SaveState(ctx, s.DB, names[0])
	return s.connect(ctx)
}
