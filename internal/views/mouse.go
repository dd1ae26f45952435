package views

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/text"
)

// wheelRows is how far a turn of the wheel scrolls a dialog.
const wheelRows = 3

// mouseEvent routes a click or a wheel turn to what lies under it. The mouse
// looks; it never confirms a change.
func (m *Model) mouseEvent(ev tea.MouseMsg) tea.Cmd {
	at := ev.Mouse()
	y := at.Y - m.bodyY
	if _, click := ev.(tea.MouseClickMsg); m.dialog != nil {
		if w, ok := ev.(tea.MouseWheelMsg); ok {
			by := wheelRows
			if w.Button == tea.MouseWheelUp {
				by = -wheelRows
			}
			m.dialog.Wheel(by)
			return nil
		}
		if !click {
			return nil
		}
		d := m.dialog
		closed, cmd := d.Click(&m.env, at.X, y)
		if closed && m.dialog == d {
			m.closeDialog()
		}
		return cmd
	}
	p := m.top()
	for i, r := range p.rects {
		if r.w == 0 || !r.contains(at.X, y) {
			continue
		}
		if _, click := ev.(tea.MouseClickMsg); click && i != p.focus {
			p.setFocus(&m.env, i)
		}
		if s := p.slots[i].pane; s != nil {
			return s.Mouse(&m.env, ev, at.X-r.x-1, y-r.y-1)
		}
	}
	return nil
}

// staleAge is how old the last answer of a source is, in steps of 5 seconds so
// that it says something within a minute without ticking.
func staleAge(d time.Duration) text.Safe {
	if d < time.Minute {
		return text.Sprintf("%ds", int(d.Seconds())/5*5)
	}
	return text.Age(d)
}
