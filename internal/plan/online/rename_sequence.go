package online

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// serials returns the OIDs of the serial columns' sequences.
func serials(ctx context.Context, s *state.State) ([]uint32, error) {
	var names []string
	for name, q := range state.Sequences(s.Catalog) {
		if q.Serial {
			names = append(names, name)
		}
	}
	rows, err := s.Conn().Query(ctx, "SELECT name::regclass::oid FROM unnest($1::text[]) AS name", names)
	if err != nil {
		return nil, fmt.Errorf("reading sequences: %w", err)
	}
	oids, err := pgx.CollectRows(rows, pgx.RowTo[uint32])
	if err != nil {
		return nil, fmt.Errorf("reading sequences: %w", err)
	}
	return oids, nil
}

// sequences renames the sequences of serial columns whose column or table was renamed, which PostgreSQL doesn't do. A
// sequence keeps its name if the new one is taken, or if the schema file names the sequence.
func (r *renaming) sequences(ctx context.Context, replayed, desired *state.State, serial []uint32) error {
	if len(r.done) == 0 || len(serial) == 0 {
		return nil
	}
	rows, err := replayed.Conn().Query(ctx, `
		SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.oid = ANY ($1)
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`, serial)
	if err != nil {
		return fmt.Errorf("reading sequences: %w", err)
	}
	was := map[string]bool{} // all relations; true for a serial column's sequence
	var name string
	var is bool
	if _, err := pgx.ForEachRow(rows, []any{&name, &is}, func() error { was[name] = is; return nil }); err != nil {
		return fmt.Errorf("reading sequences: %w", err)
	}
	moves := map[string]possibleRename{} // by the old name
	have, want := state.Sequences(replayed.Catalog), state.Sequences(desired.Catalog)
	for _, s := range have {
		named := want[s.Name]
		w := &state.Sequence{Name: state.SerialSequence(s.Owner)}
		if !was[s.Name] || s.Name == w.Name || named != nil && len(named.Users) > 0 && !named.Serial {
			continue
		}
		p := possibleRename{Rename: Rename{Kind: "sequence", Schema: s.Schema(), Old: s.Relation(), New: w.Relation(), NewSchema: w.Schema(), file: s.Table()}}
		if _, p.taken = was[w.Name]; p.taken {
			p.file = "sequences" // renames that reuse names share a file
		}
		p.between = pgsql.FreeName(p.Old, "_renamed", func(name string) bool {
			_, taken := was[pgsql.QualifiedIdent(p.Schema, name)]
			return taken
		})
		moves[s.Name] = p
	}
	for again := true; again; {
		again = false
		for name, p := range moves {
			if _, freed := moves[p.new()]; p.taken && !freed {
				delete(moves, name)
				again = true
			}
		}
	}
	var chosen []possibleRename
	for _, name := range slices.Sorted(maps.Keys(moves)) {
		chosen = append(chosen, moves[name])
	}
	return r.do(ctx, replayed, chosen)
}
