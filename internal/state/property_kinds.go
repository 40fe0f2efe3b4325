package state

import (
	"regexp"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// propertyKinds returns the kinds of unmanaged properties in a managed object's catalog line: "deferrable constraint",
// "index with storage parameters".
func propertyKinds(l catalog.Line) []string {
	if l.Comment {
		switch l.Kind {
		case "constraint", "sequence", "enum":
			return []string{l.Kind + " with a comment"}
		}
		return nil
	}
	def, state := l.CutState()
	var out []string
	add := func(is bool, what string) {
		if is {
			out = append(out, what)
		}
	}
	switch l.Kind {
	case "table":
		add(strings.HasPrefix(state, "unlogged"), "unlogged table")
		add(strings.Contains(state, "with ("), "table with storage parameters")
		add(strings.Contains(state, "row security"), "table with row security")
		add(strings.Contains(state, "replica identity"), "table with a replica identity")
	case "column":
		add(strings.Contains(state, "storage ") || strings.Contains(state, "compression ") ||
			strings.Contains(state, "statistics ") || strings.Contains(state, "with ("), "column with storage options")
		add(strings.HasSuffix(def, ") virtual"), "virtual column")
		if n := notNullOf(def); n != notNull && n != "" {
			out = append(out, "column with "+n)
		}
		if _, options, ok := strings.Cut(def, identity); ok {
			add(identityOptions().MatchString(options), "identity column with sequence options")
		}
	case "sequence":
		typ, _, _ := strings.Cut(def, " owned by ")
		add(strings.Contains(typ, " "), "sequence with options")
	case "constraint":
		if strings.HasPrefix(def, "EXCLUDE ") {
			return []string{"exclusion constraint"}
		}
		_, more := plainConstraint(constraintKind(def), def)
		for _, m := range more {
			switch m {
			case "DEFERRABLE":
				out = append(out, "deferrable constraint")
			case "INITIALLY DEFERRED":
			case "NOT VALID", "NOT ENFORCED", "NO INHERIT", "MATCH FULL", "PERIOD", "WITHOUT OVERLAPS":
				out = append(out, "constraint with "+m)
			default:
				out = append(out, "constraint with a column list after SET NULL")
			}
		}
		add(strings.Contains(state, "with ("), "index with storage parameters")
		add(strings.Contains(state, "clustered"), "clustered index")
		add(strings.Contains(state, "replica identity"), "table with a replica identity")
	case "index":
		if m := indexParameters().FindStringSubmatch(def); m != nil {
			add(!onlyPages().MatchString(m[1]), "index with storage parameters")
		}
		add(strings.HasPrefix(state, "INVALID"), "INVALID index")
		add(strings.Contains(state, "statistics "), "index with a statistics target")
		add(strings.Contains(state, "clustered"), "clustered index")
		add(strings.Contains(state, "replica identity"), "table with a replica identity")
	}
	return out
}

const notNull = "NOT NULL"

// notNullOf returns the constraint that a column isn't NULL, from its definition in the catalog: "NOT NULL NO INHERIT
// NOT VALID". It is "" if the column may be NULL.
func notNullOf(def string) string {
	w := pgsql.Words(pgsql.Tokens(def))
	if i := w.Find(0, "DEFAULT"); i >= 0 {
		w = w[:i]
	}
	i := w.Find(0, "NOT", "NULL")
	if i < 0 {
		return ""
	}
	s := notNull
	if w.Starts(i+2, "NO", "INHERIT") {
		s += " NO INHERIT"
		i += 2
	}
	if w.Starts(i+2, "NOT", "VALID") {
		s += " NOT VALID"
	}
	return s
}

var (
	identityOptions = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b(as|minvalue|maxvalue|cache|cycle)\b`) })
	indexParameters = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(` WITH \(([a-z_]+=(?:'[^']*'|\w+)(?:, [a-z_]+=(?:'[^']*'|\w+))*)\)`)
	})
	onlyPages = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^pages_per_range='\d+'$`) })
)

func constraintKind(def string) string {
	switch {
	case strings.HasPrefix(def, "FOREIGN KEY"):
		return "f"
	case strings.HasPrefix(def, "PRIMARY KEY"):
		return "p"
	case strings.HasPrefix(def, "UNIQUE"):
		return "u"
	}
	return "c"
}
