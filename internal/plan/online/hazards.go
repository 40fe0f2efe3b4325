package online

import (
	"slices"
	"strings"

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

// violated returns the hazard of rows that violate a new constraint of an existing table, with the query that counts
// them. If all columns of the constraint are new, there is none.
func violated(t *table, k *constraint) []hazard.Hazard {
	if len(k.Columns) > 0 && !t.hasAny(k.Columns) {
		return nil
	}
	h := hazard.Hazard{Kind: hazard.Violated, Table: t.String()}
	switch k.Kind {
	case "c":
		expr, inherited := strings.CutSuffix(strings.TrimPrefix(k.Def, "CHECK "), " NO INHERIT")
		from := t.String()
		if inherited {
			from = "ONLY " + from
		}
		h.What, h.Query = "fails if a row violates the check "+ident(k.Name), fix.CountRows(from, "NOT "+expr)
	case "f":
		if k.refs == nil || strings.Contains(k.Def, "PERIOD ") {
			return nil
		}
		var columns, referred []string
		for i, c := range k.Columns {
			columns, referred = append(columns, ident(c)), append(referred, ident(k.RefColumns[i]))
		}
		h.What = "fails if a row violates the foreign key " + ident(k.Name)
		h.Query = fix.CountOrphans(t.String(), columns, k.refs.String(), referred, strings.Contains(k.Def, " MATCH FULL"))
	default:
		return nil
	}
	return []hazard.Hazard{h}
}

// duplicated is like violated for a unique index or the index of a key.
func duplicated(t *table, i *index) []hazard.Hazard {
	if !i.Unique || len(i.Reads) > 0 && !t.hasAny(i.Reads) {
		return nil
	}
	var where []string
	if i.Predicate != nil {
		where = append(where, *i.Predicate)
	}
	for _, key := range i.Keys {
		c := find(t.columns, func(c *column) bool { return ident(c.Name) == key })
		if !i.NullsEqual && (c == nil || !c.NotNull) {
			where = append(where, key+" IS NOT NULL")
		}
	}
	return []hazard.Hazard{{Kind: hazard.Violated, Table: t.String(), What: "fails if two rows have the same " + strings.Join(i.Keys, ", "),
		Query: fix.CountDuplicates(strings.Join(i.Keys, ", "), t.String(), strings.Join(where, " AND "))}}
}

// early returns the hazard of a unique index that is checked at once until it belongs to the deferrable constraint k.
func early(t *table, k *constraint) []hazard.Hazard {
	if k.Deferrable == "" || k.Kind != "p" && k.Kind != "u" {
		return nil
	}
	return []hazard.Hazard{{Kind: hazard.Early, Table: t.String(),
		What: "until " + ident(k.Name) + " has the new index, that isn't deferrable: transactions fail that have duplicates only before their end",
		Instead: fix.Words("To keep them running, write the change as SQL (new) instead: one ALTER TABLE that adds the constraint,\n" +
			"and drops the old one, blocks reads and writes of the table until the index is built.")}}
}

// conflict returns the hazard of a unique index that is built before it replaces another one. arbiter is what follows
// ON CONFLICT. If two sessions insert the same key at once, that holds although both indexes have the same columns.
func conflict(t *table, arbiter, name string) []hazard.Hazard {
	return []hazard.Hazard{{Kind: hazard.Conflict, Table: t.String(),
		What: "until the new index replaces " + ident(name) + ", INSERT ... ON CONFLICT " + arbiter + " can fail because a row is a duplicate in the new one"}}
}

// withNulls is like violated for a column that becomes NOT NULL.
func withNulls(t *table, c *column) []hazard.Hazard {
	return []hazard.Hazard{{Kind: hazard.Violated, Table: t.String(), Column: ident(c.Name), What: "fails if " + ident(c.Name) + " is NULL in a row",
		Query: fix.CountRows(t.String(), ident(c.Name)+" IS NULL")}}
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
