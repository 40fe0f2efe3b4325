package devdb

import "context"

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
	// URL connects as the owner of the project's database, "local" both, who
	// is no superuser.
	URL string

	close func() error
}

// Local returns the project's local PostgreSQL, started if it isn't running.
// The server is kept in the user's cache folder with fsync on, and listens on a
// Unix socket only. It may be used by several processes at once.
func Local(ctx context.Context, cfg LocalConfig) (*Instance, error) { return useLocal(ctx, cfg) }

// Close ends the use. The last one stops the server unless Up pinned it. A
// process that is killed ends its use as well, but leaves the server running
// for the next command to find, and to stop.
func (i *Instance) Close() error { return i.close() }

// Up starts the local PostgreSQL if need be, keeps it running until Down, and
// returns its URL.
func Up(ctx context.Context, cfg LocalConfig) (url string, err error) { return pinLocal(ctx, cfg) }

// Down undoes Up and stops the server. If other commands still use it, stopped
// is false, and the last of them stops it. Its data is kept.
func Down(ctx context.Context, cfg LocalConfig) (stopped bool, err error) {
	return unpinLocal(ctx, cfg)
}

// Reset stops the local PostgreSQL, pinned or not, and deletes its data, so that the next
// use begins with an empty database. It returns the deleted folder, "" if there was
// none. What other commands use, or what may not be this project's data, is left alone
// with an error.
func Reset(ctx context.Context, cfg LocalConfig) (deleted string, err error) {
	return resetLocal(ctx, cfg)
}

// LocalURL returns the local PostgreSQL's URL and whether it is running now.
// It starts nothing.
func LocalURL(ctx context.Context, cfg LocalConfig) (url string, running bool, err error) {
	return localURL(ctx, cfg)
}
