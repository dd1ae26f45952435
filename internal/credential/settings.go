// Package credential is where the token of a server comes from: a variable, a
// file, a program, or what another tool has kept. Tokens stay in memory, and no
// error of this package has one in it.
package credential

import (
	"path/filepath"
	"strings"
)

// Settings are what every section of the configuration takes for a server with
// a token; a section embeds them inline.
type Settings struct {
	TokenEnv     string   `yaml:"token_env" doc:"The environment variable that holds the token."`
	TokenFile    string   `yaml:"token_file" doc:"A file with the token, which only its owner may read."`
	TokenCommand []string `yaml:"token_command" doc:"A command that prints the token: the program and its arguments."`
	CAFile       string   `yaml:"ca_file" doc:"File of the certificate authority, PEM, where the server's is not a public one."`
	PlainHTTP    bool     `yaml:"plain_http" doc:"Allow http:// beyond this machine: the token can be read on the way."`
}

// Within makes the files absolute: relative ones are below the home folder.
func (s Settings) Within(home string) Settings {
	s.TokenFile, s.CAFile = within(home, s.TokenFile), within(home, s.CAFile)
	return s
}

func within(home, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(home, strings.TrimPrefix(path, "~/"))
}

// Named counts the places of a token that are given; one is enough.
func (s Settings) Named() int {
	n := 0
	for _, given := range []bool{s.TokenEnv != "", s.TokenFile != "", len(s.TokenCommand) > 0} {
		if given {
			n++
		}
	}
	return n
}

// Origin is the place that is given, the variable before the file before the
// command; ok is false where none is.
func (s Settings) Origin(getenv func(string) string) (o Origin, ok bool) {
	switch {
	case s.TokenEnv != "":
		return Env(getenv, s.TokenEnv), true
	case s.TokenFile != "":
		return File(s.TokenFile), true
	case len(s.TokenCommand) > 0:
		return Command(getenv, s.TokenCommand...), true
	}
	return Origin{}, false
}
