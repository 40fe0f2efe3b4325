package migrator

import (
	"context"
	"fmt"
)

// dialed is a session that Dial opened, or the error.
type dialed struct {
	s   *session
	err error
}

// Dial returns a Migrator that starts to connect in the background, while the caller reads the directory of migrations
// and passes it to SetDir. If locked is set, it also takes the lock and reads the record, as the methods that write do.
// The first method that needs a connection uses that one, or returns the error. The caller must call Close. If ctx ends
// before that, the connection is closed at once, because others may wait for the lock while reading the directory
// hangs.
func Dial(ctx context.Context, cfg Config, locked bool) *Migrator {
	m := newMigrator(cfg)
	m.dialed = make(chan dialed)
	ctx, m.cancel = context.WithCancel(ctx)
	go func() {
		defer close(m.dialed)
		s, err := m.open(ctx, locked)
		if err == nil && locked {
			if err = s.readRecord(ctx); err != nil {
				s.close(ctx)
				s = nil
			}
		}
		select {
		case m.dialed <- dialed{s, err}:
			return
		case <-ctx.Done():
		}
		if s != nil {
			s.close(ctx)
			err = fmt.Errorf("connecting to PostgreSQL: %w", context.Cause(ctx))
		}
		m.dialed <- dialed{nil, err}
	}()
	return m
}

// session returns the session that Dial opened, or else a new one. If locked is set, it may write and holds the lock.
func (m *Migrator) session(ctx context.Context, locked bool) (*session, error) {
	if m.dialed != nil {
		switch d := <-m.dialed; {
		case d.err != nil:
			return nil, d.err
		case d.s != nil && locked:
			return d.s.begun(ctx)
		case d.s != nil:
			return d.s, nil
		}
	}
	return m.open(ctx, locked)
}

// Close closes the connection that Dial opened, if no method has used it.
func (m *Migrator) Close() error {
	m.cancel()
	if d := <-m.dialed; d.s != nil {
		d.s.close(context.Background())
	}
	return nil
}
