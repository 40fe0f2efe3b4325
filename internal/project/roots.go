package project

import (
	"crypto/tls"
	"crypto/x509"
	"sync"

	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// verifies reports whether a connection may verify the server's certificate by the system's roots.
func verifies(cfg *pgx.ConnConfig) bool {
	verifies := func(c *tls.Config) bool {
		return c != nil && c.RootCAs == nil && (!c.InsecureSkipVerify || c.VerifyPeerCertificate != nil)
	}
	for _, f := range cfg.Fallbacks {
		if verifies(f.TLSConfig) {
			return true
		}
	}
	return verifies(cfg.TLSConfig)
}

// useRoots makes Mozilla's roots the system's if that has none, as in a container. The package fallback would do so
// too, but whenever a command starts.
var useRoots = sync.OnceValue(func() error {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		cert, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return err
		}
		if root.Constraint == nil {
			pool.AddCert(cert)
		} else {
			pool.AddCertWithConstraint(cert, root.Constraint)
		}
	}
	x509.SetFallbackRoots(pool)
	return nil
})
