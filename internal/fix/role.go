package fix

var showSessions = entry("show-sessions", "lets a role see what other sessions do")

// ShowSessions lets a role see the state and the query of other sessions. A superuser runs it.
func ShowSessions(role string) Text { return showSessions("GRANT pg_read_all_stats TO %s", role) }

var allowCreateDB = entry("allow-createdb", "lets a role make the databases that plans are tried on")

// AllowCreateDB lets a role create databases. A superuser runs it.
func AllowCreateDB(role string) Text { return allowCreateDB("ALTER ROLE %s CREATEDB", role) }
