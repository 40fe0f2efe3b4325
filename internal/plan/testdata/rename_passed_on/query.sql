SELECT b || ' ' || c FROM t
