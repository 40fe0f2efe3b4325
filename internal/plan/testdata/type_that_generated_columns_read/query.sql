SELECT string_agg(total || "Upper", $$ $$ ORDER BY id) FROM runs
