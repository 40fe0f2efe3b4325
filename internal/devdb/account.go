//go:build unix

package devdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// account is the user that a server runs as, because PostgreSQL refuses to run as root. The zero value is the user of
// this process.
type account struct {
	name string // "" for this process's user
	uid  int
	gid  int
	// mapped means that the program runs in a user namespace in which root has this uid, for containers in which root
	// may not change its uid.
	mapped bool
}

// accounts returns the accounts that may be able to run a server, the likeliest first.
func accounts() []account {
	if os.Geteuid() != 0 {
		return []account{{}}
	}
	var list []account
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid != 0 {
			list = append(list, account{name: name, uid: uid, gid: gid})
		}
	}
	return append(list, mappedAccounts(list)...)
}

// choose makes the first account that can run the binaries in folder its owner.
func choose(ctx context.Context, folder string, bins binaries) (account, error) {
	var errs []error
	for _, a := range accounts() {
		if a == (account{}) {
			return a, nil
		}
		err := a.own(folder)
		if err == nil {
			err = run(ctx, a, folder, "", bins.path("postgres"), "--version")
		}
		if err == nil {
			return a, nil
		}
		if ctx.Err() != nil {
			return account{}, context.Cause(ctx)
		}
		errs = append(errs, fmt.Errorf("as %s: %w", a.name, err))
	}
	return account{}, fmt.Errorf("PostgreSQL refuses to run as root, and no other user can run it: %w", errors.Join(errs...))
}

// own makes the account the owner of path.
func (a account) own(path string) error {
	if a == (account{}) {
		return nil
	}
	if a.mapped {
		return os.Lchown(path, 0, 0)
	}
	return os.Lchown(path, a.uid, a.gid)
}

// owns reports whether the account owns a file.
func (a account) owns(info fs.FileInfo) bool {
	switch {
	case a == (account{}):
		return ownerOf(info) == os.Geteuid()
	case a.mapped:
		return ownerOf(info) == 0
	}
	return ownerOf(info) == a.uid
}

func ownerOf(info fs.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }

// command prepares a program to run as the account, in its own process group, so that Ctrl-C in a terminal doesn't stop
// it before its clients.
func (a account) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// The server reads PGPORT, PGDATA and others. Its locale comes from its settings.
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !strings.HasPrefix(name, "PG") && !strings.HasPrefix(name, "LC_") && name != "LANG" && name != "TZ" {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C", "TZ=UTC")
	if a.mapped {
		mapAccount(cmd, a)
	} else if a != (account{}) {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return cmd
}
