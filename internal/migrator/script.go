package migrator

import (
	"fmt"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// script returns what the steps would do as a script for psql, "" if that is
// nothing.
func (m *Migrator) script(rec revision.Record, place revision.Place, steps []*step) string {
	if len(steps) == 0 && place.Settle == nil {
		return ""
	}
	store := m.cfg.Store
	var b strings.Builder
	b.WriteString("-- What would be run on this database, for psql -X -f.\n\\set ON_ERROR_STOP on\n")
	if m.cfg.Role != "" {
		fmt.Fprintf(&b, "SET ROLE %s;\n", pgsql.Ident(m.cfg.Role))
	}
	b.WriteString("SET search_path = public;\nSET TimeZone = 'UTC';\nSET standard_conforming_strings = on;\n")
	fmt.Fprintf(&b, "DO $$BEGIN IF NOT pg_try_advisory_lock(%d) THEN RAISE EXCEPTION 'another session migrates this database'; END IF; END$$;\n", lockKey())
	create := func() {
		if rec.HasAlembic && rec.HasJournal {
			return
		}
		ddl := store.DDL()
		if !rec.HasAlembic {
			b.WriteString(ddl[0] + ";\n")
		}
		if !rec.HasJournal {
			b.WriteString(ddl[1] + ";\n")
		}
		rec.HasAlembic, rec.HasJournal = true, true
	}
	wait := m.cfg.LockTimeout
	begin := func() { fmt.Fprintf(&b, "BEGIN;\nSET LOCAL lock_timeout = %d;\n", wait.Milliseconds()) }

	if st := place.Settle; st != nil {
		fmt.Fprintf(&b, "\n-- The record: %s\n", strings.ReplaceAll(st.Note, "\n", " "))
		begin()
		create()
		from := ""
		if len(st.From) > 0 {
			from = st.From[0]
		}
		b.WriteString(store.AdvanceScript(from, st.To))
		for _, version := range st.Delete {
			b.WriteString(store.DeleteScript(version))
		}
		for _, r := range st.Put {
			b.WriteString(store.PutScript(m.signed(r)))
		}
		b.WriteString("COMMIT;\n")
	}
	for _, st := range steps {
		fmt.Fprintf(&b, "\n-- %s\n", st.name)
		fr := &FileRun{}
		if wait = st.wait; wait == 0 {
			wait = m.cfg.LockTimeout
		}
		if !st.txNone || len(st.stmts) == 0 {
			begin()
			create()
			b.WriteString(store.AdvanceScript(st.from, st.to))
			for _, s := range st.stmts {
				b.WriteString(s.Text + ";\n")
			}
			b.WriteString(m.recordScript(st, fr, len(st.stmts)) + "COMMIT;\n")
			continue
		}
		begin()
		create()
		b.WriteString(store.AdvanceScript(st.from, st.from) + m.recordScript(st, fr, st.done) + "COMMIT;\n")
		for i := st.done; i < len(st.stmts); i++ {
			inside := st.stmts[i].Class() == pgsql.Transactional
			if !inside {
				b.WriteString(st.stmts[i].Text + ";\n")
			}
			begin()
			b.WriteString(store.AdvanceScript(st.from, st.after(i)))
			if inside {
				b.WriteString(st.stmts[i].Text + ";\n")
			}
			b.WriteString(m.recordScript(st, fr, i+1) + "COMMIT;\n")
		}
	}
	fmt.Fprintf(&b, "\nSELECT pg_advisory_unlock(%d);\n", lockKey())
	return b.String()
}

// signed returns a row with who writes it.
func (m *Migrator) signed(r *migrate.Revision) *migrate.Revision {
	row := *r
	row.OperatorVersion = m.cfg.OperatorVersion
	return &row
}

// recordScript is what the script records after n statements of a step.
func (m *Migrator) recordScript(st *step, fr *FileRun, n int) string {
	if st.down && n == len(st.stmts) {
		return m.cfg.Store.DeleteScript(st.file.Version)
	}
	return m.cfg.Store.PutScript(m.row(st, fr, n))
}
