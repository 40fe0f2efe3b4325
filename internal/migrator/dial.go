package migrator

import (
	"context"
	"fmt"
)

// dialed is a session that was made ahead of the method that takes it, or why there is none.
type dialed struct {
	s   *session
	err error
}

// Dial returns a Migrator that begins to connect, and to set up the session, while its caller still reads the directory of
// migrations, which SetDir must be given before another method is called. If locked is set it also takes the lock and reads the
// record, as the methods that write do. Whether that went well is told by the first method that needs a connection. The caller
// calls Close in the end. If ctx ends before that method is called, the connection is closed at once: the directory may be one
// whose reading hangs, and others wait for the lock.
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

// session returns the session that Dial made, or else a new one. If locked is set it may write, and holds the lock.
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

// Close closes the connection that Dial made, if no method has taken it.
func (m *Migrator) Close() error {
	m.cancel()
	if d := <-m.dialed; d.s != nil {
		d.s.close(context.Background())
	}
	return nil
}
