SELECT count(token) || ' filled' FROM events
