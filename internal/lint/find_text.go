package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// text finds what the statement's text says, whether it ran or not.
func (f *finder) text(s *step) {
	st := s.st
	t := f.target(s)
	if t != nil && f.oldTable(s, t.OID) == nil && !t.isView() && t.Kind != "i" && t.Kind != "I" && t.Kind != "S" {
		t = nil
	}
	switch st.Verb {
	case "DROP DATABASE":
		f.add(s, "drop-database", Diagnostic{Text: "dropping a database deletes all that is in it", Fix: fix.Words("never drop a database in a migration")})
	case "DROP OWNED", "REASSIGN":
		f.add(s, "drop-owned", Diagnostic{Text: "what belongs to a role is not the same in every database", Fix: fix.Words("name each object")})
	case "TRUNCATE":
		f.truncate(s)
	case "DELETE", "UPDATE", "INSERT", "MERGE":
		if t != nil {
			d := f.about(s, t)
			d.Text = fmt.Sprintf("the statement changes rows of table %s, and keeps them locked %s", f.name(t), f.until(s))
			f.add(s, "dml-in-migration", d)
		}
	case "LOCK":
		f.lockTable(s)
	case "REINDEX":
		f.reindex(s)
	case "CLUSTER":
		if t != nil {
			f.rewrite(s, t, "cluster-rewrite", "CLUSTER")
		} else if len(st.Targets) == 0 {
			f.add(s, "cluster-rewrite", Diagnostic{Text: "CLUSTER rewrites tables: reads and writes wait until it is done", Fix: fix.Words("use pg_repack")})
		}
	case "VACUUM":
		f.vacuum(s)
	case "REFRESH":
		if t != nil && !st.Concurrently {
			d := f.about(s, t)
			d.Text = fmt.Sprintf("refreshing %s takes %s on it: its readers wait until the query is done", f.name(t), lockName(accessExclusiveLock))
			d.Lock = accessExclusiveLock
			d.Fix = f.refreshFix(s, t)
			if st.Rest.Find(0, "NO", "DATA") >= 0 {
				d.Fix = fix.Words("leave it out: until it is refreshed again nobody can read the view")
			}
			f.add(s, "refresh-matview-blocking", d)
		}
	case "ALTER SEQUENCE":
		if number, ok := st.Rest.Restart(); ok && t != nil {
			f.restart(s, t, Diagnostic{Table: t.sql(), Text: fmt.Sprintf("restarting %s gives out numbers that were given out already", t.sql())}, number)
		}
	case "SELECT":
		f.setval(s)
	case "ALTER EXTENSION":
		if st.Rest.At(0) == "UPDATE" && len(st.Targets) == 1 {
			f.extensionUpgrade(s, st.Targets[0].Name)
		}
	case "SET":
		if len(st.Targets) == 1 && st.Targets[0].Name == "session_replication_role" && len(st.Rest) > 0 && strings.EqualFold(strings.Trim(st.Rest[len(st.Rest)-1].Text, `'"`), "replica") {
			f.add(s, "disable-trigger", Diagnostic{Text: "with session_replication_role = replica no trigger runs, so what is written is never checked, foreign keys included", Fix: fix.Words("leave triggers on")})
		}
	case "DO", "CALL":
		f.add(s, "opaque-dynamic-sql", Diagnostic{Text: "what the block does can depend on the data"})
		if name, d := block(s.stmt, false); name != "" && !f.tr.file.TxNone {
			f.add(s, name, d)
		}
	case "CREATE INDEX":
		f.ifNotExists(s, f.subject(s))
	}
	f.session(s)
	f.alterText(s, t)
	f.allRows(s)
}

// allRows finds statements that change every row of a table: also within WITH, and in the text of a DO block.
func (f *finder) allRows(s *step) {
	for _, c := range changesRows(s.st) {
		r := s.before.find(c.Targets[0].Schema, c.Targets[0].Name)
		if r == nil || f.base.relations[r.OID] == nil || !r.isTable() || picky(c) && !f.holdsForAll(s, r, c) {
			continue
		}
		d := f.about(s, r)
		if c.Verb == "DELETE" {
			d.Text = fmt.Sprintf("the statement deletes all rows of table %s, in one transaction", f.name(r))
			d.Fix = f.inBatches(s, r)
			f.add(s, "delete-without-where", d)
		} else {
			d.Text = fmt.Sprintf("the statement writes every row of table %s anew, and keeps them locked %s", f.name(r), f.until(s))
			d.Fix = f.inBatches(s, r)
			f.add(s, "update-without-where", d)
		}
	}
}

// picky reports whether an UPDATE or DELETE has a condition that is not always true.
func picky(st *pgsql.Statement) bool {
	cond, ok := condition(st)
	return ok && !slices.ContainsFunc(alternatives(cond), func(c pgsql.Words) bool {
		return len(c) == 1 && c.At(0) == "TRUE" || len(c) == 3 && c.At(1) == "=" && c.At(0) == c.At(2) && c.At(0) != ""
	})
}

// holdsForAll reports whether the condition is true of every row because of what the change itself did: it added the column, so
// that all rows have NULL in it, or the default that it came with.
func (f *finder) holdsForAll(s *step, t *relation, st *pgsql.Statement) bool {
	cond, _ := condition(st)
	return slices.ContainsFunc(alternatives(cond), func(cond pgsql.Words) bool {
		name, next, ok := cond.Name(0)
		c := t.column(name.Name)
		if !ok || len(cond) != next+2 || c == nil || f.oldColumn(t.OID, c.Num) {
			return false
		}
		came := f.unwritten(s, t, c)
		switch {
		case came == nil:
			return false
		case cond.Starts(next, "IS", "NULL"):
			return came.null()
		}
		literal := cond[next+1].Text
		return cond.At(next) == "=" && !came.null() && (strings.EqualFold(came.Default, literal) || strings.HasPrefix(came.Default, literal+"::"))
	})
}

// null reports whether the rows that are there when the column is added get NULL in it.
func (c *column) null() bool {
	return (c.Default == "" || strings.HasPrefix(c.Default, "NULL")) && c.Identity == "" && c.Generated == ""
}

// unwritten returns a column of the change as it was when it was added, or nil if an UPDATE has written it since.
func (f *finder) unwritten(s *step, t *relation, c *column) *column {
	var came *column
	for _, o := range append(slices.Clone(f.earlier), f.tr.steps...) {
		if o == s {
			break
		}
		if a := o.after.relations[t.OID]; came == nil && a != nil {
			came = a.columns[c.Num]
		}
		for _, st := range changesRows(o.st) {
			if st.Verb == "UPDATE" && assigns(st, c.Name) {
				return nil
			}
		}
	}
	return came
}

// alterText finds actions of ALTER that a scratch server can refuse though the real one may not.
func (f *finder) alterText(s *step, t *relation) {
	if t == nil {
		return
	}
	for _, a := range s.st.Actions {
		if number, ok := a.Rest.Restart(); ok && a.Verb == "ALTER COLUMN" {
			d := Diagnostic{Table: t.sql(), Column: pgsql.Ident(a.Name.Name)}
			d.Text = fmt.Sprintf("restarting %s.%s gives out numbers that were given out already", t.sql(), d.Column)
			f.restart(s, s.before.sequence(t, a.Name.Name), d, number)
		}
		switch {
		case a.Verb == "SET TABLESPACE" && (!s.ran() || s.rewritten(t.OID)):
			d := f.about(s, t)
			d.Lock = accessExclusiveLock
			d.Text = fmt.Sprintf("moving %s to another tablespace copies its files under %s: reads and writes wait until it is done", f.name(t), lockName(accessExclusiveLock))
			d.Fix = fix.Words("use pg_repack, or a new table")
			f.add(s, "set-tablespace", d)
		case a.Verb == "SET ACCESS" && !s.ran():
			f.rewrite(s, t, "set-access-method", "changing its access method")
		case a.Verb == "DISABLE TRIGGER" && !s.ran():
			d := f.about(s, t)
			d.Text = fmt.Sprintf("while triggers of table %s are disabled, what is written is never checked, foreign keys included", t.sql())
			d.Fix = fix.Words("leave triggers on")
			f.add(s, "disable-trigger", d)
		}
	}
}

// restart reports that a sequence, nil if it is not known, is set to a number, empty if it is not known.
func (f *finder) restart(s *step, seq *relation, d Diagnostic, number string) {
	d.Fix = fix.Words("leave the sequence where it is, or set it to a number that is past all that were given out")
	if seq != nil && seq.Kind == "S" && number != "" {
		d.Fix = fix.Setval(seq.sql(), number)
	}
	f.add(s, "sequence-restart", d)
}

// sequence returns that of a column, nil if there is none.
func (s *snapshot) sequence(t *relation, column string) *relation {
	c := t.column(column)
	for _, r := range s.relations {
		if r.Kind == "S" && c != nil && r.OwnerTable == t.OID && r.OwnerColumn == c.Num {
			return r
		}
	}
	return nil
}

// setval finds a sequence that is set to a number, whatever it was at.
func (f *finder) setval(s *step) {
	w := s.st.Rest
	for i := range w {
		if w[i].Kind != pgsql.Word || !strings.EqualFold(w[i].Text, "setval") || w.At(i+1) != "(" || i+4 >= len(w) || w[i+2].Kind != pgsql.String {
			continue
		}
		q, _, ok := pgsql.Words(pgsql.Tokens(strings.Trim(w[i+2].Text, "'"))).Name(0)
		j := i + 3
		for j < len(w) && w.At(j) != "," {
			j++
		}
		if r := s.before.find(q.Schema, q.Name); ok && r != nil && f.base.relations[r.OID] != nil && j+1 < len(w) && w[j+1].Kind == pgsql.Number {
			f.restart(s, r, Diagnostic{Table: r.sql(), Text: fmt.Sprintf("setting %s to a number, wherever it stands, gives out numbers again if it is past that", r.sql())}, w[j+1].Text)
		}
	}
}

func (f *finder) truncate(s *step) {
	var named []*relation
	for _, q := range s.st.Targets {
		t := s.before.find(q.Schema, q.Name)
		if t == nil || f.oldTable(s, t.OID) == nil {
			continue
		}
		named = append(named, t)
		d := f.about(s, t)
		d.Text = fmt.Sprintf("truncating table %s deletes all its rows under %s: reads and writes wait; it is kept %s", f.name(t), lockName(d.Lock), f.until(s))
		d.Fix = fix.Words("delete in batches, or put a new table in its place")
		f.add(s, "truncate-table", d)
	}
	if !s.st.Cascade || len(named) == 0 {
		return
	}
	var reached []string
	for i := 0; i < len(named); i++ {
		for _, oid := range sorted(s.before.constraints) {
			c := s.before.constraints[oid]
			t := f.oldTable(s, c.Table)
			if c.Kind == "f" && c.References == named[i].OID && t != nil && !slices.Contains(named, t) {
				named = append(named, t)
				reached = append(reached, t.sql())
			}
		}
	}
	if len(reached) > 0 {
		d := f.about(s, named[0])
		d.Text = fmt.Sprintf("CASCADE empties the tables that refer to %s too: %s", named[0].sql(), strings.Join(reached, ", "))
		d.Fix = fix.Words("name every table that is to be emptied")
		f.add(s, "truncate-cascade", d)
	}
}

// lockModes are those of LOCK TABLE that stop writers or readers, with pg_locks' names.
var lockModes = map[string]string{
	"SHARE": shareLock, "SHARE ROW EXCLUSIVE": shareRowExclusiveLock, "EXCLUSIVE": "ExclusiveLock", "ACCESS EXCLUSIVE": accessExclusiveLock,
}

func (f *finder) lockTable(s *step) {
	mode := "ACCESS EXCLUSIVE"
	if w := s.st.Rest; w.At(0) == "IN" {
		var parts []string
		for i := 1; i < len(w) && w.At(i) != "MODE"; i++ {
			parts = append(parts, w.At(i))
		}
		mode = strings.Join(parts, " ")
	}
	lock, ok := lockModes[mode]
	if !ok {
		return
	}
	for _, q := range s.st.Targets {
		if t := s.before.find(q.Schema, q.Name); t != nil && f.oldTable(s, t.OID) != nil {
			f.add(s, "explicit-lock-table", Diagnostic{
				Table: t.sql(), Lock: lock,
				Text: fmt.Sprintf("LOCK TABLE takes %s on table %s, and keeps it %s", lockName(lock), f.name(t), f.until(s)),
				Fix:  fix.Words("leave it out: each statement takes the lock that it needs"),
			})
		}
	}
}

func (f *finder) reindex(s *step) {
	if s.st.Concurrently || len(s.st.Rest) == 0 {
		return
	}
	kind := s.st.Rest.At(0)
	after := s.st.Rest[0].Pos.Offset + len(kind)
	online := fix.Reindex(s.stmt.Text[:after] + " CONCURRENTLY" + s.stmt.Text[after:])
	if kind != "TABLE" && kind != "INDEX" {
		f.add(s, "reindex-blocking", Diagnostic{Text: "rebuilding all indexes stops the writes of each table while its indexes are built", Fix: online})
		return
	}
	t := f.subject(s)
	if t == nil {
		return
	}
	d := f.about(s, t)
	d.Text = fmt.Sprintf("REINDEX takes %s on table %s, and an ACCESS EXCLUSIVE one on each index: writes wait until it is done, and queries that would use the index too", lockName(shareLock), f.name(t))
	if d.Lock == "" {
		d.Lock = shareLock
	}
	d.Fix = online
	f.add(s, "reindex-blocking", d)
}

func (f *finder) vacuum(s *step) {
	if !s.st.On("full") {
		return
	}
	if len(s.st.Targets) == 0 {
		f.add(s, "vacuum-full", Diagnostic{Lock: accessExclusiveLock, Text: "VACUUM FULL rewrites all tables: reads and writes wait until it is done", Fix: fix.Words("use VACUUM, or pg_repack")})
	}
	for _, q := range s.st.Targets {
		if t := s.before.find(q.Schema, q.Name); t != nil && f.oldTable(s, t.OID) != nil {
			f.add(s, "vacuum-full", Diagnostic{
				Table: t.sql(), Lock: accessExclusiveLock,
				Text: fmt.Sprintf("VACUUM FULL rewrites table %s under %s: reads and writes wait until it is done", f.name(t), lockName(accessExclusiveLock)),
				Fix:  fix.Vacuum(t.sql()),
			})
		}
	}
}

func (f *finder) refreshFix(s *step, t *relation) fix.Text {
	for _, x := range s.before.indexes {
		if x.Table == t.OID && x.Unique && x.Predicate == "" && !x.Expression {
			return fix.Refresh(t.sql())
		}
	}
	return fix.RefreshFirst(t.sql())
}

// ifNotExists finds a concurrent build that an INVALID index of its name would satisfy.
func (f *finder) ifNotExists(s *step, t *relation) {
	x, ok := s.stmt.Index()
	if !ok || !x.Concurrently || t == nil {
		return
	}
	const firstBroken, fixed = 140000, 140004
	if v := f.settings.version; v >= firstBroken && v < fixed {
		d := f.about(s, t)
		d.Text = "PostgreSQL 14.0 to 14.3 may leave rows out of an index that is built concurrently"
		d.Fix = fix.Words("upgrade to 14.4 or later first")
		f.add(s, "concurrent-index-corruption", d)
	}
	if !x.IfNotExists {
		return
	}
	for _, o := range f.tr.steps {
		if drop, ok := o.stmt.Index(); ok && drop.Drop && drop.Name == x.Name && o.stmt.Pos.Offset < s.stmt.Pos.Offset {
			return
		}
	}
	d := f.about(s, t)
	d.Text = fmt.Sprintf("an INVALID index %s that a failed build left would satisfy IF NOT EXISTS, and stay INVALID", pgsql.Ident(x.Name))
	stmt, w := s.stmt.Text, pgsql.Words(pgsql.Tokens(s.stmt.Text))
	i := w.Find(0, "IF", "NOT", "EXISTS")
	d.Fix = fix.BuildAgain(sqlName(t.Schema, x.Name), stmt[:w[i].Pos.Offset]+stmt[w[i+3].Pos.Offset:])
	f.add(s, "if-not-exists-hides-invalid-index", d)
}
