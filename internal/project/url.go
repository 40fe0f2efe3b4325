package project

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// parts are the parts of a PostgreSQL URL, decoded. As in libpq, host may be several hosts with ports; then it is as
// written, and port is empty.
type parts struct {
	user, password, host, port, database string
	query                                url.Values
}

// digits matches what follows the colon if it can only be a port.
var digits = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]*(?:[/?#,]|$)`) })

// split parses a PostgreSQL URL. Unlike net/url, and like SQLAlchemy, it accepts passwords with characters that should
// have been escaped. Its errors show only the URL's scheme.
func split(raw string) (parts, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return parts{}, errors.New("not a URL: write postgres://USER@HOST:PORT/DATABASE")
	}
	if !isPostgres(scheme) {
		if strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+") != "" {
			scheme = "?"
		}
		return parts{}, fmt.Errorf("a %s URL: only PostgreSQL is supported (postgres://USER@HOST:PORT/DATABASE)", scheme)
	}
	var p parts
	if i := userinfoEnd(rest); i >= 0 {
		user, password, _ := strings.Cut(rest[:i], ":")
		p.user, p.password = unescape(user), unescape(password)
		rest = rest[i+1:]
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	var err error
	if p.query, err = url.ParseQuery(query); err != nil {
		return parts{}, errors.New("the parameters after the ? are invalid: escape & ; and % in their values")
	}
	// Atlas's own parameter, which the server would take for a session setting and a connection pooler would refuse.
	// Every session here sets its own.
	p.query.Del("search_path")
	host, database, _ := strings.Cut(rest, "/")
	p.host, p.database = host, unescape(database)
	return p, nil
}

// userinfoEnd returns the offset of the @ that ends user and password, or -1.
func userinfoEnd(rest string) int {
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if i := strings.LastIndexByte(rest[:end], '@'); i >= 0 {
		return i
	}
	// The password contains a /, ? or #, unless what follows the colon is a port.
	colon := strings.IndexByte(rest[:end], ':')
	if colon < 0 || strings.HasPrefix(rest, "[") || digits().MatchString(rest[colon+1:]) {
		return -1
	}
	return strings.IndexByte(rest, '@')
}

// unescape decodes %XX. Any other % stands for itself.
func unescape(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return escape().ReplaceAllStringFunc(s, func(m string) string {
		out, _ := url.PathUnescape(m)
		return out
	})
}

var escape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%[0-9A-Fa-f]{2}`) })

// url returns the PostgreSQL URL of the parts.
func (p parts) url() string {
	var b strings.Builder
	b.WriteString("postgres://")
	switch {
	case p.password != "":
		b.WriteString(url.UserPassword(p.user, p.password).String() + "@")
	case p.user != "":
		b.WriteString(url.User(p.user).String() + "@")
	}
	host := p.host
	if strings.HasPrefix(host, "/") { // a folder with a Unix socket
		host = url.PathEscape(host)
	} else if strings.Count(host, ":") > 1 && !strings.ContainsAny(host, "[,") { // IPv6
		host = "[" + host + "]"
	}
	b.WriteString(host)
	if p.port != "" {
		b.WriteString(":" + p.port)
	}
	b.WriteString("/" + url.PathEscape(p.database))
	if len(p.query) > 0 {
		b.WriteString("?" + p.query.Encode())
	}
	return b.String()
}

// redacted returns what may be shown of a URL: user, host and database.
func redacted(raw string) string {
	p, err := split(raw)
	if err != nil {
		return "a database"
	}
	p.password, p.query = "", nil
	return p.url()
}

// parseReason returns why pgx refuses a URL, without the URL. Pgx's own message quotes it, with the password masked as
// well as it can.
func parseReason(err error, raw string) string {
	var perr *pgconn.ParseConfigError
	if !errors.As(err, &perr) {
		return "invalid URL"
	}
	reason := perr.Error()
	if i := strings.LastIndex(reason, "`: "); i >= 0 {
		reason = reason[i+len("`: "):]
	}
	if p, err := split(raw); err == nil && p.password != "" &&
		(strings.Contains(reason, p.password) || strings.Contains(reason, url.QueryEscape(p.password))) {
		return "invalid URL"
	}
	return pgsql.Redact(reason)
}
