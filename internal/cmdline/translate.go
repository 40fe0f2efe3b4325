package cmdline

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/usage"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// elsewhere are commands of Alembic, Atlas, goose, golang-migrate, dbmate, Flyway and Django, and what they are here.
var elsewhere = map[string]string{
	"upgrade": "apply", "up": "apply", "migrate": "apply", "deploy": "apply", "up-to": "apply -to=VERSION", "goto": "apply -to=VERSION or down -to=VERSION",
	"downgrade": "down", "rollback": "down", "undo": "down", "revert": "down", "down-to": "down -to=VERSION", "reset": "down -to=base",
	"redo": "down and apply", "drop": "down -to=base",
	"current": "status", "info": "status", "show": "history", "heads": "history", "branches": "history", "log": "history",
	"revision": "plan, or new for SQL of your own", "makemigrations": "plan, or new for SQL of your own", "generate": "plan",
	"diff": "plan", "create": "new", "validate": "check", "verify": "check", "hash": "rehash", "fix": "rebase", "merge": "rebase",
	"set": "stamp", "force": "stamp", "mark": "stamp", "dump": "inspect", "load": "apply", "squash": "checkpoint",
}

// groups are words of other tools that precede a command, as in `atlas migrate diff`.
var groups = []string{"migrate", "schema", "db", "database", "alembic", "atlas"}

// Translate returns the arguments of a command line as mage needs them. It accepts -h and --help after the target, the
// word help before it, --version, and options written as --dry-run. The error is a *usage.Error: the arguments must be
// mage's own options, one of the targets, and the target's options as -name=value, with values of the right type.
func Translate(targets []Target, args []string) ([]string, error) {
	for _, arg := range args {
		if strings.Contains(arg, "##[") {
			return nil, usage.Errorf("%s: an option can't contain ##[, because mage prints unknown options and GitHub's runner would take it for a command", arg)
		}
	}
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "-t" || arg == "--t":
			i++ // the value of mage's timeout is the next word
		case arg == "-version" || arg == "--version":
			return append(slices.Clone(args[:i]), "version"), nil
		case isHelp(arg):
			return help(targets, args[:i], args[i+1:])
		case !strings.HasPrefix(arg, "-"):
			if arg == "help" {
				return help(targets, args[:i], args[i+1:])
			}
			t := find(targets, arg)
			if t == nil {
				return nil, unknown(targets, args[i:])
			}
			return t.translate(args[:i], args[i+1:])
		}
	}
	return args, nil
}

func isHelp(arg string) bool {
	return slices.Contains([]string{"-h", "-help", "--h", "--help"}, arg)
}

// help asks mage for the help of the target that the words after help name, or for the list of targets.
func help(targets []Target, before, after []string) ([]string, error) {
	if len(after) == 0 {
		return append(slices.Clone(before), "-l"), nil
	}
	t := find(targets, after[0])
	if t == nil {
		return nil, unknown(targets, after)
	}
	return append(slices.Clone(before), "-h", t.Name), nil
}

// isURL reports whether a word may be a URL, and so contain a password.
func isURL(word string) bool { return strings.ContainsAny(word, ":@") }

func shown(word string) string {
	if isURL(word) {
		return "(a URL)"
	}
	return strconv.Quote(word)
}

// unknown is the error for words that don't begin with a target.
func unknown(targets []Target, given []string) error {
	word := given[0]
	if slices.Contains(groups, word) && len(given) > 1 && !strings.HasPrefix(given[1], "-") {
		if t := find(targets, given[1]); t != nil {
			return usage.Errorf("there is no command %q: write `%s` without it", word, t.Name)
		}
		if here, ok := elsewhere[given[1]]; ok {
			return usage.Errorf("there is no command %q: `%s %s` is `%s` here", word, word, given[1], here)
		}
	}
	if here, ok := elsewhere[word]; ok {
		return usage.Errorf("there is no command %q: it is `%s` here", word, here)
	}
	var names []string
	for _, t := range targets {
		names = append(names, t.Name)
	}
	if near := words.Nearest(word, names); near != "" {
		return usage.Errorf("there is no command %s: did you mean `%s`?", shown(word), near)
	}
	return usage.Errorf("there is no command %s; known commands: %s", shown(word), strings.Join(names, ", "))
}

// translate checks the target's options, and returns the command line with them.
func (t *Target) translate(before, args []string) ([]string, error) {
	out := append(slices.Clone(before), t.Name)
	for i, arg := range args {
		if isHelp(arg) {
			return append(slices.Clone(before), "-h", t.Name), nil
		}
		if !strings.HasPrefix(arg, "-") {
			return nil, usage.Errorf("unexpected word %s after %q: it takes only options, written -name=value (`%[2]s -h` lists them)", shown(arg), t.Name)
		}
		given, value, has := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		name := strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(given))
		f := t.find(name)
		if f == nil {
			return nil, t.unknownFlag(given)
		}
		next := ""
		if i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			next = args[i+1]
		}
		if why := f.invalid(value, has, next); why != "" {
			return nil, usage.Errorf("%s: %s (`%s -h` lists the options)", arg, why, t.Name)
		}
		name = "-" + name
		if has {
			name += "=" + value
		}
		out = append(out, name)
	}
	return out, nil
}

func (t *Target) unknownFlag(given string) error {
	var names []string
	for _, f := range t.Flags {
		names = append(names, "-"+f.Name)
	}
	near := words.Nearest("-"+given, names)
	switch {
	case len(names) == 0:
		return usage.Errorf("%s has no option -%s: it takes none", t.Name, given)
	case near != "":
		return usage.Errorf("%s has no option -%s: did you mean %s?", t.Name, given, near)
	}
	return usage.Errorf("%s has no option -%s; known options: %s", t.Name, given, strings.Join(names, ", "))
}

// invalid returns what is wrong with a value, "" if nothing is. next is the word after the flag.
func (f *Flag) invalid(value string, has bool, next string) string {
	switch {
	case !has && f.Type == "bool":
		return ""
	case !has && next != "":
		if isURL(next) {
			next = "URL"
		}
		return "write the value after an equals sign: -" + f.Name + "=" + next
	case !has:
		return "it needs a value: -" + f.Name + "=VALUE"
	case value == "":
		// Probably a variable in a script is unset. If the option were ignored, the command would apply to the head, or
		// to the wrong database.
		return "it has no value: give it one, or omit it"
	}
	switch f.Type {
	case "bool":
		if _, err := strconv.ParseBool(value); err != nil {
			return "the value is true or false; -" + f.Name + " alone is true"
		}
	case "int":
		if _, err := strconv.Atoi(value); err != nil {
			return "the value is a whole number, such as -" + f.Name + "=2"
		}
	case "time.Duration":
		if _, err := strconv.Atoi(value); err == nil && value != "0" {
			return "the value needs a unit: -" + f.Name + "=" + value + "s for seconds, " + value + "m for minutes"
		}
		if _, err := time.ParseDuration(value); err != nil {
			return "the value is a duration, such as 30s or 5m"
		}
	}
	return ""
}
