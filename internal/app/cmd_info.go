package app

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"

	"devops-tui/internal/keys"
	"devops-tui/internal/text"
	"devops-tui/themes"
)

func versionCommand() *command {
	return &command{
		name: "version", short: "print the version",
		flags: func(fs *pflag.FlagSet) { outputFlag(fs, "text", "json") },
		run: func(_ context.Context, r *run, args []string) int {
			v := buildVersion()
			if r.flags.Lookup("output") != nil {
				o, err := r.output("text", "json")
				if err == nil {
					err = noArguments(args)
				}
				if err != nil {
					return r.usage(err)
				}
				if o == "json" {
					return r.wrote(writeJSON(r.stdout, v, true))
				}
			}
			fmt.Fprintf(r.stdout, "devops-tui %s", v.Version)
			if v.Commit != "" {
				fmt.Fprintf(r.stdout, " (%.12s", v.Commit)
				if v.Dirty {
					fmt.Fprint(r.stdout, ", changed")
				}
				fmt.Fprint(r.stdout, ")")
			}
			fmt.Fprintf(r.stdout, " %s %s/%s\n", v.Go, v.OS, v.Arch)
			return exitOK
		},
	}
}

func keysCommand() *command {
	return &command{
		name: "keys", short: "print the keys as they are now, your own included",
		flags: func(fs *pflag.FlagSet) { outputFlag(fs, "text", "md", "json") },
		run: func(_ context.Context, r *run, args []string) int {
			o, err := r.output("text", "md", "json")
			if err == nil {
				err = noArguments(args)
			}
			if err != nil {
				return r.usage(err)
			}
			cfg, err := r.loadConfig()
			if err != nil {
				return r.usage(err)
			}
			m, problems := keyMap(cfg)
			for _, p := range problems {
				r.complain(p)
			}
			switch o {
			case "md":
				fmt.Fprint(r.stdout, m.Markdown())
			case "json":
				return r.wrote(writeJSON(r.stdout, keysJSON(m), true))
			default:
				fmt.Fprint(r.stdout, m.Text())
			}
			return exitOK
		},
	}
}

type keyJSON struct {
	Command  string    `json:"command"`
	Keys     text.Safe `json:"keys"`
	Group    text.Safe `json:"group"`
	Help     text.Safe `json:"help"`
	Contexts string    `json:"contexts"`
	Changes  bool      `json:"changes"`
	Planned  text.Safe `json:"planned,omitzero"`
}

func keysJSON(m *keys.Map) any {
	var out []keyJSON
	for _, row := range m.Rows() {
		out = append(out, keyJSON{row.ID, row.Keys, row.Group, row.Help, row.Contexts, row.Changes, row.Planned})
	}
	return struct {
		Schema string    `json:"schema"`
		Keys   []keyJSON `json:"keys"`
	}{"devops-tui/keys/v1", out}
}

func themesCommand() *command {
	return &command{
		name: "themes", short: "list the themes and show their colours",
		run: func(_ context.Context, r *run, args []string) int {
			if err := noArguments(args); err != nil {
				return r.usage(err)
			}
			cfg, err := r.loadConfig()
			if err != nil {
				return r.usage(err)
			}
			set, _, err := r.themeSet(cfg)
			if err != nil {
				return r.usage(err)
			}
			for _, name := range set.Names() {
				t, _ := set.Get(name)
				mark := " "
				if cfg.Theme == name {
					mark = "*"
				}
				origin := ""
				if !t.Builtin {
					origin = " (yours)"
				}
				fmt.Fprintf(r.stdout, "%s %-16s %-6s %s%s%s\n", mark, text.Clean(name), t.Appearance, r.swatches(t), text.Clean(t.Title), origin)
			}
			if cfg.Theme == "auto" || cfg.Theme == "" {
				fmt.Fprintln(r.stdout, "\nauto is chosen: dark or light, as the terminal's background is")
			}
			return exitOK
		},
	}
}

// swatches shows some of a theme's tokens as words in their colours, where
// there are colours.
func (r *run) swatches(t *themes.Theme) string {
	cfg, err := r.loadConfig()
	if err != nil {
		return ""
	}
	cfg.Theme = t.Name
	p := r.painter(cfg)
	if p.styles == nil {
		return ""
	}
	out := ""
	for _, s := range []struct {
		tok  themes.Token
		word string
	}{
		{themes.OK, "● ok"},
		{themes.Pending, "◐ on its way"},
		{themes.Degraded, "▲ degraded"},
		{themes.Failed, "✗ failed"},
		{themes.Accent, "accent"},
		{themes.Muted, "muted"},
		{themes.Selection, " selected "},
	} {
		out += p.paint(s.tok, s.word) + " "
	}
	return out + " "
}

// noArguments refuses arguments of a command that takes none.
func noArguments(args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Sprintf("unexpected argument %q", args[0])}
	}
	return nil
}

// wrote is the exit code after output.
func (r *run) wrote(err error) int {
	if err != nil {
		r.complain(err)
		return exitFailed
	}
	return exitOK
}
