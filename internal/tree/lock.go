package tree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// errLocked is what tryLock returns while another process holds the lock.
var errLocked = errors.New("locked")

// lockWait is how long a writer waits for another one. Writing takes milliseconds.
const lockWait = 10 * time.Second

// Locked runs f on the folder root while no other process writes to it. It creates the folder if it is missing.
func Locked(ctx context.Context, root string, f func(*Tree) error) (err error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return fmt.Errorf("writing files: %w", err)
	}
	deadline := time.Now().Add(lockWait)
	for {
		unlock, err := tryLock(root)
		switch {
		case err == nil:
			defer unlock()
			folder, err := Open(ctx, root)
			if err != nil {
				return fmt.Errorf("writing files: %w", err)
			}
			defer folder.Close()
			return f(folder)
		case !errors.Is(err, errLocked):
			return fmt.Errorf("locking %s: %w", root, err)
		case time.Now().After(deadline):
			return fmt.Errorf("locking %s: another process has been writing there for %v", root, lockWait)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
