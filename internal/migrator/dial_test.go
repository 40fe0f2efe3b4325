package migrator_test

import (
	"context"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// TestDial applies through a connection that was begun before the directory was
// known, and leaves none open, taken or not.
func TestDial(t *testing.T) {
	b := setup(t, dir(t, shop...))
	ctx := context.Background()
	cfg := b.cfg
	cfg.Dir = nil
	for _, locked := range []bool{false, true, true} {
		d := migrator.Dial(ctx, cfg, locked)
		m := d.New(b.cfg.Dir)
		if _, err := m.Apply(ctx, migrator.ApplyOptions{}); err != nil {
			t.Fatal(err)
		}
		if st, err := m.Status(ctx); err != nil || len(st.Pending) > 0 {
			t.Errorf("the status is %+v, %v", st, err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if err := migrator.Dial(ctx, cfg, locked).Close(); err != nil {
			t.Error(err)
		}
	}
	b.nobodyLeft()
}

// nobodyLeft fails unless all sessions of ours end within a while.
func (b *bench) nobodyLeft() {
	b.Helper()
	const ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'ibutsu-schema%'"
	for end := time.Now().Add(5 * time.Second); b.query(ours) != "0"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatalf("%s sessions are left", b.query(ours))
		}
	}
}
