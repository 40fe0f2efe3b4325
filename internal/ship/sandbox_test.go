package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// enter runs a program as a container's runtime does: in the root file system $1, which is read-only, with the folder
// $2 mounted in it unless that is empty, and as a user without a name, as on OpenShift.
const enter = `set -eu
root=$1 project=$2; shift 2
/usr/bin/mount --bind "$root" "$root"
[ -z "$project" ] || /usr/bin/mount --bind "$project" "$root` + mounted + `"
/usr/bin/mount -o remount,bind,ro "$root"
exec /usr/bin/unshare --user --map-user=1000670000 --map-group=0 --root="$root" --wd=` + mounted + ` "$@"
`

// users are those whose container runtimes the tests imitate: root's, and another user's, who needs a user namespace.
func users() []string {
	if os.Geteuid() == 0 {
		return []string{"root", "nobody"}
	}
	return []string{"other"}
}

// A container is the image's files, and how to run them.
type container struct {
	user    string
	root    string
	project string   // a folder to mount, "" for none
	env     []string // in addition to the image's
}

// run runs a program of the container, and returns its exit code.
func (c container) run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	outer := []string{"--mount", "/bin/sh", "-c", enter, "sh", c.root, c.project}
	cmd := exec.Command("/usr/bin/unshare")
	if c.user != "root" {
		outer = append([]string{"--user", "--map-root-user"}, outer...)
	}
	if c.user == "nobody" {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	cmd.Args = slices.Concat(cmd.Args, outer, args)
	cmd.Env = slices.Concat(imageConfig.Env, c.env)
	cmd.Dir = "/"
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// database is a database that is reached by TCP and with a password, as a container reaches it, with TLS if that asks.
type database struct {
	*pgtest.DB
	host, port, name, user, password string
	authority                        []byte // the certificate, for 127.0.0.1, which it has signed itself

	login *pgx.ConnConfig
}

func newDatabase(t *testing.T) database {
	t.Helper()
	const password = "p@ss/w:r d'%"
	db := pgtest.New(t)
	cfg, err := pgx.ParseConfig(db.Login(password, ""))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cert := selfSigned(t)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			network, address := pgconn.NetworkAddress(cfg.Host, cfg.Port)
			server, err := net.Dial(network, address)
			if err != nil {
				client.Close()
				continue
			}
			forward := func(to, from net.Conn) {
				_, _ = io.Copy(to, from)
				to.Close()
			}
			all.Go(func() {
				client := encrypted(client, cert)
				all.Go(func() { forward(client, server) })
				forward(server, client)
			})
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	return database{db, host, port, cfg.Database, cfg.User, password, authority, cfg}
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// encrypted returns a client's connection, with TLS if it asks for that: PostgreSQL doesn't speak it on a socket.
func encrypted(client net.Conn, cert tls.Certificate) net.Conn {
	asked := make([]byte, 8)
	n, _ := io.ReadFull(client, asked)
	if !bytes.Equal(asked, []byte{0, 0, 0, 8, 4, 210, 22, 47}) {
		return asking{client, io.MultiReader(bytes.NewReader(asked[:n]), client)}
	}
	_, _ = client.Write([]byte("S"))
	return tls.Server(client, &tls.Config{Certificates: []tls.Certificate{cert}})
}

// asking is a connection from which something was read already.
type asking struct {
	net.Conn
	all io.Reader
}

func (a asking) Read(p []byte) (int, error) { return a.all.Read(p) }

// head returns the revision id that the database records.
func (d database) head(t *testing.T) string {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), d.login)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var id string
	if err := conn.QueryRow(t.Context(), "SELECT version_num FROM alembic_version").Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}
