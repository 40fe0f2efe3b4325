package revision

import (
	"slices"
	"strings"
)

// nearest returns up to three of the directory's migrations whose revision id
// or version is most like id, and the last one in any case, as messages name
// them.
func (j *judge) nearest(id string) []string {
	type candidate struct{ index, distance int }
	var all []candidate
	for i, f := range j.files {
		d := distance(id, f.Revision)
		if strings.HasPrefix(f.Revision, id) || strings.HasPrefix(id, f.Revision) {
			d = 0
		}
		all = append(all, candidate{i, min(d, distance(id, f.Version))})
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return a.distance - b.distance })
	var names []string
	for _, c := range all[:min(3, len(all))] {
		names = append(names, j.name(c.index))
	}
	if last := len(j.files) - 1; last >= 0 && !slices.Contains(names, j.name(last)) {
		names[len(names)-1] = j.name(last)
	}
	return names
}

// distance is the Levenshtein distance of two strings, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for i := range row {
		row[i] = i
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for k := range len(b) {
			cost := diagonal
			if a[i] != b[k] {
				cost++
			}
			diagonal = row[k+1]
			row[k+1] = min(cost, row[k]+1, row[k+1]+1)
		}
	}
	return row[len(b)]
}
