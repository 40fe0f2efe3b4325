package project

import (
	"crypto/x509"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// Without the system's roots, as in a container, a server is verified by those of the binary, if it is verified at all.
func TestRoots(t *testing.T) {
	const child = "ROOTS_TEST_URL"
	if url := os.Getenv(child); url != "" {
		if _, err := (Database{URL: url}).Config(); err != nil {
			t.Fatal(err)
		}
		for root := range bundle.Roots() {
			cert, err := x509.ParseCertificate(root.Certificate)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := cert.Verify(x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, CurrentTime: cert.NotBefore}); err == nil {
				t.Log("trusts", cert.Subject)
			}
		}
		return
	}
	for mode, want := range map[string]bool{"verify-full": true, "verify-ca": true, "require": false, "prefer": false} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestRoots$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=postgres://u@h/d?sslmode="+mode, "SSL_CERT_FILE=/none", "SSL_CERT_DIR=/none")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", mode, err, out)
		}
		if got := strings.Contains(string(out), "trusts CN=ISRG Root X1"); got != want {
			t.Errorf("%s: Mozilla's roots are trusted: %t\n%s", mode, got, out)
		}
	}
}
