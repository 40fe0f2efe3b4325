package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

func TestCut(t *testing.T) {
	stmts := split(t, "CREATE TABLE t (a int); VACUUM t; CALL p(); REINDEX TABLE t; SET LOCAL work_mem = '4MB'")
	want := []runner.Unit{
		{Stmts: stmts[:1], First: 0, Mode: runner.Together},
		{Stmts: stmts[1:2], First: 1, Mode: runner.Alone},
		{Stmts: stmts[2:3], First: 2, Mode: runner.MayCommit},
		{Stmts: stmts[3:4], First: 3, Mode: runner.Either},
		{Stmts: stmts[4:], First: 4, Mode: runner.Together},
	}
	if diff := cmp.Diff(want, runner.Cut(stmts, true)); diff != "" {
		t.Errorf("without a transaction (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]runner.Unit{{Stmts: stmts}}, runner.Cut(stmts, false)); diff != "" {
		t.Errorf("in one (-want +got):\n%s", diff)
	}
	for _, txNone := range []bool{false, true} {
		if diff := cmp.Diff([]runner.Unit{{}}, runner.Cut(nil, txNone)); diff != "" {
			t.Errorf("without statements (-want +got):\n%s", diff)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		sql          string
		one, without runner.Misfit
	}{
		{"CREATE TABLE t (a int)", runner.Fits, runner.Fits},
		{"COMMIT", runner.Controls, runner.Controls},
		{"VACUUM t", runner.NeedsNone, runner.Fits},
		{"LOCK TABLE t", runner.Fits, runner.NeedsOne},
		{"CLUSTER t", runner.Fits, runner.Fits},
		{"CALL p()", runner.Fits, runner.Fits},
	} {
		s := split(t, tt.sql)[0]
		if one, without := runner.Check(s, false), runner.Check(s, true); one != tt.one || without != tt.without {
			t.Errorf("%s: %v in a transaction, %v without; want %v, %v", tt.sql, one, without, tt.one, tt.without)
		}
	}
}
