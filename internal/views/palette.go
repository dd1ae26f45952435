package views

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/dialog"
	"devops-tui/internal/views/pane"
)

// paletteObjects bounds how many objects the palette offers by name.
const paletteObjects = 2000

// openPalette offers everything by name: views, kinds, commands, themes,
// objects that are listed.
func (m *Model) openPalette() {
	var items []pane.Item
	for _, c := range m.o.Keys.PaletteEntries() {
		if !c.Exists() {
			continue
		}
		detail := c.Help
		items = append(items, pane.Item{Title: c.Title, Detail: detail, Key: c.Key(), Do: func(*pane.Env) tea.Cmd { return m.command(c) }})
	}
	items = append(items, m.kindItems()...)
	for _, t := range m.o.AllThemes {
		items = append(items, pane.Item{Title: text.Sprintf("theme %s", t.Name), Detail: text.Lit("theme"), Do: func(*pane.Env) tea.Cmd {
			m.o.Theme = t
			m.setTheme()
			return nil
		}})
	}
	items = append(items, m.objectItems()...)
	m.open(dialog.NewMenu(text.Lit("Go to, or do"), items, true))
}

// kindItems are all kinds that the sources know, by plural; aliases match too.
func (m *Model) kindItems() []pane.Item {
	seen := map[string]*core.Kind{}
	for _, ks := range m.env.Snap.Kinds {
		for i := range ks {
			if seen[ks[i].Name] == nil && listed(&ks[i]) {
				seen[ks[i].Name] = &ks[i]
			}
		}
	}
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := seen[a].Rank - seen[b].Rank; d != 0 {
			return d
		}
		if a < b {
			return -1
		}
		return 1
	})
	var items []pane.Item
	for _, n := range names {
		k := seen[n]
		detail := text.Lit("kind")
		for _, a := range k.Aliases {
			detail = text.Sprintf("%s %s", detail, a)
		}
		items = append(items, pane.Item{Title: text.Clean(k.Plural), Detail: detail, Search: k.Name + " " + strings.Join(k.Aliases, " "), Do: func(*pane.Env) tea.Cmd {
			m.push(m.kindPage(n))
			return nil
		}})
	}
	return items
}

func (m *Model) objectItems() []pane.Item {
	var items []pane.Item
	for _, t := range m.env.Snap.Tables {
		for _, r := range t.Rows {
			if len(items) >= paletteObjects {
				return items
			}
			if r.Hidden || r.Twin != nil || r.Ref.Kind == "event" {
				continue
			}
			ref := r.Ref
			items = append(items, pane.Item{Title: text.Clean(ref.Path()), Detail: text.Clean(ref.Instance().String()), Search: ref.Scope, Do: func(e *pane.Env) tea.Cmd {
				e.Send(pane.Open{Ref: ref})
				return nil
			}})
		}
	}
	return items
}

// openScope offers what the panes can be narrowed to.
func (m *Model) openScope() {
	set := func(title, detail text.Safe, s pane.Scope) pane.Item {
		return pane.Item{Title: title, Detail: detail, Do: func(*pane.Env) tea.Cmd {
			m.env.Scope = s
			m.frame = nil
			m.refresh()
			return nil
		}}
	}
	items := []pane.Item{set(text.Lit("everything"), text.Lit("all sources, all namespaces"), pane.Scope{})}
	for _, h := range m.env.Snap.Health {
		items = append(items, set(text.Clean(h.Instance.Scope), text.Sprintf("%s · %s", h.Instance.Source, h.State.String()), pane.Scope{Instance: h.Instance, Namespace: ""}))
	}
	names, places := m.namespaces()
	for _, ns := range names {
		items = append(items, set(text.Clean(ns), places[ns], pane.Scope{Instance: m.env.Scope.Instance, Namespace: ns, Repository: places[ns] != text.Lit("namespace")}))
	}
	m.open(dialog.NewMenu(text.Lit("Scope"), items, true))
}

// namespaces are those of all rows that are known now, and what their systems
// call them.
func (m *Model) namespaces() ([]string, map[string]text.Safe) {
	seen := map[string]text.Safe{}
	for _, t := range m.env.Snap.Tables {
		last, place := "", text.Lit("namespace")
		if t.Kind != nil && !t.Kind.Place.Empty() {
			place = text.Clean(strings.ToLower(t.Kind.Place.String()))
		}
		for _, r := range t.Rows {
			ns := r.Ref.Namespace
			if t.Key.Kind == "namespace" {
				ns = r.Ref.Name
			}
			if ns != last && ns != "" {
				seen[ns], last = place, ns
			}
		}
	}
	out := make([]string, 0, len(seen))
	for ns := range seen {
		out = append(out, ns)
	}
	slices.Sort(out)
	return out, seen
}
