package plan

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// keyIndexes returns the names of the indexes that foreign keys use, by the keys' names.
func keyIndexes(t *testing.T, conn *pgx.Conn) map[string]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), "SELECT conname, conindid::regclass::text, convalidated FROM pg_constraint WHERE contype = 'f' ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	rest := map[string]string{}
	var name, index string
	var valid bool
	if _, err := pgx.ForEachRow(rows, []any{&name, &index, &valid}, func() error {
		if rest[name] = index; !valid {
			rest[name] += ", not valid"
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return rest
}

const keyHCL = `schema "public" {}
table "seat" {
  schema = schema.public
  column "id" { type = integer }
  column "row" { type = integer }
  column "neighbor" {
    type = integer
    null = true
  }
  # keys of seat
  foreign_key "neighbor" {
    columns     = [column.neighbor]
    ref_columns = [column.id]
  }
}
table "ticket" {
  schema = schema.public
  column "id" { type = integer }
  column "seat_id" {
    type = integer
    null = true
  }
  primary_key { columns = [column.id] }
  foreign_key "seat" {
    columns     = [column.seat_id]
    ref_columns = [table.seat.column.id]
    on_delete   = SET_NULL
  }
}
`

func withKeys(keys string) []byte {
	return []byte(strings.Replace(keyHCL, "  # keys of seat\n", keys, 1))
}

const (
	seatKey    = "  primary_key { columns = [column.id] }\n"
	seatUnique = "  unique \"seat_ref\" { columns = [column.id] }\n"
	seatIndex  = "  index \"seat_index\" {\n    unique = true\n    columns = [column.id]\n  }\n"
	seatRows   = "INSERT INTO seat VALUES (1, 1, NULL), (2, 1, 1); INSERT INTO ticket VALUES (1, 1), (2, 2), (3, NULL); COMMENT ON CONSTRAINT seat ON ticket IS 'the seat''s'"
)

// TestKeysMove moves foreign keys from one of three unique keys with the same columns to another, by all ways of
// adding and dropping one, on tables with rows, and reverts it: on the database that the migrations produce, and on
// one where a restore made the keys use whichever index it created first.
func TestKeysMove(t *testing.T) {
	t.Run("to itself", func(t *testing.T) {
		moveKeys(t, [][]int{{0}, {0, 1}, {1}, {1, 2}, {0, 1, 2}, {0, 2}, {0, 1}}, true)
	})
	t.Run("of another table", func(t *testing.T) {
		moveKeys(t, [][]int{{0}, {0, 2}, {2}, {1}, {2}, {1, 2}, {1}, {0, 1}}, false)
	})
}

// moveKeys plans from each set of keys to the next. With self, the table refers to itself, which the engine supports
// only for a primary key or unique constraint.
func moveKeys(t *testing.T, steps [][]int, self bool) {
	keys := []string{seatKey, seatUnique, seatIndex}
	p := newProject(t)
	for _, set := range steps {
		text := ""
		for _, i := range set {
			text += keys[i]
		}
		p.HCL, p.Now = withKeys(text), p.Now.Add(time.Hour)
		if !self {
			p.HCL = regexp.MustCompile(`(?s)  foreign_key "neighbor" .*?\n  }\n`).ReplaceAll(p.HCL, nil)
		}
		if pl := p.plan(); len(pl.Files) == 0 {
			t.Fatalf("nothing to plan for\n%s", text)
		}
	}
	cfg := p.config()
	checked(t, cfg.Base)
	names := []string{"seat_pkey", "seat_ref", "seat_index"}
	// A restore creates the unique indexes in one order or another.
	for _, order := range [][]int{nil, {0, 1, 2}, {1, 0, 2}, {2, 1, 0}, {1, 2, 0}} {
		s, err := state.Replay(t.Context(), cfg.Server, cfg.Dir, 0, cfg.Options)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := s.Conn().Exec(t.Context(), seatRows); err != nil {
			t.Fatal(err)
		}
		path := []catalog.Catalog{s.Catalog}
		look := func(file string) {
			t.Helper()
			if err := s.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			for name, index := range keyIndexes(t, s.Conn()) {
				if !slices.Contains(names, index) {
					t.Errorf("%v: after %s the key %s uses %s", order, file, name, index)
				}
			}
		}
		look("")
		path = []catalog.Catalog{s.Catalog}
		for _, f := range cfg.Dir.Files()[1:] {
			restore(t, s.Conn(), names, order, self)
			if err := s.Up(t.Context(), f); err != nil {
				t.Fatalf("%v: %v", order, err)
			}
			look(f.Name)
			path = append(path, s.Catalog)
		}
		for i, f := range slices.Backward(cfg.Dir.Files()[1:]) {
			if diff := cmp.Diff(path[i+1].Lines(), s.Catalog.Lines()); diff != "" {
				t.Errorf("%v: before the down file of %s (-want +got):\n%s", order, f.Name, diff)
			}
			restore(t, s.Conn(), names, order, self)
			if err := s.Run(t.Context(), f.Down.Stmts, f.Down.TxNone, "down/"+f.Name); err != nil {
				t.Fatalf("%v: %v", order, err)
			}
			look("down/" + f.Name)
		}
		if diff := cmp.Diff(path[0].Lines(), s.Catalog.Lines()); diff != "" {
			t.Errorf("%v: after the down files (-want +got):\n%s", order, diff)
		}
		if got := countRows(t, s.Conn()); got != "seat 2, ticket 3" {
			t.Error(got)
		}
	}
}

// restore creates the keys of table seat again in an order, with the foreign keys that use them.
func restore(t *testing.T, conn *pgx.Conn, names []string, order []int, self bool) {
	t.Helper()
	if order == nil {
		return
	}
	defs := []string{
		"ALTER TABLE seat ADD CONSTRAINT seat_pkey PRIMARY KEY (id)",
		"ALTER TABLE seat ADD CONSTRAINT seat_ref UNIQUE (id)",
		"CREATE UNIQUE INDEX seat_index ON seat (id)",
	}
	drops := []string{
		"ALTER TABLE seat DROP CONSTRAINT seat_pkey",
		"ALTER TABLE seat DROP CONSTRAINT seat_ref",
		"DROP INDEX seat_index",
	}
	sql := "ALTER TABLE ticket DROP CONSTRAINT seat;\n"
	var adds, last string
	if self {
		sql += "ALTER TABLE seat DROP CONSTRAINT neighbor;\n"
		last = "ALTER TABLE seat ADD CONSTRAINT neighbor FOREIGN KEY (neighbor) REFERENCES seat (id);\n"
	}
	for _, i := range order {
		var there bool
		if err := conn.QueryRow(t.Context(), "SELECT to_regclass($1) IS NOT NULL", names[i]).Scan(&there); err != nil {
			t.Fatal(err)
		}
		if there {
			sql += drops[i] + ";\n"
			adds += defs[i] + ";\n"
		}
	}
	sql += adds + last +
		"ALTER TABLE ticket ADD CONSTRAINT seat FOREIGN KEY (seat_id) REFERENCES seat (id) ON DELETE SET NULL;\n" +
		"COMMENT ON CONSTRAINT seat ON ticket IS 'the seat''s'"
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// A run that is interrupted after a statement, before it is recorded, runs the statement again.
func TestLettingGoIsRepeatable(t *testing.T) {
	p := newProject(t)
	p.start(withKeys(seatKey + seatUnique))
	p.HCL = withKeys(seatUnique)
	pl := p.plan()
	s, err := state.Replay(t.Context(), pgtest.Server(t), p.config().Dir, 0, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Conn().Exec(t.Context(), seatRows); err != nil {
		t.Fatal(err)
	}
	if rest := keyIndexes(t, s.Conn()); rest["seat"] != "seat_pkey" {
		t.Fatal(rest)
	}
	for _, f := range pl.Files {
		for _, stmt := range f.up.Stmts {
			for range 2 {
				if _, err := s.Conn().Exec(t.Context(), stmt.Text); err != nil {
					t.Fatalf("%v\n%s", err, stmt.Text)
				}
			}
		}
	}
	if diff := cmp.Diff(map[string]string{"neighbor": "seat_ref", "seat": "seat_ref"}, keyIndexes(t, s.Conn())); diff != "" {
		t.Error(diff)
	}
	var comment string
	if err := s.Conn().QueryRow(context.Background(), "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conname = 'seat'").Scan(&comment); err != nil || comment != "the seat's" {
		t.Error(comment, err)
	}
}

// TestKeyInUseAdvice follows the advice of the refusal to change a key in use.
func TestKeyInUseAdvice(t *testing.T) {
	table := func(keys string) string {
		return `schema "public" {}
table "seat" {
  schema = schema.public
  column "id" { type = integer }
  column "row" { type = integer }
` + keys + `}
table "ticket" {
  schema = schema.public
  column "id" {
    type = integer
    null = true
  }
  column "row" {
    type = integer
    null = true
  }
  foreign_key "ticket_seat" {
    columns     = [column.id, column.row]
    ref_columns = [table.seat.column.id, table.seat.column.row]
  }
}
`
	}
	const (
		key     = "  primary_key { columns = [column.id, column.row] }\n"
		newKey  = "  primary_key { columns = [column.row] }\n"
		both    = "  unique \"seat_both\" { columns = [column.id, column.row] }\n"
		turned  = "  unique \"seat_both\" { columns = [column.row, column.id] }\n"
		turned2 = "  unique \"seat_both_new\" { columns = [column.row, column.id] }\n"
	)
	for _, tt := range []struct {
		name, from, to, advice string
		steps                  []string
	}{
		{"another is like it", key + both, newKey + both, "1. remove seat_pkey from the schema file, run plan and apply: the foreign keys move to seat_both\n  2. add it", []string{both, newKey + both}},
		{"the new one is like it", both, turned, "1. add the new one under another name (seat_both_new)", []string{both + turned2, turned2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProject(t)
			p.start([]byte(table(tt.from)))
			p.HCL = []byte(table(tt.to))
			var refused *RefusedError
			if _, err := Make(t.Context(), p.config()); !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.advice) {
				t.Fatalf("%v", err)
			}
			for _, keys := range tt.steps {
				p.HCL, p.Now = []byte(table(keys)), p.Now.Add(time.Hour)
				if pl := p.plan(); len(pl.Files) == 0 {
					t.Errorf("nothing to plan for\n%s", keys)
				}
			}
			checked(t, p.Base())
		})
	}
}
