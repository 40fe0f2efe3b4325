package plan

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// TestQuiet inspects a database into HCL and plans from the SQL that created it: there is nothing to do.
func TestQuiet(t *testing.T) {
	sql, err := os.ReadFile("quiet_test.sql")
	if err != nil {
		t.Fatal(err)
	}
	from(t, 15)
	db := pgtest.New(t)
	db.Exec(string(sql))
	p := newProject(t)
	cfg := p.config()
	if p.HCL, err = state.Inspect(t.Context(), db.Conn().Config(), cfg.Options, nil); err != nil {
		t.Fatal(err)
	}
	p.Write(map[string]string{"20250101000000_base.sql": string(sql)})
	pl, err := Make(t.Context(), p.config())
	if err != nil {
		t.Fatalf("%v\n%s", err, p.HCL)
	}
	for _, f := range pl.Files {
		t.Errorf("%s\n%s", f.Name, f.SQL)
	}
	if t.Failed() {
		t.Logf("%s", p.HCL)
	}
}

// TestQuietSpellings plans from SQL to a handwritten schema file whose spellings differ from those of inspection.
func TestQuietSpellings(t *testing.T) {
	p := newProject(t)
	p.Write(map[string]string{"20250101000000_base.sql": `
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (
  id serial PRIMARY KEY, a integer, b bigint DEFAULT '5', c smallint DEFAULT 1, d numeric(10, 2) DEFAULT 0.5, e double precision, f real,
  g character varying(20) DEFAULT 'x', h character(3), i text DEFAULT 'it''s', j boolean DEFAULT true, k timestamp with time zone DEFAULT now(),
  l timestamp without time zone DEFAULT CURRENT_TIMESTAMP, m time(3), n text[] DEFAULT '{}', o varchar[], p mood DEFAULT 'ok',
  q jsonb DEFAULT '{"a": 1}', r interval(2), s bit varying(4), u uuid DEFAULT gen_random_uuid(), v numeric, w date DEFAULT CURRENT_DATE, x char(1), y int GENERATED ALWAYS AS (a * 2) STORED,
  CONSTRAINT positive CHECK (a > 0 AND c IN (1, 2)), CONSTRAINT name_like CHECK (g LIKE 'a%'));
CREATE INDEX by_x ON t ((q ->> 'x'));
CREATE INDEX by_both ON t (a DESC, b DESC NULLS LAST);
CREATE INDEX by_lower ON t (lower(i), (a + c)) WHERE j AND g IS NOT NULL;
CREATE UNIQUE INDEX once ON t (a) WHERE j = true;
CREATE INDEX by_q ON t USING gin (q);
ALTER TABLE t ADD CONSTRAINT to_self FOREIGN KEY (a) REFERENCES t (id);
`})
	p.HCL = []byte(`schema "public" {}
enum "mood" {
  schema = schema.public
  values = ["sad", "ok"]
}
table "t" {
  schema = schema.public
  column "y" {
    type = int4
    null = true
    as   = "(a*2)"
  }
  column "a" {
    type = int4
    null = true
  }
  column "id" { type = serial }
  column "b" {
    type    = int8
    null    = true
    default = sql("'5'")
  }
  column "c" {
    type    = int2
    null    = true
    default = 1
  }
  column "d" {
    type    = decimal(10,2)
    null    = true
    default = 0.5
  }
  column "e" {
    type = float8
    null = true
  }
  column "f" {
    type = float4
    null = true
  }
  column "g" {
    type    = varchar(20)
    null    = true
    default = "x"
  }
  column "h" {
    type = char(3)
    null = true
  }
  column "i" {
    type    = text
    null    = true
    default = "it's"
  }
  column "j" {
    type    = bool
    null    = true
    default = true
  }
  column "k" {
    type    = timestamptz
    null    = true
    default = sql("CURRENT_TIMESTAMP")
  }
  column "l" {
    type    = timestamp
    null    = true
    default = sql("now()")
  }
  column "m" {
    type = time(3)
    null = true
  }
  column "n" {
    type    = sql("text []")
    null    = true
    default = sql("'{}'")
  }
  column "o" {
    type = sql("character varying[]")
    null = true
  }
  column "p" {
    type    = enum.mood
    null    = true
    default = sql("'ok'::mood")
  }
  column "q" {
    type    = jsonb
    null    = true
    default = "{\"a\": 1}"
  }
  column "r" {
    type = interval(2)
    null = true
  }
  column "s" {
    type = sql("varbit(4)")
    null = true
  }
  column "u" {
    type    = uuid
    null    = true
    default = sql("gen_random_uuid()")
  }
  column "v" {
    type = decimal
    null = true
  }
  column "w" {
    type    = date
    null    = true
    default = sql("current_date")
  }
  column "x" {
    type = char
    null = true
  }
  primary_key { columns = [column.id] }
  index "by_q" {
    type    = "GIN"
    columns = [column.q]
  }
  index "once" {
    unique  = true
    columns = [column.a]
    where   = "j = true"
  }
  index "by_lower" {
    on { expr = "lower(i)" }
    on { expr = "a+c" }
    where = "j and (g is not null)"
  }
  index "by_both" {
    on {
      column = column.a
      desc   = true
    }
    on {
      column     = column.b
      desc       = true
      nulls_last = true
    }
  }
  index "by_x" {
    on { expr = "q->>'x'" }
  }
  check "name_like" { expr = "g like 'a%'" }
  check "positive" { expr = "a>0 and c in (1,2)" }
  foreign_key "to_self" {
    columns     = [column.a]
    ref_columns = [table.t.column.id]
    on_delete   = NO_ACTION
    on_update   = "NO_ACTION"
  }
}
`)
	pl, err := Make(t.Context(), p.config())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range pl.Files {
		t.Errorf("%s\n%s", f.Name, f.SQL)
	}
}

// TestQuietAlike inspects a live database with objects that are alike into HCL, and plans from the SQL that created
// it: there is nothing to do. The HCL alone produces the same database.
func TestQuietAlike(t *testing.T) {
	from(t, 15)
	sql := `
CREATE TABLE seat (id integer NOT NULL, row integer NOT NULL, code integer, neighbor integer);
ALTER TABLE seat ADD CONSTRAINT seat_ref UNIQUE (id);
ALTER TABLE seat ADD PRIMARY KEY (id);
ALTER TABLE seat ADD CONSTRAINT "Another" UNIQUE (id);
ALTER TABLE seat ADD UNIQUE (id, row);
ALTER TABLE seat ADD UNIQUE (id, row);
ALTER TABLE seat ADD CONSTRAINT turned UNIQUE (row, id);
ALTER TABLE seat ADD CONSTRAINT u1 UNIQUE (code) INCLUDE (row);
ALTER TABLE seat ADD CONSTRAINT u2 UNIQUE (code) INCLUDE (row);
ALTER TABLE seat ADD CONSTRAINT u3 UNIQUE (code);
ALTER TABLE seat ADD CONSTRAINT u4 UNIQUE NULLS NOT DISTINCT (code);
ALTER TABLE seat ADD CONSTRAINT u5 UNIQUE NULLS NOT DISTINCT (code);
COMMENT ON INDEX u5 IS 'the fifth';
CREATE UNIQUE INDEX i1 ON seat (code);
CREATE UNIQUE INDEX i2 ON seat (code);
CREATE INDEX i3 ON seat (code);
CREATE INDEX ON seat (code);
CREATE INDEX ON seat (code);
ALTER TABLE seat ADD CHECK (code > 0), ADD CHECK (code > 0), ADD CONSTRAINT positive CHECK (code > 0);
ALTER TABLE seat ADD FOREIGN KEY (neighbor) REFERENCES seat (id), ADD FOREIGN KEY (neighbor) REFERENCES seat (id), ADD CONSTRAINT neighbor FOREIGN KEY (neighbor) REFERENCES seat (id);
CREATE TABLE part (at date NOT NULL, n integer NOT NULL) PARTITION BY RANGE (at);
ALTER TABLE part ADD PRIMARY KEY (at, n);
ALTER TABLE part ADD CONSTRAINT p1 UNIQUE (at, n);
ALTER TABLE part ADD CONSTRAINT p2 UNIQUE (at, n);
CREATE TABLE part_2025 PARTITION OF part FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
`
	db := pgtest.New(t)
	db.Exec(sql)
	p := newProject(t)
	cfg := p.config()
	var err error
	if p.HCL, err = state.Inspect(t.Context(), db.Conn().Config(), cfg.Options, nil); err != nil {
		t.Fatal(err)
	}
	p.Write(map[string]string{"20250101000000_base.sql": sql})
	quiet := func() {
		t.Helper()
		pl, err := Make(t.Context(), p.config())
		if err != nil {
			t.Fatalf("%v\n%s", err, p.HCL)
		}
		for _, f := range pl.Files {
			t.Errorf("%s\n%s", f.Name, f.SQL)
		}
	}
	quiet()
	// The same from nothing, as the planner writes it.
	live, err := catalog.Read(t.Context(), db.Conn(), cfg.Options)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := state.Split(live)
	p = newProject(t)
	p.HCL, err = state.Inspect(t.Context(), db.Conn().Config(), cfg.Options, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.plan()
	quiet()
	s, err := state.Replay(t.Context(), pgtest.Server(t), p.config().Dir, 0, cfg.Options)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if diff := cmp.Diff(want.Lines(), s.Catalog.Lines()); diff != "" {
		t.Errorf("(-live +planned):\n%s", diff)
	}
}
