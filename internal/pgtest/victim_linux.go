package pgtest

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

const victim = "PGTEST_VICTIM"

// Victim runs a task and exits, if this process is one that VictimCommand started. An init function of the tests calls
// it.
func Victim[T any](run func(T) error) {
	text := os.Getenv(victim)
	if text == "" {
		return
	}
	var task T
	err := json.Unmarshal([]byte(text), &task)
	if err == nil {
		err = run(task)
	}
	if err != nil {
		panic(err)
	}
	os.Exit(0)
}

// VictimCommand returns a command that runs the test's binary with a task for Victim.
func VictimCommand(t testing.TB, task any) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victim+"="+string(text))
	return cmd
}

// Killed runs a task for Victim and reports whether the process was killed. It must not fail otherwise.
func Killed(t testing.TB, task any) bool {
	t.Helper()
	out, err := VictimCommand(t, task).CombinedOutput()
	if err == nil {
		return false
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
		t.Errorf("the process was not killed but failed at %+v: %v\n%s", task, err, out)
	}
	return true
}
