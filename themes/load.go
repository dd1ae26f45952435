package themes

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/text"
)

//go:embed *.yaml
var embedded embed.FS

// Set is what can be chosen: the built-in themes and the user's.
type Set struct {
	byName map[string]*Theme
}

var builtin = sync.OnceValues(func() (*Set, error) { return load(embedded, nil, true) })

// Builtin returns the built-in themes. It panics if one does not load, which
// a test rules out.
func Builtin() *Set {
	s, err := builtin()
	if err != nil {
		panic(err)
	}
	return s
}

// LoadDir returns the built-in themes and those of a folder (*.yaml, *.yml);
// a user's theme replaces a built-in one of the same name. A folder that does
// not exist is an empty one. Themes with errors are left out; the error names
// file and line of each.
func LoadDir(dir string) (*Set, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) || dir == "" {
		return Builtin(), nil
	}
	return load(os.DirFS(dir), Builtin(), false)
}

// Get returns a theme by name.
func (s *Set) Get(name string) (*Theme, bool) {
	t, ok := s.byName[name]
	return t, ok
}

// Names returns the names, sorted.
func (s *Set) Names() []string {
	names := make([]string, 0, len(s.byName))
	for n := range s.byName {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// file is a theme file as written.
type file struct {
	path       string
	Name       string    `yaml:"name"`
	Title      string    `yaml:"title"`
	Appearance string    `yaml:"appearance"`
	Inherits   string    `yaml:"inherits"`
	On         yaml.Node `yaml:"on"`
	Palette    yaml.Node `yaml:"palette"`
	Tokens     yaml.Node `yaml:"tokens"`
	Sixteen    yaml.Node `yaml:"sixteen"`
	Attributes yaml.Node `yaml:"attributes"`
}

// load reads every theme of a file system over the themes of base.
func load(fsys fs.FS, base *Set, isBuiltin bool) (*Set, error) {
	set := &Set{byName: map[string]*Theme{}}
	if base != nil {
		for n, t := range base.byName {
			set.byName[n] = t
		}
	}
	var errs []error
	files := map[string]*file{}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return set, fmt.Errorf("read themes folder: %w", err)
	}
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if e.IsDir() || ext != ".yaml" && ext != ".yml" {
			continue
		}
		f, err := readFile(fsys, e.Name())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if first, taken := files[f.Name]; taken {
			errs = append(errs, fmt.Errorf("%s: theme %q is in %s already", f.path, f.Name, first.path))
			continue
		}
		files[f.Name] = f
	}
	r := resolver{files: files, base: base, done: set.byName, open: map[string]bool{}, builtin: isBuiltin}
	for name := range files {
		delete(set.byName, name) // so that a theme may inherit from the built-in one it replaces
	}
	for _, name := range sortedKeys(files) {
		if _, err := r.resolve(name); err != nil {
			errs = append(errs, err)
			if t, ok := r.fromBase(name); ok {
				set.byName[name] = t
			}
		}
	}
	return set, errors.Join(errs...)
}

func readFile(fsys fs.FS, path string) (*file, error) {
	b, err := fs.ReadFile(fsys, path)
	if err != nil {
		return nil, fmt.Errorf("read theme: %w", err)
	}
	f := &file{path: path}
	dec := yaml.NewDecoder(strings.NewReader(string(b)))
	dec.KnownFields(true)
	if err := dec.Decode(f); err != nil {
		return nil, fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if f.Name == "" {
		f.Name = strings.TrimSuffix(path, filepath.Ext(path))
	}
	return f, nil
}

// resolver builds themes in the order of their inheritance.
type resolver struct {
	files   map[string]*file
	base    *Set
	done    map[string]*Theme
	open    map[string]bool // being resolved: a second visit is a cycle
	builtin bool
}

func (r *resolver) fromBase(name string) (*Theme, bool) {
	if r.base == nil {
		return nil, false
	}
	return r.base.Get(name)
}

func (r *resolver) resolve(name string) (*Theme, error) {
	if t, ok := r.done[name]; ok {
		return t, nil
	}
	f, ok := r.files[name]
	if !ok || r.open[name] {
		// A theme that inherits from its own name means the built-in one.
		if t, ok := r.fromBase(name); ok {
			return t, nil
		}
		if ok {
			return nil, fmt.Errorf("%s: theme %q inherits from itself", f.path, name)
		}
		return nil, fmt.Errorf("no theme %q", name)
	}
	r.open[name] = true
	defer delete(r.open, name)
	t := &Theme{}
	switch {
	case f.Inherits != "":
		parent, err := r.resolve(f.Inherits)
		if err != nil {
			return nil, fmt.Errorf("%s: inherits: %w", f.path, err)
		}
		*t = *parent
	case !r.builtin:
		parent, _ := r.fromBase(Default)
		*t = *parent
	}
	if err := f.apply(t); err != nil {
		return nil, err
	}
	t.Builtin = r.builtin
	r.done[name] = t
	return t, nil
}

// apply writes what the file says over what was inherited.
func (f *file) apply(t *Theme) error {
	t.Name = f.Name
	if f.Title != "" {
		t.Title = f.Title
	}
	switch f.Appearance {
	case "":
	case "any":
		t.Appearance = Any
	case "dark":
		t.Appearance = Dark
	case "light":
		t.Appearance = Light
	default:
		return fmt.Errorf("%s: appearance %q: want dark, light or any", f.path, f.Appearance)
	}
	palette := map[string]text.Color{}
	err := f.pairs(&f.Palette, "palette", func(k, v string) error {
		c, err := parseColor(v, nil)
		palette[k] = c
		return err
	})
	if err != nil {
		return err
	}
	own := &t.Styles
	style := func(into *[NumTokens]text.Style) func(k, v string) error {
		return func(k, v string) error {
			tok, ok := TokenOf(k)
			if !ok {
				return fmt.Errorf("unknown token %q", k)
			}
			st, err := parseStyle(v, palette)
			into[tok] = st
			if into == own && basic(st.FG) && basic(st.BG) {
				t.Sixteen[tok] = st // good for 16 colours as it is
			}
			return err
		}
	}
	if err := f.pairs(&f.Tokens, "tokens", style(&t.Styles)); err != nil {
		return err
	}
	if err := f.pairs(&f.Sixteen, "sixteen", style(&t.Sixteen)); err != nil {
		return err
	}
	var attrs [NumTokens]text.Style
	for i, a := range t.Attrs {
		attrs[i].Attr = a
	}
	if err := f.pairs(&f.Attributes, "attributes", style(&attrs)); err != nil {
		return err
	}
	for i, a := range attrs {
		t.Attrs[i] = a.Attr
	}
	return f.backgrounds(t)
}

// backgrounds fills On from "on:", or from the theme's own background.
func (f *file) backgrounds(t *Theme) error {
	if f.On.Kind != 0 {
		if f.On.Kind != yaml.SequenceNode {
			return fmt.Errorf("%s:%d: on: want a list of colours", f.path, f.On.Line)
		}
		t.On = nil
		for _, n := range f.On.Content {
			c, err := parseColor(n.Value, nil)
			if err != nil {
				return fmt.Errorf("%s:%d: on: %w", f.path, n.Line, err)
			}
			v, ok := rgb(c)
			if !ok {
				return fmt.Errorf("%s:%d: on: %q has no fixed value", f.path, n.Line, n.Value)
			}
			t.On = append(t.On, v)
		}
	}
	if v, ok := rgb(t.Styles[BG].BG); ok {
		t.On = []uint32{v}
	}
	return nil
}

// pairs visits the entries of a mapping; errors get file and line.
func (f *file) pairs(n *yaml.Node, what string, visit func(k, v string) error) error {
	if n.Kind == 0 {
		return nil
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("%s:%d: %s: want a mapping", f.path, n.Line, what)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if v.Kind != yaml.ScalarNode {
			return fmt.Errorf("%s:%d: %s: %s: want one line of text", f.path, v.Line, what, k.Value)
		}
		if v.Tag == "!!null" { // YAML takes an unquoted # for a comment
			return fmt.Errorf("%s:%d: %s: %s: nothing given; a colour with # needs quotes", f.path, v.Line, what, k.Value)
		}
		if seen[k.Value] {
			return fmt.Errorf("%s:%d: %s: %s is given twice", f.path, k.Line, what, k.Value)
		}
		seen[k.Value] = true
		if err := visit(k.Value, v.Value); err != nil {
			return fmt.Errorf("%s:%d: %s: %s: %w", f.path, v.Line, what, k.Value, err)
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
