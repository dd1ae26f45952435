package ci

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// script writes lines in a form that can be read and compared.
func script(lines []core.Line) string {
	var b strings.Builder
	depth := 0
	for _, l := range lines {
		if l.Group == core.GroupClose {
			depth--
		}
		if depth < 0 {
			return b.String() + "a group closes that was not open\n"
		}
		fmt.Fprintf(&b, "%-30s %-5s %s%s", when(l.Time), l.Level, strings.Repeat("  ", depth), [...]string{"", "▸ ", "◂"}[l.Group])
		b.WriteString(styled(l.Text))
		if l.Stream == core.Stderr {
			b.WriteString(" (stderr)")
		}
		b.WriteByte('\n')
		if l.Group == core.GroupOpen {
			depth++
		}
	}
	if depth != 0 {
		fmt.Fprintf(&b, "%d groups are still open\n", depth)
	}
	return b.String()
}

func styled(l text.Line) string {
	var b strings.Builder
	at := int32(0)
	for _, s := range l.Spans() {
		b.WriteString(l.String()[at:s.Start] + "«" + l.String()[s.Start:s.End] + "»")
		at = s.End
	}
	return b.String() + l.String()[at:]
}

func read(d Dialect, raw string) []core.Line {
	r := NewLogReader(d)
	return append(r.Feed([]byte(raw)), r.End()...)
}

func TestTheDialectsOfLogs(t *testing.T) {
	for _, c := range []struct {
		name    string
		dialect Dialect
	}{{"github", GitHub}, {"gitlab", GitLab}, {"gitlab_times", GitLab}, {"jenkins", Jenkins}, {"plain", Plain}} {
		t.Run(c.name, func(t *testing.T) {
			raw, err := os.ReadFile("testdata/logs/" + c.name + ".log")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "testdata/logs/"+c.name+".golden", script(read(c.dialect, unescaped(string(raw)))))
		})
	}
}

// A runner's own first line has its time to the microsecond, the section behind it
// to the second: sorted by time they stay as they are.
func TestTimesNeverGoBack(t *testing.T) {
	lines := read(GitLab, "2026-03-02T09:14:07.648213Z 00O Running with gitlab-runner 18.2\nsection_start:1772442847:prepare\r\x1b[0KPreparing\n"+
		"section_end:1772442850:prepare\r\x1b[0K\n")
	if len(lines) != 3 || lines[1].Group != core.GroupOpen || lines[1].Time != lines[0].Time || lines[2].Time != 1772442850e9 {
		t.Errorf("\n%s", script(lines))
	}
}

// What test tools say of a failure is an error; words that only look like it are none.
func TestTheLevelOfFailures(t *testing.T) {
	for line, want := range map[string]core.Level{
		"--- FAIL: TestCart (0.01s)": core.LevelError, "    --- FAIL: TestCart/a (0.01s)": core.LevelError, "FAIL\tacme/shop/cart\t0.4s": core.LevelError, "FAIL": core.LevelError,
		"FAIL src/cart.test.js": core.LevelError, "FAILED tests/test_cart.py::test_total - assert 3 == 4": core.LevelError, "FAIL: test_total (cart.Test)": core.LevelError,
		"WARN: slow": core.LevelWarn, "--- PASS: TestCart (0.01s)": core.LevelNone, "FAILOVER is on": core.LevelNone, "0 FAILED": core.LevelNone, "ok  \tacme/shop": core.LevelNone,
	} {
		if got := read(Plain, line)[0].Level; got != want {
			t.Errorf("%q is %v, want %v", line, got, want)
		}
	}
}

// unescaped puts the control characters in that the files write as \e, \r and \ufeff.
func unescaped(s string) string {
	return strings.NewReplacer(`\e`, "\x1b", `\r`, "\r", `\ufeff`, "\ufeff").Replace(s)
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

// pieces are what logs are made of, whole and broken.
var pieces = []string{
	"text", " ", "\n", "\r", "\r\n", "\r\r\n", "\x1b[0K", "\x1b[31m", "\x1b[0m", "\x1b[", "\ufeff", "\xef\xbb", "\x00", "ü", "ERROR: bad",
	"2026-03-02T09:14:07.1234567Z ", "2026-03-02T09:14:07Z ", "##[group]Run x", "##[endgroup]", "##[error]oh", "##[warning]hm", "##[", "::group::t", "::error file=a.go,line=1::m", "::endgroup::",
	"section_start:1772442847:a\r\x1b[0K", "section_end:1772442850:a\r\x1b[0K", "section_start:1772442847:b[collapsed=true]\r\x1b[0K", "section_end:1:b", "section_start:",
	"2024-05-22T12:43:46.962646Z 00O ", "2024-05-22T12:43:46.962646Z 00O+", "2024-05-22T12:43:47.962646Z 01E ", "2024-05-22T12:43:47.962646Z 01E+",
	"[Pipeline] { (Build)", "[Pipeline] {", "[Pipeline] }", "[Pipeline] sh", "\x1b[8mha:////AAAA==\x1b[0m", "\x1b[8mha:", "[2024-05-22T12:43:46.962Z] ",
	strings.Repeat("long ", 3000),
}

// A log that is cut anywhere gives the lines of the whole, and its groups
// balance.
func TestCutsChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 60).Draw(t, "pieces"), "")
		d := Dialect(rapid.IntRange(0, int(Jenkins)).Draw(t, "dialect"))
		whole := script(read(d, raw))
		r := NewLogReader(d)
		var got []core.Line
		for rest := []byte(raw); len(rest) > 0; {
			n := rapid.IntRange(1, min(len(rest), 40)).Draw(t, "cut")
			if len(rest) > 4000 {
				n = rapid.IntRange(1, len(rest)).Draw(t, "long cut")
			}
			p := append([]byte{}, rest[:n]...)
			got = append(got, r.Feed(p)...)
			clear(p) // nothing of it may be kept
			rest = rest[n:]
		}
		got = append(got, r.End()...)
		if s := script(got); s != whole {
			t.Fatalf("cut:\n%s\nwhole:\n%s", s, whole)
		}
		if strings.Contains(whole, "groups are still open") || strings.Contains(whole, "was not open") {
			t.Fatal(whole)
		}
		for i, l := range got {
			if l.Seq != uint64(i+1) {
				t.Fatalf("line %d has number %d", i, l.Seq)
			}
			if i > 0 && l.Time < got[i-1].Time {
				t.Fatalf("line %d is before the one above it:\n%s", i, whole)
			}
		}
	})
}

// The reader keeps a line's beginning and counts the rest, whatever it is made of.
func TestALineWithoutEndIsBounded(t *testing.T) {
	for _, piece := range []string{"x", "x\r", "\x1b[31mx"} {
		r := NewLogReader(GitLab)
		block := []byte(strings.Repeat(piece, 4096/len(piece)))
		for range 1000 {
			if got := r.Feed(block); len(got) > 0 {
				t.Fatalf("%q: %d lines without an end", piece, len(got))
			}
		}
		if n := cap(r.raw) + cap(r.segments.seen); n > 4*maxLine {
			t.Errorf("%q: %d bytes are kept", piece, n)
		}
		if got := r.End(); len(got) != 1 {
			t.Errorf("%q: %d lines", piece, len(got))
		}
	}
	r := NewLogReader(Plain)
	r.Feed([]byte(strings.Repeat("y", maxLine+77)))
	if got := r.End()[0].Text.String(); !strings.HasSuffix(got, "y… +77 bytes") {
		t.Errorf("the line ends in %q", got[len(got)-40:])
	}
}

func TestGroupsHaveADepth(t *testing.T) {
	raw := ""
	for i := range 3 * mostGroups {
		raw += fmt.Sprintf("section_start:1:s%d\r\x1b[0KTitle %d\n", i, i)
	}
	lines := read(GitLab, raw)
	opens := 0
	for _, l := range lines {
		if l.Group == core.GroupOpen {
			opens++
		}
	}
	if opens != mostGroups || len(lines) != 4*mostGroups {
		t.Errorf("%d groups in %d lines", opens, len(lines))
	}
}

func FuzzLogReader(f *testing.F) {
	for _, p := range pieces[:len(pieces)-1] { // the long one would make every mutation slow
		f.Add([]byte(p+"\n"+p), byte(1), uint8(3))
	}
	f.Fuzz(func(t *testing.T, raw []byte, d byte, cut uint8) {
		dialect := Dialect(d % 4)
		whole := script(read(dialect, string(raw)))
		r := NewLogReader(dialect)
		var got []core.Line
		for n := int(cut)%7 + 1; len(raw) > 0; raw = raw[min(n, len(raw)):] {
			got = append(got, r.Feed(raw[:min(n, len(raw))])...)
		}
		if s := script(append(got, r.End()...)); s != whole {
			t.Fatalf("cut:\n%s\nwhole:\n%s", s, whole)
		}
	})
}

func when(nanos int64) string {
	if nanos == 0 {
		return "-"
	}
	return time.Unix(0, nanos).UTC().Format(time.RFC3339Nano)
}
