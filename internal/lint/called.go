package lint

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// readCalled reads the bodies of the functions and procedures that the statement calls, also from each other. Which of
// their statements run may depend on rows, as in a DO block.
func (r *fileRun) readCalled(ctx context.Context, st *step) error {
	switch st.st.Verb {
	case "DO", "CALL", "SELECT", "WITH", "VALUES", "EXPLAIN", "INSERT", "UPDATE", "DELETE", "MERGE":
	default:
		return nil
	}
	if r.now.functions.Len() == 0 {
		return nil
	}
	seen := make(map[uint32]bool)
	texts := []pgsql.Words{pgsql.Tokens(st.stmt.Text)}
	for _, b := range bodies(st.st) {
		texts = append(texts, b.words)
	}
	for len(texts) > 0 {
		var oids []uint32
		for _, w := range texts {
			for _, p := range r.calls(w) {
				if !seen[p.OID] {
					seen[p.OID] = true
					oids = append(oids, p.OID)
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

// marking returns statements that run the step with marks in the body: a block with this text, or the function with it
// and then the statement that calls it. It returns nothing if the body can't have marks.
func (b body) marking(st *step, text string) (stmts []pgsql.Stmt) {
	switch {
	case b.of == nil:
		return []pgsql.Stmt{{Text: pgsql.DoBlock(text), Pos: st.stmt.Pos}}
	case b.definition == "" || strings.Count(b.definition, b.text) != 1:
		return nil
	}
	return []pgsql.Stmt{{Text: strings.Replace(b.definition, b.text, text, 1), Pos: st.stmt.Pos}, st.stmt}
}
