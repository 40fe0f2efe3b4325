package online

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// A RenameFlagError reports a -rename that is not possible.
type RenameFlagError struct {
	// Arg is the offending part of the flag.
	Arg string
	// Could are the possible renames.
	Could []Rename
	// Ambiguous means that Arg matches several renames. Twice means that another rename uses one of its names.
	Ambiguous, Twice bool
	// Passes means that a table or enum takes the name of another, which one plan doesn't support.
	Passes bool
}

func (e *RenameFlagError) Error() string {
	var b strings.Builder
	switch {
	case e.Ambiguous:
		fmt.Fprintf(&b, "-rename=%s is ambiguous; write one of", e.Arg)
	case e.Twice:
		fmt.Fprintf(&b, "-rename=%s: one of the two names is part of another rename", e.Arg)
		return b.String()
	case e.Passes:
		fmt.Fprintf(&b, "-rename=%s: a table or enum cannot take the name of another in the same plan: give one of them an unused name in the schema file, run plan with that rename, then give the other its name and run plan again", e.Arg)
		return b.String()
	case len(e.Could) == 0:
		fmt.Fprintf(&b, "-rename=%s: nothing can be renamed: the old name must be missing from the schema file, and the new one from the migrations", e.Arg)
		return b.String()
	default:
		fmt.Fprintf(&b, "-rename=%s: the old name must be missing from the schema file, and the new one from the migrations; possible renames", e.Arg)
	}
	for _, r := range e.Could {
		b.WriteString("\n  -rename=" + fix.ShellWord(r.Flag(e.Could...)) + "   (" + r.Kind + ")")
	}
	return b.String()
}

// A renameArg is an old=new of the flag.
type renameArg struct {
	text     string
	from, to []string
	used     bool
}

// passes reports whether another argument gives up the name that a takes, or takes the one that a gives up.
func (a *renameArg) passes(o *renameArg) bool {
	last := func(names []string) string { return names[len(names)-1] }
	part := len(a.from) > len(a.to)
	return o != a && !part && (last(o.from) == last(a.to) || last(o.to) == last(a.from))
}

// says reports whether the argument means r.
func (a *renameArg) says(r Rename) bool {
	is := func(names []string, full ...string) bool {
		// The schema is optional.
		return slices.Equal(names, full) || slices.Equal(names, full[1:])
	}
	if r.Of == "" {
		if !is(a.from, r.Schema, r.Old) {
			return false
		}
		if len(a.to) == 1 {
			return a.to[0] == r.New && (r.NewSchema == r.Schema || r.New == r.Old)
		}
		return is(a.to, r.NewSchema, r.New)
	}
	return (is(a.from, r.Schema, r.Of, r.Old) || r.oldOf != "" && is(a.from, r.Schema, r.oldOf, r.Old)) && slices.Equal(a.to, []string{r.New})
}

// parseRenames parses the flag: old=new or none, separated by commas. Names are separated by dots, and in double
// quotes where they need it. The error is a *usage.Error.
func parseRenames(flag string) (args []*renameArg, none bool, err error) {
	bad := func(format string, args ...any) error {
		return usage.Errorf("-rename=%s: "+format, append([]any{flag}, args...)...)
	}
	rest := flag
	for rest != "" {
		a := &renameArg{}
		start := rest
		if a.from, rest, err = parseName(rest); err != nil {
			return nil, false, bad("%v", err)
		}
		switch {
		case (rest == "" || rest[0] == ',') && strings.TrimSuffix(start, rest) == RenameNone:
			none = true
		case rest == "" || rest[0] != '=':
			return nil, false, bad("expected = and the new name after %s; write old=new, table.old=new, or %s", strings.TrimSuffix(start, rest), RenameNone)
		default:
			if a.to, rest, err = parseName(rest[1:]); err != nil {
				return nil, false, bad("%v", err)
			}
			a.text = strings.TrimSuffix(start, rest)
			args = append(args, a)
		}
		if rest != "" {
			if rest[0] != ',' {
				return nil, false, bad("expected a comma or the end before %q", rest)
			}
			if rest = rest[1:]; rest == "" {
				return nil, false, bad("nothing follows the last comma")
			}
		}
	}
	return args, none, nil
}

// parseName parses a name of up to three parts.
func parseName(s string) (parts []string, rest string, err error) {
	for {
		var part string
		if strings.HasPrefix(s, `"`) {
			i := 1
			for {
				end := strings.IndexByte(s[i:], '"')
				if end < 0 {
					return nil, "", errors.New("unterminated double quote")
				}
				part += s[i : i+end]
				i += end + 1
				if !strings.HasPrefix(s[i:], `"`) {
					break
				}
				part += `"`
				i++
			}
			s = s[i:]
		} else {
			end := strings.IndexAny(s, `.,="`)
			if end < 0 {
				end = len(s)
			}
			part, s = s[:end], s[end:]
		}
		if part == "" {
			return nil, "", errors.New("empty name")
		}
		parts = append(parts, part)
		if !strings.HasPrefix(s, ".") {
			return parts, s, nil
		}
		s = s[1:]
	}
}
