// Package dialog is what stands over the panes: the plan of a change, menus,
// the palette, help.
package dialog

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// Dialog takes all keys while it is open.
type Dialog interface {
	// Draw puts the dialog over the body, which is w x h cells.
	Draw(e *pane.Env, body kit.Block, w, h int) kit.Block
	// Key takes a key; closed ends the dialog.
	Key(e *pane.Env, k tea.KeyPressMsg) (closed bool, cmd tea.Cmd)
	Paste(e *pane.Env, s string) tea.Cmd
	// Click takes a click on a cell of the screen body.
	Click(e *pane.Env, x, y int) (closed bool, cmd tea.Cmd)
	Message(e *pane.Env, msg tea.Msg) tea.Cmd
	// Wheel scrolls what is too long, by rows.
	Wheel(by int)
	Refresh(*pane.Env)
	Close()
}

// base gives dialogs the methods that most do not need.
type base struct{ rect kit.Rect }

func (*base) Paste(*pane.Env, string) tea.Cmd                    { return nil }
func (*base) Message(*pane.Env, tea.Msg) tea.Cmd                 { return nil }
func (*base) Wheel(int)                                          {}
func (*base) Refresh(*pane.Env)                                  {}
func (*base) Close()                                             {}
func (*base) Click(*pane.Env, int, int) (closed bool, _ tea.Cmd) { return false, nil }

// Menu is a list of items to choose from, narrowed by typing when it is long.
type Menu struct {
	base
	title  text.Safe
	items  []pane.Item
	shown  []int
	menu   kit.Menu
	input  *kit.Input
	filter func(query string, items []pane.Item) (order []int, matched [][][2]int)
}

// NewMenu makes a menu; a searchable one has an input line.
func NewMenu(title text.Safe, items []pane.Item, search bool) *Menu {
	m := &Menu{title: title, items: items, filter: Fuzzy}
	if search {
		m.input = &kit.Input{Prompt: text.Lit(" > "), Placeholder: text.Lit("type to narrow")}
	}
	m.narrow()
	return m
}

// SetItems replaces the items and keeps what is typed.
func (m *Menu) SetItems(items []pane.Item) { m.items = items; m.narrow() }

// Typed is what stands in the input line; raw text.
func (m *Menu) Typed() string {
	if m.input == nil {
		return ""
	}
	return m.input.Value()
}

func (m *Menu) narrow() {
	order, matched := m.filter(m.Typed(), m.items)
	m.shown = order
	rows := make([]kit.MenuItem, len(order))
	for i, j := range order {
		it := m.items[j]
		rows[i] = kit.MenuItem{Key: it.Key, Title: it.Title, Detail: it.Detail, Disabled: it.Disabled}
		if matched != nil {
			rows[i].Matched = matched[i]
		}
	}
	m.menu.SetItems(rows)
}

// Draw implements Dialog.
func (m *Menu) Draw(e *pane.Env, body kit.Block, w, h int) kit.Block {
	rows := max(len(m.items), 1)
	extra := 2
	if m.input != nil {
		extra++
		rows = max(rows, 10)
	}
	d := kit.Dialog{Box: kit.Box{Title: m.title}, W: min(max(w*3/4, 56), 96), H: min(rows+extra, max(h-2, 4))}
	d.Box.Bottom = []kit.Span{{Tok: themes.Muted, Text: text.Lit("enter choose · esc close")}}
	m.rect, _ = d.Place(w, h)
	return d.Draw(e.Styles, body, w, h, func(w, h int) kit.Block {
		var top kit.Block
		if m.input != nil {
			line, _ := m.input.Draw(e.Styles, w)
			top = kit.Block{line}
		}
		if len(m.shown) == 0 {
			return kit.Stack(top, pane.Message(e.Styles, w, h-len(top), kit.Span{Tok: themes.Muted, Text: text.Lit("nothing matches")}))
		}
		return kit.Stack(top, m.menu.Draw(e.Styles, w, h-len(top)))
	})
}

// Key implements Dialog.
func (m *Menu) Key(e *pane.Env, k tea.KeyPressMsg) (bool, tea.Cmd) {
	switch {
	case key.Matches(k, keyCancel):
		return true, nil
	case key.Matches(k, keyAccept):
		return m.choose(e)
	case key.Matches(k, keyPrevious):
		m.menu.Move(-1)
	case key.Matches(k, keyNext):
		m.menu.Move(1)
	case key.Matches(k, keyPageUp):
		m.menu.Page(-1)
	case key.Matches(k, keyPageDown):
		m.menu.Page(1)
	case m.input != nil:
		if m.input.Key(k) {
			m.narrow()
		}
	case key.Matches(k, keyVimUp):
		m.menu.Move(-1)
	case key.Matches(k, keyVimDown):
		m.menu.Move(1)
	case key.Matches(k, keyClose):
		return true, nil
	default:
		for i, j := range m.shown { // the item's own key
			if own := m.items[j].Key; !own.Empty() && own.String() == k.String() {
				m.menu.Selected = i
				return m.choose(e)
			}
		}
	}
	return false, nil
}

// Paste goes to the input line.
func (m *Menu) Paste(_ *pane.Env, s string) tea.Cmd {
	if m.input != nil && m.input.Paste(s) {
		m.narrow()
	}
	return nil
}

// Wheel moves the selection.
func (m *Menu) Wheel(by int) { m.menu.Move(by) }

// Click chooses an item; beside the menu it closes.
func (m *Menu) Click(e *pane.Env, x, y int) (bool, tea.Cmd) {
	if !m.rect.Contains(x, y) {
		return true, nil
	}
	row := y - m.rect.Y - 1
	if m.input != nil {
		row--
	}
	if i := m.menu.At(row); i >= 0 {
		m.menu.Selected = i
		return m.choose(e)
	}
	return false, nil
}

func (m *Menu) choose(e *pane.Env) (bool, tea.Cmd) {
	if m.menu.Selected < 0 || m.menu.Selected >= len(m.shown) {
		return false, nil
	}
	it := m.items[m.shown[m.menu.Selected]]
	if !it.Disabled.Empty() {
		e.Send(pane.Notify{Text: text.Sprintf("%s: %s", it.Title, it.Disabled), Bad: true})
		return false, nil
	}
	if it.Do == nil {
		return true, nil
	}
	return true, it.Do(e)
}
