package lint

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/oidmap"
)

// Every snapshot that a test advances is compared with one that is read in full.
func init() {
	advanced = func(ctx context.Context, conn *pgx.Conn, got *snapshot) error {
		if flag.Lookup("test.bench").Value.String() != "" {
			return nil
		}
		want, err := readSnapshot(ctx, conn, got)
		if err != nil {
			return err
		}
		return cmp.Or(
			same("relations", got.relations, want.relations), same("constraints", got.constraints, want.constraints),
			same("unvalidated", got.unvalidated, want.unvalidated),
			same("indexes", got.indexes, want.indexes), same("functions", got.functions, want.functions),
			same("types", got.types, want.types), same("triggers", got.triggers, want.triggers),
			same("policies", got.policies, want.policies), same("rules", got.rules, want.rules),
			same("extensions", got.extensions, want.extensions), same("schemas", got.schemas, want.schemas),
			same("locks", got.locks, want.locks), sameNames(got, want),
		)
	}
}

func same[V comparable](what string, got, want oidmap.Map[V]) error {
	for c := range oidmap.Changes(got, want) {
		return fmt.Errorf("%s: the advanced snapshot has %+v, the full one %+v", what, c.Before, c.After)
	}
	return nil
}

// sameNames compares what is found by name and by parent.
func sameNames(got, want *snapshot) error {
	for oid, r := range want.relations.All() {
		if f := got.find(r.Schema, r.Name); f == nil || f.OID != oid {
			return fmt.Errorf("%s is found as %+v", r.sql(), f)
		}
		if g, w := got.family(oid), want.family(oid); !slices.Equal(g, w) {
			return fmt.Errorf("the family of %s is %v, want %v", r.sql(), g, w)
		}
	}
	for oid, r := range got.relations.All() {
		if r.Parent != 0 && !slices.Contains(got.family(r.Parent), oid) {
			return fmt.Errorf("the family of %d lacks %d", r.Parent, oid)
		}
	}
	return nil
}
