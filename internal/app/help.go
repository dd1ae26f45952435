package app

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

// help prints the help of a command; the first one's is that of the program.
func (r *run) help(w io.Writer, c *command) {
	usage := "devops-tui"
	if c.name != "" {
		usage += " " + c.name
	}
	if c.args != "" {
		usage += " " + c.args
	}
	fmt.Fprintf(w, "%s\n\nUsage:\n  %s [flags]\n", sentence(c.short), usage)
	if c.name == "" {
		fmt.Fprintf(w, "  devops-tui COMMAND [flags]\n\nCommands:\n")
		for _, c := range commands()[1:] {
			fmt.Fprintf(w, "  %-*s  %s\n", longestName(), c.name, c.short)
		}
	}
	if c.long != "" {
		fmt.Fprintf(w, "\n%s\n", c.long)
	}
	if own := ownFlags(c); own.HasFlags() {
		fmt.Fprintf(w, "\nFlags:\n%s", own.FlagUsages())
	}
	global := new(globals).flagSet()
	if c.name != "" {
		fmt.Fprintf(w, "\nGlobal flags (each also as a variable, --read-only as %sREAD_ONLY=true):\n%s", envPrefix, global.FlagUsages())
		return
	}
	fmt.Fprintf(w, "\nFlags (each also as a variable, --read-only as %sREAD_ONLY=true):\n%s", envPrefix, global.FlagUsages())
	fmt.Fprintf(w, "\nExit codes:\n")
	for _, e := range exitCodes {
		fmt.Fprintf(w, "  %3d  %s\n", e.code, e.text)
	}
	fmt.Fprintf(w, "\nA REF names an object: source[:scope]/kind/[namespace/]name, or the end of that:\n  kube:prod/deployment/payments/api, deployment/payments/api, docker/container/web-1, web-1\n\ndevops-tui COMMAND --help tells more.\n")
}

func ownFlags(c *command) *pflag.FlagSet {
	fs := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	fs.SortFlags = false
	if c.flags != nil {
		c.flags(fs)
	}
	return fs
}

func longestName() int {
	n := 0
	for _, name := range commandNames() {
		n = max(n, len(name))
	}
	return n
}

// sentence makes a sentence of a one-line description.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
