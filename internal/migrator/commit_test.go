package migrator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// cutting is a connection that breaks at the n-th commit: before it is sent, or
// after, so that its answer is lost.
type cutting struct {
	net.Conn
	n    *int
	sent bool
	cut  atomic.Bool
}

func (c *cutting) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.cut.Load() {
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

func (c *cutting) Write(p []byte) (int, error) {
	if !bytes.Contains(p, []byte("\x00commit\x00")) {
		return c.Conn.Write(p)
	}
	if *c.n--; *c.n != 0 {
		return c.Conn.Write(p)
	}
	c.cut.Store(true)
	if c.sent {
		if _, err := c.Conn.Write(p); err != nil {
			return 0, err
		}
		time.Sleep(20 * time.Millisecond)
	}
	c.Close()
	return len(p), nil
}

// Whether a commit whose answer is lost was done is found out by the next run.
func TestLostCommit(t *testing.T) {
	d := dir(t, slow...)
	undisturbed := setup(t, d)
	undisturbed.mustApply(migrator.ApplyOptions{})
	head := undisturbed.everything()
	if _, err := undisturbed.down(migrator.DownOptions{To: "base", Yes: true}); err != nil {
		t.Fatal(err)
	}
	base := undisturbed.everything()

	for _, sent := range []bool{false, true} {
		t.Run(fmt.Sprintf("sent=%v", sent), func(t *testing.T) {
			t.Parallel()
			b := setup(t, d)
			sound := b.cfg.ConnConfig
			cut := func(n int, do func(*migrator.Migrator) error) bool {
				t.Helper()
				cfg := b.cfg
				cfg.ConnConfig = sound.Copy()
				cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
					c, err := sound.DialFunc(ctx, network, addr)
					return &cutting{Conn: c, n: &n, sent: sent}, err
				}
				err := do(migrator.New(cfg))
				if n > 0 {
					return false // there are fewer commits than that
				}
				var outcome *migrator.OutcomeError
				if !errors.As(err, &outcome) {
					t.Errorf("a lost commit gave %v", err)
				}
				b.truthful()
				return true
			}
			for n := 1; ; n++ {
				if !sampled(n) {
					continue
				}
				more := cut(n, func(m *migrator.Migrator) error {
					_, err := m.Apply(context.Background(), migrator.ApplyOptions{})
					return err
				})
				b.mustApply(migrator.ApplyOptions{})
				b.same(head)
				more = cut(n, func(m *migrator.Migrator) error {
					_, err := m.Down(context.Background(), migrator.DownOptions{To: "base", Yes: true})
					return err
				}) || more
				if _, err := b.down(migrator.DownOptions{To: "base", Yes: true}); err != nil {
					t.Fatal(err)
				}
				b.same(base)
				if t.Failed() {
					return
				}
				if !more {
					t.Logf("lost up to commit %d", n-1)
					return
				}
			}
		})
	}
}
