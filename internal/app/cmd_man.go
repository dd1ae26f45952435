package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

func manCommand() *command {
	return &command{
		name: "man", short: "print the manual page (devops-tui man | man -l -)",
		run: func(_ context.Context, r *run, args []string) int {
			if err := noArguments(args); err != nil {
				return r.usage(err)
			}
			fmt.Fprint(r.stdout, manPage())
			return exitOK
		},
	}
}

// manPage is the command table as man(7).
func manPage() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(`.TH DEVOPS-TUI 1 "" "devops-tui %s" "User Commands"`, roff(buildVersion().Version))
	line(".SH NAME\ndevops\\-tui \\- %s", roff(commands()[0].short))
	line(".SH SYNOPSIS\n.B devops\\-tui\n[\\fIflags\\fR]\n.br\n.B devops\\-tui\n\\fICOMMAND\\fR [\\fIflags\\fR]")
	line(".SH DESCRIPTION\nOne terminal over Docker, Kubernetes and pipelines. No configuration is needed.\n" +
		"Lower\\-case keys look, upper\\-case keys change, and every change shows a plan first. Press ? for the keys.")
	line(".SH COMMANDS")
	for _, c := range commands()[1:] {
		line(".SS devops\\-tui %s", roff(strings.TrimSpace(c.name+" "+c.args)))
		line("%s", roff(sentence(c.short)))
		if c.long != "" {
			line(".PP\n.nf\n%s\n.fi", roff(c.long))
		}
		ownFlags(c).VisitAll(func(f *pflag.Flag) { manFlag(&b, f) })
	}
	line(".SH VERBS\nThe verbs of act, with the parameters that \\-\\-set takes.")
	for _, v := range verbNames() {
		line(".TP\n.B %s\n%s.", roff(v), roff(verbHelp[v].does))
		for _, p := range shownParams(v) {
			if !p.Further {
				line(".br\n\\fI%s\\fR: %s", roff(paramName(p)), roff(strings.TrimSuffix(paramText(v, p).String()+"; "+paramValues(p).String(), "; ")))
			}
		}
	}
	line(".SH GLOBAL FLAGS")
	new(globals).flagSet().VisitAll(func(f *pflag.Flag) { manFlag(&b, f) })
	line(".SH ENVIRONMENT\nEach flag has a variable: \\-\\-read\\-only is also DEVOPS_TUI_READ_ONLY=true; lists are separated by commas.\n" +
		"KUBECONFIG, DOCKER_HOST, DOCKER_CONTEXT, VISUAL, EDITOR, NO_COLOR, XDG_CONFIG_HOME and XDG_STATE_HOME are obeyed.")
	line(".SH EXIT STATUS")
	for _, e := range exitCodes {
		line(".TP\n.B %d\n%s", e.code, roff(e.text))
	}
	line(".SH FILES\n.TP\n.I ~/.config/devops\\-tui/config.yaml\nthe configuration (devops\\-tui config schema describes it)\n" +
		".TP\n.I ~/.local/state/devops\\-tui/\nthe journal, saved logs, crash reports")
	return b.String()
}

func manFlag(b *strings.Builder, f *pflag.Flag) {
	value, usage := pflag.UnquoteUsage(f)
	fmt.Fprint(b, ".TP\n")
	if f.Shorthand != "" {
		fmt.Fprintf(b, "\\fB\\-%s\\fR, ", f.Shorthand)
	}
	fmt.Fprintf(b, "\\fB\\-\\-%s\\fR", roff(f.Name))
	if value != "" {
		fmt.Fprintf(b, " \\fI%s\\fR", roff(value))
	}
	fmt.Fprintf(b, "\n%s\n", roff(usage))
}

// roff escapes text for man(7).
func roff(s string) string {
	s = strings.ReplaceAll(s, `\`, `\e`)
	s = strings.ReplaceAll(s, "-", `\-`)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
