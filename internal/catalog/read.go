package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Options say what Read leaves out.
type Options struct {
	// Exclude are atlas.hcl's patterns, in Atlas's own syntax.
	Exclude []string
	// AlembicSchema is the schema of the table alembic_version, JournalSchema
	// that of atlas_schema_revisions; "" is public. The two tables and what
	// belongs to them are left out.
	AlembicSchema, JournalSchema string
}

// Read reads the catalog of the database that conn is connected to.
func Read(ctx context.Context, conn *pgx.Conn, opts Options) (Catalog, error) {
	return Catalog{}, nil
}
