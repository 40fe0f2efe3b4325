package migrator

import (
	"context"
	"fmt"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// Dialing is a connection that is being made while its caller still reads the
// directory of migrations.
type Dialing struct {
	m      *Migrator // without a directory
	start  time.Time
	cancel context.CancelFunc
	result chan dialed
}

type dialed struct {
	s   *session
	err error
}

// Dial begins to connect, and to set up the session, as cfg says, whose Dir is not
// looked at. If locked is set it also takes the lock and reads the record, as the
// methods that write do. Whether that went well is told by the first method of the
// Migrator that needs a connection. The caller calls Close in the end. If ctx ends
// before that method is called, the connection is closed at once: the directory may
// be one whose reading hangs, and others wait for the lock.
func Dial(ctx context.Context, cfg Config, locked bool) *Dialing {
	ctx, cancel := context.WithCancel(ctx)
	d := &Dialing{m: newMigrator(cfg), start: time.Now(), cancel: cancel, result: make(chan dialed)}
	go func() {
		defer close(d.result)
		s, err := d.m.dial(ctx, locked)
		select {
		case d.result <- dialed{s, err}:
			return
		case <-ctx.Done():
		}
		if s != nil {
			s.close(ctx)
			err = fmt.Errorf("connecting to PostgreSQL: %w", context.Cause(ctx))
		}
		d.result <- dialed{nil, err}
	}()
	return d
}

func (m *Migrator) dial(ctx context.Context, locked bool) (*session, error) {
	if !locked {
		return m.connect(ctx)
	}
	s, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.readRecord(ctx); err != nil {
		s.close(ctx)
		return nil, err
	}
	return s, nil
}

// New returns a Migrator for the directory. The first connection that it needs is
// the one that is being made.
func (d *Dialing) New(dir *migration.Dir) *Migrator {
	m := &Migrator{cfg: d.m.cfg, files: dir.Files()}
	m.cfg.Dir = dir
	m.dialing.Store(d)
	return m
}

// take returns the session, or why there is none. Only one call gets it.
func (d *Dialing) take(m *Migrator) (*session, error) {
	r := <-d.result
	if r.s != nil {
		r.s.m = m
	}
	return r.s, r.err
}

// Close closes the connection if no method has taken it.
func (d *Dialing) Close() error {
	d.cancel()
	if r := <-d.result; r.s != nil {
		r.s.close(context.Background())
	}
	return nil
}
