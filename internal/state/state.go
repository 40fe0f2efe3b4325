// Package state works out what a schema is: the desired one, as schema.hcl says
// it, and the replayed one, as a directory of migrations gives it. Each is built
// in a throwaway database of its own and read back from there, so that both are
// in PostgreSQL's own spelling and nothing is left to a comparison of texts.
package state

import (
	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
)

// A State is a schema that stands in a throwaway database.
type State struct {
	// DB holds the schema. Whoever asked for the state drops it, or closes the
	// server.
	DB *devdb.Database
	// Catalog is the schema in normal form.
	Catalog catalog.Catalog
	// Realm is the schema as Atlas sees it; nil until Load is called.
	Realm *schema.Realm
}
