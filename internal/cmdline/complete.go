package cmdline

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// Shells are the shells that Completion knows.
var Shells = []string{"bash", "zsh", "fish"}

// Completion returns a script with which a shell completes the targets and options of program, a file name.
func Completion(shell, program string, targets []Target) (string, error) {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`).MatchString(program) {
		return "", usage.Errorf("there is no completion for a program that is called %q: rename it", program)
	}
	switch shell {
	case "bash":
		return bash(program, targets), nil
	case "zsh":
		return zsh(program, targets), nil
	case "fish":
		return fish(program, targets), nil
	}
	return "", usage.Errorf("-shell=%s is unknown; known shells: %s", shell, strings.Join(Shells, ", "))
}

func function(program string) string {
	return "_" + regexp.MustCompile(`\W`).ReplaceAllString(program, "_")
}

// argument returns the flag as it is completed: with an equals sign if it needs a value.
func (f *Flag) argument() string {
	if f.Type == "bool" {
		return "-" + f.Name
	}
	return "-" + f.Name + "="
}

// bash breaks words at colons and equals signs, so the script looks at the line itself.
func bash(program string, targets []Target) string {
	var b strings.Builder
	name := function(program)
	fmt.Fprintf(&b, `# bash completion for %s. In ~/.bashrc: eval "$(%[1]s completion -shell=bash)"
%s() {
  local line=${COMP_LINE:0:COMP_POINT} target= list= word words cur
  read -ra words <<<"$line"
  cur=${line##* }
  for word in "${words[@]:1}"; do
    [[ $word == -* || $word == "$cur" ]] || { target=$word; break; }
  done
  case $target in
`, program, name)
	var names []string
	for _, t := range targets {
		names = append(names, t.Name)
		var flags []string
		for _, f := range t.Flags {
			flags = append(flags, f.argument())
		}
		fmt.Fprintf(&b, "  %s) list='%s' ;;\n", t.Name, strings.Join(flags, " "))
	}
	fmt.Fprintf(&b, `  '') list='%s' ;;
  esac
  COMPREPLY=($(compgen -W "$list" -- "$cur"))
  [[ $cur == *:* ]] && COMPREPLY=("${COMPREPLY[@]#"${cur%%:*}:"}")
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F %s %s
`, strings.Join(names, " "), name, program)
	return b.String()
}

func zsh(program string, targets []Target) string {
	var b strings.Builder
	name := function(program)
	fmt.Fprintf(&b, `#compdef %s
# zsh completion for %[1]s. In ~/.zshrc, after compinit: eval "$(%[1]s completion -shell=zsh)"
%[2]s() {
  local -a targets
  targets=(
`, program, name)
	for _, t := range targets {
		fmt.Fprintf(&b, "    %s\n", quoted(strings.ReplaceAll(t.Name, ":", `\:`)+":"+t.Synopsis))
	}
	b.WriteString("  )\n  if (( CURRENT == 2 )); then\n    _describe command targets\n    return\n  fi\n  case $words[2] in\n")
	for _, t := range targets {
		fmt.Fprintf(&b, "  %s) _arguments", t.Name)
		for _, f := range t.Flags {
			help := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`).Replace(f.Help)
			spec := "-" + f.Name + "[" + help + "]"
			if f.Type != "bool" {
				spec = "-" + f.Name + "=-[" + help + "]:value: "
			}
			b.WriteString(" " + quoted(spec))
		}
		b.WriteString(" ;;\n")
	}
	fmt.Fprintf(&b, "  esac\n}\ncompdef %s %s\n", name, program)
	return b.String()
}

func fish(program string, targets []Target) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# fish completion for %s. In config.fish: %[1]s completion -shell=fish | source\ncomplete -c %[1]s -f\n", program)
	for _, t := range targets {
		fmt.Fprintf(&b, "complete -c %s -n __fish_use_subcommand -a %s -d %s\n", program, quoted(t.Name), quoted(t.Synopsis))
		for _, f := range t.Flags {
			fmt.Fprintf(&b, "complete -c %s -n '__fish_seen_subcommand_from %s' -a %s -d %s\n", program, t.Name, quoted(f.argument()), quoted(f.Help))
		}
	}
	return b.String()
}

// quoted returns a string in single quotes for all three shells.
func quoted(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}
