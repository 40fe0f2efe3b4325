package lint_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

// TestBranch lints files that change what earlier files of the same change added to an existing table, which is still
// scanned, rewritten and locked.
func TestBranch(t *testing.T) {
	for _, test := range []struct {
		name  string
		files []string // that come after shop
		want  []string // of the last of them
	}{
		{
			"another type",
			[]string{"ALTER TABLE orders ADD COLUMN amount integer;", "ALTER TABLE orders ALTER COLUMN amount TYPE bigint;"},
			[]string{"type-change-rewrite orders"},
		},
		{
			"another type in the same file",
			[]string{"ALTER TABLE orders ADD COLUMN amount integer;\nALTER TABLE orders ALTER COLUMN amount TYPE bigint;"},
			[]string{"type-change-rewrite orders"},
		},
		{
			"a type that needs no rewrite",
			[]string{"ALTER TABLE orders ADD COLUMN code varchar(10);", "ALTER TABLE orders ALTER COLUMN code TYPE varchar(20);"},
			nil,
		},
		{
			"another type in a new table",
			[]string{"CREATE TABLE t (amount integer);", "ALTER TABLE t ALTER COLUMN amount TYPE bigint;"},
			nil,
		},
		{
			"an enum without a value",
			[]string{
				"CREATE TYPE mood AS ENUM ('good', 'bad');\nALTER TABLE orders ADD COLUMN mood mood;",
				"ALTER TYPE mood RENAME TO mood_old;\nCREATE TYPE mood AS ENUM ('good');\nALTER TABLE orders ALTER COLUMN mood TYPE mood USING mood::text::mood;\nDROP TYPE mood_old;",
			},
			[]string{"recreate-enum-type orders", "type-change-rewrite orders"},
		},
		{
			"an enum without a value in the same file",
			[]string{"CREATE TYPE mood AS ENUM ('good', 'bad');\nALTER TABLE orders ADD COLUMN mood mood;\n" +
				"ALTER TYPE mood RENAME TO mood_old;\nCREATE TYPE mood AS ENUM ('good');\nALTER TABLE orders ALTER COLUMN mood TYPE mood USING mood::text::mood;\nDROP TYPE mood_old;"},
			[]string{"type-change-rewrite orders"},
		},
		{
			"a narrower type, which nobody has filled",
			[]string{"ALTER TABLE orders ADD COLUMN amount bigint;", "ALTER TABLE orders ALTER COLUMN amount TYPE integer;"},
			[]string{"type-change-rewrite orders"},
		},
		{
			"an index rebuilt by a type change",
			[]string{
				"ALTER TABLE orders ADD COLUMN code text COLLATE \"C\";", "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY code ON orders (code);",
				"ALTER TABLE orders ALTER COLUMN code TYPE text COLLATE \"POSIX\";",
			},
			[]string{"type-change-reindex orders"},
		},
		{
			"a check recreated by a type change",
			[]string{
				"ALTER TABLE orders ADD COLUMN code varchar(10);", "ALTER TABLE orders ADD CONSTRAINT code CHECK (code <> '') NOT VALID;",
				"ALTER TABLE orders VALIDATE CONSTRAINT code;", "ALTER TABLE orders ALTER COLUMN code TYPE text;",
			},
			[]string{"type-change-recheck orders"},
		},
		{
			"NOT NULL",
			[]string{"ALTER TABLE orders ADD COLUMN amount integer DEFAULT 0;", "ALTER TABLE orders ALTER COLUMN amount SET NOT NULL;"},
			[]string{"set-not-null-scan orders"},
		},
		{
			"a check",
			[]string{"ALTER TABLE orders ADD COLUMN amount integer;", "ALTER TABLE orders ADD CONSTRAINT amount CHECK (amount > 0);"},
			[]string{"add-check-validating orders"},
		},
		{
			"a foreign key",
			[]string{"ALTER TABLE orders ADD COLUMN payer integer;", "ALTER TABLE orders ADD CONSTRAINT payer FOREIGN KEY (payer) REFERENCES customers (id);"},
			[]string{"add-fk-validating orders"},
		},
		{
			"a unique constraint",
			[]string{"ALTER TABLE orders ADD COLUMN code text;", "ALTER TABLE orders ADD CONSTRAINT code UNIQUE (code);"},
			[]string{"add-unique-blocking orders"},
		},
		{
			"a unique index of a default that all rows have",
			[]string{"ALTER TABLE orders ADD COLUMN code integer DEFAULT 0;", "-- atlas:txmode none\n\nCREATE UNIQUE INDEX CONCURRENTLY code ON orders (code);"},
			[]string{"unique-data orders"},
		},
		{
			"a unique index of NULLs",
			[]string{"ALTER TABLE orders ADD COLUMN code integer;", "-- atlas:txmode none\n\nCREATE UNIQUE INDEX CONCURRENTLY code ON orders (code);"},
			nil,
		},
		{
			"an index that is rebuilt",
			[]string{"-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY note ON orders (note);", "REINDEX INDEX note;"},
			[]string{"reindex-blocking orders"},
		},
		{
			"an index that is dropped",
			[]string{"-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY note ON orders (note);", "DROP INDEX note;"},
			[]string{"drop-index-blocking orders"},
		},
		{
			"a foreign key that is dropped",
			[]string{
				"ALTER TABLE orders ADD CONSTRAINT payer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;",
				"ALTER TABLE orders DROP CONSTRAINT payer;",
			},
			nil,
		},
		{
			"a foreign key that is dropped before other statements",
			[]string{
				"ALTER TABLE orders ADD CONSTRAINT payer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;",
				"ALTER TABLE orders DROP CONSTRAINT payer;\nSELECT 1;",
			},
			[]string{"drop-fk-locks-parent customers"},
		},
		{
			"a foreign key that is dropped in a block",
			[]string{
				"ALTER TABLE orders ADD CONSTRAINT payer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;",
				"DO $$ BEGIN ALTER TABLE orders DROP CONSTRAINT payer; PERFORM pg_sleep(0.01); END $$;",
			},
			[]string{"drop-fk-locks-parent customers"},
		},
		{
			"a foreign key that a function drops",
			[]string{
				"ALTER TABLE orders ADD CONSTRAINT payer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;\nCREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE orders DROP CONSTRAINT payer; PERFORM pg_sleep(0.01); END $$;",
				"SELECT g();",
			},
			[]string{"drop-fk-locks-parent customers"},
		},
		{
			"an index that a later file completes",
			[]string{
				"CREATE INDEX day ON ONLY events (at);",
				"-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY day_2025 ON events_2025 (at);\nALTER INDEX day ATTACH PARTITION day_2025;",
			},
			nil,
		},
		{
			"an index that no file completes",
			[]string{"SELECT 1;", "CREATE INDEX day ON ONLY events (at);"},
			[]string{"index-left-invalid events"},
		},
		{
			"an index that a later file drops",
			[]string{"CREATE INDEX day ON ONLY events (at);", "DROP INDEX day;"},
			[]string{"drop-index-blocking events"},
		},
		{
			"a column that is dropped",
			[]string{"ALTER TABLE orders ADD COLUMN amount integer;", "ALTER TABLE orders DROP COLUMN amount;"},
			nil,
		},
		{
			"a column that is renamed",
			[]string{"ALTER TABLE orders ADD COLUMN amount integer;", "ALTER TABLE orders RENAME COLUMN amount TO total;"},
			nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{first: shop}
			last := ""
			for i, sql := range test.files {
				last = fmt.Sprintf("202602%02d000000_change.sql", i+1)
				files[last] = sql + "\n"
			}
			var got []string
			for _, f := range mustRun(t, folder(t, files), lint.Config{Latest: len(test.files)}).Files {
				for _, d := range f.Diagnostics {
					if f.Name != last {
						t.Errorf("%s: %s", f.Name, d.Text)
						continue
					}
					got = append(got, strings.TrimSpace(d.Name+" "+d.Table))
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
