package devdb

import "context"

// LocalConfig selects a local PostgreSQL server.
type LocalConfig struct {
	// Project is the project's folder. Every project has its own server.
	Project string
	// Major is the wanted major version. 0 means that of the existing data, or else the newest installed. Every major
	// version has its own data.
	Major int
	// Log is the same as in Config.
	Log func(format string, args ...any)
}

// Instance is one use of the local PostgreSQL server.
type Instance struct {
	// URL connects to the project's database "local" as its owner "local", which isn't a superuser.
	URL string

	close func() error
}

// Local returns the project's local PostgreSQL server and starts it if it isn't running. Its data is in the user's
// cache folder, with fsync on, and it listens only on a Unix socket. Several processes can use it at the same time.
func Local(ctx context.Context, cfg LocalConfig) (*Instance, error) { return useLocal(ctx, cfg) }

// Close ends the use. The last use stops the server unless Up has pinned it. If a process is killed, its use ends too,
// but the server keeps running until the next command stops it.
func (i *Instance) Close() error { return i.close() }

// Up starts the local PostgreSQL server if it isn't running, keeps it running until Down, and returns its URL.
func Up(ctx context.Context, cfg LocalConfig) (url string, err error) { return pinLocal(ctx, cfg) }

// Down undoes Up and stops the server. If other commands still use it, stopped is false, and the last of them stops it.
// The data remains.
func Down(ctx context.Context, cfg LocalConfig) (stopped bool, err error) {
	return unpinLocal(ctx, cfg)
}

// Reset stops the local PostgreSQL server, pinned or not, and deletes its data, so that the next use begins with an
// empty database. It returns the deleted folder, or "" if there was none. It fails, and deletes nothing, if other
// commands use the server or the data may not be this project's.
func Reset(ctx context.Context, cfg LocalConfig) (deleted string, err error) {
	return resetLocal(ctx, cfg)
}

// HasLocal reports whether the local PostgreSQL has data, running or not.
func HasLocal(cfg LocalConfig) bool { return hasLocal(cfg) }

// LocalURL returns the local PostgreSQL server's URL and whether it is running. It doesn't start the server.
func LocalURL(ctx context.Context, cfg LocalConfig) (url string, running bool, err error) {
	return localURL(ctx, cfg)
}
