package report

import (
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// A Database is the database that a command works on.
type Database struct {
	Config *pgx.ConnConfig // nil if there is none
	Local  bool            // the PostgreSQL that the tool runs itself
}

// text names the database, without the password.
func (d Database) text() safe {
	where := "at " + migrator.WhereIs(d.Config)
	if d.Local {
		where = "of the local PostgreSQL"
	}
	return sprintf("database %s %s, as user %s", d.Config.Database, where, d.Config.User)
}

// Database says which database a command works on: as an object with LOG_FORMAT=json in the environment that lookup
// reads, otherwise on a line.
func (s *Stream) Database(d Database, lookup func(string) (string, bool)) {
	if v, _ := lookup("LOG_FORMAT"); v == "json" {
		s.logger().Info("database", "host", d.Config.Host, "port", d.Config.Port, "database", d.Config.Database, "user", d.Config.User)
		return
	}
	var p page
	p.put(s.style.faint(d.text()), "\n")
	_ = s.page(&p)
}
