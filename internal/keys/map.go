package keys

import (
	"fmt"
	"slices"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Remap is one line of the configuration: these keys for this command, instead
// of the preset's. No keys: the command is left to the palette.
type Remap struct {
	Command      string
	Keys         []string
	Line, Column int // where it stands in the file; 0 unknown
}

// Problem is what is wrong with a remap. A problem that is not a warning means
// that the remap is not in force.
type Problem struct {
	Line, Column int
	Warning      bool
	Text         string // raw: it quotes the configuration
}

// Error makes Problem an error.
func (p Problem) Error() string {
	if p.Line == 0 {
		return p.Text
	}
	return fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Text)
}

// Map is the key map in force. It does not change.
type Map struct {
	preset   string
	commands []Command
	byID     map[string]int
	byKey    [numContexts]map[string]int
	prefixes [numContexts]map[string]bool
}

// Default is the default map.
func Default() *Map {
	m, _ := New("", nil)
	return m
}

// New makes the map of a preset ("" is the default one) with the user's remaps.
// The map is always usable: what is wrong is left out and told.
func New(preset string, remaps []Remap) (*Map, []Problem) {
	var problems []Problem
	commands, ok := presetTable(preset)
	if !ok {
		problems = append(problems, Problem{Text: fmt.Sprintf("no keymap %q; there are %s", preset, strings.Join(Presets(), ", "))})
		preset = ""
		commands, _ = presetTable("")
	}
	if preset == "" {
		preset = presetDefault
	}
	m := &Map{preset: preset, commands: commands, byID: map[string]int{}}
	for i, c := range m.commands {
		m.byID[c.ID] = i
	}
	problems = append(problems, m.remap(remaps)...)
	m.index()
	return m, problems
}

// index fills the look-ups. Where two commands share a key of a context, one
// that exists wins over one that is planned.
func (m *Map) index() {
	for ctx := range numContexts {
		m.byKey[ctx], m.prefixes[ctx] = map[string]int{}, map[string]bool{}
	}
	for i, c := range m.commands {
		for _, ctx := range c.Contexts {
			for _, k := range c.Keys {
				if old, taken := m.byKey[ctx][k]; taken && (m.commands[old].Exists() || !c.Exists()) {
					continue
				}
				m.byKey[ctx][k] = i
				for j := range len(k) {
					if k[j] == ' ' {
						m.prefixes[ctx][k[:j]] = true
					}
				}
			}
		}
	}
}

// Preset is the name of the preset that the map is made of.
func (m *Map) Preset() string { return m.preset }

// Lookup finds what key does in the contexts that apply, the innermost first.
// key is KeyPressMsg.String(), or several of them with spaces between when
// Prefix said that a sequence began. A planned command answers only where no
// other does.
func (m *Map) Lookup(ctxs []Context, key string) (Command, bool) {
	planned := -1
	for _, ctx := range ctxs {
		i, ok := m.byKey[ctx][key]
		switch {
		case ok && m.commands[i].Exists():
			return m.commands[i], true
		case ok && planned < 0:
			planned = i
		}
	}
	if planned < 0 {
		return Command{}, false
	}
	return m.commands[planned], true
}

// Prefix reports whether keys begins a sequence in one of the contexts.
func (m *Map) Prefix(ctxs []Context, keys string) bool {
	for _, ctx := range ctxs {
		if m.prefixes[ctx][keys] {
			return true
		}
	}
	return false
}

// Command finds a command by its ID.
func (m *Map) Command(id string) (Command, bool) {
	i, ok := m.byID[id]
	if !ok {
		return Command{}, false
	}
	return m.commands[i], true
}

// For returns the commands of ctx in table order, planned ones included.
func (m *Map) For(ctx Context) []Command {
	var out []Command
	for _, c := range m.commands {
		if c.In(ctx) {
			out = append(out, c)
		}
	}
	return out
}

// All returns every command in table order.
func (m *Map) All() []Command { return slices.Clone(m.commands) }

// Valid returns the commands that a key reaches in the contexts that apply,
// the innermost first: what help shows. Each command's Keys are only those
// that no inner context takes. Planned ones come with planned only.
func (m *Map) Valid(ctxs []Context, planned bool) []Command {
	var out []Command
	seen := map[string]bool{}
	for _, ctx := range ctxs {
		for i, c := range m.commands {
			if !c.In(ctx) || seen[c.ID] || !planned && !c.Exists() {
				continue
			}
			var reach []string
			for _, k := range c.Keys {
				if got, ok := m.Lookup(ctxs, k); ok && got.ID == m.commands[i].ID {
					reach = append(reach, k)
				}
			}
			if len(reach) > 0 {
				seen[c.ID] = true
				c.Keys = reach
				out = append(out, c)
			}
		}
	}
	return out
}

// Hints returns the commands for the footer, looks first, then changes, each
// by rank: the caller draws as many as fit, and the last of the looks (help)
// always.
func (m *Map) Hints(ctxs []Context) []Command {
	out := slices.DeleteFunc(m.Valid(ctxs, false), func(c Command) bool { return c.Hint == 0 })
	slices.SortStableFunc(out, func(a, b Command) int {
		if a.Changes != b.Changes {
			if b.Changes {
				return -1
			}
			return 1
		}
		return a.Hint - b.Hint
	})
	return out
}

// PaletteEntries returns what the palette offers: what exists first, then what
// is planned.
func (m *Map) PaletteEntries() []Command {
	var out, planned []Command
	for _, c := range m.commands {
		switch {
		case c.Hidden:
		case c.Exists():
			out = append(out, c)
		default:
			planned = append(planned, c)
		}
	}
	return append(out, planned...)
}

// remap puts the user's keys in force, as far as they are right.
func (m *Map) remap(remaps []Remap) []Problem {
	var problems []Problem
	touched := map[string]bool{}
	type change struct {
		index int
		keys  []string
		from  Remap
	}
	var changes []change
	for _, r := range remaps {
		bad := func(warning bool, format string, args ...any) {
			problems = append(problems, Problem{r.Line, r.Column, warning, fmt.Sprintf(format, args...)})
		}
		i, ok := m.byID[r.Command]
		if !ok {
			bad(false, "no command %q%s", r.Command, didYouMean(r.Command, m.ids()))
			continue
		}
		c := m.commands[i]
		if touched[c.ID] {
			bad(false, "%s is mapped twice", c.ID)
			continue
		}
		keys, fine := make([]string, 0, len(r.Keys)), true
		for _, raw := range r.Keys {
			k, warning, err := checkKey(c, raw)
			if err != "" {
				bad(false, "%s: %s", c.ID, err)
				fine = false
				continue
			}
			if warning != "" {
				bad(true, "%s: %s", c.ID, warning)
			}
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
		if c.ID == Interrupt && !slices.Contains(keys, "ctrl+c") {
			bad(false, "ctrl+c always belongs to %s", Interrupt)
			fine = false
		}
		if len(keys) == 0 && fine && (c.ID == Accept || c.ID == Dismiss || c.ID == InputClose || c.ID == Back) {
			bad(false, "%s must have a key: without it there is no way out", c.ID)
			fine = false
		}
		if fine {
			touched[c.ID] = true
			changes = append(changes, change{i, keys, r})
		}
	}
	// All at once first, so that two commands can swap their keys.
	old := make([][]string, len(changes))
	for n, ch := range changes {
		old[n] = m.commands[ch.index].Keys
		m.commands[ch.index].Keys = ch.keys
	}
	// A conflict puts the old keys back, which can bring the next conflict.
	for again := true; again; {
		again = false
		for n, ch := range changes {
			if old[n] == nil && ch.keys == nil {
				continue
			}
			other, key, ctx, clash := m.conflict(ch.index, touched)
			if !clash {
				continue
			}
			problems = append(problems, Problem{ch.from.Line, ch.from.Column, false, fmt.Sprintf(
				"%s: key %s in context %s already belongs to %s; map that one elsewhere too, or choose another key", ch.from.Command, key, ctx, other)})
			m.commands[ch.index].Keys = old[n]
			delete(touched, ch.from.Command)
			changes[n].keys, old[n] = nil, nil
			again = true
		}
	}
	for _, ch := range changes {
		if ch.keys != nil {
			problems = append(problems, m.shadows(ch.index, ch.from)...)
		}
	}
	return problems
}

// shadows warns of keys that are both global and of an inner context, where
// the inner one wins: in the presets that is meant, in a remap it may be a
// surprise.
func (m *Map) shadows(i int, from Remap) []Problem {
	var problems []Problem
	c := m.commands[i]
	for j, o := range m.commands {
		if j == i || !o.Exists() || o.In(Global) == c.In(Global) || o.Contexts[0] == Dialog || c.Contexts[0] == Dialog {
			continue
		}
		inner, outer := c, o
		if c.In(Global) {
			inner, outer = o, c
		}
		if inner.In(Palette) || inner.In(Prompt) {
			continue
		}
		for _, k := range c.Keys {
			if slices.Contains(o.Keys, k) {
				problems = append(problems, Problem{from.Line, from.Column, true, fmt.Sprintf(
					"%s: key %s is %s in context %s and %s elsewhere", from.Command, k, inner.ID, inner.Contexts[0], outer.ID)})
			}
		}
	}
	return problems
}

// conflict finds a command that exists and shares a key (or the beginning of a
// sequence) and a context with command i. Of two that were remapped, the later
// in the file is at fault, so only untouched ones and earlier ones count.
func (m *Map) conflict(i int, touched map[string]bool) (other, key string, ctx Context, found bool) {
	c := m.commands[i]
	for j, o := range m.commands {
		if j == i || !o.Exists() && !touched[o.ID] {
			continue
		}
		for _, ctx := range c.Contexts {
			if !o.In(ctx) {
				continue
			}
			for _, k := range c.Keys {
				for _, ok := range o.Keys {
					if k == ok || strings.HasPrefix(k, ok+" ") || strings.HasPrefix(ok, k+" ") {
						return o.ID, k, ctx, true
					}
				}
			}
		}
	}
	return "", "", 0, false
}

func (m *Map) ids() []string {
	out := make([]string, len(m.commands))
	for i, c := range m.commands {
		out[i] = c.ID
	}
	return out
}

// didYouMean is "; did you mean a or b?", or nothing.
func didYouMean(word string, candidates []string) string {
	near := core.Nearest(word, candidates, 3)
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}

// footerText is "l logs": for places that draw a hint as one text.
func footerText(c Command) text.Safe { return text.Concat(c.Key(), text.Lit(" "), c.Title) }

// HintText is the command as the footer shows it: "l logs".
func (c Command) HintText() text.Safe { return footerText(c) }
