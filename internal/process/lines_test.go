package process

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/text"
)

// tell writes the pieces step apart and returns the lines.
func tell(step time.Duration, pieces ...string) []string {
	now := time.Unix(1e9, 0)
	var got []string
	s := splitter{now: func() time.Time { return now }, emit: func(l text.Line) { got = append(got, l.String()) }}
	for _, p := range pieces {
		s.write([]byte(p))
		now = now.Add(step)
		s.tick()
	}
	if len(s.line) > 0 || len(s.progress) > 0 {
		s.end()
	}
	return got
}

func TestProgressBarsAreFolded(t *testing.T) {
	var bar []string
	for i := range 101 {
		bar = append(bar, fmt.Sprintf("\rpull %d%%", i))
	}
	bar = append(bar, "\n", "done\n")
	if got := tell(time.Millisecond, bar...); len(got) < 3 || len(got) > 5 || got[len(got)-2] != "pull 100%" || got[len(got)-1] != "done" {
		t.Errorf("101 states within 101 ms are %q", got)
	}
	if got := tell(time.Second, bar...); len(got) != 102 {
		t.Errorf("101 states within 101 s are %d lines", len(got))
	}
	for name, c := range map[string]struct{ in, want string }{
		"windows line ends": {"a\r\nb\r\n", "a|b"},
		"empty lines":       {"a\n\nb\n", "a||b"},
		"open end":          {"a\nb", "a|b"},
		"the last state":    {"10%\r20%\r100%", "10%|100%"},
		"wiped":             {"10%\r\x1b[Kok\n", "10%|ok"},
	} {
		if got := strings.Join(tell(0, c.in), "|"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestALongLineIsCut(t *testing.T) {
	got := tell(0, strings.Repeat("x", maxLine), strings.Repeat("y", 100), "\nnext\n")
	if len(got) != 2 || !strings.HasSuffix(got[0], "x … 100 bytes more") || got[1] != "next" {
		t.Errorf("%d lines, the first ends in %q", len(got), got[0][len(got[0])-40:])
	}
}
