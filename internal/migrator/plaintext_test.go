package migrator_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// A front passes TCP connections on to the server's socket, and speaks TLS with the
// clients if it has a certificate.
type front struct {
	socket   string
	cert     *tls.Certificate
	patience time.Duration // for clients that don't authenticate, as authentication_timeout; 0: without limit
	accepted atomic.Int32
	cancels  atomic.Int32
}

// front listens until the test ends, and returns the port.
func (b *bench) front(withTLS bool) (f *front, port int) {
	b.Helper()
	server := b.db.ConnConfig()
	f = &front{socket: filepath.Join(server.Host, fmt.Sprintf(".s.PGSQL.%d", server.Port))}
	if withTLS {
		f.cert = selfSigned(b)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			f.accepted.Add(1)
			go f.serve(conn)
		}
	}()
	return f, l.Addr().(*net.TCPAddr).Port
}

// serve answers whether there is TLS, and passes on what follows.
func (f *front) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", f.socket)
	if err != nil {
		return
	}
	defer server.Close()
	head := make([]byte, 8)
	if _, err := io.ReadFull(client, head); err != nil {
		return
	}
	if string(head) == "\x00\x00\x00\x08\x04\xd2\x16\x2f" { // SSLRequest
		if f.cert == nil {
			client.Write([]byte("N"))
		} else {
			client.Write([]byte("S"))
			client = tls.Server(client, &tls.Config{Certificates: []tls.Certificate{*f.cert}})
		}
		if f.patience > 0 {
			client.SetReadDeadline(time.Now().Add(f.patience))
		}
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		client.SetReadDeadline(time.Time{})
	}
	if string(head[4:]) == "\x04\xd2\x16\x2e" { // CancelRequest
		f.cancels.Add(1)
	}
	server.Write(head)
	go func() {
		io.Copy(server, client)
		server.(*net.UnixConn).CloseWrite()
	}()
	io.Copy(client, server)
}

func selfSigned(b *bench) *tls.Certificate {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		b.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestTLS counts the connections of a command by the server's ability to encrypt them
// and by what the client wants.
func TestTLS(t *testing.T) {
	for _, tt := range []struct {
		host, mode string
		server     bool // has TLS
		want       int32
		err        string
	}{
		{"127.0.0.1", "prefer", false, 1, ""},
		{"127.0.0.1", "prefer", true, 1, ""},
		{"localhost", "prefer", false, 1, ""}, // the front listens on one of its addresses
		{"127.0.0.1", "disable", false, 1, ""},
		{"127.0.0.1", "allow", true, 1, ""},
		{"127.0.0.1", "require", true, 1, ""},
		{"127.0.0.1", "require", false, 1, "server refused TLS connection"},
		{"127.0.0.1", "verify-ca", true, 1, "signed by an authority that isn't trusted here; name the file with the authority's certificate by sslrootcert"},
	} {
		t.Run(fmt.Sprintf("%s %s %t", tt.host, tt.mode, tt.server), func(t *testing.T) {
			b := setup(t, dir(t, shop...))
			f, port := b.front(tt.server)
			b.through(tt.host, port, tt.mode)
			_, err := b.m().Status(context.Background())
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("the status gave %v, want %q", err, tt.err)
			}
			if got := f.accepted.Load(); got != tt.want {
				t.Errorf("%d connections, want %d", got, tt.want)
			}
		})
	}
}

// In TestTLSName the server's certificate is trusted, but has another name.
func TestTLSName(t *testing.T) {
	b := setup(t, dir(t, shop...))
	f, port := b.front(true)
	b.through("127.0.0.1", port, "verify-full")
	cert, err := x509.ParseCertificate(f.cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	b.cfg.ConnConfig.TLSConfig.RootCAs = x509.NewCertPool()
	b.cfg.ConnConfig.TLSConfig.RootCAs.AddCert(cert)
	const want = "cannot verify the certificate of PostgreSQL at 127.0.0.1:%d: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs; connect by a name that the certificate has"
	if _, err := b.m().Status(context.Background()); err == nil || err.Error() != fmt.Sprintf(want, port) {
		t.Errorf("the status gave %v", err)
	}
}

// In TestTLSLate a server without TLS closes the connection before pgx dials it again, because the name's other address
// takes long to fail.
func TestTLSLate(t *testing.T) {
	b := setup(t, dir(t, shop...))
	f, port := b.front(false)
	f.patience = time.Second
	b.through("db.example", port, "prefer")
	b.cfg.ConnConfig.LookupFunc = func(context.Context, string) ([]string, error) {
		return []string{"127.0.0.1", "192.0.2.1"}, nil
	}
	b.cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasPrefix(addr, "192.0.2.1:") {
			time.Sleep(1100 * time.Millisecond)
			return nil, errors.New("no route to host")
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	if _, err := b.m().Status(context.Background()); err != nil {
		t.Error(err)
	}
	if got := f.accepted.Load(); got != 2 {
		t.Errorf("%d connections, want 2", got)
	}
}

// through makes the bench connect to a host and port instead.
func (b *bench) through(host string, port int, mode string) {
	b.Helper()
	server := b.db.ConnConfig()
	cfg, err := pgx.ParseConfig(fmt.Sprintf("postgres://%s@%s:%d/%s?sslmode=%s", server.User, host, port, server.Database, mode))
	if err != nil {
		b.Fatal(err)
	}
	b.cfg.ConnConfig = cfg
}

// TestTLSInterrupted cancels a statement over the connections that cancelling opens.
func TestTLSInterrupted(t *testing.T) {
	for _, withTLS := range []bool{false, true} {
		t.Run(fmt.Sprint(withTLS), func(t *testing.T) {
			b := setup(t, read(t, write(t, []file{{"1_sleep.sql", "SELECT pg_sleep(60);\n", ""}})))
			f, port := b.front(withTLS)
			b.through("127.0.0.1", port, "prefer")
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if _, err := b.m().Apply(ctx, migrator.Options{}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("apply gave %v", err)
			}
			if f.cancels.Load() == 0 {
				t.Error("the server was not asked to cancel")
			}
			b.nobodyLeft()
		})
	}
}
