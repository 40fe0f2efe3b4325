package state

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
)

// Inspect returns the schema of a live database as HCL, without the record's tables and
// what opts excludes. What HCL cannot express is counted in a comment at its top.
func Inspect(ctx context.Context, cfg *pgx.ConnConfig, opts catalog.Options) ([]byte, error) {
	db, err := connect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer db.close()
	c, err := catalog.Read(ctx, db.native, opts)
	if err != nil {
		return nil, err
	}
	drv, err := db.atlas()
	if err != nil {
		return nil, err
	}
	realm, err := inspect(ctx, drv, opts)
	if err != nil {
		return nil, err
	}
	if s, ok := realm.Schema("public"); ok {
		// Every database has this comment; nobody wrote it.
		s.Attrs = slices.DeleteFunc(s.Attrs, func(a schema.Attr) bool {
			c, ok := a.(*schema.Comment)
			return ok && c.Text == "standard public schema"
		})
	}
	hcl, err := postgres.MarshalHCL.MarshalSpec(realm)
	if err != nil {
		return nil, fmt.Errorf("writing the schema as HCL: %w", err)
	}
	var out bytes.Buffer
	for _, o := range Unmanaged(c) {
		fmt.Fprintf(&out, "# Outside this file, because HCL cannot express it: %s\n", o)
	}
	if out.Len() > 0 {
		out.WriteByte('\n')
	}
	out.Write(hcl)
	return out.Bytes(), nil
}

func inspect(ctx context.Context, drv migrate.Driver, opts catalog.Options) (*schema.Realm, error) {
	exclude := slices.Clone(opts.Exclude)
	for _, t := range []struct{ schema, table string }{
		{opts.AlembicSchema, "alembic_version"},
		{opts.JournalSchema, "atlas_schema_revisions"},
	} {
		if t.schema == "" {
			t.schema = "public"
		}
		exclude = append(exclude, fmt.Sprintf(`"%s"."%s"`, t.schema, t.table))
	}
	r, err := drv.InspectRealm(ctx, &schema.InspectRealmOption{Exclude: exclude})
	if err != nil {
		return nil, fmt.Errorf("inspecting the schema: %w", err)
	}
	return r, nil
}
