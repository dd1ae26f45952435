// Package config is the user's configuration: one YAML file, decoded strictly,
// so that a misspelled key is told with line, column and what was meant. No
// file is needed. The reference document and the JSON Schema are made of the
// types below.
//
// There are no secrets in the file, and it refuses to hold any: credentials
// come from the systems' own stores, from the environment, or from a command.
package config

import (
	"fmt"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Config is the effective configuration. The tags are its documentation:
// doc the meaning, enum the values, min and max the bounds, example a value.
type Config struct {
	Theme         string               `yaml:"theme" doc:"Name of the theme; auto picks dark or light by the terminal's background. Own themes live in the themes folder beside this file." example:"high-contrast"`
	Glyphs        string               `yaml:"glyphs" doc:"The characters to draw with. None needs a special font but nerd." enum:"ascii,unicode,nerd"`
	Keymap        string               `yaml:"keymap" doc:"Which preset the keys start from." enum:"default,k9s,lazy"`
	Keys          Keys                 `yaml:"keys,omitempty" doc:"Other keys for commands, by the command's name (docs/keys.md): one key, a list, or an empty list to leave it to the palette." example:"{describe: [d, f2]}"`
	Mouse         string               `yaml:"mouse" doc:"Whether the mouse is used; auto: not over SSH, so that the terminal's own selection works there." enum:"auto,on,off"`
	ReadOnly      bool                 `yaml:"read_only" doc:"Never change anything: enforced where requests leave."`
	Slow          bool                 `yaml:"slow" doc:"Fewer frames, for thin links."`
	Gather        time.Duration        `yaml:"gather" doc:"How long changes are gathered before a list is drawn again; the first is drawn at once." min:"20ms" max:"5s" example:"150ms"`
	View          string               `yaml:"view" doc:"The view at the start." enum:"cockpit,builds,workloads,containers,logs,metrics"`
	Namespaces    []string             `yaml:"namespaces,omitempty" doc:"Favourite namespaces, offered first by the scope menu (;)." example:"[payments, billing]"`
	Log           Log                  `yaml:"log" doc:"Log views."`
	Notifications Notifications        `yaml:"notifications" doc:"What tells that a long change is done."`
	Environments  []EnvironmentRule    `yaml:"environments,omitempty" doc:"What belongs together and how carefully it is changed; the first rule that matches counts. Without one: names that look like production ask for the name, local hosts and everything else for y."`
	Sources       map[string]yaml.Node `yaml:"sources,omitempty" doc:"Settings of the systems, by source: docker, kube, … Each is checked by its source."`

	path string
}

// Log is how logs are shown.
type Log struct {
	Tail       int  `yaml:"tail" doc:"Lines back from the end when a log is opened." min:"0" max:"100000"`
	Buffer     int  `yaml:"buffer_lines" doc:"Lines kept in memory per log view; older ones are counted and fetched again on demand." min:"1000" max:"5000000"`
	Wrap       bool `yaml:"wrap" doc:"Wrap long lines."`
	Timestamps bool `yaml:"timestamps" doc:"Show the time of each line."`
}

// Notifications is what tells that a long change is done.
type Notifications struct {
	Bell    bool          `yaml:"bell" doc:"Ring the terminal's bell."`
	Desktop bool          `yaml:"desktop" doc:"Ask the terminal for a desktop notification (OSC 9 or 777)."`
	After   time.Duration `yaml:"after" doc:"Only for changes that took at least this long." min:"0s" max:"1h" example:"10s"`
}

// Keys is remaps, with the places where they stand. It is a mapping from a
// command's name to a key or a list of keys.
type Keys []KeyRemap

// KeyRemap is one line of keys. It has the shape of keys.Remap.
type KeyRemap struct {
	Command      string
	Keys         []string
	Line, Column int
}

// Default is the configuration of who has no file.
func Default() *Config {
	return &Config{
		Theme: "auto", Glyphs: "unicode", Keymap: "default", Mouse: "auto", Gather: 150 * time.Millisecond, View: "cockpit",
		Log:           Log{Tail: 500, Buffer: 50000},
		Notifications: Notifications{Bell: true, After: 10 * time.Second},
	}
}

// Path is the file that was read; "" when there is none.
func (c *Config) Path() string { return c.path }

// Problem is one thing that is wrong with the configuration, and what to do.
type Problem struct {
	File         string
	Line, Column int    // from 1; 0 when the file as a whole is meant
	Warning      bool   // the rest is in force all the same
	Text         string // raw: it quotes the file
	Fix          string // what to type instead; may be empty
	Err          error  // the cause, for errors.Is; may be nil
}

// Error is "config.yaml:3:5: no setting thme; did you mean theme?".
func (p Problem) Error() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
	}
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", p.Line, p.Column)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if p.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(p.Text)
	if p.Fix != "" {
		b.WriteString("; " + p.Fix)
	}
	return b.String()
}

// Unwrap returns the cause.
func (p Problem) Unwrap() error { return p.Err }

// Problems are several problems as one error.
type Problems []Problem

// Error has one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Fatal reports whether a problem is more than a warning.
func Fatal(problems []Problem) bool {
	for _, p := range problems {
		if !p.Warning {
			return true
		}
	}
	return false
}
