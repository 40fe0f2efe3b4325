SELECT count("Token x") || ' filled' FROM results
