package schematest_test

import (
	"context"
	"database/sql"
	"testing"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/schematest"
)

// desired returns schema.hcl as Atlas reads it.
func desired(t *testing.T) *schema.Realm {
	t.Helper()
	p := hclparse.NewParser()
	if _, diags := p.ParseHCL([]byte(read(t, "schema.hcl")), "schema.hcl"); diags.HasErrors() {
		t.Fatal(diags)
	}
	realm := &schema.Realm{}
	if err := postgres.EvalHCL.Eval(p, realm, nil); err != nil {
		t.Fatal(err)
	}
	return realm
}

// Once a migration of our own follows Alembic's last one, schema.hcl differs from Alembic's schema, and only the check
// target compares it with the migrations.
func TestSchemaIsTheHead(t *testing.T) {
	if n := len(migrations(t)); n > len(revisions) {
		t.Skipf("%d migrations follow Alembic's", n-len(revisions))
	}
	ctx := context.Background()
	created, alembic := pgtest.New(t), at(t, last)
	alembic.Exec("DROP TABLE public.alembic_version")

	// change applies the changes that Atlas plans for db, and returns them.
	change := func(db *pgtest.DB) []string {
		t.Helper()
		conn := sql.OpenDB(stdlib.GetConnector(*db.ConnConfig()))
		defer conn.Close()
		drv, err := postgres.Open(conn)
		if err != nil {
			t.Fatal(err)
		}
		have, err := drv.InspectRealm(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		changes, err := drv.RealmDiff(have, desired(t))
		if err != nil {
			t.Fatal(err)
		}
		plan, err := drv.PlanChanges(ctx, "", changes)
		if err != nil {
			t.Fatal(err)
		}
		var sql []string
		for _, c := range plan.Changes {
			if _, err := conn.ExecContext(ctx, c.Cmd, c.Args...); err != nil {
				t.Fatalf("%v\nin: %s", err, c.Cmd)
			}
			sql = append(sql, c.Cmd)
		}
		return sql
	}

	if len(change(created)) == 0 {
		t.Error("Atlas found nothing to create")
	}
	if diff := cmp.Diff(head(t), schematest.Describe(t, created.Conn())); diff != "" {
		t.Errorf("a database created from schema.hcl differs from catalog_head.json (-want +got):\n%s", diff)
	}
	if again := change(created); again != nil {
		t.Errorf("Atlas would change a database that was created from schema.hcl: %q", again)
	}
	if again := change(alembic); again != nil {
		t.Errorf("Atlas would change a database that Alembic made: %q", again)
	}
	if diff := cmp.Diff(schematest.Dump(t, alembic.URL), schematest.Dump(t, created.URL)); diff != "" {
		t.Errorf("pg_dump differs (-alembic +schema.hcl):\n%s", diff)
	}
}

func TestSchemaIsFormatted(t *testing.T) {
	for _, name := range []string{"schema.hcl", "atlas.hcl"} {
		src := read(t, name)
		if diff := cmp.Diff(string(hclwrite.Format([]byte(src))), src); diff != "" {
			t.Errorf("%s is not formatted (-want +got):\n%s", name, diff)
		}
	}
}
