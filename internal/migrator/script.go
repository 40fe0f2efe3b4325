package migrator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// printed returns a script for psql that does what the steps would do, "" if they do nothing.
//
// invalid is what foresee returned: the script first drops the indexes that the steps rebuild. notes, if it isn't nil,
// returns comments on a statement, as Options.Notes.
func (s *session) printed(ctx context.Context, pos revision.Position, steps []*step, invalid []InvalidIndex, notes func(file string, stmt int) []string) (string, error) {
	var before, after []string
	for _, ix := range invalid {
		if ix.later {
			before = append(before, "DROP INDEX CONCURRENTLY IF EXISTS "+ix.Name)
		}
		after = append(after, ix.repair()...)
	}
	if len(steps) == 0 && pos.Settle == nil && len(after) == 0 {
		return "", nil
	}
	if err := s.script.ReadRoutines(ctx); err != nil {
		return "", err
	}
	m, rec, store := s.m, s.rec, s.m.cfg.Store
	var b strings.Builder
	b.WriteString("-- What would be run on this database. Run it with psql -X -f.\n\\set ON_ERROR_STOP on\n")
	lock := fmt.Sprintf("DO $$BEGIN IF NOT pg_catalog.pg_try_advisory_lock(%d) THEN RAISE EXCEPTION 'another session migrates this database'; END IF; END$$;\n", lockKey())
	unlock := fmt.Sprintf("SELECT pg_catalog.pg_advisory_unlock(%d);\n", lockKey())
	b.WriteString(s.script.Opening() + lock)
	create := func() {
		if rec.HasAlembic && rec.HasJournal {
			return
		}
		b.WriteString(store.CreateScript(rec))
		rec.HasAlembic, rec.HasJournal = true, true
	}
	heading := func(st *step, i int) {
		fmt.Fprintf(&b, "-- %s:%d\n", st.name, st.stmts[i].Pos.Line)
		if notes != nil {
			for _, note := range notes(st.name, i) {
				b.WriteString(pgsql.LineComment(note) + "\n")
			}
		}
	}
	statement := func(st *step, i int) {
		heading(st, i)
		b.WriteString(forPsql(st.stmts[i].Text) + ";\n")
	}
	wait := m.cfg.LockTimeout
	set := false // whether the file may have changed lock_timeout
	limit := func(scope string, d time.Duration) {
		if set {
			fmt.Fprintf(&b, "DO $$BEGIN PERFORM %s; END$$;\n", atMostSQL(d))
			return
		}
		fmt.Fprintf(&b, "SET %slock_timeout = %d;\n", scope, d.Milliseconds())
	}
	together := func(st *step, u runner.Unit) {
		for i, stmt := range u.Stmts {
			if i > 0 && set {
				limit("LOCAL ", wait)
			}
			statement(st, u.First+i)
			set = setsTimeout(stmt)
		}
	}
	begin := func() {
		b.WriteString(beginRecord + ";\n")
		limit("LOCAL ", wait)
	}
	confirm := func(id, version string, row *migrate.Revision, counted bool) {
		b.WriteString(store.ConfirmScript(id, version, row, counted))
	}
	put := func(row *migrate.Revision) {
		row.ExecutedAt = time.Time{} // the server's time when the script runs
		b.WriteString(store.PutSQL(row) + ";\n")
	}

	if st := pos.Settle; st != nil {
		b.WriteString("\n" + pgsql.LineComment("The record: "+st.Note) + "\n")
		begin()
		create()
		from := ""
		if len(st.From) > 0 {
			from = st.From[0]
		}
		b.WriteString(store.AdvanceScript(from, st.To))
		for _, version := range st.Delete {
			b.WriteString(store.DeleteSQL(version) + ";\n")
		}
		for _, r := range st.Put {
			put(m.signed(r))
		}
		b.WriteString(immediate + ";\n")
		for _, version := range st.Delete {
			confirm(st.To, version, nil, false)
		}
		for _, r := range st.Put {
			confirm(st.To, r.Version, r, false)
		}
		b.WriteString("COMMIT;\n")
	}
	standalone := func(title string, stmts []string) {
		if len(stmts) > 0 {
			b.WriteString("\n-- " + title + "\n")
		}
		for _, sql := range stmts {
			limit("", bound(pgsql.Stmt{Text: sql}, m.cfg.LockTimeout))
			b.WriteString(sql + ";\n")
		}
	}
	standalone("INVALID indexes that are rebuilt below", before)
	for i, st := range steps {
		fmt.Fprintf(&b, "\n-- %s\n", st.name)
		if i > 0 {
			b.WriteString(s.script.Resetting(steps[i-1].stmts, unlock, lock))
		}
		fr := &FileRun{}
		if wait = st.wait; wait == 0 {
			wait = m.cfg.LockTimeout
		}
		enter, leave := s.script.OwnRoleScript(st.stmts)
		set = false
		standalone("INVALID indexes that it left", st.dropsLeftovers())
		noted := false // whether the row has the note of a batch
		record := func(id string, n int) {
			b.WriteString(immediate + ";\n" + enter)
			if st.down && n == len(st.stmts) {
				b.WriteString(store.DeleteSQL(st.file.Version) + ";\n")
				confirm(id, st.file.Version, nil, false)
			} else {
				row := m.row(st, fr, n)
				counted := n > st.done && !noted && len(row.PartialHashes) > 0
				if counted {
					b.WriteString(store.CountSQL(row) + ";\n")
				} else {
					put(row)
				}
				confirm(id, st.file.Version, row, counted)
			}
			b.WriteString("COMMIT;\n")
		}
		if !st.txNone || len(st.stmts) == 0 {
			begin()
			create()
			b.WriteString(store.AdvanceScript(st.from, st.to) + store.UnchangedScript(st.file.Version, st.row))
			together(st, runner.Unit{Stmts: st.stmts})
			record(st.to, len(st.stmts))
			continue
		}
		begin()
		create()
		b.WriteString(store.AdvanceScript(st.from, st.after(st.done-1)) + store.UnchangedScript(st.file.Version, st.row))
		record(st.after(st.done-1), st.done)
		if st.done == len(st.stmts) {
			continue
		}
		for i, stmt := range st.stmts[:st.done] {
			if setsSession(stmt) {
				statement(st, i)
				set = true
			}
		}
		units, _ := runner.Rest(st.stmts, st.done)
		for _, u := range units {
			walk, err := s.scriptWalk(ctx, st, u)
			var refused *batch.RefusedError
			switch {
			case errors.As(err, &refused) && refused.Missing && st.batch.Pass == 0:
				b.WriteString(pgsql.LineComment(refused.Why+" yet, so its rows run as a whole") + "\n")
			case errors.As(err, &refused):
				stop := fmt.Sprintf("%s:%d runs in batches, but when this script was printed, %s: if that has changed, print it again", st.name, u.Stmts[0].Pos.Line, refused.Why)
				fmt.Fprintf(&b, "DO $$BEGIN RAISE EXCEPTION '%%', %s; END$$;\n", pgsql.Literal(stop))
				return b.String(), nil
			case err != nil:
				return "", err
			}
			if walk != nil {
				limit("", wait)
				begin()
				b.WriteString(enter + store.AdvanceScript(st.from, st.from))
				row := m.row(st, fr, u.First)
				put(row)
				confirm(st.from, st.file.Version, row, false)
				b.WriteString("COMMIT;\n")
				heading(st, u.First)
				b.WriteString(s.batchScript(walk, row, st.from) + ";\n")
				st.batch = batch.Note{}
				begin()
				b.WriteString(enter + store.AdvanceScript(st.from, st.after(u.First)))
				noted = true
				record(st.after(u.First), u.First+1)
				noted = false
				continue
			}
			inside := u.Mode == runner.Together
			if !inside {
				limit("", bound(u.Stmts[0], wait))
				statement(st, u.First)
				set = set || setsTimeout(u.Stmts[0])
			}
			begin()
			b.WriteString(enter + store.AdvanceScript(st.from, st.after(u.To-1)))
			if inside {
				b.WriteString(leave)
				was := set
				together(st, u)
				set = was || slices.ContainsFunc(u.Stmts, setsTimeout)
			}
			record(st.after(u.To-1), u.To)
		}
	}
	set = false
	if len(steps) > 0 && len(after) > 0 {
		b.WriteString("\n" + s.script.Resetting(steps[len(steps)-1].stmts, unlock, lock))
	}
	standalone("INVALID indexes of this version", after)
	b.WriteString("\n" + unlock)
	return b.String(), nil
}

// scriptWalk returns the walk of a statement that runs in batches, nil for another one, and gives the step the note at
// which it begins.
func (s *session) scriptWalk(ctx context.Context, st *step, u runner.Unit) (*batch.Walk, error) {
	b, err := batch.Of(u.Stmts[0])
	if b == nil || err != nil {
		return nil, err
	}
	if b.Table.Schema == "" && slices.ContainsFunc(st.stmts[:u.First], setsSession) {
		return nil, &batch.RefusedError{Why: fmt.Sprintf("the settings of the file may have changed what %s means; write the table with its schema", b.Table)}
	}
	w, err := b.Resolve(ctx, s.conn)
	if err == nil && st.batch.Pass == 0 {
		st.batch, err = w.First(ctx, s.conn)
	}
	return w, err
}

// batchScript returns a statement that runs the rest of a walk, whose note is in a row of the journal.
func (s *session) batchScript(w *batch.Walk, row *migrate.Revision, id string) string {
	enter, leave := s.script.OwnRole()
	perform := func(sql string) string { return "PERFORM " + strings.TrimPrefix(sql, "SELECT ") + ";" }
	read, write := s.m.cfg.Store.NoteSQL(row, "note_was", "note_text")
	return w.Script(batch.Script{
		Size: cmp.Or(w.Size, batch.DefaultSize), Begin: perform(enter) + "\n" + s.m.cfg.Store.HoldScript(id), Note: read, Run: perform(leave),
		Write: perform(enter) + "\n" + write + ";\nIF NOT FOUND THEN RAISE EXCEPTION 'the note of the batches could not be written to the journal'; END IF;",
	})
}

// forPsql rewrites a statement so that psql doesn't replace a name after a colon, as in array[1:user].
func forPsql(sql string) string {
	if !strings.Contains(sql, ":") {
		return sql
	}
	var b strings.Builder
	end := 0
	tokens := pgsql.Tokens(sql)
	for i, t := range tokens[:max(len(tokens)-1, 0)] {
		if t.Kind == pgsql.Op && strings.HasSuffix(t.Text, ":") && t.Text != "::" && tokens[i+1].Pos.Offset == t.Pos.Offset+len(t.Text) {
			at := tokens[i+1].Pos.Offset
			b.WriteString(sql[end:at] + " ")
			end = at
		}
	}
	return b.String() + sql[end:]
}

// signed returns a copy of a row with the tool that writes it.
func (m *Migrator) signed(r *migrate.Revision) *migrate.Revision {
	row := *r
	row.OperatorVersion = m.cfg.OperatorVersion
	return &row
}

// immediate runs deferred constraints and triggers before the record is confirmed.
const immediate = "SET CONSTRAINTS ALL IMMEDIATE"
