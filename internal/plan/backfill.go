package plan

import (
	"fmt"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// backfill gives the old rows the default of a new column, in batches that each commit.
func backfill(t *table, c *column) op {
	how := ", batch by batch"
	if t.Partitioned && t.primaryKey() == nil {
		how = ", at once: there is no key to go along"
	}
	return op{stage: stageBackfill, key: t.String(), up: []cmd{
		sql(backfillSQL(t, c), "Fill "+ident(c.Name)+" in the rows that were there before"+how+".",
			"repeatable it fills only what is still NULL"),
		sql("ANALYZE " + t.String() + " (" + ident(c.Name) + ")"),
	}}
}

// backfillSQL walks along the primary key or, where there is none, along the table's
// blocks, several times, because rows that others update meanwhile move.
func backfillSQL(t *table, c *column) string {
	return "DO " + dollarQuote(backfillBlock(t, c))
}

// dollarQuote quotes a text by dollars that it does not have itself.
func dollarQuote(s string) string {
	if !strings.Contains(s, "$$") {
		return "$$\n" + s + "\n$$"
	}
	tag := "$block$"
	for strings.Contains(s, tag) {
		tag = "$" + tag[1:len(tag)-1] + "_$"
	}
	return tag + "\n" + s + "\n" + tag
}

func backfillBlock(t *table, c *column) string {
	set := "UPDATE " + t.String() + " r SET " + ident(c.Name) + " = DEFAULT WHERE "
	null := "r." + ident(c.Name) + " IS NULL"
	pk := t.primaryKey()
	switch {
	case pk == nil && t.Partitioned:
		return "BEGIN\n  " + set + null + ";\nEND"
	case pk == nil:
		return fmt.Sprintf(`DECLARE
  batch_filled bigint;
  filled bigint;
BEGIN
  FOR pass IN 1..10 LOOP
    filled := 0;
    FOR block IN 0..pg_relation_size(%s::regclass) / current_setting('block_size')::bigint BY 100 LOOP
      %sr.ctid >= format('(%%s,0)', block)::tid AND r.ctid < format('(%%s,0)', block + 100)::tid AND %s;
      GET DIAGNOSTICS batch_filled = ROW_COUNT;
      filled := filled + batch_filled;
      COMMIT;
    END LOOP;
    EXIT WHEN filled = 0;
  END LOOP;
END`, pgsql.Literal(t.String()), set, null)
	}
	var key, start, end []string
	declare := ""
	for i, name := range pk.Columns {
		key = append(key, "r."+ident(name))
		start = append(start, fmt.Sprintf("batch_start%d", i+1))
		end = append(end, fmt.Sprintf("batch_end%d", i+1))
		declare += fmt.Sprintf("  %s %s;\n  %s %[2]s;\n", start[i], t.column(name).Type, end[i])
	}
	list := func(names []string) string { return strings.Join(names, ", ") }
	row := func(names []string) string {
		if len(names) == 1 {
			return names[0]
		}
		return "(" + list(names) + ")"
	}
	var next strings.Builder
	for i := range start {
		fmt.Fprintf(&next, "    %s := %s;\n", start[i], end[i])
	}
	return fmt.Sprintf(`DECLARE
%[1]sBEGIN
  SELECT %[2]s INTO %[3]s FROM %[4]s r ORDER BY %[2]s LIMIT 1;
  LOOP
    SELECT %[2]s INTO %[5]s FROM %[4]s r WHERE %[6]s >= %[7]s ORDER BY %[2]s OFFSET 5000 LIMIT 1;
    EXIT WHEN NOT FOUND;
    %[8]s%[6]s >= %[7]s AND %[6]s < %[9]s AND %[10]s;
    COMMIT;
%[11]s  END LOOP;
  %[8]s%[6]s >= %[7]s AND %[10]s;
END`, declare, list(key), list(start), t, list(end), row(key), row(start), set, row(end), null, next.String())
}
