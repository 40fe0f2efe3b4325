package online

import (
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
)

// rewrites is the hazard of what rewrites a table.
func rewrites(t *table, why string, instead fix.Text) []hazard.Hazard {
	return []hazard.Hazard{{Kind: hazard.Rewrite, Table: t.String(), Lock: hazard.AccessExclusive, What: why, Instead: instead}}
}

// blocks is the hazard of what keeps everybody from a table for as long as the table is big.
func blocks(t *table, why string, instead fix.Text) []hazard.Hazard {
	return []hazard.Hazard{{Kind: hazard.Block, Table: t.String(), Lock: hazard.AccessExclusive, What: why, Instead: instead}}
}

// blocksWrites is blocks where readers go on.
func blocksWrites(t *table, why string, instead fix.Text) []hazard.Hazard {
	return []hazard.Hazard{{Kind: hazard.Block, Table: t.String(), Lock: hazard.ShareRowExclusive, What: why, Instead: instead}}
}

// once returns the hazards without those that are there already.
func once(hazards []hazard.Hazard) (list []hazard.Hazard) {
	for _, h := range hazards {
		if !slices.Contains(list, h) {
			list = append(list, h)
		}
	}
	return list
}
