package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxFile bounds the file in bytes.
const maxFile = 1 << 20

// DefaultPath is where the configuration lies when no flag says otherwise:
// $XDG_CONFIG_HOME/devops-tui/config.yaml, or the same below ~/.config. It is
// "" when neither is known.
func DefaultPath(getenv func(string) string) string {
	dir := Dir(getenv)
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "config.yaml")
}

// Dir is the folder of the configuration and of the user's themes; "" when it
// is not known.
func Dir(getenv func(string) string) string {
	if dir := getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) { // the specification ignores relative ones
		return filepath.Join(dir, "devops-tui")
	}
	home := getenv("HOME")
	if home == "" && runtime.GOOS == "windows" {
		home = getenv("USERPROFILE")
	}
	if home == "" {
		return ""
	}
	return filepath.Join(home, ".config", "devops-tui")
}

// LoadDefault is Load of the default path; that there is no file is no problem.
func LoadDefault(getenv func(string) string) (*Config, []Problem) {
	path := DefaultPath(getenv)
	if path == "" {
		return Default(), nil
	}
	c, problems := Load(path)
	if len(problems) == 1 && errors.Is(problems[0].Err, fs.ErrNotExist) {
		return Default(), nil
	}
	return c, problems
}

// Load reads a file over the defaults. The configuration is always usable:
// what is wrong stays at its default and is told. "" is no file.
func Load(path string) (*Config, []Problem) {
	c := Default()
	if path == "" || path == os.DevNull {
		return c, nil
	}
	b, err := readFile(path)
	if err != nil {
		p := Problem{File: path, Text: err.Error(), Err: err}
		var refused *refusal
		switch {
		case errors.As(err, &refused):
			p.Text, p.Fix = refused.text, refused.fix
		case errors.Is(err, fs.ErrNotExist):
			p.Text, p.Fix = "there is no such file", "no file is needed: leave --config out"
		}
		return c, []Problem{p}
	}
	c.path = path
	problems := c.decode(b)
	for i := range problems {
		problems[i].File = path
	}
	return c, problems
}

// Parse reads a configuration from memory over the defaults.
func Parse(b []byte) (*Config, []Problem) {
	c := Default()
	return c, c.decode(b)
}

// Check is what is wrong with a file; nil when nothing is.
func Check(b []byte) []Problem {
	_, problems := Parse(b)
	return problems
}

// refusal is a file that is not read for what it is, not for what it holds.
type refusal struct{ text, fix string }

func (r *refusal) Error() string { return r.text + "; " + r.fix }

// readFile reads the file if nobody else can have put words into it.
func readFile(path string) ([]byte, error) {
	if err := checkLink(path); err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // before opening: a pipe would wait
		return nil, &refusal{"it is not a regular file", "name a file with --config"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	if runtime.GOOS != "windows" {
		if info.Mode().Perm()&0o002 != 0 {
			return nil, &refusal{"anybody on this machine may write it, so it is not read", "chmod o-w " + shellQuote(path)}
		}
		if uid, ok := owner(info); ok && uid != 0 && uid != os.Geteuid() {
			return nil, &refusal{"it belongs to another user, so it is not read", "copy it to a file of your own"}
		}
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	if len(b) > maxFile {
		return nil, &refusal{fmt.Sprintf("it is larger than %d bytes", maxFile), "settings are small: is this the right file?"}
	}
	return b, nil
}

// checkLink refuses a symbolic link that leads out of the user's home folder:
// whoever owns the target would own the configuration.
func checkLink(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return nil // a missing file is told by opening it
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return &refusal{"it is a symbolic link that leads nowhere", "rm " + shellQuote(path)}
	}
	home, err := os.UserHomeDir()
	if err == nil {
		home, err = filepath.EvalSymlinks(home)
	}
	if err == nil {
		if rel, err := filepath.Rel(home, target); err == nil && filepath.IsLocal(rel) {
			return nil
		}
	}
	return &refusal{"it is a symbolic link to " + target + ", outside of the home folder, so it is not read", "copy the file into place, or name it with --config " + shellQuote(target)}
}

// shellQuote quotes a path for a command that is shown.
func shellQuote(s string) string {
	if regexp.MustCompile(`^[\w@%+=:,./-]+$`).MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// decode reads b over c.
func (c *Config) decode(b []byte) []Problem {
	root, problem := parseYAML(b)
	if problem != nil {
		return []Problem{*problem}
	}
	if root == nil {
		return nil
	}
	d := &decoder{}
	d.secrets(root, "", 0)
	d.into(root, reflect.ValueOf(c).Elem(), "", "", 0)
	return d.problems
}

// yamlLine finds the line in the library's words.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// parseYAML reads one document; nil when it is empty.
func parseYAML(b []byte) (root *yaml.Node, problem *Problem) {
	defer func() { // the library has panicked on damaged input before
		if v := recover(); v != nil {
			root, problem = nil, &Problem{Text: fmt.Sprintf("not YAML: %v", v)}
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(b))
	var doc yaml.Node
	err := dec.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		p := &Problem{Line: 1, Column: 1, Text: "not YAML: " + yamlLine.ReplaceAllString(err.Error(), ""), Err: err}
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil && m[1] != "" {
			p.Line, _ = strconv.Atoi(m[1])
		}
		return nil, p
	case len(doc.Content) == 0 || doc.Content[0].Tag == "!!null":
		return nil, nil
	}
	var more yaml.Node
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, &Problem{Line: max(1, more.Line), Column: max(1, more.Column), Text: "the file holds more than one document", Fix: "remove what follows the ---"}
	}
	return doc.Content[0], nil
}

// Section decodes the settings of one source strictly into v, a pointer to a
// struct; without such a section v stays as it is. The error is Problems, with
// the places in the file.
func (c *Config) Section(id string, v any) error {
	n, ok := c.Sources[id]
	if !ok {
		return nil
	}
	d := &decoder{}
	d.into(&n, reflect.ValueOf(v).Elem(), "", "sources."+id, 0)
	if len(d.problems) == 0 {
		return nil
	}
	for i := range d.problems {
		d.problems[i].File = c.path
	}
	return Problems(d.problems)
}

// CheckSections reports the sections that no source reads.
func (c *Config) CheckSections(known []string) []Problem {
	d := &decoder{}
	for _, id := range sortedKeys(c.Sources) {
		n := c.Sources[id]
		found := false
		for _, k := range known {
			found = found || k == id
		}
		if !found {
			d.unknown(&yaml.Node{Value: id, Line: n.Line, Column: n.Column}, "sources", known)
		}
	}
	for i := range d.problems {
		d.problems[i].File = c.path
	}
	return d.problems
}
