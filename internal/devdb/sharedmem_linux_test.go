package devdb

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// segments returns the System V segments that match returns true for, by their creator and the number of attached
// processes.
func segments(t *testing.T, match func(id, creator, attached int) bool) []int {
	t.Helper()
	text, err := os.ReadFile("/proc/sysvipc/shm")
	if err != nil {
		t.Skip(err)
	}
	var list []int
	for line := range bytes.Lines(text) {
		var key, id, perms, size, creator, last, attached int
		if _, err := fmt.Sscan(string(line), &key, &id, &perms, &size, &creator, &last, &attached); err == nil && match(id, creator, attached) {
			list = append(list, id)
		}
	}
	return list
}

// initdb that is killed leaves shared memory, which the next run removes.
func TestSweepSharedMemory(t *testing.T) {
	bins, err := find(context.Background(), 0, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	a := accounts()[0]
	uid := a.uid
	if a == (account{}) {
		uid = os.Geteuid()
	}
	dir := mustFolder(t, a).path
	before, _ := filepath.Glob(dsmFiles + "*")
	cmd := a.command(bins.path("initdb"), append([]string{"--pgdata=" + filepath.Join(dir, "killed")}, initdbArgs...)...)
	cmd.Dir = dir
	cmd.SysProcAttr.Setpgid = true
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var left []int
	for deadline := time.Now().Add(time.Minute); len(left) == 0 && time.Now().Before(deadline); {
		left = segments(t, func(_, creator, attached int) bool {
			group, err := syscall.Getpgid(creator)
			return err == nil && group == cmd.Process.Pid && attached > 0
		})
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if len(left) == 0 {
		t.Fatal("initdb created no segment")
	}
	there := func() []int {
		return segments(t, func(id, _, _ int) bool { return slices.Contains(left, id) })
	}
	for deadline := time.Now().Add(10 * time.Second); len(segments(t, func(id, _, attached int) bool { return slices.Contains(left, id) && attached > 0 })) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the killed processes still run")
		}
	}
	var files []string
	after, _ := filepath.Glob(dsmFiles + "*")
	for _, name := range after {
		info, err := os.Stat(name)
		if err == nil && !slices.Contains(before, name) && int(info.Sys().(*syscall.Stat_t).Uid) == uid {
			files = append(files, name)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); len(there()) > 0 && time.Now().Before(deadline); {
		sweepSharedMemory([]int{uid}) // not before the creator has quite ended
	}
	if ids := there(); len(ids) > 0 {
		t.Errorf("segments %v remain", ids)
	}
	for _, name := range files {
		if _, err := os.Stat(name); err != nil {
			continue // another test's server, which ended meanwhile
		}
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(name, old, old); err != nil {
			t.Fatal(err)
		}
		busy := mapsShared(uid)
		sweepSharedMemory([]int{uid})
		if _, err := os.Stat(name); err == nil && !busy && !mapsShared(uid) {
			t.Errorf("%s remains", name)
		}
	}
	t.Logf("%d files", len(files))
}
