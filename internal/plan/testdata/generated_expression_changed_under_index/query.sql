SELECT string_agg(t::text, ' ' ORDER BY n) FROM t
