package adopt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// hasInvalid reports whether the live schema has INVALID indexes.
func (p *repairing) hasInvalid() bool {
	for l := range p.live.All() {
		if _, st := l.CutState(); l.Kind == "index" && strings.HasPrefix(st, "INVALID") {
			return true
		}
	}
	return false
}

// awaitBuilds waits until no other session builds an index: until then it is INVALID, and can't be told from one whose
// build was interrupted.
func (p *repairing) awaitBuilds(ctx context.Context) error {
	told := 0
	for {
		var pid int
		var table string
		err := p.conn.QueryRow(ctx, `
SELECT b.pid, COALESCE(b.relid::regclass::text, '') FROM pg_catalog.pg_stat_progress_create_index b
 WHERE b.datname = pg_catalog.current_database() AND b.pid <> pg_catalog.pg_backend_pid() ORDER BY b.pid LIMIT 1`).Scan(&pid, &table)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("looking for sessions that build an index: %w", err)
		}
		if pid != told && p.cfg.Live.Log != nil {
			p.cfg.Live.Log.Log(migrator.LogBuilding{Index: "of table " + table, PID: pid})
		}
		told = pid
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// look reads from the live database how big the tables are, what is lost, and which rows the repair fails on.
func (p *repairing) look(ctx context.Context) error {
	for _, name := range p.tables() {
		t := Table{Name: name}
		err := p.conn.QueryRow(ctx, `
SELECT pg_catalog.pg_total_relation_size(c.oid), c.reltuples::bigint FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)::oid`, name).Scan(&t.Bytes, &t.Rows)
		switch {
		case err == nil:
			p.out.Tables = append(p.out.Tables, t)
		case err != pgx.ErrNoRows: // a new one
			return fmt.Errorf("reading the size of %s: %w", name, err)
		}
	}
	for _, d := range p.out.Dropped {
		if d.Kind != "table" && d.Kind != "column" {
			continue
		}
		l := migrator.Loss{Table: d.Table}
		what := "*"
		if d.Kind == "column" {
			l.Column, what = d.Object, d.Object
		}
		if err := p.conn.QueryRow(ctx, "SELECT count("+what+") FROM "+l.Table).Scan(&l.Rows); err != nil {
			return fmt.Errorf("counting the rows of %s: %w", l.Table, err)
		}
		if l.Rows > 0 {
			p.out.Losses = append(p.out.Losses, l)
		}
	}
	if p.firsts > 0 {
		return nil // its statements may mend the rows
	}
	found, err := p.violations(ctx, p.conn)
	p.out.Decisions = append(p.out.Decisions, found...)
	return err
}

// violation counts the rows of a hazard.
func violation(ctx context.Context, conn *pgx.Conn, h hazard.Hazard) (Decision, error) {
	d := Decision{Table: h.Table}
	err := conn.QueryRow(ctx, h.Query.String(), pgx.QueryExecModeSimpleProtocol).Scan(&d.Rows)
	switch pgsql.SQLState(err) {
	case pgsql.UndefinedColumn, pgsql.UndefinedTable: // the repair adds it
		return Decision{}, nil
	}
	if err != nil {
		return d, fmt.Errorf("looking for rows of %s that the repair fails on: %w", h.Table, err)
	}
	if d.Rows == 0 {
		return d, nil
	}
	var all int64
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM "+h.Table).Scan(&all); err != nil {
		return d, fmt.Errorf("counting the rows of %s: %w", h.Table, err)
	}
	d.Text = fmt.Sprintf("a planned statement %s: %d of %s of %s", h.What, d.Rows, words.Plural(int(all), "row"), h.Table)
	if h.Column == "" {
		return d, nil
	}
	d.Text = fmt.Sprintf("%s.%s should be NOT NULL; %d of %s are NULL", h.Table, h.Column, d.Rows, words.Plural(int(all), "row"))
	d.Fixes = []fix.Text{fix.FillRows(fix.Column{Table: fix.Table{Name: h.Table}, Name: h.Column}, fix.Blank, h.Column+" IS NULL")}
	return d, nil
}
