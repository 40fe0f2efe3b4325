package lint

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// A Size is the size of a table.
type Size struct {
	Bytes int64 // including indexes
	Rows  int64 // estimated
}

func (s Size) String() string {
	const unit = 1 << 10
	bytes, name := float64(s.Bytes), "bytes"
	for _, n := range []string{"kB", "MB", "GB", "TB"} {
		if bytes < unit {
			break
		}
		bytes, name = bytes/unit, n
	}
	rows := fmt.Sprint(s.Rows)
	for i := len(rows) - 3; i > 0; i -= 3 {
		rows = rows[:i] + "," + rows[i:]
	}
	return fmt.Sprintf("%.0f %s, about %s rows", bytes, name, rows)
}

// sizesQuery adds partitions to their table.
const sizesQuery = `
SELECT n.nspname || '.' || c.relname,
       pg_catalog.pg_total_relation_size(c.oid) + coalesce(p.bytes, 0)::bigint,
       (CASE WHEN p.bytes IS NULL THEN greatest(c.reltuples, 0) ELSE p.rows END)::bigint
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
  SELECT sum(pg_catalog.pg_total_relation_size(t.relid)) AS bytes, sum(greatest(l.reltuples, 0)) AS rows
  FROM pg_catalog.pg_partition_tree(c.oid) t JOIN pg_catalog.pg_class l ON l.oid = t.relid
  WHERE t.isleaf AND t.relid <> c.oid
) p ON c.relkind = 'p'
WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'`

// ReadSizes returns the sizes of a database's tables, by "schema.name". It changes nothing and reads no rows of tables.
func ReadSizes(ctx context.Context, conn *pgx.Conn) (map[string]Size, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, fmt.Errorf("reading table sizes: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it has changed nothing
	if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '5s'"); err != nil {
		return nil, fmt.Errorf("reading table sizes: %w", err)
	}
	rows, err := tx.Query(ctx, sizesQuery)
	if err != nil {
		return nil, fmt.Errorf("reading table sizes: %w", err)
	}
	sizes := make(map[string]Size)
	var name string
	var size Size
	_, err = pgx.ForEachRow(rows, []any{&name, &size.Bytes, &size.Rows}, func() error {
		sizes[name] = size
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading table sizes: %w", err)
	}
	return sizes, nil
}
