package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

func TestCut(t *testing.T) {
	stmts := split(t, "CREATE TABLE t (a int); VACUUM t; CALL p(); REINDEX TABLE t; BEGIN; CALL p(); UPDATE t SET a = 1; commit work; SET LOCAL work_mem = '4MB'")
	want := []runner.Unit{
		{Stmts: stmts[:1], First: 0, Mode: runner.Together, From: 0, To: 1},
		{Stmts: stmts[1:2], First: 1, Mode: runner.Alone, From: 1, To: 2},
		{Stmts: stmts[2:3], First: 2, Mode: runner.MayCommit, From: 2, To: 3},
		{Stmts: stmts[3:4], First: 3, Mode: runner.Either, From: 3, To: 4},
		{Stmts: stmts[5:7], First: 5, Mode: runner.Together, From: 4, To: 8},
		{Stmts: stmts[8:], First: 8, Mode: runner.Together, From: 8, To: 9},
	}
	if diff := cmp.Diff(want, runner.Cut(stmts, true)); diff != "" {
		t.Errorf("without a transaction (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]runner.Unit{{Stmts: stmts, To: len(stmts)}}, runner.Cut(stmts, false)); diff != "" {
		t.Errorf("in one (-want +got):\n%s", diff)
	}
	for _, txNone := range []bool{false, true} {
		if diff := cmp.Diff([]runner.Unit{{}}, runner.Cut(nil, txNone)); diff != "" {
			t.Errorf("without statements (-want +got):\n%s", diff)
		}
	}
	for n, from := range []int{0, 1, 2, 3, 4, 4, 4, 4, 8} {
		if rest, ok := runner.Rest(stmts, n); rest[0].From != from || ok != (n == from) {
			t.Errorf("after %d statements, those from %d are left, %v", n, rest[0].From, ok)
		}
	}
	if rest, ok := runner.Rest(stmts, len(stmts)); len(rest) > 0 || !ok {
		t.Errorf("after all statements, %v is left, %v", rest, ok)
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		sql          string
		one, without runner.Misfit
	}{
		{"CREATE TABLE t (a int)", runner.Fits, runner.Fits},
		{"COMMIT", runner.Controls, runner.Unopened},
		{"ROLLBACK", runner.Controls, runner.Controls},
		{"VACUUM t", runner.NeedsNone, runner.Fits},
		{"LOCK TABLE t", runner.Fits, runner.NeedsOne},
		{"CLUSTER t", runner.Fits, runner.Fits},
		{"CALL p()", runner.Fits, runner.Fits},
	} {
		s := split(t, tt.sql)
		if one, without := runner.Check(s, false)[0], runner.Check(s, true)[0]; one != tt.one || without != tt.without {
			t.Errorf("%s: %v in a transaction, %v without; want %v, %v", tt.sql, one, without, tt.one, tt.without)
		}
	}
}

func TestCheckBlocks(t *testing.T) {
	const fits = runner.Fits
	for sql, want := range map[string][]runner.Misfit{
		"BEGIN; LOCK t; COMMIT": {fits, fits, fits},
		"begin work; SELECT 1; DO 'BEGIN END'; COMMIT TRANSACTION":                 {fits, fits, fits, fits},
		"BEGIN; VACUUM t; COMMIT; VACUUM t":                                        {fits, runner.NeedsNone, fits, fits},
		"BEGIN; SELECT 1; BEGIN; COMMIT; COMMIT":                                   {fits, fits, runner.Nested, fits, runner.Unopened},
		"BEGIN; COMMIT":                                                            {fits, runner.Empty},
		"BEGIN; SELECT 1; BEGIN":                                                   {runner.Unclosed, fits, runner.Nested},
		"BEGIN; SELECT 1; ROLLBACK":                                                {runner.Unclosed, fits, runner.Controls},
		"BEGIN; SAVEPOINT a; RELEASE a; COMMIT":                                    {fits, runner.Controls, runner.Controls, fits},
		"BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT":                     {runner.Controls, fits, runner.Unopened},
		"BEGIN; SELECT 1; COMMIT AND CHAIN":                                        {runner.Unclosed, fits, runner.Controls},
		"START TRANSACTION; SELECT 1; END":                                         {runner.Controls, fits, runner.Controls},
		"BEGIN;\n-- migrate:batch t\nDELETE FROM t WHERE /* batch */ true; COMMIT": {fits, runner.Batched, fits},
	} {
		stmts := split(t, sql)
		if diff := cmp.Diff(want, runner.Check(stmts, true)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sql, diff)
		}
		for i, m := range runner.Check(stmts, false) {
			if m == fits && (stmts[i].Begins() || stmts[i].Commits()) {
				t.Errorf("%s: %s fits in a transaction", sql, stmts[i].Text)
			}
		}
		for n, u := range runner.Cut(stmts, true) {
			if u.From > 0 && n == 0 || u.To <= u.From || len(u.Stmts) != 1 && !u.Block() {
				t.Errorf("%s: unit %d is %+v", sql, n, u)
			}
		}
	}
}
