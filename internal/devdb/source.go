package devdb

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// source is a parsed Config.Dev: a major version (0 means any) or a URL.
type source struct {
	major int
	url   string
}

// Major returns the major version in a Config.Dev, or 0 if it names none.
func Major(dev string) (int, error) {
	s, err := parseDev(dev)
	return s.major, err
}

// OfMajor returns a Config.Dev for a server of a major version: dev itself if it is a server's URL, or malformed.
func OfMajor(dev string, major int) string {
	if s, err := parseDev(dev); err != nil || s.url != "" {
		return dev
	}
	return fmt.Sprintf("docker://postgres/%d/dev", major)
}

// imageTag matches the tag of a postgres image and captures the major version: "15", "15.3-alpine", "15-bookworm",
// "latest".
var imageTag = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:([0-9]+)(?:\.[0-9]+)*|latest|alpine|bookworm|bullseye|trixie)(?:[-_.a-z0-9]*)$`)
})

// parseDev parses the forms that Atlas accepts for a PostgreSQL dev database: docker://postgres/TAG[/DATABASE],
// docker+postgres://[REGISTRY|_]/IMAGE:TAG[/DATABASE] and postgres://.
func parseDev(dev string) (source, error) {
	if dev == "" {
		return source{}, nil
	}
	scheme, _, ok := strings.Cut(dev, "://")
	if !ok {
		return source{}, fmt.Errorf("reading dev: it isn't a URL: want %s", devForms)
	}
	if scheme == "postgres" || scheme == "postgresql" {
		return source{url: dev}, nil
	}
	// A malformed URL may contain a password, so it isn't shown.
	u, err := url.Parse(dev)
	if err != nil {
		return source{}, fmt.Errorf("reading dev: malformed %s:// URL: want %s", scheme, devForms)
	}
	var tag string
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch u.Scheme {
	case "docker":
		if u.Host != "postgres" && u.Host != "postgresql" {
			return source{}, fmt.Errorf("reading dev: docker://%s isn't supported: want %s", u.Host, devForms)
		}
		tag = path[0]
		if len(path) > 2 {
			return source{}, fmt.Errorf("reading dev: docker://postgres%s has too many parts: want %s", u.Path, devForms)
		}
	case "docker+postgres":
		// The image is the last element with a tag. The database's name may follow.
		i := len(path) - 1
		if i > 0 && !strings.Contains(path[i], ":") {
			i--
		}
		image, t, _ := strings.Cut(path[i], ":")
		if image != "postgres" {
			return source{}, fmt.Errorf("reading dev: image %q isn't supported: want %s", image, devForms)
		}
		tag = t
	default:
		return source{}, fmt.Errorf("reading dev: scheme %q isn't supported: want %s", scheme, devForms)
	}
	if tag == "" {
		return source{}, nil
	}
	m := imageTag().FindStringSubmatch(tag)
	if m == nil {
		return source{}, fmt.Errorf("reading dev: %q isn't a version of PostgreSQL: want %s", tag, devForms)
	}
	if m[1] == "" {
		return source{}, nil
	}
	major, err := strconv.Atoi(m[1])
	if err != nil || major < pgsql.OldestMajor {
		return source{}, fmt.Errorf("reading dev: PostgreSQL %s is too old: the oldest supported version is %d", m[1], pgsql.OldestMajor)
	}
	return source{major: major}, nil
}

const devForms = `nothing, docker://postgres/15/dev (a throwaway server, run without Docker) or postgres://USER@HOST/DATABASE`
