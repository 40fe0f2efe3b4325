package pgsql

import (
	"regexp"
	"strings"
	"sync"
)

// providers are the extensions that provide what migrations and schema files often use, by the kind in PostgreSQL's
// messages and the name.
var providers = map[string]map[string]string{
	"type": {
		"citext": "citext", "hstore": "hstore", "ltree": "ltree", "lquery": "ltree", "cube": "cube", "earth": "earthdistance", "seg": "seg", "lo": "lo",
		"isbn": "isn", "isbn13": "isn", "ean13": "isn", "issn": "isn", "upc": "isn", "query_int": "intarray",
		"geometry": "postgis", "geography": "postgis", "vector": "vector", "halfvec": "vector",
	},
	"operator class": {
		"gin_trgm_ops": "pg_trgm", "gist_trgm_ops": "pg_trgm", "gin__int_ops": "intarray", "gist__int_ops": "intarray", "gist__intbig_ops": "intarray",
		"gin_hstore_ops": "hstore", "gist_hstore_ops": "hstore", "gist_ltree_ops": "ltree", "citext_pattern_ops": "citext",
		"vector_l2_ops": "vector", "vector_cosine_ops": "vector", "vector_ip_ops": "vector",
	},
	"function": {
		"uuid_generate_v1": "uuid-ossp", "uuid_generate_v1mc": "uuid-ossp", "uuid_generate_v4": "uuid-ossp", "uuid_generate_v5": "uuid-ossp",
		"crypt": "pgcrypto", "digest": "pgcrypto", "gen_salt": "pgcrypto", "hmac": "pgcrypto", "gen_random_bytes": "pgcrypto", "unaccent": "unaccent",
		"similarity": "pg_trgm", "word_similarity": "pg_trgm", "levenshtein": "fuzzystrmatch", "soundex": "fuzzystrmatch", "metaphone": "fuzzystrmatch",
		"ll_to_earth": "earthdistance", "earth_distance": "earthdistance",
	},
	"access method": {"bloom": "bloom", "hnsw": "vector", "ivfflat": "vector"},
	// of access methods without a default operator class for a type
	"default operator class": {"gin": "btree_gin", "gist": "btree_gist"},
}

// notScalar are types that btree_gin and btree_gist have no operator classes for.
var notScalar = map[string]bool{
	"json": true, "jsonb": true, "xml": true, "point": true, "line": true, "lseg": true, "box": true, "path": true, "polygon": true, "circle": true,
	"tsvector": true, "tsquery": true,
}

// Missing is what PostgreSQL's message says doesn't exist.
type Missing struct {
	Kind string // "type", "operator class", "relation", ...; for a default operator class, the access method is the name
	Name string // as PostgreSQL prints it, without quotes
	// Extension is the one that usually provides it, or "".
	Extension string
}

// DeniedExtension returns the extension that only a superuser may create, according to an English message of PostgreSQL
// with InsufficientPrivilege. ok is false if the message is about something else.
func DeniedExtension(message string) (name string, ok bool) {
	name, ok = strings.CutPrefix(message, `permission denied to create extension "`)
	return strings.TrimSuffix(name, `"`), ok
}

var missingObject = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?s)^(?:(type|relation|collation|operator class|access method|role|language|extension|schema|text search [a-z]+) "(.+?)"` +
		`(?: for encoding ".*")? does not exist(?: for access method ".*")?|function (.+)\(.*\) does not exist|data type (.+) has no default operator class for access method "(.+)")$`)
})

// ParseMissing reads an English message of PostgreSQL with SQLSTATE 42704, 42883, 42P01 or 3F000. ok is false if it
// doesn't name something that is missing.
func ParseMissing(message string) (m Missing, ok bool) {
	match := missingObject().FindStringSubmatch(message)
	if match == nil {
		return m, false
	}
	switch {
	case match[3] != "":
		m = Missing{Kind: "function", Name: match[3]}
	case match[4] != "":
		m = Missing{Kind: "default operator class", Name: match[5]}
		if notScalar[match[4]] || strings.HasSuffix(match[4], "[]") {
			return m, true
		}
	default:
		m = Missing{Kind: match[1], Name: match[2]}
	}
	m.Extension = providers[m.Kind][strings.TrimSuffix(m.Name[strings.LastIndexByte(m.Name, '.')+1:], "[]")]
	return m, true
}
