package kit

import (
	"fmt"
	"testing"
)

// Rows scrolls within its rows, whatever is asked, and keeps its place when
// they change.
func TestRowsScroll(t *testing.T) {
	st := allStyles(t)[0]
	var r Rows
	rows := func(n int) (b Block) {
		for i := range n {
			b = append(b, NewBuilder(st, 10).Text(0, position(i, n)).Line())
		}
		return b
	}
	r.Set(rows(20))
	if got := r.Draw(st, 10, 6); len(got) != 6 || r.Fits() || r.AtEnd() {
		t.Fatalf("%d rows, fits %v, at its end %v", len(got), r.Fits(), r.AtEnd())
	}
	for _, c := range []struct {
		do   func()
		want string
	}{
		{func() { r.Scroll(2) }, "3-8 of 20"},
		{func() { r.Page(1) }, "8-13 of 20"},
		{func() { r.HalfPage(1) }, "11-16 of 20"},
		{r.End, "15-20 of 20"},
		{func() { r.Scroll(5) }, "15-20 of 20"},
		{func() { r.Set(rows(10)) }, "5-10 of 10"},
		{r.Home, "1-6 of 10"},
		{func() { r.Scroll(-3) }, "1-6 of 10"},
		{func() { r.Set(nil) }, "0-0 of 0"},
	} {
		if c.do(); r.Position().String() != c.want {
			t.Errorf("%s, want %s", r.Position(), c.want)
		}
		if got := r.Draw(st, 10, 6); len(got) != 6 {
			t.Error(fmt.Sprint(len(got), " rows"))
		}
	}
	if r.Draw(st, 10, 0) != nil && len(r.Draw(st, 10, 0)) > 0 {
		t.Error("something is drawn in no room")
	}
}
