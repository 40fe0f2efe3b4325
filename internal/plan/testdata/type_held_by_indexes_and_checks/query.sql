SELECT string_agg(r::text, ' ') FROM "Results" r
