package migrator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
)

// Pace is what batches wait for.
type Pace string

const (
	PaceVacuum   Pace = "vacuum"      // a VACUUM of the table, usually autovacuum's
	PaceReplicas Pace = "replica lag" // a replica that lags
	PaceSnapshot Pace = "snapshot"    // nothing: a session's snapshot keeps the dead rows that the batches leave
)

const (
	// paceEvery is how often it is checked what batches should wait for.
	paceEvery = 5 * time.Second
	// pacePoll is how often that is checked during a wait.
	pacePoll = 500 * time.Millisecond
)

// pace holds batches back for the sake of the rest of the system.
type pace struct {
	s      *session
	w      *batch.Walk
	since  time.Time // when the statement began
	looked time.Time
	waited time.Duration // for VACUUM
	told   map[int]bool  // sessions whose snapshots were named
}

// wait waits between two batches: for the pause of the directive, VACUUM, and replicas.
func (p *pace) wait(ctx context.Context, pause time.Duration) error {
	if pause > 0 {
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
	if err := p.replicas(ctx); err != nil {
		return err
	}
	if time.Since(p.since) < paceEvery || time.Since(p.looked) < paceEvery {
		return nil
	}
	defer func() { p.looked = time.Now() }()
	if err := p.snapshots(ctx); err != nil {
		return err
	}
	return p.vacuum(ctx)
}

// vacuum waits while the table is vacuumed, so that there is room for the next batches.
func (p *pace) vacuum(ctx context.Context) error {
	limit := p.s.m.cfg.Batches.VacuumWait
	var logged time.Time
	for start, before := time.Now(), p.waited; ; p.waited = before + time.Since(start) {
		if p.waited >= limit {
			return nil
		}
		worker, err := p.sessions(ctx, `
SELECT v.pid FROM pg_catalog.pg_stat_progress_vacuum v
 WHERE v.relid OPERATOR(pg_catalog.=) $1 OR v.relid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT relid::pg_catalog.oid FROM pg_catalog.pg_partition_tree($1::pg_catalog.oid::pg_catalog.regclass)))`, p.w.OID)
		if err != nil || len(worker) == 0 {
			return err
		}
		if time.Since(logged) >= blockedAgain {
			logged = time.Now()
			p.s.log(LogPace{Reason: PaceVacuum, Table: p.w.Table.String(), Waited: time.Since(start), Others: worker})
		}
		if err := sleep(ctx, pacePoll); err != nil {
			return err
		}
	}
}

// snapshots names each session once whose snapshot is older than the batches, because no vacuum can remove the rows
// that they leave.
func (p *pace) snapshots(ctx context.Context) error {
	old, err := p.sessions(ctx, `
SELECT pid FROM pg_catalog.pg_stat_activity
 WHERE backend_xmin IS NOT NULL AND datname OPERATOR(pg_catalog.=) pg_catalog.current_database() AND pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
   AND xact_start OPERATOR(pg_catalog.<) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.make_interval(secs => $1))`, p.s.m.cfg.Batches.OldSnapshot.Seconds())
	if err != nil {
		return err
	}
	var fresh []Blocker
	for _, b := range old {
		if !p.told[b.PID] {
			if p.told == nil {
				p.told = map[int]bool{}
			}
			p.told[b.PID] = true
			fresh = append(fresh, b)
		}
	}
	if len(fresh) > 0 {
		p.s.log(LogPace{Reason: PaceSnapshot, Table: p.w.Table.String(), Others: fresh})
	}
	return nil
}

// sessions describes the sessions whose pids a query returns.
func (p *pace) sessions(ctx context.Context, sql string, arg any) ([]Blocker, error) {
	defer p.s.promptly()()
	rows, err := p.s.conn.Query(ctx, sql, arg)
	if err != nil {
		return nil, fmt.Errorf("looking for other sessions: %w", err)
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int32])
	if err != nil || len(pids) == 0 {
		return nil, err
	}
	return sessions(ctx, p.s.conn, pids)
}

// replicas waits until no replica lags more than max_replica_lag. What can't be measured is an error.
func (p *pace) replicas(ctx context.Context) error {
	most := p.s.m.cfg.Batches.MaxReplicaLag
	if most == 0 {
		return nil
	}
	var logged time.Time
	for start := time.Now(); ; {
		lag, err := p.lag(ctx)
		// A replica that was idle reports its lag only after it has confirmed something.
		silent := errors.As(err, new(*unmeasuredError)) && time.Since(start) < reportWithin
		switch {
		case silent:
			if err := sleep(ctx, pacePoll); err != nil {
				return err
			}
			continue
		case err != nil || lag <= most:
			return err
		}
		if time.Since(logged) >= blockedAgain {
			logged = time.Now()
			p.s.log(LogPace{Reason: PaceReplicas, Table: p.w.Table.String(), Waited: time.Since(start), Lag: lag})
		}
		if err := sleep(ctx, pacePoll); err != nil {
			return err
		}
	}
}

// lag returns the lag of the slowest replica: 0 if it has replayed all, otherwise as the server measured when the
// replica last confirmed something.
func (p *pace) lag(ctx context.Context) (time.Duration, error) {
	defer p.s.promptly()()
	var replicas, hidden, unknown int
	var seconds float64
	err := p.s.conn.QueryRow(ctx, `
SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE state IS NULL),
       pg_catalog.count(*) FILTER (WHERE replay_lsn IS NULL OR late AND replay_lag IS NULL),
       COALESCE(pg_catalog.max(CASE WHEN late THEN pg_catalog.date_part('epoch', replay_lag) ELSE 0 END), 0)
  FROM (SELECT state, replay_lsn, replay_lag, replay_lsn OPERATOR(pg_catalog.<) pg_catalog.pg_current_wal_flush_lsn() AS late
          FROM pg_catalog.pg_stat_replication) r`).Scan(&replicas, &hidden, &unknown, &seconds)
	switch {
	case err != nil:
		return 0, fmt.Errorf("measuring the lag of replicas: %w", err)
	case replicas == 0:
		return 0, errors.New("max_replica_lag is set, but no replica is connected")
	case hidden > 0:
		return 0, fmt.Errorf("max_replica_lag is set, but this role can't see the lag of replicas: GRANT pg_monitor to it")
	case unknown > 0:
		return 0, &unmeasuredError{unknown, replicas}
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// reportWithin is how soon replicas report: wal_receiver_status_interval is 10 s by default.
const reportWithin = 20 * time.Second

// An unmeasuredError means that replicas don't report their lag.
type unmeasuredError struct{ unknown, replicas int }

func (e *unmeasuredError) Error() string {
	return fmt.Sprintf("max_replica_lag is set, but %d of %d replicas don't report their lag", e.unknown, e.replicas)
}
