package state_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

func TestInspectLocked(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(`CREATE TABLE "Odd" (id int PRIMARY KEY)`)
	holder := db.Conn()
	if _, err := holder.PgConn().Exec(t.Context(), `SET application_name = 'nightly'; BEGIN; LOCK TABLE "Odd"`).ReadAll(); err != nil {
		t.Fatal(err)
	}
	_, err := state.Inspect(t.Context(), db.ConnConfig(), catalog.Options{}, nil)
	var locked *state.LockedError
	if !errors.As(err, &locked) || len(locked.Holders) != 1 || !strings.HasSuffix(locked.Holders[0], `application nightly, which has locked public."Odd"`) {
		t.Errorf("error: %v", err)
	}
}
