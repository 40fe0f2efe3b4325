package migrator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

func TestStandby(t *testing.T) {
	primary := newServer(t, "wal_level=replica", "max_wal_senders=3", "hot_standby=on")
	primary.exec("postgres", "CREATE TABLE there (id int)")
	// A copy of the stopped primary's folder runs as its standby.
	primary.stop(syscall.SIGINT)
	dir, err := os.MkdirTemp("", "standby")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	standby := *primary
	standby.data, standby.sockets = filepath.Join(dir, "data"), dir
	if out, err := exec.Command("cp", "-a", primary.data, standby.data).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(primary.data)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	signal := filepath.Join(standby.data, "standby.signal")
	if err := os.WriteFile(signal, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, signal} {
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	primary.start()
	standby.settings = append([]string{fmt.Sprintf("primary_conninfo=host=%s port=%s user=%s", primary.sockets, primary.port, primary.admin.User)}, primary.settings...)
	standby.start()
	t.Cleanup(standby.crash)

	b := setup(t, read(t, write(t, shop)))
	b.cfg.ConnConfig = standby.config("postgres")
	for name, run := range map[string]func() error{
		"apply": func() error { _, err := b.apply(migrator.Options{}); return err },
		"down":  func() error { _, err := b.down(migrator.Options{}); return err },
		"stamp": func() error {
			_, err := b.m().Stamp(context.Background(), migrator.StampOptions{To: "head", Yes: true})
			return err
		},
	} {
		var refused *migrator.RefusedError
		if err := run(); !errors.As(err, &refused) || !strings.Contains(err.Error(), "standby") {
			t.Errorf("%s gave %v, want a RefusedError", name, err)
		}
	}
	if st, err := b.m().Status(context.Background()); err != nil || len(st.Pending) == 0 {
		t.Errorf("status gave %+v, %v", st, err)
	}
}

func TestRoleWithoutRights(t *testing.T) {
	b := setup(t, dir(t, shop...))
	before := b.everything()
	admin := b.admin()
	role := "Bare \"" + b.db.Name
	quoted := `"` + strings.ReplaceAll(role, `"`, `""`) + `"`
	if _, err := admin.Exec(context.Background(), "CREATE ROLE "+quoted+" LOGIN"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		admin.Exec(context.Background(), "DROP OWNED BY "+quoted)
		admin.Exec(context.Background(), "DROP ROLE "+quoted)
	})
	owner := b.cfg.ConnConfig
	b.cfg.ConnConfig = owner.Copy()
	b.cfg.ConnConfig.User = role
	if _, err := admin.Exec(context.Background(), "REVOKE CREATE ON SCHEMA public FROM PUBLIC"); err != nil {
		t.Fatal(err)
	}
	_, err := b.apply(migrator.Options{})
	if err == nil || !strings.Contains(err.Error(), "alembic_version") || !strings.Contains(err.Error(), quoted) || !strings.Contains(err.Error(), "42501") {
		t.Errorf("apply without CREATE gave %v", err)
	}
	b.same(before)

	// It may not even read the record.
	stranger := b.cfg.ConnConfig
	b.cfg.ConnConfig = owner
	b.mustApply(migrator.Options{N: 1})
	b.cfg.ConnConfig = stranger
	if _, err := b.m().Status(context.Background()); err == nil ||
		!strings.Contains(err.Error(), "permission denied for table") || !strings.Contains(err.Error(), "it ran as role "+quoted) {
		t.Errorf("status without SELECT gave %v", err)
	}

	// It may write the record, and owns no table.
	b.db.Exec("GRANT ALL ON alembic_version, atlas_schema_revisions TO " + quoted)
	before = b.everything()
	_, err = b.apply(migrator.Options{})
	if err == nil || !strings.Contains(err.Error(), "must be owner of table orders") || !strings.Contains(err.Error(), quoted) {
		t.Errorf("apply without the table gave %v", err)
	}
	b.cfg.Role = "no such role"
	if _, err = b.apply(migrator.Options{}); err == nil || !strings.Contains(err.Error(), `role "no such role" does not exist`) {
		t.Errorf("apply as a role that is missing gave %v", err)
	}
	b.cfg.ConnConfig, b.cfg.Role = owner, ""
	b.same(before)
}

func TestDatabaseThatVanishes(t *testing.T) {
	b := setup(t, dir(t, slow...))
	db, err := b.server().Create(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	b.cfg.ConnConfig = db.ConnConfig()
	admin, err := connectTo(b, "postgres")
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	n := 0
	b.log.hook = func(e migrator.LogEntry) {
		if _, ok := e.(migrator.LogStmt); ok {
			if n++; n == 5 {
				if err := db.Drop(context.Background()); err != nil {
					b.Error(err)
				}
			}
		}
	}
	start := time.Now()
	_, err = b.apply(migrator.Options{})
	if err == nil || errors.Is(err, io.EOF) && err.Error() == "EOF" {
		t.Errorf("apply gave %v", err)
	}
	t.Logf("%v", err)
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("that took %s", d)
	}
	b.log.hook = nil
	if _, err = b.apply(migrator.Options{}); err == nil || !strings.Contains(err.Error(), "3D000") || !strings.Contains(err.Error(), "create it first") {
		t.Errorf("apply on nothing gave %v", err)
	}
}
