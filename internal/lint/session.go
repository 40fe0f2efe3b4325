package lint

import (
	"slices"
	"strings"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// longLockTimeout is the lock_timeout that apply sets unless atlas.hcl or the file's directive says otherwise.
const longLockTimeout = 2 * time.Second

// session finds changes to the session in which apply runs: the lock it holds, and how long it waits for others.
func session(s *step) (found findings) {
	for _, w := range scripts(s.stmt.Text) {
		if frees(w) {
			found.add(s, "frees-migration-lock", Diagnostic{
				Text: "the statement releases the advisory lock that migrations run under, so that another apply can begin in the middle of this one",
				Fix:  fix.Words("release only your own locks, with pg_advisory_unlock(KEY), and reset settings one by one"),
			})
		}
		if off(w) {
			found.add(s, "lock-timeout-off", Diagnostic{
				Text: "the file disables lock_timeout: apply sets it again before each statement, but when anyone else runs the file, all other statements queue up after it",
				Fix:  fix.Words(`remove it; to wait longer, put "-- migrate:lock_timeout 10s" at the top of the file`),
			})
		}
	}
	return found
}

// scripts returns the tokens of a statement, and of each dollar-quoted text in it.
func scripts(sql string) []pgsql.Words {
	tokens := pgsql.Tokens(sql)
	all := []pgsql.Words{tokens}
	for _, t := range tokens {
		if t.Kind == pgsql.String && strings.HasPrefix(t.Text, "$") {
			all = append(all, scripts(pgsql.StringValue(t.Text))...)
		}
	}
	return all
}

// frees reports whether a script releases all advisory locks.
func frees(w pgsql.Words) bool {
	for i := range w {
		if strings.EqualFold(w[i].Text, "pg_advisory_unlock_all") && w.At(i+1) == "(" || begins(w, i) && w.Starts(i, "DISCARD", "ALL") {
			return true
		}
	}
	return false
}

// off reports whether a script turns lock_timeout off, or makes it long.
func off(w pgsql.Words) bool {
	for i := range w {
		switch {
		case begins(w, i) && w.At(i) == "RESET" && (w.At(i+1) == "ALL" || w.At(i+1) == "LOCK_TIMEOUT"):
			return true
		case begins(w, i) && w.At(i) == "SET":
			j := i + 1
			if w.At(j) == "LOCAL" || w.At(j) == "SESSION" {
				j++
			}
			if w.At(j) == "LOCK_TIMEOUT" && j+2 < len(w) && long(w[j+2].Text) {
				return true
			}
		case strings.EqualFold(w[i].Text, "set_config") && w.At(i+1) == "(" && i+4 < len(w):
			if strings.EqualFold(strings.Trim(w[i+2].Text, "'"), "lock_timeout") && long(w[i+4].Text) {
				return true
			}
		}
	}
	return false
}

// begins reports whether a statement begins at the i-th token.
func begins(w pgsql.Words, i int) bool {
	return i == 0 || slices.Contains([]string{";", "BEGIN", "THEN", "ELSE", "LOOP", ">>"}, w.At(i-1))
}

// long reports whether a lock_timeout is off or long. It returns false for a value that it can't read.
func long(value string) bool {
	value = strings.ToLower(strings.ReplaceAll(strings.Trim(value, "'"), " ", ""))
	switch {
	case value == "default":
		return true
	case value == "":
		return false
	case value[len(value)-1] >= '0' && value[len(value)-1] <= '9':
		value += "ms"
	}
	for _, unit := range [][2]string{{"min", "m"}, {"d", "h"}} {
		if n, ok := strings.CutSuffix(value, unit[0]); ok {
			value = n + unit[1]
		}
	}
	d, err := time.ParseDuration(value)
	return err == nil && (d == 0 || d > longLockTimeout)
}
