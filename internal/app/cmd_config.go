package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"devops-tui/internal/config"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/all"
)

func configCommand() *command {
	return &command{
		name: "config", args: "check|show|schema", short: "check, show or describe the configuration", words: []string{"check", "show", "schema"},
		long: "check   read the file strictly; mistakes are told with line and column\n" +
			"show    the configuration in force: defaults, file, flags; without secrets\n" +
			"schema  a JSON Schema of the file, for editors",
		run: func(ctx context.Context, r *run, args []string) int {
			word, err := oneOf(args, "check", "show", "schema")
			if err != nil {
				return r.usage(err)
			}
			switch word {
			case "check":
				return r.configCheck(ctx)
			case "show":
				cfg, err := r.loadConfig()
				if err != nil {
					return r.usage(err)
				}
				b, err := cfg.YAML()
				if err == nil {
					_, err = r.stdout.Write(b)
				}
				return r.wrote(err)
			}
			b, err := config.Schema(sections())
			if err == nil {
				_, err = r.stdout.Write(b)
			}
			return r.wrote(err)
		},
	}
}

// sections are the settings of the sources, by id.
func sections() map[string]any {
	out := map[string]any{}
	for _, g := range all.Registrations {
		if g.Section != nil {
			out[g.ID] = g.Section()
		}
	}
	return out
}

// oneOf takes exactly one argument, one of the words.
func oneOf(args []string, words ...string) (string, error) {
	if len(args) == 0 {
		return "", &usageError{fmt.Sprintf("one of %v is missing", words)}
	}
	for _, w := range words {
		if w == args[0] {
			return w, noArguments(args[1:])
		}
	}
	return "", badUsage("argument", args[0], words)
}

// configCheck tells everything that is wrong with the file: its own mistakes,
// the sections of the sources, keys, theme.
func (r *run) configCheck(ctx context.Context) int {
	path := r.config
	cfg, problems := config.LoadDefault(r.getenv)
	if path != "" {
		cfg, problems = config.Load(path)
	} else {
		path = config.DefaultPath(r.getenv)
	}
	problems = append(problems, cfg.CheckSections(sourceIDs())...)
	bad := config.Fatal(problems)
	for _, p := range problems {
		r.complain(p)
	}
	_, keyProblems := keyMap(cfg)
	for _, p := range keyProblems {
		bad = bad || !p.Warning
		r.complain(p)
	}
	if _, _, err := r.themeSet(cfg); err != nil {
		bad = true
		r.complain(err)
	}
	o := sources.Options{Getenv: r.getenv, Home: r.home(), Gate: &sources.Gate{}, Section: cfg.Section}
	for _, g := range all.Registrations {
		var ps config.Problems
		if _, err := g.Discover(ctx, o); errors.As(err, &ps) {
			bad = true
			r.complain(ps)
		}
	}
	if bad {
		return exitUsage
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(r.stdout, scrub(path)+": no file, and none is needed: the defaults are in force")
		return exitOK
	}
	fmt.Fprintln(r.stdout, scrub(path)+": good")
	return exitOK
}
