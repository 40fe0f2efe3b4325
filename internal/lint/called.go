package lint

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// readCalled reads the bodies of the functions and procedures that the statement calls, also from each other, and
// through views and triggers. Which of their statements run may depend on rows, as in a DO block.
func (r *fileRun) readCalled(ctx context.Context, st *step) error {
	if !runsCalls(st.st) {
		return nil
	}
	texts := []pgsql.Words{pgsql.Tokens(st.stmt.Text)}
	for _, b := range bodies(st.st) {
		texts = append(texts, b.words)
	}
	switch st.st.Verb {
	case "EXECUTE", "FETCH", "MOVE": // an earlier statement has the text
		st.calls = true
	}
	for _, w := range texts {
		if err := r.readCalls(ctx, st, w); err != nil {
			return err
		}
	}
	if r.now.functions.Len() == 0 {
		return nil
	}
	seen := make(map[uint32]bool)
	for len(texts) > 0 {
		var oids []uint32
		for _, w := range texts {
			for _, p := range r.calls(w) {
				if !seen[p.OID] {
					seen[p.OID] = true
					oids = append(oids, p.OID)
				}
			}
			reached, err := r.reached(ctx, st, w)
			if err != nil {
				return err
			}
			for _, oid := range reached {
				if !seen[oid] && r.now.functions.Get(oid) != nil {
					seen[oid] = true
					oids = append(oids, oid)
				}
			}
		}
		texts = nil
		if len(oids) == 0 {
			break
		}
		definitions, err := r.texts(ctx, "routines", oids)
		if err != nil {
			return fmt.Errorf("reading functions: %w", err)
		}
		sources, err := r.texts(ctx, "sources", oids)
		if err != nil {
			return fmt.Errorf("reading functions: %w", err)
		}
		for _, oid := range oids {
			b := body{text: sources[oid], of: r.now.functions.Get(oid), definition: definitions[oid]}
			if _, sql, ok := strings.Cut(b.definition, "BEGIN ATOMIC"); ok && b.text == "" {
				b.text, b.definition = sql, ""
			}
			if b.words = pgsql.Tokens(b.text); len(b.words) > 0 {
				st.called = append(st.called, b)
				texts = append(texts, b.words)
			}
		}
	}
	return nil
}

// runsCalls reports whether a statement may call the functions that its text names like a call.
func runsCalls(st *pgsql.Statement) bool {
	first, kind, _ := strings.Cut(st.Verb, " ")
	switch first {
	case "COMMENT", "DROP", "GRANT", "REVOKE", "SECURITY":
		return false
	case "CREATE", "ALTER":
		switch kind {
		case "AGGREGATE", "CAST", "CONVERSION", "DEFAULT CONVERSION", "DEFAULT PRIVILEGES", "EVENT TRIGGER", "EXTENSION", "FUNCTION",
			"OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "POLICY", "PROCEDURE", "ROUTINE", "RULE", "TRANSFORM", "TRIGGER", "TYPE", "VIEW":
			return false
		case "TABLE":
			return first == "ALTER" || st.Rest.Find(0, "AS") >= 0
		}
	}
	return true
}

// readCalls sets the step's calls if a text may call a function that isn't PostgreSQL's own, or one of those that take
// as long as they are told to. It isn't needed without sizes.
func (r *fileRun) readCalls(ctx context.Context, st *step, w pgsql.Words) error {
	if st.calls || len(r.trace.target.sizes) == 0 {
		return nil
	}
	var names []string
	for i := range w {
		if w[i].Kind == pgsql.String && w.Anywhere("EXECUTE") {
			if err := r.readCalls(ctx, st, pgsql.Tokens(pgsql.StringValue(w[i].Text))); err != nil {
				return err
			}
		}
		if n, next, ok := w.Name(i); ok && w.At(next) == "(" && w.At(i-1) != "." {
			names = append(names, n.Name)
		}
	}
	for _, name := range names {
		st.calls = st.calls || name == "generate_series" || strings.HasPrefix(name, "pg_sleep") || strings.HasPrefix(name, "pg_advisory") ||
			has(r.now.functions, func(f *function) bool { return f.Name == name })
	}
	if st.calls || len(names) == 0 || r.now.extensions.Len() == 0 {
		return nil
	}
	err := r.pinned(ctx, func([]string) error { return r.conn.QueryRow(ctx, queries()["foreign"], names).Scan(&st.calls) })
	if err != nil {
		return fmt.Errorf("reading functions of extensions: %w", err)
	}
	return nil
}

// calls returns the functions and procedures that a text may call, by their names.
func (r *fileRun) calls(w pgsql.Words) (list []*function) {
	for i := range w {
		n, next, ok := w.Name(i)
		if !ok || w.At(next) != "(" || w.At(i-1) == "." {
			continue
		}
		for _, p := range r.now.functions.All() {
			if p.Name == n.Name && (n.Schema == "" || n.Schema == p.Schema) && (p.Kind == "f" || p.Kind == "p") && !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list
}

// reached returns the functions that the views in a text call and, if it changes rows, those of the triggers and rules
// of its tables.
func (r *fileRun) reached(ctx context.Context, st *step, w pgsql.Words) (oids []uint32, err error) {
	first, _, _ := strings.Cut(st.st.Verb, " ")
	writes := first != "CREATE" && first != "ALTER" &&
		slices.ContainsFunc([]string{"INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "TRUNCATE"}, func(verb string) bool { return w.Anywhere(verb) })
	acts := make(map[uint32]bool)
	for oid, rel := range r.now.relations.All() {
		if rel.Kind == "v" || rel.Kind == "m" && first == "REFRESH" {
			acts[oid] = true
		}
	}
	if writes {
		add := func(oid uint32) { // and what it is a partition of, whose rows it gets
			for rel := r.now.relations.Get(oid); rel != nil; rel = r.now.relations.Get(rel.Parent) {
				acts[rel.OID] = true
			}
		}
		for _, t := range r.now.triggers.All() {
			if !t.Internal {
				add(t.Table)
			}
		}
		for _, rule := range r.now.rules.All() {
			add(rule.Table)
		}
	}
	if len(acts) == 0 {
		return nil, nil
	}
	names := make(map[string]bool)
	for i := range w {
		if name, _, ok := w.Ident(i); ok {
			names[name] = true
		}
	}
	var from []uint32
	for oid := range acts {
		if names[r.now.relations.Get(oid).Name] {
			from = append(from, oid)
		}
	}
	if len(from) == 0 {
		return nil, nil
	}
	slices.Sort(from)
	err = r.pinned(ctx, func([]string) error {
		rows, err := r.conn.Query(ctx, queries()["reached"], from, writes)
		if err == nil {
			oids, err = pgx.CollectRows(rows, pgx.RowTo[uint32])
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the functions of views and triggers: %w", err)
	}
	st.calls = st.calls || len(oids) > 0
	return oids, nil
}

// marking returns statements that run the step with marks in the body: a block with this text, or the function with it
// and then the statement that calls it. It returns nothing if the body can't have marks.
func (b body) marking(st *step, text string) (stmts []pgsql.Stmt) {
	switch {
	case b.of == nil:
		return []pgsql.Stmt{{Text: pgsql.DoBlock(text), Pos: st.stmt.Pos}}
	case st.st.Verb == "PREPARE": // it calls nothing, and isn't rolled back
		return nil
	case b.definition == "" || strings.Count(b.definition, b.text) != 1:
		return nil
	}
	return []pgsql.Stmt{{Text: strings.Replace(b.definition, b.text, text, 1), Pos: st.stmt.Pos}, st.stmt}
}
