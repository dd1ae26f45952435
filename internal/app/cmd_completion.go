package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

func completionCommand() *command {
	return &command{
		name: "completion", args: "bash|zsh|fish", short: "print completions for a shell", words: []string{"bash", "zsh", "fish"},
		long: "bash  devops-tui completion bash > ~/.local/share/bash-completion/completions/devops-tui\n" +
			"zsh   devops-tui completion zsh > \"${fpath[1]}/_devops-tui\"\n" +
			"fish  devops-tui completion fish > ~/.config/fish/completions/devops-tui.fish",
		run: func(_ context.Context, r *run, args []string) int {
			shell, err := oneOf(args, "bash", "zsh", "fish")
			if err != nil {
				return r.usage(err)
			}
			switch shell {
			case "bash":
				fmt.Fprint(r.stdout, bashCompletion())
			case "zsh":
				fmt.Fprint(r.stdout, zshCompletion())
			default:
				fmt.Fprint(r.stdout, fishCompletion())
			}
			return exitOK
		},
	}
}

// completedFlags are the flags of a command: its own, then the global ones.
func completedFlags(c *command) []*pflag.Flag {
	var out []*pflag.Flag
	add := func(f *pflag.Flag) { out = append(out, f) }
	ownFlags(c).VisitAll(add)
	new(globals).flagSet().VisitAll(add)
	return out
}

// flagWords are the spellings of a command's flags.
func flagWords(c *command) string {
	var out []string
	for _, f := range completedFlags(c) {
		out = append(out, "--"+f.Name)
		if f.Shorthand != "" {
			out = append(out, "-"+f.Shorthand)
		}
	}
	return strings.Join(out, " ")
}

// fileFlags take a file; other values are not completed.
const fileFlags = "--config|--log-file"

// settable are the verbs that take parameters, in the order of verbNames.
func settable() []string {
	return slices.DeleteFunc(verbNames(), func(v string) bool { return len(setNames(v)) == 0 })
}

func bashCompletion() string {
	var b strings.Builder
	b.WriteString("# completions of devops-tui for bash\n_devops_tui() {\n" +
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= w i\n" +
		"\tCOMPREPLY=()\n" +
		"\tcase $prev in " + fileFlags + ") COMPREPLY=($(compgen -f -- \"$cur\")); return ;; esac\n" +
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tw=${COMP_WORDS[i]}\n\t\tcase $w in " + strings.Join(commandNames(), "|") + ") cmd=$w; break ;; esac\n\tdone\n" +
		bashSet() +
		"\tlocal flags= words=\n\tcase $cmd in\n")
	for _, c := range commands() {
		pattern, words := c.name, strings.Join(c.words, " ")
		if c.name == "" {
			pattern, words = "''", strings.Join(commandNames(), " ")
		}
		fmt.Fprintf(&b, "\t%s) flags='%s' words='%s' ;;\n", pattern, flagWords(c), words)
	}
	b.WriteString("\tesac\n\tif [[ $cur == -* ]]; then words=$flags; fi\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -F _devops_tui devops-tui\n")
	return b.String()
}

// bashSet completes --set of act with the names that its verb takes.
func bashSet() string {
	var b strings.Builder
	b.WriteString("\tif [[ $cmd == act && $prev == --set ]]; then\n\t\tfor w in \"${COMP_WORDS[@]:i+1}\"; do\n\t\t\tcase $w in\n")
	for _, v := range settable() {
		fmt.Fprintf(&b, "\t\t\t%s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); break ;;\n", v, strings.Join(setNames(v), " "))
	}
	b.WriteString("\t\t\tesac\n\t\tdone\n\t\tcompopt -o nospace 2>/dev/null\n\t\treturn\n\tfi\n")
	return b.String()
}

// zshSet is bashSet for zsh.
func zshSet() string {
	var b strings.Builder
	b.WriteString("\tif [[ $cmd == act && ${words[CURRENT-1]} == --set ]]; then\n\t\tfor w in ${words[2,CURRENT-1]}; do\n\t\t\tcase $w in\n")
	for _, v := range settable() {
		fmt.Fprintf(&b, "\t\t\t%s) items=(%s); break ;;\n", v, strings.Join(setNames(v), " "))
	}
	b.WriteString("\t\t\tesac\n\t\tdone\n\t\tcompadd -S '' -- $items\n\t\treturn\n\tfi\n")
	return b.String()
}

// fishSet is bashSet for fish.
func fishSet() string {
	var b strings.Builder
	for _, v := range settable() {
		condition := "__fish_seen_subcommand_from act; and __fish_seen_subcommand_from " + v
		fmt.Fprintf(&b, "complete -c devops-tui -n %s -l set -x -a %s\n", shellQuoted(condition), shellQuoted(strings.Join(setNames(v), " ")))
	}
	return b.String()
}

func zshCompletion() string {
	var b strings.Builder
	b.WriteString("#compdef devops-tui\n# completions of devops-tui for zsh\n_devops_tui() {\n\tlocal -a items\n\tlocal cmd= w\n" +
		"\tfor w in ${words[2,CURRENT-1]}; do\n\t\tcase $w in " + strings.Join(commandNames(), "|") + ") cmd=$w; break ;; esac\n\tdone\n" +
		"\tcase ${words[CURRENT-1]} in " + fileFlags + ") _files; return ;; esac\n" + zshSet() + "\tcase $cmd in\n")
	for _, c := range commands() {
		pattern := c.name
		if c.name == "" {
			pattern = "''"
		}
		fmt.Fprintf(&b, "\t%s)\n\t\tif [[ ${words[CURRENT]} == -* ]]; then\n\t\t\titems=(", pattern)
		for _, f := range completedFlags(c) {
			fmt.Fprintf(&b, "\n\t\t\t\t%s", shellQuoted("--"+f.Name+":"+usageText(f)))
		}
		b.WriteString(")\n\t\telse\n\t\t\titems=(")
		if c.name == "" {
			for _, c := range commands()[1:] {
				fmt.Fprintf(&b, "\n\t\t\t\t%s", shellQuoted(c.name+":"+c.short))
			}
		}
		for _, w := range c.words {
			b.WriteString(" " + shellQuoted(w))
		}
		b.WriteString(")\n\t\tfi ;;\n")
	}
	b.WriteString("\tesac\n\t_describe -t values value items\n}\nif [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then _devops_tui \"$@\"; else compdef _devops_tui devops-tui; fi\n")
	return b.String()
}

func fishCompletion() string {
	var b strings.Builder
	b.WriteString("# completions of devops-tui for fish\ncomplete -c devops-tui -f\n")
	none := "not __fish_seen_subcommand_from " + strings.Join(commandNames(), " ")
	for _, c := range commands()[1:] {
		fmt.Fprintf(&b, "complete -c devops-tui -n %s -a %s -d %s\n", shellQuoted(none), c.name, shellQuoted(c.short))
	}
	flag := func(condition string, f *pflag.Flag) {
		fmt.Fprintf(&b, "complete -c devops-tui%s -l %s", condition, f.Name)
		if f.Shorthand != "" {
			b.WriteString(" -s " + f.Shorthand)
		}
		if f.NoOptDefVal == "" {
			b.WriteString(" -r")
		}
		if strings.Contains(fileFlags, "--"+f.Name) {
			b.WriteString(" -F")
		}
		fmt.Fprintf(&b, " -d %s\n", shellQuoted(usageText(f)))
	}
	new(globals).flagSet().VisitAll(func(f *pflag.Flag) { flag("", f) })
	for _, c := range commands()[1:] {
		seen := " -n " + shellQuoted("__fish_seen_subcommand_from "+c.name)
		if len(c.words) > 0 {
			fmt.Fprintf(&b, "complete -c devops-tui%s -a %s\n", seen, shellQuoted(strings.Join(c.words, " ")))
		}
		ownFlags(c).VisitAll(func(f *pflag.Flag) { flag(seen, f) })
	}
	b.WriteString(fishSet())
	return b.String()
}

// usageText is a flag's help without the marks of its value's name.
func usageText(f *pflag.Flag) string {
	_, usage := pflag.UnquoteUsage(f)
	return usage
}

func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
