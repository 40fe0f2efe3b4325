SELECT source::text || ' ' || duration FROM results
