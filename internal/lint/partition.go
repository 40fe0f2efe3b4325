package lint

import (
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
)

// changedPartitions finds partitions that are attached, detached or added to a table with a default one.
func changedPartitions(s *step) (found findings) {
	attach, attaches := s.action("ATTACH PARTITION")
	creates := s.st.Verb == "CREATE TABLE" && s.st.Rest.Starts(0, "PARTITION", "OF")
	if attaches {
		if p := s.before.find(attach.Name.Schema, attach.Name.Name); p != nil && s.oldTable(p.OID) != nil {
			built := has(s.after.indexes, func(x *index) bool { return x.Table == p.OID && s.before.indexes.Get(x.OID) == nil })
			if s.scannedAny(p.OID) || built {
				d := s.about(p)
				d.Text = fmt.Sprintf("attaching table %s scans it under %s, which blocks its reads and writes until it is done", s.name(p), lockName(d.Lock))
				d.Fix = attachFix(s, p)
				found.add(s, "attach-partition-scan", d)
			}
			if s.scannedAny(p.OID) {
				d := s.about(p)
				d.Text = fmt.Sprintf("attaching fails if a row of table %s is outside the partition's bounds", p.sql())
				d.Fix = fix.Words("look for such rows, and move them first")
				if bounds := s.bounds[p.OID]; bounds != "" {
					d.Query = fix.Rows(p.sql(), "NOT ("+bounds+")")
				}
				found.add(s, "constraint-may-fail-on-data", d)
			}
		}
	}
	if attaches || creates {
		for oid := range s.before.relations.All() {
			r := s.oldTable(oid)
			if r == nil || r.PartitionBound != "DEFAULT" || !s.scannedAny(oid) {
				continue
			}
			d := s.about(r)
			d.Text = fmt.Sprintf("adding a partition scans default partition %s under %s, which blocks its reads and writes until it is done", s.name(r), lockName(d.Lock))
			d.Fix = defaultFix(s, r)
			found.add(s, "default-partition-scan", d)
			d.Text = fmt.Sprintf("adding a partition fails if default partition %s has a row that belongs in it", r.sql())
			d.Fix, d.Query = fix.Words("look for such rows, and move them first"), belonging(s, r)
			found.add(s, "constraint-may-fail-on-data", d)
		}
	}
	if creates {
		for _, r := range s.after.relations.All() {
			if parent := s.old(r.Parent); s.before.relations.Get(r.OID) == nil && parent != nil && r.isTable() {
				d := s.about(parent)
				d.Text = fmt.Sprintf("creating a partition takes %s on its parent %s", lockName(d.Lock), s.name(parent))
				d.Fix = fix.CreatePartition(r.sql(), parent.sql(), r.PartitionBound)
				found.add(s, "create-partition-locks-parent", d)
			}
		}
	}
	if detach, ok := s.action("DETACH PARTITION"); ok && len(detach.Rest) == 0 {
		p, parent := s.before.find(detach.Name.Schema, detach.Name.Name), s.target()
		if p != nil && s.old(p.OID) != nil && parent != nil {
			d := s.about(parent)
			d.Text = fmt.Sprintf("detaching partition %s takes %s on its parent %s, which blocks reads and writes of all partitions %s", p.sql(), lockName(d.Lock), s.name(parent), s.until())
			d.Fix = fix.Detach(p.sql(), parent.sql())
			if s.trace.target.major < 14 {
				d.Fix = fix.Words("PostgreSQL can detach concurrently only from version 14: keep the transaction short")
			}
			found.add(s, "detach-partition-blocking", d)
		}
	}
	return found
}

// belonging returns the query for the rows of a default partition that belong in a new one.
func belonging(s *step, r *relation) fix.Text {
	for oid, bounds := range s.bounds {
		if p := s.after.relations.Get(oid); p.Parent == r.Parent && bounds != "" {
			return fix.Rows(r.sql(), bounds)
		}
	}
	return fix.Text{}
}

// attachFix returns how to attach a table without scanning it.
func attachFix(s *step, p *relation) fix.Text {
	bounds := s.bounds[p.OID]
	if bounds == "" {
		return fix.Words("add a check of the partition's bounds NOT VALID, validate it in a later transaction, then attach the table and drop the check")
	}
	return fix.Attach(p.sql(), s.before.freeConstraint(p, p.Name, "_bounds"), bounds, s.stmt.Text)
}

// defaultFix returns how to create or attach a partition without scanning the default one.
func defaultFix(s *step, r *relation) fix.Text {
	for oid, bounds := range s.bounds {
		if p := s.after.relations.Get(oid); p.Parent == r.Parent && bounds != "" && s.after.relations.Get(r.Parent).Parent == 0 {
			return fix.BesideDefault(r.sql(), s.before.freeConstraint(r, r.Name, "_without_"+p.Name), bounds, s.stmt.Text)
		}
	}
	return fix.Words("add a check to the default partition that excludes the new bounds NOT VALID, validate it in a later transaction, then create the new partition and drop the check")
}
