package lint

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// Whether a statement in a DO block runs may depend on rows, which the scratch database lacks. So each is also run by
// itself, before the block, and rolled back. What can't be run, because it contains variables, is read.

// A clause is a statement in a PL/pgSQL block.
type clause struct {
	text  string // of an EXECUTE, what it executes, with names in place of what the block computes
	built bool   // whether the block computes some of an EXECUTE's text
	at    int    // its offset in the block's text, -1 in FOR, where no other statement can precede it
}

// verbs begin the statements of a block that may be hazards.
var verbs = []string{
	"ALTER", "CLUSTER", "CREATE", "DELETE", "DROP", "GRANT", "INSERT", "LOCK", "MERGE", "REASSIGN", "REFRESH", "REINDEX", "REVOKE", "SET", "TRUNCATE", "UPDATE",
	"VACUUM", "WITH",
}

// harmless begin statements that change nothing that anyone relies on.
var harmless = []string{"ANALYZE", "COMMENT", "SELECT", "VALUES", "TABLE", "SHOW", "EXPLAIN"}

// definitions begin the statements that change the catalogs or lock tables. They are run by themselves.
var definitions = []string{"ALTER", "CLUSTER", "CREATE", "DROP", "GRANT", "LOCK", "REFRESH", "REINDEX", "REVOKE", "TRUNCATE"}

// clauses returns the block's statements that may be hazards.
func (b body) clauses() []clause {
	var list []clause
	declares := false
	for i := 0; i < len(b.words); i++ {
		switch b.words.At(i) {
		case "DECLARE":
			declares = true
		case "BEGIN":
			declares = false
		}
		if declares {
			continue // a variable may be named like a verb
		}
		looped := b.words.At(i-1) == "IN" // FOR row IN statement LOOP
		at := b.words[i].Pos.Offset
		switch {
		case begins(b.words, i):
		case looped:
			at = -1
		default:
			continue
		}
		end := b.words.Find(i, ";")
		if loop := b.words.Find(i, "LOOP"); looped && loop >= 0 {
			end = loop
		}
		if end < 0 {
			end = len(b.words)
		}
		switch verb := b.words.At(i); {
		case verb == "EXECUTE" && end > i+1:
			text, built := executed(b.words[i+1 : end])
			stmts, err := pgsql.Split(text)
			if err != nil {
				list = append(list, clause{placeholder, true, at})
				continue
			}
			for _, s := range stmts {
				if first := pgsql.Words(pgsql.Tokens(s.Text)).At(0); slices.Contains(harmless, first) || looped && !slices.Contains(verbs, first) {
					continue
				}
				list = append(list, clause{s.Text, built, at})
			}
		case slices.Contains(verbs, verb):
			list = append(list, clause{b.words[i:end].In(b.text), false, at})
			i = end // MERGE contains UPDATE
		}
	}
	return list
}

// placeholder is a name in place of what a block computes.
const placeholder = "lint_computed"

// executed returns the text of an expression that EXECUTE executes, and whether the block computes some of it.
func executed(w pgsql.Words) (text string, built bool) {
	for _, end := range []string{"INTO", "USING"} {
		if i := w.Find(0, end); i >= 0 {
			w = w[:i]
		}
	}
	var b strings.Builder
	for len(w) > 0 {
		operand := w
		if i := w.Find(0, "||"); i >= 0 {
			operand, w = w[:i], w[i+1:]
		} else {
			w = nil
		}
		operand = unwrapped(operand)
		switch {
		case len(operand) == 1 && operand[0].Kind == pgsql.String:
			b.WriteString(pgsql.StringValue(operand[0].Text))
		case operand.At(0) == "FORMAT" && operand.At(1) == "(" && operand.Find(1, ")") < 0 && len(operand) > 3 && operand[2].Kind == pgsql.String:
			t, computed := formatted(operand[2 : len(operand)-1].Split())
			b.WriteString(t)
			built = built || computed
		default:
			b.WriteString(placeholder)
			built = true
		}
	}
	return b.String(), built
}

// formatted returns the result of format with arguments.
func formatted(args []pgsql.Words) (text string, built bool) {
	pattern := pgsql.StringValue(args[0][0].Text)
	var b strings.Builder
	next := 1
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' || i+1 == len(pattern) {
			b.WriteByte(pattern[i])
			continue
		}
		i++
		if pattern[i] == '%' {
			b.WriteByte('%')
			continue
		}
		start := i
		for i < len(pattern)-1 && strings.IndexByte("0123456789$-*", pattern[i]) >= 0 {
			i++
		}
		at := next
		if n, _, ok := strings.Cut(pattern[start:i], "$"); ok {
			if number, err := strconv.Atoi(n); err == nil {
				at = number
			}
		}
		next = at + 1
		if at > 0 && at < len(args) && len(args[at]) == 1 && args[at][0].Kind == pgsql.String {
			value := pgsql.StringValue(args[at][0].Text)
			switch pattern[i] {
			case 'I':
				value = pgsql.Ident(value)
			case 'L':
				value = pgsql.Literal(value)
			}
			b.WriteString(value)
			continue
		}
		b.WriteString(placeholder)
		built = true
	}
	return b.String(), built
}

// probe runs the statements of a DO block, and of the functions that a statement calls, by themselves, and rolls them
// back.
func (r *fileRun) probe(ctx context.Context, st *step) error {
	list := slices.Concat(bodies(st.st), st.called)
	if st.parts != nil || len(list) == 0 {
		return nil
	}
	st.parts = []*step{}
	for _, b := range list {
		clauses := b.clauses()
		ran, err := r.marked(ctx, st, b, clauses)
		if err != nil {
			return err
		}
		var tried []*step
		for _, p := range clauses {
			s := &step{trace: r.trace, stmt: pgsql.Stmt{Text: p.text, Pos: st.stmt.Pos}, tx: st.tx, apart: st.apart, last: st.last, before: r.now, after: r.now, of: st, in: b.of}
			s.untaken = p.at < 0 || !ran[p.at]
			s.unseen = p.built && s.untaken
			s.st = s.stmt.Parse()
			s.refused = runner.Check([]pgsql.Stmt{s.stmt}, false)[0]
			switch {
			case s.refused == runner.Controls:
				continue
			case s.refused == runner.Fits && !p.built && s.defines():
				if err := r.tryPart(ctx, s, false); err != nil {
					return err
				}
				tried = append(tried, s)
			default:
				s.unrun = true
			}
			st.parts = append(st.parts, s)
		}
		if slices.ContainsFunc(tried, func(s *step) bool { return s.untaken }) {
			if err := r.sequence(ctx, tried); err != nil {
				return err
			}
		}
	}
	st.before, st.after = r.now, r.now
	return nil
}

// defines reports whether the statement changes the catalogs or locks tables.
func (s *step) defines() bool {
	first, _, _ := strings.Cut(s.st.Verb, " ")
	return slices.Contains(definitions, first)
}

// sequence runs the statements of a block as if all its conditions were true, and rolls them back. Among those that the
// block doesn't run, one may need an earlier one, or undo it.
func (r *fileRun) sequence(ctx context.Context, parts []*step) (err error) {
	start := r.now
	if err := r.exec(ctx, "SAVEPOINT lint_block"); err != nil {
		return err
	}
	for _, s := range parts {
		if !s.unrun || !s.untaken {
			failed, err := r.attempt(ctx, s)
			if err != nil {
				return err
			}
			end := release
			if failed != nil {
				end = goBack
			}
			if err := r.exec(ctx, end); err != nil {
				return err
			}
			continue
		}
		r.unread = true
		if r.now, err = r.look(ctx); err != nil {
			return err
		}
		s.before, s.after, s.unrun = r.now, r.now, false
		if err := r.tryPart(ctx, s, true); err != nil {
			return err
		}
	}
	r.unread = true
	end, err := r.look(ctx)
	if err != nil {
		return err
	}
	for _, s := range parts {
		if s.untaken {
			s.blockEnd = end
		}
	}
	r.now = start
	r.takeScans(end)
	return r.exec(ctx, "ROLLBACK TO lint_block")
}

// attempt runs a statement of a block after a savepoint.
func (r *fileRun) attempt(ctx context.Context, s *step) (*runner.StmtError, error) {
	if err := r.exec(ctx, savepoint); err != nil {
		return nil, err
	}
	r.messages = nil
	return refused(r.session.Stmt(ctx, s.stmt))
}

// tryPart runs a statement of a block, reads what it did, and rolls it back unless keep is set.
func (r *fileRun) tryPart(ctx context.Context, s *step, keep bool) error {
	failed, err := r.attempt(ctx, s)
	if err != nil {
		return err
	}
	if failed != nil {
		if err := r.exec(ctx, goBack); err != nil {
			return err
		}
		made, err := r.st.CreateMissingRoles(ctx, failed)
		if err != nil {
			return err
		}
		if !made {
			s.unrun = true
			return nil
		}
		if err := r.forget(ctx, true); err != nil {
			return err
		}
		if failed, err = r.attempt(ctx, s); err != nil {
			return err
		}
	}
	r.unread = true
	if failed != nil {
		s.unrun = true
		return r.exec(ctx, goBack)
	}
	s.messages = r.messages
	if s.after, err = r.look(ctx); err != nil {
		return err
	}
	for _, read := range []func(context.Context, *step) error{r.readDefinitions, r.readBounds, r.readUses} {
		if err := read(ctx, s); err != nil {
			return err
		}
	}
	if keep {
		return r.exec(ctx, release)
	}
	r.takeScans(s.after)
	return r.exec(ctx, goBack)
}

// takeScans takes the scans so far as those before the next statement. Rolling back doesn't undo their counts.
func (r *fileRun) takeScans(s *snapshot) {
	now := *r.now
	now.scans = s.scans
	r.now = &now
}

// ranMark begins the messages about statements that run.
const ranMark = "lint: runs at "

// marked returns which statements of a block run on the scratch database, by offset.
func (r *fileRun) marked(ctx context.Context, st *step, b body, clauses []clause) (ran map[int]bool, err error) {
	ran = make(map[int]bool)
	var text strings.Builder
	end := 0
	for i, p := range clauses {
		if p.at < 0 || i > 0 && p.at == clauses[i-1].at {
			continue
		}
		fmt.Fprintf(&text, "%sRAISE DEBUG '%s%d'; ", b.text[end:p.at], ranMark, p.at)
		end = p.at
	}
	if text.Len() == 0 {
		return ran, nil
	}
	text.WriteString(b.text[end:])
	if err := r.exec(ctx, savepoint); err != nil {
		return nil, err
	}
	r.messages = nil
	for _, stmt := range b.marking(st, text.String()) {
		failed, err := refused(r.session.Stmt(ctx, stmt))
		if err != nil {
			return nil, err
		}
		if failed != nil {
			break
		}
	}
	for _, n := range r.messages {
		if at, ok := strings.CutPrefix(n.Message, ranMark); ok {
			if offset, err := strconv.Atoi(at); err == nil {
				ran[offset] = true
			}
		}
	}
	r.unread = true
	if err := r.exec(ctx, goBack); err != nil {
		return nil, err
	}
	now, err := r.look(ctx)
	if err != nil {
		return nil, err
	}
	r.takeScans(now)
	return ran, nil
}

// has reports whether the findings include one with the same rule about the same table or column.
func (l findings) has(f finding) bool {
	return slices.ContainsFunc(l, func(o finding) bool { return o.rule == f.rule && o.Table == f.Table && o.Column == f.Column })
}

// partFindings returns the findings about the statements of a block that aren't about the block as a whole already.
func (s *step) partFindings(found findings) (more findings) {
	for _, p := range s.parts {
		var list findings
		if p.unseen {
			list = computed(p)
		} else {
			list = p.findings()
		}
		for _, f := range list {
			if p.in != nil {
				f.Text = fmt.Sprintf("in %s: %s", p.in.sql(), f.Text)
			}
			whole := f
			whole.Table, whole.Column = "", ""
			if !found.has(f) && !found.has(whole) && !more.has(f) {
				more = append(more, f)
			}
		}
	}
	return more
}

// computed finds what a text that a block computes would do, where it didn't run.
func computed(s *step) (found findings) {
	found = text(s)
	whole := "the block"
	if s.in != nil {
		whole = "the function"
	}
	d := Diagnostic{}
	if t := s.target(); t != nil {
		d.Table = t.sql()
	}
	add := func(rule, what string) {
		d.Text = whole + " " + what + ", and the scratch database has no rows for which it does"
		d.Fix = fix.Words("write a statement for each object, with its name")
		found.add(s, rule, d)
	}
	if rule, what := computedRules[s.st.Verb].rule, computedRules[s.st.Verb].what; rule != "" && !(s.st.Verb == "DROP INDEX" && s.st.Concurrently) {
		add(rule, what)
	}
	for _, a := range s.st.Actions {
		switch {
		case a.Verb == "DROP COLUMN":
			add("drop-column", "drops columns whose names it computes")
		case a.Verb == "DISABLE TRIGGER" && !found.has(finding{rule: "disable-trigger", Diagnostic: d}):
			add("disable-trigger", "disables triggers of tables whose names it computes")
		case a.Words.Starts(0, "DISABLE", "ROW"):
			add("disable-rls", "disables row-level security of tables whose names it computes")
		}
	}
	if len(found) == 0 {
		d.Text = whole + " executes SQL that it computes, but not on the scratch database, so it isn't known what that SQL does"
		if s.stmt.Text != "" && s.stmt.Text != placeholder {
			d.Text += ": " + strings.ReplaceAll(s.stmt.Text, placeholder, "...")
		}
		d.Fix = fix.Words("write plain statements, or have it reviewed")
		found.add(s, "opaque-dynamic-sql", d)
	}
	return found
}

// computedRules are the rules for statements that need no name to be hazards.
var computedRules = map[string]struct{ rule, what string }{
	"DROP TABLE":             {"drop-table", "drops tables whose names it computes"},
	"DROP FOREIGN TABLE":     {"drop-table", "drops tables whose names it computes"},
	"DROP SCHEMA":            {"drop-schema", "drops schemas whose names it computes"},
	"DROP VIEW":              {"drop-view", "drops views whose names it computes"},
	"DROP MATERIALIZED VIEW": {"drop-view", "drops views whose names it computes"},
	"DROP SEQUENCE":          {"drop-sequence", "drops sequences whose names it computes"},
	"DROP FUNCTION":          {"drop-function", "drops functions whose names it computes"},
	"DROP PROCEDURE":         {"drop-function", "drops procedures whose names it computes"},
	"DROP ROUTINE":           {"drop-function", "drops routines whose names it computes"},
	"DROP AGGREGATE":         {"drop-function", "drops aggregates whose names it computes"},
	"DROP TYPE":              {"drop-type", "drops types whose names it computes"},
	"DROP DOMAIN":            {"drop-type", "drops domains whose names it computes"},
	"DROP EXTENSION":         {"drop-extension", "drops extensions whose names it computes"},
	"DROP TRIGGER":           {"drop-trigger", "drops triggers whose names it computes"},
	"DROP INDEX":             {"drop-index-blocking", "drops indexes whose names it computes"},
	"TRUNCATE":               {"truncate-table", "empties tables whose names it computes"},
}

// opaque finds blocks in languages that can't be read.
func opaque(s *step) (found findings) {
	w := s.st.Rest
	for i := range w {
		if w.At(i) == "LANGUAGE" && s.st.Verb == "DO" && bodies(s.st) == nil {
			found.add(s, "opaque-dynamic-sql", Diagnostic{
				Text: "what the block does is unknown, because it isn't written in PL/pgSQL",
				Fix:  fix.Words("write plain statements, or have it reviewed"),
			})
			break
		}
	}
	return found
}
