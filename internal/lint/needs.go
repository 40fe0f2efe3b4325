package lint

import (
	"reflect"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/oidmap"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// lock returns the strongest lock that the statement itself takes on a relation, "" if there is none. It doesn't matter
// which locks earlier statements hold.
func (s *step) lock(relation uint32) string {
	if s.asked != nil {
		return s.asked[relation].strongest()
	}
	held, now := s.before.locks.Get(relation), s.after.locks.Get(relation)
	if held == 0 {
		return now.strongest()
	}
	// pg_locks doesn't show that a mode is taken again, but what the statement did shows it.
	return (now&^held | now&s.need()[relation]).strongest()
}

// held returns the strongest lock on a relation that was held before the statement.
func (s *step) held(relation uint32) string { return s.before.locks.Get(relation).strongest() }

// need returns the locks that PostgreSQL takes for what the statement did, by relation.
func (s *step) need() map[uint32]locks {
	if s.needed != nil {
		return s.needed
	}
	need := make(map[uint32]locks)
	add := func(mode string, oids ...uint32) {
		for _, oid := range oids {
			if n := strength[mode]; n > 0 && oid != 0 {
				need[oid] |= 1 << (n - 1)
			}
		}
	}
	s.needsOfRelations(add)
	for c := range oidmap.Changes(s.before.constraints, s.after.constraints) {
		switch b, a := c.Before, c.After; {
		case b == nil && a.Kind == "f":
			add(hazard.ShareRowExclusive, a.Table, a.References)
		case b == nil:
			add(hazard.AccessExclusive, a.Table)
		case a == nil:
			add(hazard.AccessExclusive, b.Table, b.References)
		case a.Validated && !b.Validated:
			add(shareUpdateExclusive, a.Table)
		case a.Name != b.Name:
			add(hazard.AccessExclusive, a.Table)
		}
	}
	for c := range oidmap.Changes(s.before.indexes, s.after.indexes) {
		switch b, a := c.Before, c.After; {
		case b == nil:
			add(shareLock, a.Table)
		case a == nil:
			add(hazard.AccessExclusive, b.Table)
		}
	}
	for c := range oidmap.Changes(s.before.triggers, s.after.triggers) {
		switch b, a := c.Before, c.After; {
		case a == nil:
			add(hazard.AccessExclusive, b.Table)
		case b == nil, !a.Internal, a.Enabled != b.Enabled: // others change with their foreign key
			add(hazard.ShareRowExclusive, a.Table)
		}
	}
	for c := range oidmap.Changes(s.before.policies, s.after.policies) {
		if c.Before == nil {
			add(hazard.AccessExclusive, c.After.Table)
		} else {
			add(hazard.AccessExclusive, c.Before.Table)
		}
	}
	for c := range oidmap.Changes(s.before.rules, s.after.rules) {
		if c.Before == nil {
			add(hazard.AccessExclusive, c.After.Table)
		} else {
			add(hazard.AccessExclusive, c.Before.Table)
		}
	}
	s.needsOfText(add)
	s.needed = need
	return need
}

// needsOfRelations adds the locks for changed tables and rebuilt indexes.
func (s *step) needsOfRelations(add func(mode string, oids ...uint32)) {
	for c := range oidmap.Changes(s.before.relations, s.after.relations) {
		b, a := c.Before, c.After
		switch {
		case b == nil:
			add(hazard.AccessExclusive, a.Parent)
		case a == nil:
			add(hazard.AccessExclusive, b.OID, b.Parent)
		case s.before.indexes.Get(b.OID) != nil:
			if b.FileNode != a.FileNode {
				add(shareLock, s.before.indexes.Get(b.OID).Table)
			}
		case a.Parent != b.Parent && a.Parent != 0:
			add(hazard.AccessExclusive, a.OID)
			add(shareUpdateExclusive, a.Parent)
		case a.Parent != b.Parent:
			add(hazard.AccessExclusive, b.Parent)
			const both = 140000
			if s.trace.target.version >= both {
				add(hazard.AccessExclusive, b.OID)
			} else {
				add(shareUpdateExclusive, b.OID)
			}
		default:
			// Having children changes with the children.
			was, is := *b, *a
			was.Children, is.Children = false, false
			was.ACL, is.ACL = nil, nil
			was.Options, is.Options = nil, nil
			switch {
			case !reflect.DeepEqual(was, is):
				add(hazard.AccessExclusive, a.OID)
			case !slices.Equal(b.Options, a.Options):
				add(shareUpdateExclusive, a.OID)
			}
		}
	}
}

// needsOfText adds the locks of statements that may leave nothing changed.
func (s *step) needsOfText(add func(mode string, oids ...uint32)) {
	for _, q := range s.st.Targets {
		t := s.before.find(q.Schema, q.Name)
		if t == nil {
			continue
		}
		family := s.before.family(t.OID)
		switch s.st.Verb {
		case "ALTER TABLE":
			for _, a := range s.st.Actions {
				mode := actionLock(a)
				if a.Verb == "ATTACH PARTITION" || a.Verb == "DETACH PARTITION" {
					add(mode, t.OID)
				} else {
					add(mode, family...)
				}
			}
		case "LOCK":
			add(lockMode(s.st), family...)
		case "TRUNCATE", "CLUSTER":
			add(hazard.AccessExclusive, family...)
		case "REFRESH":
			if s.st.Concurrently {
				add("ExclusiveLock", t.OID)
			} else {
				add(hazard.AccessExclusive, t.OID)
			}
		case "REINDEX":
			add(shareLock, family...)
		case "ANALYZE", "ANALYSE":
			add(shareUpdateExclusive, t.OID)
		case "INSERT", "MERGE":
			add(rowExclusive, t.OID)
		}
	}
	for _, c := range changesRows(s.st) {
		if t := s.before.find(c.Targets[0].Schema, c.Targets[0].Name); t != nil {
			add(rowExclusive, s.before.family(t.OID)...)
		}
	}
	if w := s.st.Rest; s.st.Verb == "COMMENT" && w.Starts(0, "ON", "TABLE") || s.st.Verb == "COMMENT" && w.Starts(0, "ON", "COLUMN") {
		if q, _, ok := w.Name(2); ok {
			if w.At(1) == "COLUMN" {
				q = columnOwner(w[2:])
			}
			if t := s.before.find(q.Schema, q.Name); t != nil {
				add(shareUpdateExclusive, t.OID)
			}
		}
	}
	if s.st.Verb == "CREATE STATISTICS" {
		if from := s.st.Rest.Find(0, "FROM"); from >= 0 {
			if q, _, ok := s.st.Rest.Name(from + 1); ok {
				if t := s.before.find(q.Schema, q.Name); t != nil {
					add(shareUpdateExclusive, t.OID)
				}
			}
		}
	}
}

// columnOwner returns the table of a column's name: table.column or schema.table.column.
func columnOwner(w pgsql.Words) pgsql.Name {
	var parts []string
	for i := 0; ; {
		n, next, ok := w.Ident(i)
		if !ok {
			break
		}
		parts = append(parts, n)
		if w.At(next) != "." {
			break
		}
		i = next + 1
	}
	switch len(parts) {
	case 2:
		return pgsql.Name{Name: parts[0]}
	case 3:
		return pgsql.Name{Schema: parts[0], Name: parts[1]}
	}
	return pgsql.Name{}
}

// actionLock returns the lock that an action of ALTER TABLE takes on its table.
func actionLock(a pgsql.Action) string {
	switch a.Verb {
	case "VALIDATE CONSTRAINT", "ATTACH PARTITION", "SET (", "RESET (", "CLUSTER ON", "SET WITHOUT":
		return shareUpdateExclusive
	case "DETACH PARTITION":
		if len(a.Rest) > 0 { // CONCURRENTLY, FINALIZE
			return shareUpdateExclusive
		}
	case "ADD CONSTRAINT":
		if a.Words.Anywhere("FOREIGN", "KEY") {
			return hazard.ShareRowExclusive
		}
	case "ENABLE TRIGGER", "DISABLE TRIGGER", "ENABLE REPLICA", "ENABLE ALWAYS":
		if a.Words.Anywhere("TRIGGER") {
			return hazard.ShareRowExclusive
		}
	case "ALTER COLUMN":
		if a.Rest.Starts(0, "SET", "STATISTICS") || a.Rest.Starts(0, "SET", "(") || a.Rest.Starts(0, "RESET", "(") {
			return shareUpdateExclusive
		}
	}
	return hazard.AccessExclusive
}

// lockMode returns the mode of a LOCK TABLE.
func lockMode(st *pgsql.Statement) string {
	w := st.Rest
	if w.At(0) != "IN" {
		return hazard.AccessExclusive
	}
	mode := ""
	for i := 1; i < len(w) && w.At(i) != "MODE"; i++ {
		mode += " " + w.At(i)
	}
	for _, m := range lockModes {
		if " "+m.sql == mode {
			return m.name
		}
	}
	return ""
}
