package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// The throwaway server trusts everyone else on its socket.
const passwordGroup = "must_give_password"

var askPasswords = sync.OnceValue(func() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return configurePasswords(ctx, shared.server)
})

// configurePasswords makes the server ask members of a group for their password and adds what a dev URL's server needs.
func configurePasswords(ctx context.Context, s *devdb.Server) error {
	admin, err := s.Admin(ctx)
	if err != nil {
		return err
	}
	defer admin.Close(ctx)
	var file string
	if err := admin.QueryRow(ctx, "SHOW hba_file").Scan(&file); err != nil {
		return err
	}
	rules, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, append([]byte("local all +"+passwordGroup+" scram-sha-256\n"), rules...), 0o600); err != nil {
		return err
	}
	// Throwaway servers have no template0, which a dev URL's server must have.
	if _, err := admin.Exec(ctx, "CREATE DATABASE template0 IS_TEMPLATE true"); err != nil {
		return err
	}
	const probe = "password_probe"
	sql := fmt.Sprintf("SET password_encryption = 'scram-sha-256'; CREATE ROLE %s; CREATE ROLE %s LOGIN PASSWORD 'x' IN ROLE %[1]s; SELECT pg_reload_conf()", passwordGroup, probe)
	if _, err := admin.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		return err
	}
	// pg_reload_conf doesn't wait for the reload.
	for {
		cfg := admin.Config()
		cfg.User, cfg.Password = probe, "wrong"
		conn, err := pgx.ConnectConfig(ctx, cfg)
		if pgsql.SQLState(err) == pgsql.InvalidPassword {
			return nil
		}
		if err != nil {
			return err
		}
		conn.Close(ctx)
		time.Sleep(2 * time.Millisecond)
	}
}

// Login creates a role that inherits the owner's rights, has the given attributes of CREATE ROLE, such as "CREATEDB",
// and needs the password to connect. It returns the database's URL with the role and the password. The role exists
// until the server stops.
func (d *DB) Login(password, attributes string) string {
	d.t.Helper()
	if err := askPasswords(); err != nil {
		d.t.Fatalf("configuring passwords: %v", err)
	}
	ctx := context.Background()
	admin, err := Server(d.t).Admin(ctx)
	if err != nil {
		d.t.Fatal(err)
	}
	defer admin.Close(ctx)
	d.logins++
	role := fmt.Sprintf("%s_login_%d", d.Name, d.logins)
	var literal string
	if err := admin.QueryRow(ctx, "SELECT quote_literal($1)", password).Scan(&literal); err != nil {
		d.t.Fatal(err)
	}
	_, err = admin.PgConn().Exec(ctx, fmt.Sprintf("SET password_encryption = 'scram-sha-256'; CREATE ROLE %s LOGIN PASSWORD %s IN ROLE %s, %s %s",
		role, literal, passwordGroup, d.ConnConfig().User, attributes)).ReadAll()
	if err != nil {
		d.t.Fatalf("creating a role: %v", err)
	}
	u, err := url.Parse(d.URL)
	if err != nil {
		d.t.Fatal(err)
	}
	u.User = url.UserPassword(role, password)
	return u.String()
}
