package migration_test

import (
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// TestReadToRun reads effects when they are asked for, and finds then what is wrong with them.
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
			f := d.Files()[0]
			if f.HasEffect {
				t.Error("there is an effect before it was asked for")
			}
			if err := d.ReadEffects(); (err != nil) != tt.wrong {
				t.Errorf("reading the effects: %v", err)
			}
			if err := d.ReadEffects(); (err != nil) != tt.wrong {
				t.Errorf("reading the effects again: %v", err)
			}
			if !f.HasEffect || f.Effect != tt.effect {
				t.Errorf("the effect is %q", f.Effect)
			}
		})
	}
}
