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

// What a long history leads to is kept from one command to the next, so that a plan
// costs what its new files cost. Only databases are kept, never what was read from
// them: a proof still rests on the catalog of a database that PostgreSQL made from
// these very files.

// replayVersion is to be counted up when files are run in another way than before, so
// that they may lead to another state.
const replayVersion = 2

// worthSaving is how long the files of a replay take, beyond those of a kept state,
// for the state behind them to be kept: about as long as it takes to store it.
const worthSaving = 150 * time.Millisecond

// Names returns the names of the states that files lead to one after the other, the
// last one first, as devdb.Config.States wants them. A name stands for the text of all
// files up to there; what they are called has no part in it.
func Names(files []*migration.File) []string {
	names := make([]string, len(files))
	var sum [sha256.Size]byte
	for i, f := range files {
		h := sha256.New()
		fmt.Fprintf(h, "%d\n%s", replayVersion, sum)
		_ = binary.Write(h, binary.BigEndian, int64(len(f.SQL))) // a hash takes all
		h.Write([]byte(f.SQL))
		h.Sum(sum[:0])
		names[i] = hex.EncodeToString(sum[:])
	}
	slices.Reverse(names)
	return names
}

// ReplayFiles is Replay of files that need not be a whole directory's.
//
// Where srv began with a state that the first of the files lead to (Names), those are
// not run again.
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
	if err == nil {
		err = s.Refresh(ctx)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// begin returns the state that srv began with and how many files lead to it, else an
// empty one.
func begin(ctx context.Context, srv *devdb.Server, names []string, opts catalog.Options) (s *State, done int, err error) {
	i := slices.Index(names, srv.State())
	if i < 0 {
		s, err = New(ctx, srv, opts)
		return s, 0, err
	}
	db, err := srv.CloneState(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("copying a kept state: %w", err)
	}
	s, err = open(ctx, srv, db, opts)
	return s, len(names) - i, err
}

// Save saves the state for the next command, as ReplayFiles does with the one that it
// returns: if the files that led to it took long. files are all that did.
func (s *State) Save(ctx context.Context, files []*migration.File) error {
	return s.save(ctx, Names(files))
}

// save saves the state called by the first of names if it is worth it.
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
