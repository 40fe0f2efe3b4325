package migration_test

import (
	"errors"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// TestReadToRun reads directories whose effect files are read by the first call of Effect.
func TestReadToRun(t *testing.T) {
	const a = "20260101000000_a.sql"
	for _, tt := range []struct {
		name, effect string
		wrong        bool
	}{
		{"fine", "+ table public.a\n", false},
		{"conflict", "<<<<<<< HEAD\n+ a\n=======\n+ b\n>>>>>>> main\n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := migration.ReadToRun(mapDir(a, "SELECT 1;\n", "effect/20260101000000_a.txt", tt.effect))
			if err != nil {
				t.Fatal(err)
			}
			for _, when := range []string{"first", "again"} {
				effect, err := d.Files()[0].Effect()
				if wrong := errors.As(err, new(migration.Errors)); wrong != tt.wrong || !wrong && effect != tt.effect {
					t.Errorf("%s: the effect is %q, %v", when, effect, err)
				}
			}
		})
	}
}
