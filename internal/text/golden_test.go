package text

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// describe writes a line with its styles in a form that can be read and
// compared: «red bold|text».
func describe(l Line) string {
	var b strings.Builder
	at := 0
	for _, s := range l.spans {
		b.WriteString(l.text[at:s.Start])
		fmt.Fprintf(&b, "«%s|%s»", describeStyle(s.Style), l.text[s.Start:s.End])
		at = int(s.End)
	}
	b.WriteString(l.text[at:])
	return b.String()
}

func describeStyle(s Style) string {
	var words []string
	for i, name := range []string{"bold", "faint", "italic", "underline", "reverse", "strike"} {
		if s.Attr&(1<<i) != 0 {
			words = append(words, name)
		}
	}
	for i, c := range []Color{s.FG, s.BG} {
		at := []string{"fg", "bg"}[i]
		switch c.Kind {
		case Palette:
			words = append(words, fmt.Sprintf("%s=%d", at, c.Value))
		case RGB:
			words = append(words, fmt.Sprintf("%s=#%06x", at, c.Value))
		}
	}
	return strings.Join(words, " ")
}

// Colour logs of the three platforms stay readable: every colour there is a
// span, and no escape sequence, section marker or console note litters.
func TestColouredLogs(t *testing.T) {
	for _, name := range []string{"github", "gitlab", "jenkins"} {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile("testdata/" + name + ".log")
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, l := range Document(string(raw)) {
				fmt.Fprintf(&b, "%-5s %s\n", DetectLevel(l.LastSegment().text), describe(l))
				if l.LastSegment().text != l.text {
					fmt.Fprintf(&b, "    ↳ %s\n", describe(l.LastSegment()))
				}
				if strings.ContainsAny(l.text, "\x1b␛") || strings.Contains(l.text, "[0m") || strings.Contains(l.text, "////4") {
					t.Errorf("litter in %q", l.text)
				}
			}
			golden := "testdata/" + name + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("got\n%s\nwant\n%s", b.String(), want)
			}
		})
	}
}
