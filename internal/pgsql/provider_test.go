package pgsql

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseMissing(t *testing.T) {
	for message, want := range map[string]Missing{
		`operator class "gin_trgm_ops" does not exist for access method "gin"`:       {"operator class", "gin_trgm_ops", "pg_trgm"},
		`operator class "my "" ops" does not exist for access method "gin"`:          {"operator class", `my "" ops`, ""},
		`data type integer has no default operator class for access method "gist"`:   {"default operator class", "gist", "btree_gist"},
		`data type json has no default operator class for access method "gin"`:       {"default operator class", "gin", ""},
		`data type integer[] has no default operator class for access method "gist"`: {"default operator class", "gist", ""},
		`data type integer has no default operator class for access method "hash"`:   {"default operator class", "hash", ""},
		`access method "bloom" does not exist`:                                       {"access method", "bloom", "bloom"},
		`collation "nowhere" for encoding "UTF8" does not exist`:                     {"collation", "nowhere", ""},
		`type "citext" does not exist`:                                               {"type", "citext", "citext"},
		`type "public.citext[]" does not exist`:                                      {"type", "public.citext[]", "citext"},
		`type "public.T t" does not exist`:                                           {"type", "public.T t", ""},
		`relation "a b.order_no" does not exist`:                                     {"relation", "a b.order_no", ""},
		`function uuid_generate_v4() does not exist`:                                 {"function", "uuid_generate_v4", "uuid-ossp"},
		`function public.similarity(text, unknown) does not exist`:                   {"function", "public.similarity", "pg_trgm"},
		`text search configuration "nowhere" does not exist`:                         {"text search configuration", "nowhere", ""},
		`role "No body" does not exist`:                                              {"role", "No body", ""},
		`schema "S x" does not exist`:                                                {"schema", "S x", ""},
		`extension "x" does not exist`:                                               {"extension", "x", ""},
		`language "x" does not exist`:                                                {"language", "x", ""},
		`constraint "nowhere" of relation "t" does not exist`:                        {},
		`operator does not exist: unknown === unknown`:                               {},
		`type "x" does not exist, said the trigger "y"`:                              {},
		`permission denied`:                                                          {},
	} {
		got, ok := ParseMissing(message)
		if diff := cmp.Diff(want, got); diff != "" || ok != (want != Missing{}) {
			t.Errorf("%s: %s", message, diff)
		}
	}
}

// NotScalar returns the types that the extensions of default operator classes don't support.
func NotScalar() []string { return slices.Collect(maps.Keys(notScalar)) }

// Providers returns what extensions provide, by extension.
func Providers() map[string]map[string][]string {
	all := map[string]map[string][]string{}
	for kind, names := range providers {
		for name, extension := range names {
			if all[extension] == nil {
				all[extension] = map[string][]string{}
			}
			all[extension][kind] = append(all[extension][kind], name)
		}
	}
	return all
}
