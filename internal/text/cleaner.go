package text

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// rules say what differs between identifiers, messages and log lines.
type rules struct {
	limit  int  // cap, in bytes of cleaned text
	tabs   bool // expand tabs to columns of 8; else they become ␉
	joined bool // keep ZWJ and VS16 inside emoji
	styled bool // keep SGR as spans
	oneEOL bool // drop a line end at the end
}

var (
	cellRules    = rules{limit: maxCell}
	longRules    = rules{limit: maxLine, tabs: true, oneEOL: true}
	messageRules = rules{limit: maxLine, tabs: true, joined: true}
	lineRules    = rules{limit: maxLine, tabs: true, joined: true, styled: true, oneEOL: true}
)

// reserve is the room for the longest "… +N bytes" before the cap.
const reserve = 32

// readAhead bounds how much of the raw text is looked at, as a multiple of
// the cap: a gigabyte of sequences that show nothing costs nothing.
const readAhead = 4

// longestSGR is longer than any colour in use.
const longestSGR = 64

func cleanText(raw string, r rules) string {
	s, _ := clean(raw, 0, r)
	return s
}

// clip returns as much of raw as is looked at, and how much that leaves. It
// does not cut a rune or a short control sequence in two.
func clip[T string | []byte](raw T, limit int) (head T, rest int) {
	n := limit * readAhead
	if len(raw) <= n {
		return raw, 0
	}
	for i := n; i > n-longestSGR; i-- {
		if raw[i] == esc {
			return raw[:i], len(raw) - i
		}
	}
	for i := n; i > n-utf8.UTFMax; i-- {
		if utf8.RuneStart(raw[i]) {
			return raw[:i], len(raw) - i
		}
	}
	return raw[:n], len(raw) - n
}

// clean makes raw safe by the rules; rest is the number of bytes that the
// caller has left out behind raw.
func clean(raw string, rest int, r rules) (string, []Span) {
	if r.oneEOL && rest == 0 {
		raw = strings.TrimRight(strings.TrimSuffix(raw, "\n"), "\r")
	}
	plain := plainPrefix(raw[:min(len(raw), r.limit+1)])
	if plain == len(raw) && plain <= r.limit && rest == 0 && standsAlone(raw) {
		return raw, nil
	}
	c := cleaner{rules: r}
	head, left := clip(raw, r.limit)
	c.raw, rest = head, rest+left
	c.run(plain)
	c.setSpan()
	if len(c.out) > r.limit || rest > 0 {
		c.cap(rest)
	}
	text := string(c.out)
	return text, snap(text, c.spans)
}

// cleaner is the state of one clean.
type cleaner struct {
	rules
	raw string
	out []byte

	prev rune // the last rune written, 0 after a sequence

	style     Style
	spanStart int
	spans     []Span

	colAt, col int // width of out[:colAt] in cells

	markOut, markRaw int // where the text is cut if it is too long
}

// run cleans c.raw, whose first plain bytes are known to be plain.
func (c *cleaner) run(plain int) {
	c.out = make([]byte, 0, min(len(c.raw), c.limit)+reserve)
	i := 0
	if plain > 0 {
		c.copy(0, plain)
		i = plain
	}
	for i < len(c.raw) && len(c.out) <= c.limit {
		c.mark(i)
		b := c.raw[i]
		switch {
		case plainByte[b]:
			n := i + 1
			for n < len(c.raw) && plainByte[c.raw[n]] {
				n++
			}
			c.copy(i, n)
			i = n
		case b == esc:
			i += c.sequence(i)
		case b < utf8.RuneSelf:
			c.control(b)
			i++
		default:
			i += c.rune(i)
		}
	}
	c.mark(i)
	if last, _ := utf8.DecodeLastRune(c.out); joinsNext(last) {
		c.out = append(c.out, anchor...)
	}
}

// begin writes what the first rune of the text leans on, if it must.
func (c *cleaner) begin(r rune) {
	if len(c.out) == 0 && joinsPrevious(r) {
		c.out = append(c.out, anchor...)
	}
}

// mark notes that the text may be cut before raw byte i.
func (c *cleaner) mark(i int) {
	if len(c.out) <= c.limit-reserve {
		c.markOut, c.markRaw = len(c.out), i
	}
}

// copy writes the plain raw bytes [from, to).
func (c *cleaner) copy(from, to int) {
	first, _ := utf8.DecodeRuneInString(c.raw[from:to])
	c.begin(first)
	if room := c.limit - reserve - len(c.out); room >= 0 && to-from > room {
		cut := from + room
		for cut > from && !utf8.RuneStart(c.raw[cut]) {
			cut--
		}
		c.markOut, c.markRaw = len(c.out)+cut-from, cut
	}
	// One byte over the cap is enough to know that the text is cut.
	to = min(to, from+max(c.limit+1-len(c.out), 0))
	c.out = append(c.out, c.raw[from:to]...)
	c.prev, _ = utf8.DecodeLastRuneInString(c.raw[from:to])
}

// control writes a C0 control character or DEL.
func (c *cleaner) control(b byte) {
	c.prev = 0
	switch {
	case b == '\t' && c.tabs:
		c.col += Width(string(c.out[c.colAt:]))
		n := 8 - c.col%8
		c.out = append(c.out, blanks[:n]...)
		c.col += n
		c.colAt = len(c.out)
	case b == 0x7f:
		c.out = append(c.out, "␡"...)
	default:
		c.out = utf8.AppendRune(c.out, 0x2400+rune(b))
		if b == '\n' { // colours never cross a line
			c.setSpan()
			c.style = Style{}
		}
	}
}

// rune handles what starts with a byte beyond ASCII, and returns its length.
func (c *cleaner) rune(i int) int {
	r, n := utf8.DecodeRuneInString(c.raw[i:])
	last := c.prev
	switch {
	case r == utf8.RuneError && n < 2:
		c.out = append(c.out, '<', hexDigits[c.raw[i]>>4], hexDigits[c.raw[i]&15], '>')
		c.prev = '>'
		return 1
	case r <= 0x9f:
		return c.sequence(i)
	case !isHidden(r):
		c.begin(r)
		c.out = append(c.out, c.raw[i:i+n]...)
		c.prev = r
		return n
	case c.joined && r == vs16 && takesVS16(last):
		c.out = append(c.out, c.raw[i:i+n]...)
		if c.prev = vs16; isPictographic(last) {
			c.prev = selected
		}
		return n
	case c.joined && r == zwj && (last == selected || isPictographic(last)):
		if next, m := utf8.DecodeRuneInString(c.raw[i+n:]); isPictographic(next) {
			c.out = append(c.out, c.raw[i:i+n+m]...)
			c.prev = next
			return n + m
		}
	}
	c.writeCodePoint(r)
	return n
}

// selected stands for a pictograph that has its VS16 already.
const selected rune = -1

const hexDigits = "0123456789ABCDEF"

// writeCodePoint writes r as <U+202E>.
func (c *cleaner) writeCodePoint(r rune) {
	c.out = append(c.out, "<U+"...)
	digits := 4
	for r>>(4*digits) != 0 {
		digits++
	}
	for d := digits - 1; d >= 0; d-- {
		c.out = append(c.out, hexDigits[r>>(4*d)&15])
	}
	c.out = append(c.out, '>')
	c.prev = '>'
}

// sequence handles ESC or a C1 control at raw byte i, and returns how much it
// took.
func (c *cleaner) sequence(i int) int {
	n, kind, params := sequence(c.raw[i:])
	c.prev = 0
	switch kind {
	case seqSGR:
		if c.styled {
			c.setSpan()
			c.style.apply(params)
		}
		return n
	case seqHidden, seqOther:
		return n
	}
	if c.raw[i] == esc {
		c.out = append(c.out, "␛"...)
		return 1
	}
	c.writeCodePoint(rune(c.raw[i+1])) // C2 xx is U+00xx up to U+00BF
	return 2
}

// setSpan closes the span that is open, with the style so far.
func (c *cleaner) setSpan() {
	start, end := c.spanStart, len(c.out)
	c.spanStart = end
	style := c.style.visible()
	if start == end || style == (Style{}) {
		return
	}
	if n := len(c.spans); n > 0 && int(c.spans[n-1].End) == start && c.spans[n-1].Style == style {
		c.spans[n-1].End = int32(end)
		return
	}
	if c.spans == nil {
		c.spans = make([]Span, 0, 4)
	}
	c.spans = append(c.spans, Span{int32(start), int32(end), style})
}

// cap cuts the text and says how many raw bytes are not shown.
func (c *cleaner) cap(rest int) {
	left := len(c.raw) - c.markRaw + rest
	c.out = c.out[:c.markOut]
	c.out = append(c.out, "… +"...)
	c.out = strconv.AppendInt(c.out, int64(left), 10)
	c.out = append(c.out, " bytes"...)
	for n := len(c.spans); n > 0 && int(c.spans[n-1].End) > c.markOut; n-- {
		if int(c.spans[n-1].Start) < c.markOut {
			c.spans[n-1].End = int32(c.markOut)
			break
		}
		c.spans = c.spans[:n-1]
	}
}
