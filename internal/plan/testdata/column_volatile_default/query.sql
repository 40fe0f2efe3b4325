SELECT count(DISTINCT token) || ' tokens' FROM results
