//go:build !unix

package devdb

import "context"

func startThrowaway(context.Context, int, logger) (*Server, error) { return nil, errNoUnix }
