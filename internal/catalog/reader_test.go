package catalog_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
)

// TestReader compares what a reader reads after each kind of change, and after ordinary changes around it, with the
// whole catalog.
func TestReader(t *testing.T) {
	ctx := context.Background()
	eachChange(t, func(t *testing.T, conn *pgx.Conn, tc change) {
		reader, err := catalog.NewReader(ctx, conn, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, sql := range []string{
			"CREATE SCHEMA other; CREATE TABLE other.t (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY, s text DEFAULT 'x'); COMMENT ON COLUMN other.t.s IS 'c';" + tc.before,
			tc.after,
			"CREATE TABLE other.u (id int REFERENCES other.t CHECK (id > 0)); CREATE INDEX ON other.u (id); CREATE VIEW other.v AS SELECT * FROM other.u",
			"ALTER TABLE other.t ADD x int; ALTER TABLE other.t ALTER s SET NOT NULL; DROP TABLE other.u CASCADE; COMMENT ON TABLE other.t IS 'd'",
		} {
			exec(t, conn, "SAVEPOINT change; SET LOCAL search_path = public;"+sql+"; SET LOCAL search_path = pg_catalog, pg_temp")
			got, err := reader.Read(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(read(t, conn, catalog.Options{}).Lines(), got.Lines()); diff != "" {
				t.Fatalf("after %s\n%s", sql, diff)
			}
		}
	})
}
