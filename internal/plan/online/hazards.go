package online

import (
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
)

// rewrites returns the hazard of rewriting a table.
func rewrites(t *table, why string, instead fix.Text) []hazard.Hazard {
	return []hazard.Hazard{{Kind: hazard.Rewrite, Table: t.String(), Lock: hazard.AccessExclusive, What: why, Instead: instead}}
}

// blocks returns the hazard of blocking reads and writes for a time that grows with the table.
func blocks(t *table, why string, instead fix.Text) []hazard.Hazard {
	return []hazard.Hazard{{Kind: hazard.Block, Table: t.String(), Lock: hazard.AccessExclusive, What: why, Instead: instead}}
}

// blocksWrites is like blocks for a lock that reads don't wait for.
func blocksWrites(t *table, why string, instead fix.Text) []hazard.Hazard {
	return []hazard.Hazard{{Kind: hazard.Block, Table: t.String(), Lock: hazard.ShareRowExclusive, What: why, Instead: instead}}
}

// once returns the hazards without duplicates.
func once(hazards []hazard.Hazard) (list []hazard.Hazard) {
	for _, h := range hazards {
		if !slices.Contains(list, h) {
			list = append(list, h)
		}
	}
	return list
}
