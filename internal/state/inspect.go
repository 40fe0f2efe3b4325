package state

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/migrate"
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
	leaveOutRecord(realm, opts)
	if s, ok := realm.Schema("public"); ok {
		// Every database has this comment; nobody wrote it.
		s.Attrs = slices.DeleteFunc(s.Attrs, func(a schema.Attr) bool {
			c, ok := a.(*schema.Comment)
			return ok && c.Text == "standard public schema"
		})
	}
	plainReferences(realm)
	if err := exactDefaults(ctx, db.native, realm); err != nil {
		return nil, err
	}
	hcl, err := marshal(realm)
	if err != nil {
		return nil, err
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
	if err := leaveOutMembers(ctx, drv, r); err != nil {
		return nil, fmt.Errorf("inspecting extensions: %w", err)
	}
	if err := complete(ctx, drv, r); err != nil {
		return nil, fmt.Errorf("inspecting what the engine does not see: %w", err)
	}
	return r, nil
}

// leaveOutRecord takes out of r the schemas that hold nothing but the record: no
// migration makes them, the first apply does.
func leaveOutRecord(r *schema.Realm, opts catalog.Options) {
	r.Schemas = slices.DeleteFunc(r.Schemas, func(s *schema.Schema) bool {
		return s.Name != "public" && (s.Name == opts.AlembicSchema || s.Name == opts.JournalSchema) &&
			len(s.Tables) == 0 && len(s.Objects) == 0
	})
}

// leaveOutMembers takes out of r what belongs to an extension: it comes and goes with that.
func leaveOutMembers(ctx context.Context, q schema.ExecQuerier, r *schema.Realm) error {
	rows, err := q.QueryContext(ctx, `
		SELECT n.nspname, c.relname, false FROM pg_depend d
		JOIN pg_class c ON c.oid = d.objid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND c.relkind IN ('r', 'p')
		UNION ALL
		SELECT n.nspname, t.typname, true FROM pg_depend d
		JOIN pg_type t ON t.oid = d.objid JOIN pg_namespace n ON n.oid = t.typnamespace
		WHERE d.classid = 'pg_type'::regclass AND d.deptype = 'e' AND t.typtype = 'e'`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var ns, name string
		var enum bool
		if err := rows.Scan(&ns, &name, &enum); err != nil {
			return err
		}
		s, ok := r.Schema(ns)
		switch {
		case !ok:
		case enum:
			s.Objects = slices.DeleteFunc(s.Objects, func(o schema.Object) bool {
				e, ok := o.(*schema.EnumType)
				return ok && e.T == name
			})
		default:
			s.Tables = slices.DeleteFunc(s.Tables, func(t *schema.Table) bool { return t.Name == name })
		}
	}
	return rows.Err()
}
