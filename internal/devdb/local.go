package devdb

import (
	"context"
	"errors"
)

// LocalConfig says whose local PostgreSQL is meant.
type LocalConfig struct {
	// Project is the project's folder. Every folder has a server of its own.
	Project string
	// Major is the wanted major version; 0 means that of the data already kept,
	// else the newest found. Every major has data of its own.
	Major int
	// Log is as in Config.
	Log func(format string, args ...any)
}

// Instance is a use of the local PostgreSQL.
type Instance struct {
	// URL connects as the owner of the project's database.
	URL string
}

// Local returns the project's local PostgreSQL, started if it isn't running.
func Local(ctx context.Context, cfg LocalConfig) (*Instance, error) {
	return nil, errors.New("devdb: not built yet")
}

// Close ends the use. The last one stops the server unless Up pinned it.
func (i *Instance) Close() error { return nil }

// Up starts the local PostgreSQL if need be, keeps it running until Down, and
// returns its URL.
func Up(ctx context.Context, cfg LocalConfig) (url string, err error) {
	return "", errors.New("devdb: not built yet")
}

// Down undoes Up and stops the server. If other commands still use it, the
// last of them stops it; stopped is then false.
func Down(ctx context.Context, cfg LocalConfig) (stopped bool, err error) {
	return false, errors.New("devdb: not built yet")
}

// LocalURL returns the local PostgreSQL's URL and whether it is running now.
// It starts nothing.
func LocalURL(ctx context.Context, cfg LocalConfig) (url string, running bool, err error) {
	return "", false, errors.New("devdb: not built yet")
}
