SELECT t::text FROM t
