package app

import (
	"context"

	"github.com/spf13/pflag"
)

// command is one row of the table that the parser, the help, the completions
// and the man page are made of.
type command struct {
	name  string
	args  string // "REF…": how the arguments are written
	short string // one line
	long  string // what more there is to say, for --help and the man page
	// words are the arguments that can be completed without asking a system.
	words []string
	// flags adds the command's own flags.
	flags func(*pflag.FlagSet)
	// topic prints the help of one of its words and reports whether there is any.
	topic func(r *run, words []string) bool
	run   func(ctx context.Context, r *run, args []string) int
}

// commands returns the table; the first row, without a name, is the cockpit.
// It is a function because the commands themselves look at it.
func commands() []*command {
	return []*command{
		cockpitCommand(), doctorCommand(), snapshotCommand(), logsCommand(), actCommand(), journalCommand(), configCommand(),
		keysCommand(), themesCommand(), versionCommand(), completionCommand(), manCommand(),
	}
}

func findCommand(name string) *command {
	for _, c := range commands() {
		if c.name == name {
			return c
		}
	}
	return nil
}

func commandNames() []string {
	var out []string
	for _, c := range commands()[1:] {
		out = append(out, c.name)
	}
	return out
}

// parse finds the command and reads all flags. Global flags may stand before
// and after the command's name. The command is set with ErrHelp too.
func (r *run) parse(args []string) (*command, []string, error) {
	global := r.flagSet()
	global.SetInterspersed(false)
	cmd := commands()[0]
	if err := global.Parse(args); err != nil {
		return cmd, nil, flagError(err, global)
	}
	rest := global.Args()
	if len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		if name == "help" {
			if len(rest) == 0 {
				return cmd, nil, pflag.ErrHelp
			}
			name, rest = rest[0], append(rest[1:len(rest):len(rest)], "--help")
		}
		if cmd = findCommand(name); cmd == nil || name == "" {
			return commands()[0], nil, badUsage("command", name, commandNames())
		}
	}
	own := pflag.NewFlagSet(cmd.name, pflag.ContinueOnError)
	own.SortFlags = false
	own.Usage = func() {}
	if cmd.flags != nil {
		cmd.flags(own)
	}
	global.VisitAll(func(f *pflag.Flag) { // the command's own -f or -n comes before a global short form
		if f.Shorthand != "" && own.ShorthandLookup(f.Shorthand) != nil {
			c := *f
			c.Shorthand = ""
			f = &c
		}
		own.AddFlag(f)
	})
	r.flags = own
	if err := own.Parse(rest); err != nil {
		return cmd, nil, flagError(err, own)
	}
	if help, _ := own.GetBool("help"); help {
		return cmd, own.Args(), pflag.ErrHelp
	}
	return cmd, own.Args(), r.fromEnv(own)
}
