package hazard

import (
	"slices"
	"strconv"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A castStep is a cast to a type, or AT TIME ZONE with a literal.
type castStep struct{ typ, zone string }

// casts returns the steps of an expression that only casts a column. ok is false for other expressions.
func casts(w pgsql.Words, column string) (steps []castStep, ok bool) {
	steps, next, ok := castsAt(w, 0, column)
	return steps, ok && next == len(w)
}

func castsAt(w pgsql.Words, i int, column string) (steps []castStep, next int, ok bool) {
	switch {
	case w.At(i) == "(":
		if steps, next, ok = castsAt(w, i+1, column); !ok || w.At(next) != ")" {
			return nil, i, false
		}
		next++
	case w.Starts(i, "CAST", "("):
		if steps, next, ok = castsAt(w, i+2, column); !ok || w.At(next) != "AS" {
			return nil, i, false
		}
		var name string
		if name, next, ok = readType(w, next+1); !ok || w.At(next) != ")" {
			return nil, i, false
		}
		steps, next = append(steps, castStep{typ: name}), next+1
	default:
		// The column's name, with or without its table's.
		for next = i; ; next++ {
			name, after, ok := w.Ident(next)
			if !ok {
				return nil, i, false
			}
			if next = after; w.At(next) == "." {
				continue
			}
			if name != column {
				return nil, i, false
			}
			break
		}
	}
	for {
		switch {
		case w.At(next) == "::":
			name, after, ok := readType(w, next+1)
			if !ok {
				return nil, i, false
			}
			steps, next = append(steps, castStep{typ: name}), after
		case w.Starts(next, "AT", "TIME", "ZONE") && next+3 < len(w) && w[next+3].Kind == pgsql.String && w.At(next+4) != "::":
			steps, next = append(steps, castStep{zone: w[next+3].Text}), next+4
		case w.At(next) == "COLLATE":
			if _, next, ok = w.Name(next + 1); !ok {
				return nil, i, false
			}
		default:
			return steps, next, true
		}
	}
}

// wraps reports whether an expression wraps a column's entire value in a document or an array.
func wraps(w pgsql.Words, from value, column string) bool {
	var args pgsql.Words
	switch {
	case w.Starts(0, "ARRAY", "[") && w.At(len(w)-1) == "]":
		args = w[2 : len(w)-1]
	case w.At(1) == "(" && w.At(len(w)-1) == ")":
		args = w[2 : len(w)-1]
	default:
		return false
	}
	switch w.At(0) {
	case "ARRAY", "TO_JSON", "JSON_BUILD_ARRAY", "JSON_BUILD_OBJECT":
	case "TO_JSONB", "JSONB_BUILD_ARRAY", "JSONB_BUILD_OBJECT":
		if from.is("json") {
			return false
		}
	default:
		return false
	}
	there := false
	for _, arg := range args.Split() {
		if len(arg) != 1 {
			return false
		}
		if name, _, ok := arg.Ident(0); ok && name == column {
			there = true
		} else if arg[0].Kind != pgsql.String && arg[0].Kind != pgsql.Number {
			return false
		}
	}
	return there
}

// total reports whether an expression succeeds for every value of the column: it only compares it, or passes it to
// total functions.
func total(w pgsql.Words) bool {
	for i := range w {
		switch {
		case w.At(i) == "CAST", w.At(i) == "::" && (i == 0 || w[i-1].Kind != pgsql.String && w.At(i-1) != "NULL"):
			return false
		case slices.Contains([]string{"+", "-", "*", "/", "%", "^"}, w.At(i)) && len(w) > 2:
			return false // out of range, division by zero
		case w.At(i) == "(" && i > 0 && w[i-1].Kind == pgsql.Word && !totalCall(w.At(i-1)), w.At(i) == "(" && i > 0 && w[i-1].Kind == pgsql.QuotedIdent:
			return false
		}
	}
	return true
}

// totalCall reports whether a function, or a keyword before a parenthesis, never fails and is deterministic. Its name
// is in upper case.
func totalCall(name string) bool { return slices.Contains(totalCalls, name) }

// totalCalls are functions that never fail, and keywords that precede a parenthesis.
var totalCalls = []string{
	"TO_JSON", "TO_JSONB", "JSON_BUILD_OBJECT", "JSONB_BUILD_OBJECT", "JSON_BUILD_ARRAY", "JSONB_BUILD_ARRAY", "STRING_TO_ARRAY",
	"LENGTH", "CHAR_LENGTH", "OCTET_LENGTH", "COALESCE", "NULLIF", "LOWER", "UPPER", "TRIM", "BTRIM", "LEFT", "RIGHT", "ARRAY",
	"IN", "ANY", "ALL", "AND", "OR", "NOT", "CASE", "WHEN", "THEN", "ELSE", "IS",
}

// short returns the maximum length of an expression's value, if it is explicit, as in left(a, 10).
func short(w pgsql.Words) int {
	if len(w) >= 6 && w.Starts(0, "LEFT", "(") && w.At(len(w)-1) == ")" && w.At(len(w)-3) == "," {
		if n, err := strconv.Atoi(w.At(len(w) - 2)); err == nil {
			return n
		}
	}
	return endless
}
