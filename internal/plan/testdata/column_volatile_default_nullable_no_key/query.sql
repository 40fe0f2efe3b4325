SELECT count(at) || ' filled' FROM results
