package project

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/tree"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// ErrNoDatabase is what Database returns where nothing says which one is meant.
var ErrNoDatabase = errors.New("no database is set")

// A Database is where a live target works. It prints without its password, whatever the
// verb; URL is the only field that holds it.
type Database struct {
	// Local asks for the PostgreSQL that the tool runs itself for the project folder; URL is
	// empty then.
	Local bool
	// URL is complete, password included; pgx reads it. What it leaves open comes from
	// libpq's variables and files.
	URL string
	// Source says in words where the choice came from: "-url", "atlas.hcl:12", "DATABASE_URL".
	Source string
	// Notes are lines for stderr: what was chosen without being asked for.
	Notes []string
}

// Config reads the URL as pgx does.
func (d Database) Config() (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(d.URL)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", d.Source, parseReason(err, d.URL))
	}
	return cfg, nil
}

// String is the database's URL without password and parameters.
func (d Database) String() string {
	if d.Local {
		return "local PostgreSQL"
	}
	return redacted(d.URL)
}

// GoString keeps %#v from showing the password.
func (d Database) GoString() string { return d.String() }

// choice is what Database decides from.
type choice struct {
	flagEnv, flagURL, env string
	lookup                func(string) (string, bool)
	// url evaluates the env's url and says where it stands.
	url func() (text, source string, err error)
}

// families are the prefixes of the variables that Ibutsu's own configuration knows.
var families = []string{"POSTGRESQL_", "POSTGRES_"}

// hostNames and databaseNames are what follows such a prefix. Ibutsu sets _HOST and
// _DATABASE; container images of PostgreSQL set _DB.
var (
	hostNames     = []string{"HOST", "HOSTNAME"}
	databaseNames = []string{"DATABASE", "DB"}
)

// libpqNames are the variables of libpq that say where to connect; the others only add to
// a choice already made.
var libpqNames = []string{"PGHOST", "PGDATABASE", "PGSERVICE"}

// Database decides which database a live target works on: the -url flag, the env's url
// unless it is empty, DATABASE_URL, SQLALCHEMY_DATABASE_URI, POSTGRESQL_*, POSTGRES_*,
// then libpq's PG*. With -env=local it is always the local PostgreSQL. If nothing is set,
// the local one too, provided that no env was asked for and CI is not set; else that is an
// error that lists what was looked at.
func (e *Env) Database() (Database, error) {
	c := e.choice
	if c.flagEnv == localName {
		if c.flagURL != "" {
			return Database{}, usage.Errorf("-env=local is the local PostgreSQL: leave out -env or -url")
		}
		return Database{Local: true, Source: "-env=local"}, nil
	}
	if c.flagURL != "" {
		return liveURL(c.flagURL, "-url")
	}
	text, source, err := c.url()
	if err != nil {
		return Database{}, err
	}
	if text != "" {
		return liveURL(text, source)
	}
	for _, name := range []string{"DATABASE_URL", "SQLALCHEMY_DATABASE_URI"} {
		if v := c.get(name); v != "" {
			return liveURL(v, name)
		}
	}
	for _, prefix := range families {
		if c.get(prefixed(prefix, hostNames)...) != "" || c.get(prefixed(prefix, databaseNames)...) != "" {
			return c.fromParts(prefix)
		}
	}
	for _, name := range libpqNames {
		if c.get(name) != "" {
			return parts{}.resolve(name)
		}
	}
	looked := "-url, the url of env " + c.env + ", DATABASE_URL, SQLALCHEMY_DATABASE_URI, "
	for _, prefix := range families {
		looked += prefix + "{" + strings.Join(slices.Concat(hostNames, databaseNames), ",") + "}, "
	}
	looked += strings.Join(libpqNames, ", ")
	switch ci := c.get("CI"); {
	case c.flagEnv != "":
		return Database{}, fmt.Errorf("%w for env %s; looked at %s", ErrNoDatabase, c.flagEnv, looked)
	case ci != "" && ci != "false" && ci != "0":
		return Database{}, fmt.Errorf("%w; looked at %s (without CI set, or with -env=local, "+
			"this would be the local PostgreSQL)", ErrNoDatabase, looked)
	}
	return Database{
		Local: true, Source: "nothing is set",
		Notes: []string{"no database is set (-url, DATABASE_URL, POSTGRESQL_HOST, PGHOST, ...): using the local PostgreSQL"},
	}, nil
}

// get is the first of the variables that is not empty.
func (c choice) get(names ...string) string {
	for _, n := range names {
		if v, _ := c.lookup(n); v != "" {
			return v
		}
	}
	return ""
}

// prefixed returns the names with the prefix.
func prefixed(prefix string, names []string) []string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = prefix + n
	}
	return all
}

// one is the value of the variables that mean the same. Two values are an error.
func (c choice) one(names ...string) (string, error) {
	var first string
	for _, n := range names {
		switch v := c.get(n); {
		case v == "" || v == c.get(first):
		case first == "":
			first = n
		default:
			return "", fmt.Errorf("%s is %q and %s is %q: unset one of the two", first, c.get(first), n, v)
		}
	}
	return c.get(first), nil
}

// fromParts builds a URL of the variables with one prefix.
func (c choice) fromParts(prefix string) (Database, error) {
	host, err := c.one(prefixed(prefix, hostNames)...)
	if err != nil {
		return Database{}, err
	}
	database, err := c.one(prefixed(prefix, databaseNames)...)
	if err != nil {
		return Database{}, err
	}
	p := parts{
		host:     host,
		port:     c.get(prefix + "PORT"),
		user:     c.get(prefix + "USER"),
		password: c.get(prefix + "PASSWORD"),
		database: database,
		query:    url.Values{},
	}
	// Kubernetes sets POSTGRESQL_PORT to tcp://10.0.0.7:5432 beside a service of that name.
	if u, err := url.Parse(p.port); err == nil && u.Scheme == "tcp" {
		p.port = u.Port()
	}
	if mode := c.get(prefix + "SSLMODE"); mode != "" {
		p.query.Set("sslmode", mode)
	}
	d, err := p.resolve(prefix + "*")
	if err != nil {
		return Database{}, err
	}
	if cfg, err := d.Config(); err == nil && cfg.Database == "" {
		return Database{}, fmt.Errorf("%s* names no database: set %[1]sDATABASE", prefix)
	}
	return d, nil
}

// liveURL reads the URL of a live target's database. It has to say which one is meant,
// unless libpq's variables and files do: the server would take the one called like the user.
func liveURL(raw, source string) (Database, error) {
	d, err := fromURL(raw, source)
	if err != nil {
		return Database{}, err
	}
	if cfg, err := d.Config(); err == nil && cfg.Database == "" {
		return Database{}, fmt.Errorf("%s: the URL names no database: write /DATABASE behind the host", source)
	}
	return d, nil
}

// fromURL reads a URL that source gave.
func fromURL(raw, source string) (Database, error) {
	p, err := split(raw)
	if err != nil {
		return Database{}, fmt.Errorf("%s: %w", source, err)
	}
	return p.resolve(source)
}

// fileParameters are those of a URL whose value is a file's path.
var fileParameters = []string{"passfile", "servicefile", "sslcert", "sslkey", "sslrootcert"}

// resolve builds the URL and has pgx look at it.
func (p parts) resolve(source string) (Database, error) {
	d := Database{URL: p.url(), Source: source}
	// Pgx reads these files whole, whatever they are, and atlas.hcl may be a stranger's.
	for _, name := range fileParameters {
		if path := p.query.Get(name); path != "" {
			if info, err := os.Stat(path); err == nil && (!info.Mode().IsRegular() || info.Size() > tree.MaxSize) {
				return Database{}, fmt.Errorf("%s: %s: %s is no regular file of up to %d MiB", source, name, path, tree.MaxSize>>20)
			}
		}
	}
	if _, err := d.Config(); err != nil {
		return Database{}, err
	}
	return d, nil
}

// urlOf evaluates the url of an env block.
func (s *scope) urlOf(block envBlock) (text, source string, err error) {
	a := block.body.Attributes["url"]
	if a == nil {
		return "", "", nil
	}
	text, err = s.text(a)
	return strings.TrimSpace(text), fmt.Sprintf("%s:%d: url", configName, a.NameRange.Start.Line), err
}

// schemes are the names of PostgreSQL's URLs, before a SQLAlchemy driver's suffix.
var schemes = []string{"postgres", "postgresql"}

func isPostgres(scheme string) bool {
	name, _, _ := strings.Cut(scheme, "+")
	return slices.Contains(schemes, strings.ToLower(name))
}
