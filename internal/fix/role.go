package fix

var showSessions = entry("show-sessions", "lets a role see what other sessions do")

// ShowSessions lets a role see the state and query of other sessions. It requires a superuser.
func ShowSessions(role string) Text { return showSessions("GRANT pg_read_all_stats TO %s", role) }

var allowCreateDB = entry("allow-createdb", "lets a role create scratch databases")

// AllowCreateDB lets a role create databases. It requires a superuser.
func AllowCreateDB(role string) Text { return allowCreateDB("ALTER ROLE %s CREATEDB", role) }
