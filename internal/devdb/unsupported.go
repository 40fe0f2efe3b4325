//go:build !unix

package devdb

import (
	"context"
	"errors"
)

var errNoUnix = errors.New("running a PostgreSQL server is not supported on this platform: set the env's dev and url to postgres:// URLs of a running server")

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
