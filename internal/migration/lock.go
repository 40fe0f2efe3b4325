package migration

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// errLocked is what tryLock returns while another process holds the lock.
var errLocked = errors.New("locked")

// lockWait is how long a writer waits for another one. Writing takes milliseconds.
const lockWait = 10 * time.Second

// locked runs f while no other process writes to the folder root. The folder is made if it is missing.
func locked(root string, f func() error) (err error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return fmt.Errorf("writing migrations: %w", err)
	}
	deadline := time.Now().Add(lockWait)
	for {
		unlock, err := tryLock(root)
		switch {
		case err == nil:
			defer unlock()
			return f()
		case !errors.Is(err, errLocked):
			return fmt.Errorf("locking %s: %w", root, err)
		case time.Now().After(deadline):
			return fmt.Errorf("locking %s: another process has been writing there for %v", root, lockWait)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
