package kit

import (
	"math/rand/v2"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

func TestFitIsExactlyAsWideAsAsked(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		s := anyText(r, 30).String()
		w := 1 + r.IntN(40)
		got := string(fit(nil, s, w, r.IntN(2) == 0, "…"))
		if a, b := ansi.StringWidth(got), ansi.StringWidthWc(got); a != w || b != w {
			t.Fatalf("%q (%+q) in %d cells: %q is %d wide, by code points %d", s, s, w, got, a, b)
		}
	}
}

func TestEveryRuneHasOneWidth(t *testing.T) {
	for r := rune(0x20); r < 0x30000; r++ {
		for _, s := range []string{string(r), "x" + string(r) + " ", string(r) + string(r), "中" + string(r)} {
			var b []byte
			n := 0
			for rest := s; rest != ""; {
				drawn, w, size := cluster(rest)
				b = append(b, drawn...)
				n += w
				rest = rest[size:]
			}
			if a, c := ansi.StringWidth(string(b)), ansi.StringWidthWc(string(b)); a != n || c != n {
				t.Fatalf("%U in %+q: counted %d, drawn %+q is %d wide, by code points %d", r, s, n, b, a, c)
			}
		}
	}
}

func TestCutLeftAndTakeAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		s := anyText(r, 20).String()
		w := r.IntN(12)
		head, used, end := take(nil, s, w)
		if n := ansi.StringWidth(string(head)); n != used || used > w {
			t.Fatalf("take %q %d: %q is %d wide, said %d", s, w, head, n, used)
		}
		rest, over := cutLeft(s, w)
		if len(s)-len(rest) < end || over > 1 {
			t.Fatalf("cutLeft %q %d: rest %q over %d, take stopped at %d", s, w, rest, over, end)
		}
	}
}
