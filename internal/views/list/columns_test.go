package list

import (
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// A count of nothing is a 0, one that nobody knows is nothing.
func TestWhatIsNotKnownIsNotDrawn(t *testing.T) {
	for _, c := range []struct {
		cell core.Cell
		of   core.ColumnType
		want string
	}{
		{core.Cell{}, core.Number, "0"},
		{core.Cell{Num: 3}, core.Number, "3"},
		{core.Cell{Num: -1}, core.Number, ""},
		{core.Cell{Text: text.Lit("main-7"), Num: -1}, core.Number, "main-7"},
		{core.Cell{}, core.Duration, ""},
		{core.Cell{}, core.Age, ""},
		{core.Cell{}, core.Stages, ""},
	} {
		if got := Value(&c.cell, c.of, time.Now()).String(); got != c.want {
			t.Errorf("%+v is drawn as %q, want %q", c.cell, got, c.want)
		}
	}
}
