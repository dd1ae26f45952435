package keys

import "slices"

const (
	presetDefault = "default"
	presetK9s     = "k9s"
	presetLazy    = "lazy"
)

// Presets returns the names of the presets.
func Presets() []string { return []string{presetDefault, presetK9s, presetLazy} }

// The presets move looks only. What changes the world keeps its UPPER CASE key
// in each of them: a habit from another tool lands on something harmless.
var presets = map[string]map[string][]string{
	presetDefault: {},
	presetK9s: {
		Wide:        {"ctrl+w", "w"},
		Refresh:     {"ctrl+r", "r"},
		Problems:    {"*", "ctrl+z"},
		Suspend:     {},
		HistoryBack: {"-", "ctrl+o", "alt+left"},
		Follow:      {"s"},
		Save:        {"ctrl+e"},
	},
	presetLazy: {
		FocusNext:   {"tab", "l", "right"},
		FocusPrev:   {"shift+tab", "h", "left"},
		Left:        {"shift+left"},
		Right:       {"shift+right"},
		ViewLogs:    {"m"},
		Metrics:     {"u"},
		Tasks:       {"alt+u"},
		Explain:     {"ctrl+e"},
		Actions:     {"a", "x"},
		MatchesOnly: {"ctrl+x"},
		Top:         {"<", "g", "home"},
		Bottom:      {">", "G", "end"},
		SortNext:    {"alt+>"},
		SortPrev:    {"alt+<"},
	},
}

// presetTable is the table with a preset's keys.
func presetTable(name string) ([]Command, bool) {
	if name == "" {
		name = presetDefault
	}
	moved, ok := presets[name]
	if !ok {
		return nil, false
	}
	commands := table()
	for i, c := range commands {
		if keys, ok := moved[c.ID]; ok {
			commands[i].Keys = slices.Clone(keys)
		}
	}
	return commands, true
}
