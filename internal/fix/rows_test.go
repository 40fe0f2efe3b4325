package fix_test

import (
	"context"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// TestCountConflicts counts the rows that prevent exclusion constraints, by the definitions that PostgreSQL prints.
func TestCountConflicts(t *testing.T) {
	ctx := context.Background()
	db := pgtest.New(t)
	db.Exec(`CREATE SCHEMA "E x"; CREATE EXTENSION btree_gist SCHEMA "E x";
CREATE TABLE booking (id int, "Room, no" int, during tsrange, name text) PARTITION BY LIST (id);
CREATE TABLE booking_1 PARTITION OF booking FOR VALUES IN (1, 2);
CREATE TABLE booking_2 PARTITION OF booking DEFAULT;
INSERT INTO booking VALUES
  (1, 7, '[2026-01-01,2026-01-03)', 'a'),
  (2, 7, '[2026-01-02,2026-01-04)', 'A'),
  (3, 7, '[2026-01-03,2026-01-05)', NULL),
  (4, 8, '[2026-01-01,2026-01-09)', 'b'),
  (5, NULL, '[2026-01-01,2026-01-09)', NULL)`)
	for _, tt := range []struct {
		exclude string // on a table like booking
		want    int
	}{
		{`USING gist ("Room, no" WITH =, during WITH &&)`, 3},
		{`USING gist (during WITH &&) INCLUDE (id) WITH (fillfactor = 70) WHERE ("Room, no" > 7) DEFERRABLE INITIALLY DEFERRED`, 0},
		{`USING gist (during range_ops WITH &&)`, 5},
		{`(name WITH =)`, 0},
		{`(lower(name) COLLATE "C" text_pattern_ops DESC NULLS LAST WITH =)`, 2},
		{`((("Room, no" + 1) * 2) WITH =) WHERE (name IS DISTINCT FROM ')')`, 3},
		{`((CASE WHEN name IN ('a', 'b') THEN 1 END) WITH =)`, 2},
		{`USING hash ((name || '(WITH,') COLLATE "C" WITH =)`, 0},
	} {
		_, err := db.Conn().Exec(ctx, `DROP TABLE IF EXISTS empty; CREATE TABLE empty (LIKE booking); SET search_path = public, "E x"; ALTER TABLE empty ADD CONSTRAINT x EXCLUDE `+tt.exclude)
		if err != nil {
			t.Fatalf("%s: %v", tt.exclude, err)
		}
		var def, where string
		if err := db.Conn().QueryRow(ctx, `SELECT pg_get_constraintdef(k.oid), coalesce(pg_get_expr(i.indpred, i.indrelid), '') FROM pg_constraint k JOIN pg_index i ON i.indexrelid = k.conindid WHERE conname = 'x'`).Scan(&def, &where); err != nil {
			t.Fatal(err)
		}
		got := -1
		query := fix.CountConflicts("public.booking", def, where).String()
		if err := db.Conn().QueryRow(ctx, strings.TrimSuffix(query, ";")).Scan(&got); err != nil || got != tt.want {
			t.Errorf("%s: %d, want %d: %v\n%s", def, got, tt.want, err, query)
		}
	}
	if q := fix.CountConflicts("t", `EXCLUDE (a WITH OPERATOR("E x".=), b gist_trgm_ops (siglen='8') WITH =)`, "").String(); !strings.Contains(q, `a.k1 OPERATOR("E x".=) b.k1 AND a.k2 = b.k2`) || !strings.Contains(q, "a AS k1, b AS k2 FROM") {
		t.Error(q)
	}
	for _, def := range []string{"", "EXCLUDE", "EXCLUDE (", "EXCLUDE (a", "EXCLUDE ()", "EXCLUDE (a)", "EXCLUDE (a WITH)", "EXCLUDE (1 WITH =)", "EXCLUDE ((a WITH =)", "UNIQUE (a)"} {
		if q := fix.CountConflicts("t", def, ""); !q.Empty() {
			t.Errorf("%s: %s", def, q)
		}
	}
}
