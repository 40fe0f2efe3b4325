package lint

import (
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
)

func droppedView(s *step, r *relation) (found findings) {
	if !s.named(r) {
		return found
	}
	if a := s.end().find(r.Schema, r.Name); a != nil && a.OID != r.OID && (a.isView() || a.isTable()) {
		if text := lostColumns(r, a); text != "" {
			d := s.about(r)
			d.Text = fmt.Sprintf("view %s is recreated %s, which breaks its readers", r.sql(), text)
			d.Fix = fix.Words("keep the old columns, and append new ones with CREATE OR REPLACE VIEW")
			found.add(s, "view-columns-changed", d)
		}
		return found
	}
	d := s.about(r)
	d.Text = fmt.Sprintf("dropping view %s breaks everything that still reads it", r.sql())
	d.Fix = fix.Words("drop it in the release after that of its last reader")
	found.add(s, "drop-view", d)
	return found
}

func refreshFix(s *step, t *relation) fix.Text {
	if has(s.before.indexes, func(x *index) bool { return x.Table == t.OID && x.Unique && x.Predicate == "" && !x.Expression }) {
		return fix.Refresh(t.sql())
	}
	return fix.RefreshFirst(t.sql())
}
