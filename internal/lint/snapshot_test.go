package lint

import (
	"cmp"
	"context"
	"flag"
	"fmt"

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
		)
	}
}

func same[V comparable](what string, got, want oidmap.Map[V]) error {
	for c := range oidmap.Changes(got, want) {
		return fmt.Errorf("%s: the advanced snapshot has %+v, the full one %+v", what, c.Before, c.After)
	}
	return nil
}
