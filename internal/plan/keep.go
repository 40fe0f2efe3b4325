package plan

import (
	"context"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// keep gives the desired state what the replayed one's objects have and the schema file
// cannot say. The error is a *KeepError if that cannot be.
func keep(ctx context.Context, replayed, desired *state.State) error {
	stuck, err := state.CarryOver(ctx, replayed, desired)
	if err == nil && len(stuck) > 0 {
		return &KeepError{stuck}
	}
	return err
}

// A KeepError is a change that would take something away which schema.hcl cannot say.
// Nothing was written.
type KeepError struct{ Stuck []state.Stuck }

func (e *KeepError) Error() string {
	var b strings.Builder
	b.WriteString("nothing was written: the schema file wants a change that would lose what it cannot say:")
	for _, s := range e.Stuck {
		b.WriteString("\n  " + s.String())
	}
	b.WriteString("\nwrite the change, or drop what is in its way, as SQL first (new)")
	return b.String()
}
