package migrator_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// paused returns a directory with options of the directive.
func (w walked) paused(t *testing.T, options string) *migration.Dir {
	return dir(t, file{"20240101000000_tables.sql", w.create + ";\n", ""},
		file{"20240102000000_walk.sql", "-- atlas:txmode none\n\n-- migrate:batch r " + options + "\n" + w.statement + ";\n", ""})
}

// TestVacuum checks that batches wait while the table is vacuumed, up to a bound.
func TestVacuum(t *testing.T) {
	t.Parallel()
	w := walkedTables[0]
	b := setup(t, w.paused(t, "size 500 pause 3s"))
	b.cfg.Batches.VacuumWait = 700 * time.Millisecond
	b.mustApply(migrator.Options{To: "20240101000000"})
	other := b.session("SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1")
	vacuumed := make(chan error)
	go func() {
		for range 20 { // it is cancelled by the end of the test
			if _, err := other.Exec(t.Context(), "VACUUM (FREEZE, DISABLE_PAGE_SKIPPING) r"); err != nil {
				vacuumed <- err
				return
			}
		}
		vacuumed <- nil
	}()
	b.mustApply(migrator.Options{})
	waits := logged[migrator.LogPace](b.log)
	if len(waits) == 0 || waits[0].Reason != migrator.PaceVacuum || waits[0].Table != "r" || len(waits[0].Others) != 1 || waits[0].Others[0].PID != int(other.PgConn().PID()) {
		t.Errorf("the waits are %+v", waits)
	}
	b.none(w.wrong)
	if err := other.PgConn().CancelRequest(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-vacuumed
}

// TestReplicaLag checks that batches wait for a replica that lags, and that what can't be measured is an error.
func TestReplicaLag(t *testing.T) {
	t.Parallel()
	w := walkedTables[0]
	r := &ring{bench: setup(t, w.paused(t, "size 200 pause 300ms"))}
	r.serve("wal_level=replica", "max_wal_senders=4", "hot_standby=on", "wal_receiver_status_interval=1s")
	r.cfg.Batches.MaxReplicaLag = 300 * time.Millisecond
	r.mustApply(migrator.Options{To: "20240101000000"})
	refused := func(why string) {
		t.Helper()
		if _, err := r.apply(migrator.Options{}); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("apply gave %v, want %s", err, why)
		}
	}
	refused("max_replica_lag is set, but no replica is connected")
	r.standby()
	r.own.exec("postgres", "ALTER SYSTEM RESET synchronous_standby_names")
	r.own.exec("postgres", "SELECT pg_reload_conf()")
	refused("this role can't see the lag of replicas: GRANT pg_monitor to it")
	r.own.exec("postgres", "GRANT pg_monitor TO "+r.cfg.ConnConfig.User)

	r.slave.exec("postgres", "SELECT pg_wal_replay_pause()")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	waited := false
	r.log.hook = func(e migrator.LogEntry) {
		if e, ok := e.(migrator.LogPace); ok && e.Reason == migrator.PaceReplicas && !waited {
			waited = true
			if e.Lag < r.cfg.Batches.MaxReplicaLag {
				t.Errorf("it waits for a lag of %v", e.Lag)
			}
			r.slave.exec("postgres", "SELECT pg_wal_replay_resume()")
		}
	}
	if _, err := r.m().Apply(ctx, migrator.Options{}); err != nil {
		t.Fatal(err)
	}
	if !waited {
		t.Error("no batch waited for the replica")
	}
	r.none(w.wrong)
}

// TestOldSnapshot checks that a session is named whose snapshot keeps the rows that batches leave.
func TestOldSnapshot(t *testing.T) {
	t.Parallel()
	w := walkedTables[0]
	b := setup(t, w.paused(t, "size 500 pause 2s"))
	b.mustApply(migrator.Options{To: "20240101000000"})
	b.cfg.Batches.OldSnapshot = time.Millisecond
	other := b.session("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
	defer b.end(other, "COMMIT")
	b.mustApply(migrator.Options{})
	var named []migrator.LogPace
	for _, e := range logged[migrator.LogPace](b.log) {
		if e.Reason == migrator.PaceSnapshot {
			named = append(named, e)
		}
	}
	if len(named) != 1 || len(named[0].Others) != 1 || named[0].Others[0].PID != int(other.PgConn().PID()) {
		t.Errorf("the sessions named are %+v", named)
	}
	b.none(w.wrong)
}
