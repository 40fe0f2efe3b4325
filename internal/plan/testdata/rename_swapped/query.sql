SELECT a || "B"::text || a_renamed FROM t
