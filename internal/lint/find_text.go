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
	w, st := s.st.words, s.st
	t := f.target(s)
	if t != nil && f.oldTable(s, t.OID) == nil && !t.isView() && t.Kind != "i" && t.Kind != "I" && t.Kind != "S" {
		t = nil
	}
	switch st.verb {
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
		if q, _, ok := w.qualified(w.afterOptions(1)); ok {
			if w.at(1) == "VERBOSE" {
				q, _, _ = w.qualified(2)
			}
			if r := s.before.find(q.schema, q.name); r != nil && f.base.relations[r.OID] != nil {
				f.rewrite(s, r, "cluster-rewrite", "CLUSTER")
			}
		} else {
			f.add(s, "cluster-rewrite", Diagnostic{Text: "CLUSTER rewrites tables: reads and writes wait until it is done", Fix: fix.Words("use pg_repack")})
		}
	case "VACUUM":
		f.vacuum(s)
	case "REFRESH":
		if t != nil && !st.concurrently {
			d := f.about(s, t)
			d.Text = fmt.Sprintf("refreshing %s takes %s on it: its readers wait until the query is done", f.name(t), lockName(accessExclusiveLock))
			d.Lock = accessExclusiveLock
			d.Fix = f.refreshFix(s, t)
			if st.anywhere("NO", "DATA") {
				d.Fix = fix.Words("leave it out: until it is refreshed again nobody can read the view")
			}
			f.add(s, "refresh-matview-blocking", d)
		}
	case "ALTER SEQUENCE":
		if t != nil && st.anywhere("RESTART") {
			f.restart(s, t, Diagnostic{Table: t.sql(), Text: fmt.Sprintf("restarting %s gives out numbers that were given out already", t.sql())}, w.after("RESTART"))
		}
	case "SELECT":
		f.setval(s)
	case "ALTER EXTENSION":
		if w.anywhere("UPDATE") {
			name, _ := w.name(2)
			f.extensionUpgrade(s, name)
		}
	case "SET":
		if i := w.find(0, "SESSION_REPLICATION_ROLE"); i > 0 && strings.Contains(strings.ToLower(st.text), "replica") && !strings.HasSuffix(strings.ToLower(st.text), "origin") {
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
	for _, w := range dml(s.st) {
		i := 1
		if w.at(0) == "DELETE" {
			i = 2
		}
		if w.at(i) == "ONLY" {
			i++
		}
		if w.at(i) == "(" {
			i++
		}
		q, _, ok := w.qualified(i)
		r := s.before.find(q.schema, q.name)
		if !ok || r == nil || f.base.relations[r.OID] == nil || !r.isTable() || picky(w) && !f.holdsForAll(s, r, w) {
			continue
		}
		d := f.about(s, r)
		if w.at(0) == "DELETE" {
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

// picky reports whether a statement has a condition that is not always true.
func picky(w words) bool {
	i := w.find(0, "WHERE")
	if i < 0 {
		return false
	}
	cond := w[i+1:]
	if end := cond.find(0, "RETURNING"); end >= 0 {
		cond = cond[:end]
	}
	return !slices.ContainsFunc(cond.alternatives(), func(c words) bool {
		return len(c) == 1 && c.at(0) == "TRUE" || len(c) == 3 && c.at(1) == "=" && c.at(0) == c.at(2) && c.at(0) != ""
	})
}

// holdsForAll reports whether the condition is true of every row because of what the change itself did: it added the column, so
// that all rows have NULL in it, or the default that it came with.
func (f *finder) holdsForAll(s *step, t *relation, w words) bool {
	where := w.find(0, "WHERE")
	if where < 0 {
		return false
	}
	cond := w[where+1:]
	if end := cond.find(0, "RETURNING"); end >= 0 {
		cond = cond[:end]
	}
	return slices.ContainsFunc(cond.alternatives(), func(cond words) bool {
		if cond.at(1) == "." {
			cond = cond[2:]
		}
		name, ok := cond.name(0)
		c := t.column(name)
		if !ok || len(cond) != 3 || c == nil || f.oldColumn(t.OID, c.Num) {
			return false
		}
		came := f.unwritten(s, t, c)
		switch {
		case came == nil:
			return false
		case cond.starts(1, "IS", "NULL"):
			return came.null()
		}
		literal := cond[2].Text
		return cond.at(1) == "=" && !came.null() && (strings.EqualFold(came.Default, literal) || strings.HasPrefix(came.Default, literal+"::"))
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
		for _, w := range dml(o.st) {
			if w.at(0) == "UPDATE" && w.assigns(c.Name) {
				return nil
			}
		}
	}
	return came
}

// dml returns the UPDATE and DELETE statements in a statement.
func dml(st *statement) []words {
	var list []words
	within := func(w words, starts func(i int) bool) {
		for i := range w {
			if (w.at(i) != "UPDATE" || w.at(i+1) == "OF") && !w.starts(i, "DELETE", "FROM") || !starts(i) {
				continue
			}
			depth, end := 0, i
			for ; end < len(w); end++ {
				switch w.at(end) {
				case "(":
					depth++
				case ")":
					depth--
				}
				if depth < 0 || depth == 0 && w.at(end) == ";" {
					break
				}
			}
			if part := w[i:end]; part.at(0) == "DELETE" || part.has("SET") {
				list = append(list, part)
			}
		}
	}
	switch st.verb {
	case "UPDATE", "DELETE":
		return []words{st.words}
	case "WITH":
		within(st.words, func(i int) bool { return st.at(i-1) == "(" || st.at(i-1) == ")" })
	case "DO":
		for _, body := range st.bodies() {
			within(body, body.begins)
		}
	}
	return list
}

// endsTransaction reports whether the block of a DO commits or rolls back, which it may come to only where there are rows.
func endsTransaction(st *statement) bool {
	for _, body := range st.bodies() {
		for i := range body {
			if (body.at(i) == "COMMIT" || body.at(i) == "ROLLBACK") && body.begins(i) && (body.at(i+1) == ";" || body.at(i+1) == "AND") {
				return true
			}
		}
	}
	return false
}

// bodies are the texts of a DO: the block, if it is in PL/pgSQL.
func (st *statement) bodies() []words {
	if i := st.find(0, "LANGUAGE"); st.verb != "DO" || i >= 0 && i+1 < len(st.words) && !strings.EqualFold(strings.Trim(st.words[i+1].Text, `"'`), "plpgsql") {
		return nil
	}
	var list []words
	for _, t := range st.words {
		if t.Kind == pgsql.String {
			list = append(list, pgsql.Tokens(unquote(t.Text)))
		}
	}
	return list
}

// begins reports whether a statement of a PL/pgSQL block can begin at the i-th token.
func (w words) begins(i int) bool {
	return i == 0 || slices.Contains([]string{";", "BEGIN", "THEN", "ELSE", "LOOP"}, w.at(i-1))
}

// unquote returns what stands in dollar quotes or quotes.
func unquote(s string) string {
	if strings.HasPrefix(s, "$") {
		if i := strings.IndexByte(s[1:], '$'); i >= 0 && len(s) >= 2*(i+2) {
			return s[i+2 : len(s)-i-2]
		}
	}
	return strings.ReplaceAll(strings.Trim(s, "'"), "''", "'")
}

// alterText finds actions of ALTER that a scratch server can refuse though the real one may not.
func (f *finder) alterText(s *step, t *relation) {
	if t == nil {
		return
	}
	for _, a := range s.st.actions {
		switch {
		case a.starts(0, "SET", "TABLESPACE") && (!s.ran() || s.rewritten(t.OID)):
			d := f.about(s, t)
			d.Lock = accessExclusiveLock
			d.Text = fmt.Sprintf("moving %s to another tablespace copies its files under %s: reads and writes wait until it is done", f.name(t), lockName(accessExclusiveLock))
			d.Fix = fix.Words("use pg_repack, or a new table")
			f.add(s, "set-tablespace", d)
		case a.starts(0, "SET", "ACCESS", "METHOD") && !s.ran():
			f.rewrite(s, t, "set-access-method", "changing its access method")
		case a.starts(0, "DISABLE", "TRIGGER") && !s.ran():
			d := f.about(s, t)
			d.Text = fmt.Sprintf("while triggers of table %s are disabled, what is written is never checked, foreign keys included", t.sql())
			d.Fix = fix.Words("leave triggers on")
			f.add(s, "disable-trigger", d)
		case a.at(0) == "ALTER" && a.anywhere("RESTART"):
			i := 1
			if a.at(i) == "COLUMN" {
				i++
			}
			name, _ := a.name(i)
			d := Diagnostic{Table: t.sql(), Column: pgsql.Ident(name)}
			d.Text = fmt.Sprintf("restarting %s.%s gives out numbers that were given out already", t.sql(), d.Column)
			f.restart(s, s.before.sequence(t, name), d, a.after("RESTART"))
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

// after returns the number that follows a word, and WITH.
func (w words) after(word string) string {
	for i := range w {
		if w.at(i) != word {
			continue
		}
		if i++; w.at(i) == "WITH" {
			i++
		}
		if i < len(w) && w[i].Kind == pgsql.Number {
			return w[i].Text
		}
	}
	return ""
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
	w := s.st.words
	for i := range w {
		if !w.starts(i, "SETVAL", "(") || i+4 >= len(w) || w[i+2].Kind != pgsql.String {
			continue
		}
		q, _, ok := words(pgsql.Tokens(strings.Trim(w[i+2].Text, "'"))).qualified(0)
		j := i + 3
		for j < len(w) && w.at(j) != "," {
			j++
		}
		if r := s.before.find(q.schema, q.name); ok && r != nil && f.base.relations[r.OID] != nil && j+1 < len(w) && w[j+1].Kind == pgsql.Number {
			f.restart(s, r, Diagnostic{Table: r.sql(), Text: fmt.Sprintf("setting %s to a number, wherever it stands, gives out numbers again if it is past that", r.sql())}, w[j+1].Text)
		}
	}
}

// afterOptions returns where a list of options in parentheses at i ends.
func (w words) afterOptions(i int) int {
	if w.at(i) != "(" {
		return i
	}
	for ; i < len(w); i++ {
		if w.at(i) == ")" {
			return i + 1
		}
	}
	return i
}

func (f *finder) truncate(s *step) {
	var named []*relation
	for _, q := range s.st.targets {
		t := s.before.find(q.schema, q.name)
		if t == nil || f.oldTable(s, t.OID) == nil {
			continue
		}
		named = append(named, t)
		d := f.about(s, t)
		d.Text = fmt.Sprintf("truncating table %s deletes all its rows under %s: reads and writes wait; it is kept %s", f.name(t), lockName(d.Lock), f.until(s))
		d.Fix = fix.Words("delete in batches, or put a new table in its place")
		f.add(s, "truncate-table", d)
	}
	if !s.st.cascade || len(named) == 0 {
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
	if i := s.st.find(0, "IN"); i >= 0 {
		var parts []string
		for i++; i < len(s.st.words) && s.st.at(i) != "MODE"; i++ {
			parts = append(parts, s.st.at(i))
		}
		mode = strings.Join(parts, " ")
	}
	lock, ok := lockModes[mode]
	if !ok {
		return
	}
	for _, q := range s.st.targets {
		if t := s.before.find(q.schema, q.name); t != nil && f.oldTable(s, t.OID) != nil {
			f.add(s, "explicit-lock-table", Diagnostic{
				Table: t.sql(), Lock: lock,
				Text: fmt.Sprintf("LOCK TABLE takes %s on table %s, and keeps it %s", lockName(lock), f.name(t), f.until(s)),
				Fix:  fix.Words("leave it out: each statement takes the lock that it needs"),
			})
		}
	}
}

func (f *finder) reindex(s *step) {
	w := s.st.words
	i := w.afterOptions(1)
	options := w[1:i]
	kind := w.at(i)
	i++
	concurrently := w.at(i) == "CONCURRENTLY" || options.anywhere("CONCURRENTLY") && !options.anywhere("CONCURRENTLY", "FALSE") && !options.anywhere("CONCURRENTLY", "OFF")
	if w.at(i) == "CONCURRENTLY" {
		i++
	}
	if concurrently {
		return
	}
	after := w[i-1].Pos.Offset + len(w[i-1].Text)
	online := fix.Reindex(s.st.text[:after] + " CONCURRENTLY" + s.st.text[after:])
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
	w := s.st.words
	i := w.afterOptions(1)
	full := w.at(1) == "FULL" || i > 1 && w[1:i].anywhere("FULL") && !w[1:i].anywhere("FULL", "FALSE") && !w[1:i].anywhere("FULL", "OFF")
	if !full {
		return
	}
	for slices.Contains([]string{"FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE"}, w.at(i)) {
		i++
	}
	targets, _ := w.list(i)
	if len(targets) == 0 {
		f.add(s, "vacuum-full", Diagnostic{Lock: accessExclusiveLock, Text: "VACUUM FULL rewrites all tables: reads and writes wait until it is done", Fix: fix.Words("use VACUUM, or pg_repack")})
	}
	for _, q := range targets {
		if t := s.before.find(q.schema, q.name); t != nil && f.oldTable(s, t.OID) != nil {
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
	stmt := s.st.text
	if i := s.st.find(0, "IF", "NOT", "EXISTS"); i >= 0 {
		stmt = stmt[:s.st.words[i].Pos.Offset] + stmt[s.st.words[i+3].Pos.Offset:]
	}
	d.Fix = fix.BuildAgain(sqlName(t.Schema, x.Name), stmt)
	f.add(s, "if-not-exists-hides-invalid-index", d)
}
