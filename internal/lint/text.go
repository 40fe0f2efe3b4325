package lint

import (
	"fmt"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
)

// text finds hazards in the statement's text, whether it ran or not.
func text(s *step) (found findings) {
	st := s.st
	t := s.target()
	if t != nil && s.oldTable(t.OID) == nil && !t.isView() && t.Kind != "i" && t.Kind != "I" && t.Kind != "S" {
		t = nil
	}
	switch st.Verb {
	case "DROP DATABASE":
		found.add(s, "drop-database", Diagnostic{Text: "dropping a database deletes everything in it", Fix: fix.Words("never drop a database in a migration")})
	case "DROP OWNED", "REASSIGN":
		found.add(s, "drop-owned", Diagnostic{Text: "what a role owns differs between databases", Fix: fix.Words("name each object")})
	case "TRUNCATE":
		found = append(found, truncate(s)...)
	case "DELETE", "UPDATE", "INSERT", "MERGE":
		if t != nil {
			d := s.about(t)
			d.Text = fmt.Sprintf("the statement changes rows of table %s and holds their locks %s", s.name(t), s.until())
			found.add(s, "dml-in-migration", d)
		}
	case "LOCK":
		found = append(found, lockTable(s)...)
	case "REINDEX":
		found = append(found, reindex(s)...)
	case "CLUSTER":
		if t != nil {
			found = append(found, rewrite(s, t, "cluster-rewrite", "CLUSTER")...)
		} else if len(st.Targets) == 0 {
			found.add(s, "cluster-rewrite", Diagnostic{Text: "CLUSTER rewrites tables and blocks their reads and writes until it is done", Fix: fix.Words("use pg_repack")})
		}
	case "VACUUM":
		found = append(found, vacuum(s)...)
	case "REFRESH":
		if t != nil && !st.Concurrently {
			d := s.about(t)
			d.Text = fmt.Sprintf("refreshing %s takes %s on it, which blocks reads until the query is done", s.name(t), lockName(hazard.AccessExclusive))
			d.Lock = hazard.AccessExclusive
			d.Fix = refreshFix(s, t)
			if st.Rest.Find(0, "NO", "DATA") >= 0 {
				d.Fix = fix.Words("remove it: the view can't be read until it is refreshed again")
			}
			found.add(s, "refresh-matview-blocking", d)
		}
	case "ALTER SEQUENCE":
		if number, ok := st.Rest.Restart(); ok && t != nil {
			found = append(found, restart(s, t, Diagnostic{Table: t.sql(), Text: fmt.Sprintf("restarting %s hands out numbers that are already in use", t.sql())}, number)...)
		}
	case "SELECT":
		found = append(found, setval(s, s.st.Rest)...)
	case "ALTER EXTENSION":
		if st.Rest.At(0) == "UPDATE" && len(st.Targets) == 1 {
			found = append(found, extensionUpgrade(s, st.Targets[0].Name)...)
		}
	case "SET":
		if len(st.Targets) == 1 && st.Targets[0].Name == "session_replication_role" && len(st.Rest) > 0 && strings.EqualFold(strings.Trim(st.Rest[len(st.Rest)-1].Text, `'"`), "replica") {
			found.add(s, "disable-trigger", Diagnostic{Text: "with session_replication_role = replica no triggers run, so rows are never checked, not even by foreign keys", Fix: fix.Words("leave triggers enabled")})
		}
	case "DO", "CALL":
		found.add(s, "anonymous-block", Diagnostic{Text: "what the block does may depend on the data"})
		found = append(found, opaque(s)...)
		for _, b := range bodies(st) {
			found = append(found, setval(s, b.words)...)
		}
		if name, d := block(s.stmt, false); name != "" && !s.apart {
			found.add(s, name, d)
		}
	case "CREATE INDEX":
		found = append(found, ifNotExists(s, s.subject())...)
	}
	for _, b := range s.called {
		found = append(found, setval(s, b.words)...)
	}
	if s.of == nil { // else it is found in the block's text
		found = append(found, session(s)...)
	}
	found = append(found, changedPrivileges(s)...)
	found = append(found, alterText(s, t)...)
	found = append(found, allRows(s)...)
	return found
}
