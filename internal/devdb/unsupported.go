//go:build !unix

package devdb

import (
	"context"
	"errors"
	"runtime"
)

var errNoUnix = errors.New("no PostgreSQL server can be started on " + runtime.GOOS + ": set the env's dev in atlas.hcl to the postgres:// URL of a server on which databases may be created, and name the database to work on with -url or the env's url")

var errNoPackage = errors.New("no npm package")

func fetch(context.Context, int, bool, logger) (binaries, error) { return binaries{}, errNoPackage }

func startThrowaway(context.Context, int, Config, logger) (*Server, error) {
	return nil, errNoUnix
}

func readArchive(string) ([]byte, error) { return nil, errNoUnix }

func writeArchive(string, []byte) error { return errNoUnix }

func useLocal(context.Context, LocalConfig) (*Instance, error) { return nil, errNoUnix }

func pinLocal(context.Context, LocalConfig) (string, error) { return "", errNoUnix }

func unpinLocal(context.Context, LocalConfig) (bool, error) { return false, errNoUnix }

func resetLocal(context.Context, LocalConfig) (string, error) { return "", errNoUnix }

func hasLocal(LocalConfig) bool { return false }

func localURL(context.Context, LocalConfig) (string, bool, error) { return "", false, errNoUnix }
