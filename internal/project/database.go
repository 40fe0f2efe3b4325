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

// ErrNoDatabase is what Database returns when no database is set.
var ErrNoDatabase = errors.New("no database is set")

// A Database is the database that a command works on. It prints without its password, whatever the verb. Only the field
// URL contains the password.
type Database struct {
	// Local means the PostgreSQL that the tool runs itself for the project folder. URL is empty then.
	Local bool
	// URL is complete, password included, in pgx's syntax. What it doesn't set comes from libpq's variables and files.
	URL string
	// Source says where the choice came from: "-url", "atlas.hcl:12", "DATABASE_URL".
	Source string
	// Notes are lines for stderr about what was chosen by default.
	Notes []string
}

// Config parses the URL as pgx does.
func (d Database) Config() (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(d.URL)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", d.Source, parseReason(err, d.URL))
	}
	if verifies(cfg) {
		if err := useRoots(); err != nil {
			return nil, fmt.Errorf("reading the binary's root certificates: %w", err)
		}
	}
	return cfg, nil
}

// String returns the database's URL without password and parameters.
func (d Database) String() string {
	if d.Local {
		return "local PostgreSQL"
	}
	return redacted(d.URL)
}

// GoString keeps %#v from showing the password.
func (d Database) GoString() string { return d.String() }

// choice is the input of Database's decision.
type choice struct {
	flagEnv, flagURL, env string
	lookup                func(string) (string, bool)
	// url evaluates the env's url and says where it is set.
	url func() (text, source string, err error)
}

// families are the prefixes of the variables of Ibutsu's own configuration.
var families = []string{"POSTGRESQL_", "POSTGRES_"}

// hostNames and databaseNames follow such a prefix. Ibutsu sets _HOST and _DATABASE; PostgreSQL's container images set
// _DB.
var (
	hostNames     = []string{"HOST", "HOSTNAME"}
	databaseNames = []string{"DATABASE", "DB"}
)

// libpqNames are libpq's variables that choose a database. The others only add to a choice.
var libpqNames = []string{"PGHOST", "PGDATABASE", "PGSERVICE"}

// Database decides which database a command works on. The first of these that is set wins: the -url flag, the env's
// url, DATABASE_URL, SQLALCHEMY_DATABASE_URI, POSTGRESQL_*, POSTGRES_*, libpq's PG*. With -env=local it is always the
// local PostgreSQL. If nothing is set, it is the local one unless -env is given or CI is set; then the error lists what
// can be set.
func (e *Env) Database() (Database, error) {
	c := e.choice
	if c.flagEnv == localName {
		if c.flagURL != "" {
			return Database{}, usage.Errorf("-env=local is the local PostgreSQL: leave out -env or -url")
		}
		return Database{Local: true, Source: "-env=local"}, nil
	}
	if c.flagURL != "" {
		d, err := liveURL(c.flagURL, "-url")
		if err != nil {
			err = usage.Errorf("%v", err)
		}
		return d, err
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
	settable := "-url, the url of env " + c.env + ", DATABASE_URL, SQLALCHEMY_DATABASE_URI, "
	for _, prefix := range families {
		settable += prefix + "{" + strings.Join(slices.Concat(hostNames, databaseNames), ",") + "}, "
	}
	settable += strings.Join(libpqNames, ", ")
	switch ci := c.get("CI"); {
	case c.flagEnv != "":
		return Database{}, fmt.Errorf("%w for env %s: set one of %s", ErrNoDatabase, c.flagEnv, settable)
	case ci != "" && ci != "false" && ci != "0":
		return Database{}, fmt.Errorf("%w: set one of %s (with -env=local, or without CI set, "+
			"this would be the local PostgreSQL)", ErrNoDatabase, settable)
	}
	return Database{
		Local: true, Source: "nothing is set",
		Notes: []string{"no database is set (-url, DATABASE_URL, POSTGRESQL_HOST, PGHOST, ...): using the local PostgreSQL"},
	}, nil
}

// get returns the first of the variables that isn't empty.
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

// one returns the value of several variables with the same meaning. Different values are an error.
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

// fromParts builds a URL from the variables with a prefix.
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
	// Kubernetes sets POSTGRESQL_PORT to tcp://10.0.0.7:5432 if there is a service of that name.
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

// OtherDatabase returns the database of a URL that a flag names in addition to the one that the command works on.
func OtherDatabase(raw, flag string) (Database, error) { return liveURL(raw, flag) }

// liveURL parses the URL of the database that a command works on. The URL, or libpq's variables and files, must name a
// database, since the server would default to the user's name.
func liveURL(raw, source string) (Database, error) {
	d, err := fromURL(raw, source)
	if err != nil {
		return Database{}, err
	}
	if cfg, err := d.Config(); err == nil && cfg.Database == "" {
		return Database{}, fmt.Errorf("%s: the URL names no database: write /DATABASE after the host", source)
	}
	return d, nil
}

// fromURL parses a URL. source says where it comes from.
func fromURL(raw, source string) (Database, error) {
	p, err := split(raw)
	if err != nil {
		return Database{}, fmt.Errorf("%s: %w", source, err)
	}
	return p.resolve(source)
}

// fileParameters are the parameters of a URL whose value is a path.
var fileParameters = []string{"passfile", "servicefile", "sslcert", "sslkey", "sslrootcert"}

// resolve builds the URL and checks that pgx can parse it.
func (p parts) resolve(source string) (Database, error) {
	d := Database{URL: p.url(), Source: source}
	// Pgx reads these files whole, and atlas.hcl may come from a pull request.
	for _, name := range fileParameters {
		if path := p.query.Get(name); path != "" {
			if info, err := os.Stat(path); err == nil && (!info.Mode().IsRegular() || info.Size() > tree.MaxSize) {
				return Database{}, fmt.Errorf("%s: %s: %s isn't a regular file of up to %d MiB", source, name, path, tree.MaxSize>>20)
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
	return strings.TrimSpace(text), fmt.Sprintf("%s:%d: url", ConfigName, a.NameRange.Start.Line), err
}

// schemes are the schemes of PostgreSQL's URLs. SQLAlchemy adds a driver's name to them.
var schemes = []string{"postgres", "postgresql"}

func isPostgres(scheme string) bool {
	name, _, _ := strings.Cut(scheme, "+")
	return slices.Contains(schemes, strings.ToLower(name))
}
