package testkit

import (
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

const (
	// filler stands in the second cell of a wide character: the emulator knows narrow ones only.
	filler = '\uf8ff'
	// firstCluster begins a private plane whose runes stand for whole grapheme clusters.
	firstCluster = '\U000f0000'
)

// filter stands between a program and the emulator. It answers the questions
// that a terminal answers, keeps sequences away that the emulator takes for
// others, and turns each grapheme cluster into as many cells as it has.
type filter struct {
	answers  io.Writer
	light    bool
	modes    map[int]bool // DEC private modes
	held     []byte       // an unfinished sequence or rune at the end of the last write
	clusters map[string]rune
	names    []string // of the clusters, from firstCluster on
}

func newFilter(answers io.Writer, light bool) *filter {
	return &filter{answers: answers, light: light, modes: map[int]bool{25: true}, clusters: map[string]rune{}}
}

// pass returns what the emulator shall see of the output p.
func (f *filter) pass(p []byte) []byte {
	in := append(f.held, p...)
	in, f.held = splitRune(in) // decoding would join half a rune to what is before it
	out := make([]byte, 0, len(in)+16)
	for len(in) > 0 {
		if incomplete(in) {
			f.held = append(append([]byte(nil), in...), f.held...)
			break
		}
		decode := ansi.DecodeSequenceWc[[]byte]
		if f.modes[2027] { // grapheme clusters, see the terminal Unicode core specification
			decode = ansi.DecodeSequence[[]byte]
		}
		seq, width, n, _ := decode(in, ansi.NormalState, nil)
		in = in[n:]
		switch {
		case seq[0] == 0x1b:
			if f.control(string(seq)) {
				out = append(out, seq...)
			}
		case width > 0:
			out = utf8.AppendRune(out, f.cluster(string(seq)))
			for range width - 1 {
				out = utf8.AppendRune(out, filler)
			}
		case len(seq) == 1 && seq[0] < 0x20:
			out = append(out, seq...)
		}
	}
	return out
}

// splitRune cuts an unfinished rune off the end of b and returns a copy of it.
func splitRune(b []byte) (whole, rest []byte) {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if at := len(b) - i; utf8.RuneStart(b[at]) {
			if !utf8.FullRune(b[at:]) {
				return b[:at], append([]byte(nil), b[at:]...)
			}
			break
		}
	}
	return b, nil
}

// incomplete reports whether b is the beginning of a sequence whose end is still
// to come. A last cluster may be split as well: it then shows as two.
func incomplete(b []byte) bool {
	if b[0] != 0x1b {
		return false
	}
	if len(b) == 1 {
		return true
	}
	switch b[1] {
	case '[':
		for _, c := range b[2:] {
			if c >= 0x40 && c <= 0x7e {
				return false
			}
		}
		return true
	case ']', 'P', '_', '^', 'X':
		s := string(b[2:])
		return !strings.Contains(s, "\x1b\\") && !strings.Contains(s, "\a")
	case '(', ')', '#', ' ':
		return len(b) < 3
	}
	return false
}

// control handles an escape sequence and reports whether the emulator may see it.
func (f *filter) control(seq string) bool {
	answer := func(s string) { _, _ = io.WriteString(f.answers, s) }
	switch {
	case strings.HasPrefix(seq, "\x1b]10;?"):
		answer("\x1b]10;" + f.colour(!f.light) + "\x1b\\")
		return false
	case strings.HasPrefix(seq, "\x1b]11;?"):
		answer("\x1b]11;" + f.colour(f.light) + "\x1b\\")
		return false
	case !strings.HasPrefix(seq, "\x1b["):
		return !strings.HasPrefix(seq, "\x1b]52;")
	}
	body, final := seq[2:len(seq)-1], seq[len(seq)-1]
	switch final {
	case 'h', 'l':
		if list, ok := strings.CutPrefix(body, "?"); ok {
			for s := range strings.SplitSeq(list, ";") {
				if n, err := strconv.Atoi(s); err == nil {
					f.modes[n] = final == 'h'
				}
			}
		}
	case 'p': // DECRQM: synchronised output and grapheme clusters are known, and reset
		if n, ok := strings.CutSuffix(strings.TrimPrefix(body, "?"), "$"); ok {
			state := "0"
			if n == "2026" || n == "2027" {
				state = "2"
			}
			answer("\x1b[?" + n + ";" + state + "$y")
		}
		return false
	case 'c':
		if body == "" || body == "0" {
			answer("\x1b[?62;22c") // a VT220 with colour
		}
		return false
	case 'u', 'q', 't': // keyboard protocols, versions, window reports: not spoken here
		return body == "" && final == 'u'
	case 'm':
		return body == "" || body[0] != '>' // > is the keyboard's modifyOtherKeys
	}
	return true
}

func (f *filter) colour(white bool) string {
	if white {
		return "rgb:ffff/ffff/ffff"
	}
	return "rgb:0000/0000/0000"
}

// cluster returns one rune that stands for a grapheme cluster.
func (f *filter) cluster(s string) rune {
	r, n := utf8.DecodeRuneInString(s)
	if n == len(s) {
		return r
	}
	if known, ok := f.clusters[s]; ok {
		return known
	}
	r = firstCluster + rune(len(f.names))
	f.clusters[s] = r
	f.names = append(f.names, s)
	return r
}

// restore turns a row of the emulator back into text.
func (f *filter) restore(row []rune) string {
	var b strings.Builder
	for _, r := range row {
		switch i := int(r - firstCluster); {
		case r == filler:
		case r == 0:
			b.WriteByte(' ')
		case i >= 0 && i < len(f.names):
			b.WriteString(f.names[i])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
