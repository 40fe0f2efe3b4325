package plan

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

const kindsBase = `schema "public" {
}
schema "app" {
}
enum "mood" {
  schema = schema.public
  values = ["sad", "ok", "happy"]
}
table "u" {
  schema = schema.app
  column "id" {
    type = int
  }
  column "kind" {
    type = int
  }
  column "label" {
    type = text
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  unique "u_id_kind" {
    columns = [column.id, column.kind]
  }
}
table "t" {
  schema  = schema.public
  comment = "old"
  column "id" {
    type = bigint
  }
  column "n" {
    type    = int
    null    = true
    default = 5
  }
  column "m" {
    type = int
  }
  column "name" {
    type    = varchar(50)
    null    = true
    comment = "old"
  }
  column "code" {
    type = text
    null = true
  }
  column "price" {
    type = numeric(10,2)
    null = true
  }
  column "at" {
    type    = timestamptz
    null    = true
    default = sql("now()")
  }
  column "wait" {
    type = interval
    null = true
  }
  column "tags" {
    type = sql("text[]")
    null = true
  }
  column "data" {
    type = json
    null = true
  }
  column "docs" {
    type = tsvector
    null = true
  }
  column "feels" {
    type    = enum.mood
    default = "ok"
  }
  column "twice" {
    type = int
    null = true
    as {
      expr = "n * 2"
      type = STORED
    }
  }
  column "ident" {
    type = bigint
    identity {
      generated = BY_DEFAULT
    }
  }
  column "serial_" {
    type = serial
  }
  column "u_id" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  index "ix_name" {
    columns = [column.name]
    comment = "old"
  }
  index "ix_code" {
    on {
      column = column.code
    }
    where = "n > 0"
  }
  index "ix_expr" {
    on {
      expr = "lower(code)"
    }
  }
  index "ix_at" {
    columns        = [column.at]
    type           = BRIN
    page_per_range = 64
  }
  index "ix_once" {
    columns = [column.m]
    unique  = true
  }
  index "ix_docs" {
    columns = [column.docs]
    type    = GIST
  }
  unique "u_code" {
    columns = [column.code]
  }
  check "c_n" {
    expr = "n > 0"
  }
  foreign_key "fk_u" {
    columns     = [column.u_id]
    ref_columns = [table.u.column.id]
  }
}
table "bare" {
  schema = schema.public
  column "a" {
    type = int
  }
  column "b" {
    type = text
    null = true
  }
}
table "parts" {
  schema = schema.public
  column "at" {
    type = date
  }
  column "n" {
    type = int
    null = true
  }
  partition {
    type    = RANGE
    columns = [column.at]
  }
}
`

// kindsSQL follows the planned migration of kindsBase.
const kindsSQL = `CREATE TABLE parts_2025 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
`

// A kind is a kind of change: an edit of the schema file, or SQL that the schema file cannot express.
type kind struct {
	name     string
	old, new string // text of the schema file; if old is "", new is appended
	rename   string
	sql      string
	want     verdict
	from     int    // the first major version that has it, 0 for all
	says     string // part of the refusal, or of what the schema file doesn't manage
}

type verdict string

const (
	isPlanned verdict = "planned"
	isLeft    verdict = "left alone and named"
	isRefused verdict = "refused"
)

func columnBlock(name, body string) string { return "  column \"" + name + "\" {\n" + body + "  }\n" }

const beforeKey = "  primary_key {\n    columns = [column.id]\n  }\n  index \"ix_name\""

var kinds = []kind{
	{name: "table added", new: "table \"x\" {\n  schema = schema.app\n  column \"a\" {\n    type = int\n  }\n}\n", want: isPlanned},
	{name: "table dropped", old: kindsBase[strings.Index(kindsBase, `table "bare"`):strings.Index(kindsBase, `table "parts"`)], want: isPlanned},
	{name: "table renamed", old: `table "bare"`, new: `table "other"`, rename: "bare=other", want: isPlanned},
	{name: "table that could be renamed", old: `table "bare"`, new: `table "other"`, want: isRefused, says: "-rename=bare=other"},
	{name: "table moved to another schema", old: "table \"bare\" {\n  schema = schema.public", new: "table \"bare\" {\n  schema = schema.app", rename: "bare=app.bare", want: isPlanned},
	{name: "table comment", old: `comment = "old"` + "\n  column", new: `comment = "new"` + "\n  column", want: isPlanned},
	{name: "schema added", new: "schema \"more\" {\n}\n", want: isPlanned},
	{name: "schema comment", old: "schema \"app\" {\n", new: "schema \"app\" {\n  comment = \"ours\"\n", want: isPlanned},

	{name: "column added", old: beforeKey, new: columnBlock("x", "    type = int\n    null = true\n") + beforeKey, want: isPlanned},
	{name: "column added with a constant default", old: beforeKey, new: columnBlock("x", "    type = int\n    default = 7\n") + beforeKey, want: isPlanned},
	{name: "column added with a volatile default", old: beforeKey, new: columnBlock("x", "    type = uuid\n    default = sql(\"gen_random_uuid()\")\n") + beforeKey, want: isPlanned},
	{name: "column added NOT NULL without default", old: beforeKey, new: columnBlock("x", "    type = int\n") + beforeKey, want: isRefused, says: "NOT NULL and without a default"},
	{name: "column dropped", old: columnBlock("wait", "    type = interval\n    null = true\n"), want: isPlanned},
	{name: "column renamed", old: columnBlock("wait", "    type = interval\n    null = true\n"), new: columnBlock("delay", "    type = interval\n    null = true\n"), rename: "t.wait=delay", want: isPlanned},
	{name: "column that could be renamed", old: columnBlock("wait", "    type = interval\n    null = true\n"), new: columnBlock("delay", "    type = interval\n    null = true\n"), want: isRefused, says: "-rename=t.wait=delay"},
	{name: "column comment", old: "comment = \"old\"\n  }\n  column \"code\"", new: "comment = \"new\"\n  }\n  column \"code\"", want: isPlanned},
	{name: "varchar longer", old: "varchar(50)", new: "varchar(80)", want: isPlanned},
	{name: "varchar shorter", old: "varchar(50)", new: "varchar(20)", want: isPlanned},
	{name: "varchar to text", old: "varchar(50)", new: "text", want: isPlanned},
	{name: "int to bigint", old: "column \"m\" {\n    type = int", new: "column \"m\" {\n    type = bigint", want: isPlanned},
	{name: "text to int", old: "column \"b\" {\n    type = text", new: "column \"b\" {\n    type = int", want: isPlanned},
	{name: "types without a cast", old: "column \"wait\" {\n    type = interval", new: "column \"wait\" {\n    type = boolean", want: isRefused, says: "has no cast"},
	{name: "numeric precision", old: "numeric(10,2)", new: "numeric(12,4)", want: isPlanned},
	{name: "timestamp precision", old: "type    = timestamptz", new: "type    = timestamptz(3)", want: isPlanned},
	{name: "timestamp without time zone", old: "type    = timestamptz", new: "type    = timestamp", want: isPlanned},
	{name: "interval precision", old: "type = interval", new: "type = interval(3)", want: isPlanned},
	{name: "array type", old: `sql("text[]")`, new: `sql("varchar(10)[]")`, want: isPlanned},
	{name: "to a domain", old: "column \"a\" {\n    type = int", new: "column \"a\" {\n    type = sql(\"percent\")", want: isPlanned},
	{name: "json to jsonb", old: "type = json\n", new: "type = jsonb\n", want: isPlanned},
	{name: "SET NOT NULL", old: "column \"label\" {\n    type = text\n    null = true", new: "column \"label\" {\n    type = text", want: isPlanned},
	{name: "DROP NOT NULL", old: "column \"m\" {\n    type = int\n", new: "column \"m\" {\n    type = int\n    null = true\n", want: isPlanned},
	{name: "default set", old: "column \"m\" {\n    type = int\n", new: "column \"m\" {\n    type = int\n    default = 1\n", want: isPlanned},
	{name: "default changed", old: `sql("now()")`, new: `sql("now() + interval '1 day'")`, want: isPlanned},
	{name: "default dropped", old: "    default = 5\n", want: isPlanned},
	{name: "column collation", old: "column \"code\" {\n    type = text", new: "column \"code\" {\n    type = sql(\"text COLLATE \\\"C\\\"\")", want: isPlanned},
	{name: "identity added", old: "column \"a\" {\n    type = int\n", new: "column \"a\" {\n    type = int\n    identity {\n      generated = ALWAYS\n    }\n", want: isPlanned},
	{name: "identity dropped", old: "    identity {\n      generated = BY_DEFAULT\n    }\n", want: isPlanned},
	{name: "identity kind", old: "BY_DEFAULT", new: "ALWAYS", want: isPlanned},
	{name: "identity start and increment", old: "BY_DEFAULT", new: "BY_DEFAULT\n      start = 100\n      increment = 10", want: isPlanned},
	{name: "int to serial", old: "column \"a\" {\n    type = int\n", new: "column \"a\" {\n    type = serial\n", want: isPlanned},
	{name: "serial to int", old: "type = serial", new: "type = int", want: isPlanned},
	{name: "serial to bigserial", old: "type = serial", new: "type = bigserial", want: isPlanned},
	{name: "generated column added", old: beforeKey, new: columnBlock("x", "    type = int\n    null = true\n    as {\n      expr = \"m + 1\"\n    }\n") + beforeKey, want: isPlanned},
	{name: "generated expression changed", old: `"n * 2"`, new: `"n * 3"`, want: isPlanned},
	{name: "type that a generated column reads", old: "column \"n\" {\n    type    = int", new: "column \"n\" {\n    type    = bigint", want: isPlanned},
	{name: "generated column made plain", old: "    as {\n      expr = \"n * 2\"\n      type = STORED\n    }\n", want: isPlanned},
	{name: "plain column made generated", old: columnBlock("wait", "    type = interval\n    null = true\n"), new: columnBlock("wait", "    type = interval\n    null = true\n    as {\n      expr = \"make_interval(n)\"\n    }\n"), want: isRefused, says: "becomes a generated column"},

	{name: "enum added", new: "enum \"more\" {\n  schema = schema.app\n  values = [\"a\"]\n}\n", want: isPlanned},
	{name: "enum value added at the end", old: `"happy"]`, new: `"happy", "great"]`, want: isPlanned},
	{name: "enum value added between", old: `"ok", `, new: `"so so", "ok", `, want: isPlanned},
	{name: "enum value removed", old: `"ok", "happy"]`, new: `"ok"]`, want: isPlanned},
	{name: "enum reordered", old: `"sad", "ok"`, new: `"ok", "sad"`, want: isPlanned},
	{name: "enum value renamed", old: `"happy"]`, new: `"glad"]`, rename: "mood.happy=glad", want: isPlanned},
	{name: "enum value that could be renamed", old: `"happy"]`, new: `"glad"]`, want: isRefused, says: "-rename=mood.happy=glad"},

	{name: "index added", old: beforeKey, new: "  index \"ix_x\" {\n    columns = [column.price]\n  }\n" + beforeKey, want: isPlanned},
	{name: "index dropped", old: "  index \"ix_docs\" {\n    columns = [column.docs]\n    type    = GIST\n  }\n", want: isPlanned},
	{name: "index renamed", old: `index "ix_docs"`, new: `index "ix_t_docs"`, want: isPlanned},
	{name: "index columns", old: "columns = [column.name]\n", new: "columns = [column.name, column.n]\n", want: isPlanned},
	{name: "index made unique", old: "columns = [column.name]\n", new: "columns = [column.name]\n    unique = true\n", want: isPlanned},
	{name: "index comment", old: "columns = [column.name]\n    comment = \"old\"", new: "columns = [column.name]\n    comment = \"new\"", want: isPlanned},
	{name: "index method", old: "columns = [column.name]\n", new: "columns = [column.name]\n    type = HASH\n", want: isPlanned},
	{name: "operator class", old: "columns = [column.name]\n", new: "on {\n      column = column.name\n      ops = varchar_pattern_ops\n    }\n", want: isPlanned},
	{name: "operator class parameters", old: "columns = [column.docs]\n", new: "on {\n      column = column.docs\n      ops = sql(\"tsvector_ops(siglen=100)\")\n    }\n", want: isPlanned},
	{name: "index collation", old: "columns = [column.name]\n", new: "on {\n      expr = \"name COLLATE \\\"C\\\"\"\n    }\n", want: isPlanned},
	{name: "DESC", old: "columns = [column.name]\n", new: "on {\n      column = column.name\n      desc = true\n    }\n", want: isPlanned},
	{name: "NULLS FIRST", old: "columns = [column.name]\n", new: "on {\n      column = column.name\n      nulls_first = true\n    }\n", want: isPlanned},
	{name: "NULLS NOT DISTINCT", from: 15, old: "columns = [column.m]\n    unique  = true\n", new: "columns = [column.m]\n    unique  = true\n    nulls_distinct = false\n", want: isPlanned},
	{name: "INCLUDE", old: "columns = [column.name]\n", new: "columns = [column.name]\n    include = [column.n]\n", want: isPlanned},
	{name: "index predicate", old: `where = "n > 0"`, new: `where = "n > 1"`, want: isPlanned},
	{name: "index predicate dropped", old: "    where = \"n > 0\"\n", want: isPlanned},
	{name: "index expression", old: `"lower(code)"`, new: `"upper(code)"`, want: isPlanned},
	{name: "pages per range", old: "page_per_range = 64", new: "page_per_range = 32", want: isPlanned},

	{name: "unique constraint added", old: beforeKey, new: "  unique \"u_x\" {\n    columns = [column.m, column.n]\n  }\n" + beforeKey, want: isPlanned},
	{name: "unique constraint dropped", old: "  unique \"u_code\" {\n    columns = [column.code]\n  }\n", want: isPlanned},
	{name: "unique constraint renamed", old: `unique "u_code"`, new: `unique "t_code_key"`, want: isPlanned},
	{name: "unique constraint's columns", old: "unique \"u_code\" {\n    columns = [column.code]\n", new: "unique \"u_code\" {\n    columns = [column.code, column.n]\n", want: isPlanned},
	{name: "unique constraint with INCLUDE", old: "unique \"u_code\" {\n    columns = [column.code]\n", new: "unique \"u_code\" {\n    columns = [column.code]\n    include = [column.n]\n", want: isPlanned},
	{name: "unique constraint NULLS NOT DISTINCT", from: 15, old: "unique \"u_code\" {\n    columns = [column.code]\n", new: "unique \"u_code\" {\n    columns = [column.code]\n    nulls_distinct = false\n", want: isPlanned},
	{name: "unique constraint's comment", old: "unique \"u_code\" {\n    columns = [column.code]\n", new: "unique \"u_code\" {\n    columns = [column.code]\n    comment = \"once\"\n", want: isPlanned},
	{name: "unique constraint made an index", old: "unique \"u_code\" {\n    columns = [column.code]\n", new: "index \"u_code\" {\n    columns = [column.code]\n    unique = true\n", want: isPlanned},
	{name: "unique index made a constraint", old: "index \"ix_once\" {\n    columns = [column.m]\n    unique  = true\n", new: "unique \"ix_once\" {\n    columns = [column.m]\n", want: isPlanned},
	{name: "primary key added", old: columnBlock("b", "    type = text\n    null = true\n"), new: columnBlock("b", "    type = text\n    null = true\n") + "  primary_key {\n    columns = [column.a]\n  }\n", want: isPlanned},
	{name: "primary key dropped", old: beforeKey, new: "  index \"ix_name\"", want: isPlanned},
	{name: "primary key's columns", old: beforeKey, new: strings.Replace(beforeKey, "[column.id]", "[column.id, column.m]", 1), want: isPlanned},
	{name: "primary key renamed", old: beforeKey, new: strings.Replace(beforeKey, "primary_key {", "primary_key \"t_pk\" {", 1), want: isPlanned},
	{name: "primary key that foreign keys refer to", old: "  primary_key {\n    columns = [column.id]\n  }\n  unique \"u_id_kind\"", new: "  primary_key {\n    columns = [column.id]\n    include = [column.kind]\n  }\n  unique \"u_id_kind\"", want: isRefused, says: "foreign keys refer to it"},
	{name: "foreign key added", old: "  foreign_key \"fk_u\"", new: "  foreign_key \"fk_x\" {\n    columns = [column.m]\n    ref_columns = [table.u.column.id]\n  }\n  foreign_key \"fk_u\"", want: isPlanned},
	{name: "foreign key over two columns", old: "  foreign_key \"fk_u\"", new: "  foreign_key \"fk_x\" {\n    columns = [column.m, column.n]\n    ref_columns = [table.u.column.id, table.u.column.kind]\n  }\n  foreign_key \"fk_u\"", want: isPlanned},
	{name: "foreign key to itself", old: "  foreign_key \"fk_u\"", new: "  foreign_key \"fk_x\" {\n    columns = [column.ident]\n    ref_columns = [column.id]\n  }\n  foreign_key \"fk_u\"", want: isPlanned},
	{name: "foreign key dropped", old: "  foreign_key \"fk_u\" {\n    columns     = [column.u_id]\n    ref_columns = [table.u.column.id]\n  }\n", want: isPlanned},
	{name: "foreign key renamed", old: `"fk_u"`, new: `"t_u_id_fkey"`, want: isPlanned},
	{name: "foreign key ON DELETE", old: "ref_columns = [table.u.column.id]\n", new: "ref_columns = [table.u.column.id]\n    on_delete = CASCADE\n", want: isPlanned},
	{name: "foreign key ON UPDATE", old: "ref_columns = [table.u.column.id]\n", new: "ref_columns = [table.u.column.id]\n    on_update = SET_NULL\n", want: isPlanned},
	{name: "check added", old: "  check \"c_n\"", new: "  check \"c_m\" {\n    expr = \"m > 0\"\n  }\n  check \"c_n\"", want: isPlanned},
	{name: "check dropped", old: "  check \"c_n\" {\n    expr = \"n > 0\"\n  }\n", want: isPlanned},
	{name: "check changed", old: "expr = \"n > 0\"", new: "expr = \"n >= 0\"", want: isPlanned},
	{name: "check renamed", old: `check "c_n"`, new: `check "t_n_check"`, want: isPlanned},
	{name: "column of a partitioned table", old: "    columns = [column.at]\n  }\n}\n", new: "    columns = [column.at]\n  }\n  column \"x\" {\n    type = int\n    null = true\n  }\n}\n", want: isPlanned},
	{name: "index of a partitioned table", old: "    columns = [column.at]\n  }\n}\n", new: "    columns = [column.at]\n  }\n  index \"ix_parts\" {\n    columns = [column.n]\n  }\n}\n", want: isPlanned},
	{name: "partition key", old: "    type    = RANGE\n    columns = [column.at]\n", new: "    type    = RANGE\n    columns = [column.at, column.n]\n", want: isRefused, says: "partitioned by"},

	{name: "index fillfactor", sql: "ALTER INDEX ix_name SET (fillfactor = 70)", want: isLeft, says: "1 index with storage parameters"},
	{name: "index fastupdate", sql: "ALTER INDEX ix_at SET (autosummarize = true)", want: isLeft, says: "1 index with storage parameters"},
	{name: "index statistics target", sql: "ALTER INDEX ix_expr ALTER COLUMN 1 SET STATISTICS 100", want: isLeft, says: "1 index with a statistics target"},
	{name: "CLUSTER ON", sql: "ALTER TABLE t CLUSTER ON ix_name", want: isLeft, says: "1 clustered index"},
	{name: "replica identity by index", sql: "ALTER TABLE t REPLICA IDENTITY USING INDEX ix_once", want: isLeft, says: "1 table with a replica identity"},
	{name: "replica identity", sql: "ALTER TABLE t REPLICA IDENTITY FULL", want: isLeft, says: "1 table with a replica identity"},
	{name: "table storage parameters", sql: "ALTER TABLE t SET (fillfactor = 70, toast.autovacuum_enabled = off)", want: isLeft, says: "1 table with storage parameters"},
	{name: "UNLOGGED", sql: "ALTER TABLE t SET UNLOGGED", want: isLeft, says: "1 unlogged table"},
	{name: "row security", sql: "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY", want: isLeft, says: "1 table with row security"},
	{name: "column storage", sql: "ALTER TABLE t ALTER data SET STORAGE EXTERNAL", want: isLeft, says: "1 column with storage options"},
	{name: "column compression", from: 14, sql: "ALTER TABLE t ALTER data SET COMPRESSION pglz", want: isLeft, says: "1 column with storage options"},
	{name: "column statistics", sql: "ALTER TABLE t ALTER data SET STATISTICS 500", want: isLeft, says: "1 column with storage options"},
	{name: "column options", sql: "ALTER TABLE t ALTER n SET (n_distinct = 5)", want: isLeft, says: "1 column with storage options"},
	{name: "identity CACHE and MAXVALUE", sql: "ALTER TABLE t ALTER ident SET CACHE 10 SET MAXVALUE 1000", want: isLeft, says: "1 identity column with sequence options"},
	{name: "options of a serial's sequence", sql: "ALTER SEQUENCE t_serial__seq CACHE 10 INCREMENT BY 2", want: isLeft, says: "1 sequence with options"},
	{name: "name of a serial's sequence", sql: "ALTER SEQUENCE t_serial__seq RENAME TO numbers", want: isLeft},
	{name: "deferrable foreign key", sql: "ALTER TABLE t ALTER CONSTRAINT fk_u DEFERRABLE INITIALLY DEFERRED", want: isLeft, says: "1 deferrable constraint"},
	{name: "deferrable unique constraint", sql: "ALTER TABLE t DROP CONSTRAINT u_code, ADD CONSTRAINT u_code UNIQUE (code) DEFERRABLE", want: isLeft, says: "1 deferrable constraint"},
	{name: "deferrable primary key", sql: "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id) INITIALLY DEFERRED", want: isLeft, says: "1 deferrable constraint"},
	{name: "MATCH FULL", sql: "ALTER TABLE t DROP CONSTRAINT fk_u, ADD CONSTRAINT fk_u FOREIGN KEY (u_id) REFERENCES app.u MATCH FULL", want: isLeft, says: "1 constraint with MATCH FULL"},
	{name: "CHECK NO INHERIT", sql: "ALTER TABLE t DROP CONSTRAINT c_n, ADD CONSTRAINT c_n CHECK (n > 0) NO INHERIT", want: isLeft, says: "1 constraint with NO INHERIT"},
	{name: "check NOT VALID", sql: "ALTER TABLE t DROP CONSTRAINT c_n, ADD CONSTRAINT c_n CHECK (n > 0) NOT VALID", want: isPlanned},
	{name: "foreign key NOT VALID", sql: "ALTER TABLE t DROP CONSTRAINT fk_u, ADD CONSTRAINT fk_u FOREIGN KEY (u_id) REFERENCES app.u NOT VALID", want: isPlanned},
	{name: "exclusion constraint", sql: "ALTER TABLE t ADD CONSTRAINT no_two EXCLUDE USING btree (n WITH =)", want: isLeft, says: "1 exclusion constraint"},
	{name: "comment on a constraint", sql: "COMMENT ON CONSTRAINT c_n ON t IS 'why'", want: isLeft, says: "1 constraint with a comment"},
	{name: "comment on a sequence", sql: "COMMENT ON SEQUENCE t_serial__seq IS 'why'", want: isLeft, says: "1 sequence with a comment"},
	{name: "comment on an enum", sql: "COMMENT ON TYPE mood IS 'why'", want: isLeft, says: "1 enum with a comment"},
	{name: "partition", sql: "CREATE TABLE parts_rest PARTITION OF parts DEFAULT", want: isLeft, says: "2 partitions"},
	{name: "partition detached", sql: "ALTER TABLE parts DETACH PARTITION parts_2025; DROP TABLE parts_2025", want: isLeft},
	{name: "typed table", sql: `CREATE TYPE pair AS (a int, "B b" int); CREATE TABLE "Typed: t" OF pair (PRIMARY KEY (a))`, want: isLeft, says: `1 typed table (public."Typed: t")`},
	{name: "INVALID index", sql: "CREATE INDEX ix_only ON ONLY parts (n)", want: isPlanned, says: "DROP INDEX public.ix_only"},
	{name: "publication", sql: "CREATE PUBLICATION pub FOR TABLE t, app.u", want: isLeft, says: "1 publication (pub)"},
	{name: "GRANT", sql: "GRANT SELECT ON t, app.u TO kinds_reader", want: isLeft, says: "2 grants (SELECT on table app.u to kinds_reader, SELECT on table public.t to kinds_reader)"},
	{name: "REVOKE", sql: "REVOKE USAGE ON SCHEMA public FROM PUBLIC", want: isLeft, says: "1 revoked privilege (USAGE on schema public from PUBLIC)"},
	{name: "ALTER DEFAULT PRIVILEGES", sql: "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO kinds_reader", want: isLeft, says: "1 default privilege (SELECT on tables to kinds_reader)"},
	{name: "table that inherits", sql: "CREATE TABLE child (more int) INHERITS (bare)", want: isLeft, says: "1 child table"},
	{name: "view", sql: "CREATE VIEW v AS SELECT id FROM t", want: isLeft, says: "1 view"},
	{name: "materialized view", sql: "CREATE MATERIALIZED VIEW v AS SELECT id FROM t", want: isLeft, says: "1 materialized view"},
	{name: "function", sql: "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", want: isLeft, says: "1 function"},
	{name: "trigger", sql: "CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()", want: isLeft, says: "1 trigger"},
	{name: "rule", sql: "CREATE RULE r AS ON DELETE TO bare DO INSTEAD NOTHING", want: isLeft, says: "1 rule"},
	{name: "policy", sql: "CREATE POLICY p ON t USING (true)", want: isLeft, says: "1 policy"},
	{name: "extended statistics", sql: "CREATE STATISTICS s ON n, m FROM t", want: isLeft, says: "1 statistics"},
	{name: "sequence", sql: "CREATE SEQUENCE own", want: isLeft, says: "1 sequence"},
	{name: "composite type", sql: "CREATE TYPE pair AS (a int, b int)", want: isLeft, says: "1 composite"},
	{name: "range type", sql: "CREATE TYPE floats AS RANGE (subtype = float8)", want: isLeft, says: "1 range"},
	{name: "collation", sql: "CREATE COLLATION german (locale = 'C')", want: isLeft, says: "1 collation"},
	{name: "extension", sql: "CREATE EXTENSION citext", want: isLeft, says: "1 extension"},
}

// kindSections are the rows of the table in docs/kinds-of-change.md, by the name of the first kind of each.
var kindSections = []struct{ first, title string }{
	{"table added", "Tables, schemas"}, {"column added", "Columns"}, {"enum added", "Enums"}, {"index added", "Indexes"},
	{"unique constraint added", "Constraints"}, {"column of a partitioned table", "Partitioned tables"}, {"index fillfactor", "What HCL can't express"},
}

// kindsTable returns the table in docs/kinds-of-change.md. outcomes are the columns, of the kinds by name.
func kindsTable(outcomes map[string]string) string {
	columns := []string{"online", "in place, marked", string(isLeft), string(isRefused)}
	var b strings.Builder
	b.WriteString("| | " + strings.Join(columns, " | ") + " |\n| ---" + strings.Repeat(" | ---", len(columns)) + " |\n")
	next := 0
	var cells [][]string
	row := func() {
		if cells == nil {
			return
		}
		b.WriteString("| " + kindSections[next-1].title)
		for _, c := range cells {
			b.WriteString(" | " + strings.Join(c, "; "))
		}
		b.WriteString(" |\n")
	}
	for _, k := range kinds {
		if next < len(kindSections) && k.name == kindSections[next].first {
			row()
			next, cells = next+1, make([][]string, len(columns))
		}
		if i := slices.Index(columns, outcomes[k.name]); i >= 0 {
			cells[i] = append(cells[i], k.name)
		}
	}
	row()
	return b.String()
}

// TestKinds makes every kind of change that PostgreSQL knows. None may be missed without a word.
// docs/kinds-of-change.md shows what plan does on production's version.
func TestKinds(t *testing.T) {
	base := newProject(t)
	base.HCL = []byte(kindsBase)
	base.plan()
	base.Write(map[string]string{"20260202000000_more.sql": kindsSQL})
	files := base.Files()

	var mu sync.Mutex
	count := map[verdict]int{}
	outcomes := map[string]string{}
	t.Run("kind", func(t *testing.T) {
		for _, k := range kinds {
			t.Run(k.name, func(t *testing.T) {
				t.Parallel()
				from(t, k.from)
				p := newProject(t)
				p.types.Zone = "UTC"
				p.Write(files)
				hcl := kindsBase
				switch {
				case k.old != "":
					if strings.Count(hcl, k.old) != 1 {
						t.Fatalf("%q occurs %d times in the schema file", k.old, strings.Count(hcl, k.old))
					}
					hcl = strings.Replace(hcl, k.old, k.new, 1)
				case k.new != "":
					hcl += k.new
				}
				if k.sql != "" {
					p.Write(map[string]string{"20260203000000_by_hand.sql": k.sql + ";\n"})
				}
				p.HCL, p.rename, p.Now = []byte(hcl), k.rename, projecttest.Start.Add(1000*time.Hour)
				pl, err := Make(t.Context(), p.config())
				got, text := judge(pl, err)
				if got != k.want || !strings.Contains(text, k.says) {
					t.Errorf("%s, wanted %s %q:\n%s", got, k.want, k.says, text)
				}
				mu.Lock()
				defer mu.Unlock()
				count[got]++
				outcomes[k.name] = string(got)
				if got == isPlanned {
					outcomes[k.name] = "online"
					if slices.ContainsFunc(pl.Files, func(f File) bool { return slices.ContainsFunc(f.Hazards, hazard.Hazard.Long) }) {
						outcomes[k.name] = "in place, marked"
					}
				}
			})
		}
	})
	const production = 15
	here := len(kinds)
	for _, k := range kinds {
		if k.from > production {
			here--
		}
	}
	if pgtest.Server(t).VersionNum()/10000 == production && len(outcomes) == here && !t.Failed() { // and none was filtered out
		const document = "../../docs/kinds-of-change.md"
		const begin, end = "<!-- kinds of change -->\n\n", "\n<!-- end -->"
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		before, rest, ok1 := strings.Cut(string(text), begin)
		table, after, ok2 := strings.Cut(rest, end)
		if !ok1 || !ok2 {
			t.Fatalf("%s has no table of kinds", document)
		}
		got := kindsTable(outcomes)
		if *update {
			if err := os.WriteFile(document, []byte(before+begin+got+end+after), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if diff := cmp.Diff(table, got); diff != "" {
			t.Errorf("%s (-have +want); -update writes it:\n%s", document, diff)
		}
	}
	t.Attr("kinds", fmt.Sprint(len(kinds)))
	t.Logf("%d kinds of change: %d %s, %d %s, %d %s", len(kinds), count[isPlanned], isPlanned, count[isLeft], isLeft, count[isRefused], isRefused)
}

// judge returns what became of a change, and its text.
func judge(pl *Plan, err error) (verdict, string) {
	var refusal *RefusedError
	var rename *online.RenameError
	var keep *state.LossError
	var proof *proof.Error
	switch {
	case errors.As(err, &proof) && proof.File == "": // there is nothing that does it
		return isRefused, err.Error()
	case errors.As(err, &refusal), errors.As(err, &rename), errors.As(err, &keep):
		return isRefused, err.Error()
	case err != nil:
		return "failed", err.Error()
	case len(pl.Files) > 0:
		var b strings.Builder
		for _, f := range pl.Files {
			fmt.Fprintf(&b, "%s\n%s", f.Name, f.SQL)
		}
		return isPlanned, b.String()
	}
	return isLeft, outside(pl.Outside)
}

func outside(list []state.Outside) string {
	var b strings.Builder
	for _, o := range list {
		b.WriteString(o.String() + "\n")
	}
	return b.String()
}
