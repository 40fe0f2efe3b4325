package pgsql

import (
	"slices"
	"strings"
)

// Roles returns the roles that the statement names: granted and revoked roles, grantees and grantors, new owners, the
// roles of policies, default privileges and user mappings, and that of SET ROLE. It omits PUBLIC, CURRENT_USER and
// similar keywords.
func (s Stmt) Roles() []string {
	if role, ok := s.SetsRole(); ok {
		if role == "" {
			return nil
		}
		return []string{role}
	}
	st := s.Parse()
	w := st.Rest
	switch st.Verb {
	case "GRANT", "REVOKE":
		var names []string
		if w.Find(0, "ON") < 0 { // membership in roles
			first := 0
			if w.Starts(1, "OPTION", "FOR") {
				first = 3
			}
			names = w.roles(first)
		}
		return append(names, w.rolesAfter("TO", "FROM", "GRANTED BY")...)
	case "ALTER DEFAULT PRIVILEGES":
		return w.rolesAfter("FOR ROLE", "FOR USER", "TO", "FROM")
	case "CREATE POLICY":
		return w.rolesAfter("TO")
	case "CREATE SCHEMA":
		return w.rolesAfter("AUTHORIZATION")
	case "REASSIGN":
		return w.rolesAfter("OWNED BY", "TO")
	case "DROP OWNED":
		return Words(Tokens(s.Text)).rolesAfter("OWNED BY")
	case "SELECT":
		return w.configured()
	case "CREATE USER MAPPING", "ALTER USER MAPPING":
		return w.rolesAfter("FOR")
	}
	if !strings.HasPrefix(st.Verb, "ALTER ") || w.At(0) == "RENAME" {
		return nil
	}
	if st.Verb == "ALTER POLICY" {
		return w.rolesAfter("TO")
	}
	return w.rolesAfter("OWNER TO")
}

// rolesAfter reads the roles that follow one of the phrases, outside parentheses.
func (w Words) rolesAfter(phrases ...string) (names []string) {
	depth := 0
	for i := range w {
		depth += deeper(w.At(i))
		for _, p := range phrases {
			if words := strings.Fields(p); depth == 0 && w.Starts(i, words...) {
				names = append(names, w.roles(i+len(words))...)
			}
		}
	}
	return names
}

// configured returns the roles that set_config sets.
func (w Words) configured() (names []string) {
	for i := range w {
		if n, _, ok := w.Name(i); ok && n.Name == "set_config" && i+4 < len(w) && strings.EqualFold(w[i+2].Text, "'role'") && w[i+4].Kind == String {
			names = append(names, strings.ReplaceAll(strings.Trim(w[i+4].Text, "'"), "''", "'"))
		}
	}
	return names
}

// noRoles are keywords that are allowed in place of a role.
var noRoles = []string{"PUBLIC", "CURRENT_USER", "CURRENT_ROLE", "SESSION_USER", "USER", "NONE", "DEFAULT"}

// roles reads a comma-separated list of roles at i.
func (w Words) roles(i int) (names []string) {
	for {
		if w.At(i) == "GROUP" {
			i++
		}
		n, next, ok := w.Name(i)
		if !ok {
			return names
		}
		if !slices.Contains(noRoles, w.At(i)) {
			names = append(names, n.Name)
		}
		if w.At(next) != "," {
			return names
		}
		i = next + 1
	}
}
