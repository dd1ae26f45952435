package sources

import (
	"slices"
	"testing"

	"devops-tui/internal/core"
)

func TestInbox(t *testing.T) {
	b := NewInbox(Info{ID: "x", Default: []string{"run"}})
	rung := func(bell Bell) bool {
		select {
		case <-bell:
			return true
		default:
			return false
		}
	}
	if rung(b.Wants) || rung(b.Wakes) || !slices.Equal(b.Wanted().Kinds, []string{"run"}) || b.Info().ID != "x" {
		t.Errorf("at first: %+v", b.Wanted())
	}
	for _, kinds := range [][]string{{"job"}, {"environment"}} { // nobody looks: neither blocks, the last counts
		b.Want(core.Interest{Kinds: kinds})
		b.Wake()
	}
	if !rung(b.Wants) || rung(b.Wants) || !rung(b.Wakes) || rung(b.Wakes) || !slices.Equal(b.Wanted().Kinds, []string{"environment"}) {
		t.Errorf("after two calls: %+v", b.Wanted())
	}
	if b.Want(core.Interest{Kinds: []string{}}); len(b.Wanted().Kinds) != 0 {
		t.Errorf("no kind is not the default: %+v", b.Wanted())
	}
}
