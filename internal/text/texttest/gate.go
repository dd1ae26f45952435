// Package texttest holds the output gate: a parser of everything that is
// written to the terminal, which reports whatever our own drawing has no need
// of. Tests of every room put their frames through it.
package texttest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Option allows more than the default.
type Option func(*Gate)

// AllowOSC allows operating system commands by number, such as 2 for the
// window title, 11 for the background colour, 8 for links.
func AllowOSC(numbers ...int) Option {
	return func(g *Gate) { g.osc = append(g.osc, numbers...) }
}

// AllowCSI allows more control sequences, each as prefix, intermediates and
// final without parameters: "c" for device attributes, ">q" for the
// terminal's name, "n" for the cursor's position.
func AllowCSI(names ...string) Option {
	return func(g *Gate) { g.csi = append(g.csi, names...) }
}

// Violations returns what a frame, or any stream of bytes for a terminal,
// contains that must not be there; nil if nothing. Each entry names the byte
// offset. A sequence that is not complete at the end is one too.
func Violations(frame string, options ...Option) []string {
	g := NewGate(options...)
	_, _ = g.Write([]byte(frame))
	return g.Close()
}

// Gate checks a stream that arrives in pieces of any size. It is an io.Writer
// that never fails. It is not safe for concurrent use.
type Gate struct {
	osc   []int
	csi   []string
	state state
	seq   []byte // the sequence being read, from its introducer on
	utf   []byte // the rune being read
	at    int    // offset of the next byte
	start int    // offset of the sequence or rune being read
	prev  rune   // the last printable rune
	found []string
}

// NewGate returns a gate at the start of a stream.
func NewGate(options ...Option) *Gate {
	g := &Gate{}
	for _, o := range options {
		o(g)
	}
	return g
}

// state is where the gate is inside a sequence.
type state uint8

const (
	ground state = iota
	escape
	csi
	oscString
	otherString // DCS, SOS, PM, APC
	stringEscape
)

// maxFound keeps a broken stream from filling the memory with reports.
const maxFound = 100

func (g *Gate) report(format string, args ...any) {
	if len(g.found) < maxFound {
		g.found = append(g.found, fmt.Sprintf("byte %d: ", g.start)+fmt.Sprintf(format, args...))
	}
}

// Write reads the next piece of the stream.
func (g *Gate) Write(p []byte) (int, error) {
	for _, b := range p {
		g.step(b)
		g.at++
	}
	return len(p), nil
}

// Violations returns what was found so far.
func (g *Gate) Violations() []string { return slices.Clone(g.found) }

// Close ends the stream and returns everything that was found.
func (g *Gate) Close() []string {
	if len(g.utf) > 0 {
		g.report("invalid UTF-8 %q at the end", g.utf)
		g.utf = nil
	}
	if g.state != ground {
		g.report("sequence %q is not complete", g.seq)
		g.state = ground
	}
	return g.Violations()
}

func (g *Gate) step(b byte) {
	switch g.state {
	case ground:
		g.ground(b)
	case escape:
		g.escape(b)
	case csi:
		g.control(b)
	case oscString, otherString:
		g.text(b)
	case stringEscape:
		if b == '\\' {
			g.seq = append(g.seq, b)
			g.endString()
			return
		}
		g.report("string sequence %q broken off by ESC", g.seq)
		g.state, g.start, g.seq = escape, g.at-1, append(g.seq[:0], 0x1b)
		g.escape(b)
	}
}

func (g *Gate) ground(b byte) {
	if len(g.utf) > 0 {
		if b >= 0x80 && b < 0xc0 {
			g.utf = append(g.utf, b)
			if utf8.FullRune(g.utf) {
				r, n := utf8.DecodeRune(g.utf)
				if r == utf8.RuneError && n < 2 {
					g.report("invalid UTF-8 %q", g.utf)
				} else {
					g.rune(r)
				}
				g.utf = g.utf[:0]
			}
			return
		}
		g.report("invalid UTF-8 %q", g.utf)
		g.utf = g.utf[:0]
	}
	g.start = g.at
	switch {
	case b == 0x1b:
		g.state, g.seq = escape, append(g.seq[:0], b)
	case b == '\n' || b == '\r' || b == '\b' || b == '\t':
		g.prev = 0
	case b < 0x20 || b == 0x7f:
		g.report("control character 0x%02x", b)
	case b < 0x80:
		g.prev = rune(b)
	default:
		if g.utf = append(g.utf[:0], b); utf8.FullRune(g.utf) { // can begin no rune
			g.report("invalid UTF-8 %q", g.utf)
			g.utf = g.utf[:0]
		}
	}
}

// rune checks a rune beyond ASCII.
func (g *Gate) rune(r rune) {
	switch {
	case r < 0xa0:
		g.report("C1 control U+%04X", r)
	case r == 0x200d || r == 0xfe0f:
		// Only behind something that can be an emoji or a keycap.
		if g.prev < 0xa0 && !strings.ContainsRune("#*0123456789", g.prev) || unicode.IsLetter(g.prev) {
			g.report("U+%04X after %q", r, g.prev)
		}
	case unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		g.report("invisible character U+%04X", r)
	}
	g.prev = r
}

func (g *Gate) escape(b byte) {
	g.seq = append(g.seq, b)
	switch {
	case b == '[':
		g.state = csi
	case b == ']':
		g.state = oscString
	case b == 'P' || b == 'X' || b == '^' || b == '_':
		g.state = otherString
	case b == 'M' || b == '7' || b == '8':
		g.state = ground // reverse index, save and restore cursor
	case b == 0x1b:
		g.report("ESC ESC")
		g.start, g.seq = g.at, g.seq[:1]
	default:
		g.report("escape sequence %q", g.seq)
		g.state = ground
		if b >= 0x80 {
			g.ground(b)
		}
	}
}

func (g *Gate) control(b byte) {
	switch {
	case b >= 0x20 && b <= 0x3f:
		if g.seq = append(g.seq, b); len(g.seq) > 256 {
			g.report("control sequence longer than 256 bytes")
			g.state = ground
		}
	case b >= 0x40 && b <= 0x7e:
		g.seq = append(g.seq, b)
		g.endCSI()
		g.state = ground
	default:
		g.report("control sequence %q broken off by 0x%02x", g.seq, b)
		g.state = ground
		g.ground(b)
	}
}

func (g *Gate) text(b byte) {
	switch b {
	case 0x07:
		g.seq = append(g.seq, b)
		g.endString()
	case 0x1b:
		g.seq = append(g.seq, b)
		g.state = stringEscape
	case 0x18, 0x1a, '\n':
		g.report("string sequence %q broken off by 0x%02x", g.seq, b)
		g.state = ground
	default:
		if len(g.seq) < 4096 {
			g.seq = append(g.seq, b)
		}
	}
}

func (g *Gate) endString() {
	g.state = ground
	if g.seq[1] == ']' {
		digits := g.seq[2:]
		if i := slices.IndexFunc(digits, func(b byte) bool { return b < '0' || b > '9' }); i >= 0 {
			digits = digits[:i]
		}
		if n, err := strconv.Atoi(string(digits)); err == nil && slices.Contains(g.osc, n) {
			return
		}
	}
	g.report("string sequence %.80q", g.seq)
}
