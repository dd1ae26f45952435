package pane

import "devops-tui/internal/keys"

// Scroller is what the movement keys move.
type Scroller interface {
	Scroll(rows int)
	Page(n int)
	HalfPage(n int)
	Home()
	End()
	Pan(cells int)
}

// Move carries out a movement command; false: it is none. A step to the side
// is side cells (or columns).
func Move(id string, s Scroller, side int) bool {
	switch id {
	case keys.Up:
		s.Scroll(-1)
	case keys.Down:
		s.Scroll(1)
	case keys.PageUp:
		s.Page(-1)
	case keys.PageDown:
		s.Page(1)
	case keys.HalfUp:
		s.HalfPage(-1)
	case keys.HalfDown:
		s.HalfPage(1)
	case keys.Top:
		s.Home()
	case keys.Bottom:
		s.End()
	case keys.Left:
		s.Pan(-side)
	case keys.Right:
		s.Pan(side)
	default:
		return false
	}
	return true
}
