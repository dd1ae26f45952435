package text

import "strings"

const (
	esc = 0x1b
	// maxSequence is the longest control sequence that is taken for one.
	maxSequence = 4 << 10
)

// The kinds of control sequence.
type seqKind uint8

const (
	seqNone   seqKind = iota // not complete: show it
	seqOther                 // to be taken out
	seqSGR                   // colours and attributes
	seqHidden                // a Jenkins console note: to be taken out with its payload
)

// sequence measures the control sequence at the start of s, which begins with
// ESC or with a C1 control in UTF-8 (C2 80 to C2 9F). For SGR, params is what
// stands between the introducer and the final m.
//
// A string sequence that meets another control before its end counts as not
// complete: terminals disagree about it, so its text is shown. That also
// keeps the time linear, since no byte is looked at by two string sequences.
func sequence(s string) (n int, kind seqKind, params string) {
	intro := 2
	var c byte
	switch {
	case s[0] != esc:
		c = s[1] - 0x40 // a C1 control is ESC and the letter 0x40 below
	case len(s) < 2:
		return 0, seqNone, ""
	default:
		c = s[1]
	}
	switch {
	case c == '[':
		return csi(s, intro)
	case c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_':
		if end := stringEnd(s, intro); end > 0 {
			return end, seqOther, ""
		}
		return 0, seqNone, ""
	case s[0] != esc:
		return 0, seqNone, "" // the other C1 controls are shown
	case c >= 0x20 && c <= 0x2f: // nF, such as the choice of a character set
		for i := intro; i < len(s) && i < maxSequence; i++ {
			switch b := s[i]; {
			case b >= 0x20 && b <= 0x2f:
			case b >= 0x30 && b <= 0x7e:
				return i + 1, seqOther, ""
			default:
				return 0, seqNone, ""
			}
		}
		return 0, seqNone, ""
	case c >= 0x30 && c <= 0x7e:
		return intro, seqOther, ""
	}
	return 0, seqNone, ""
}

// csi measures a control sequence whose parameters start at i.
func csi(s string, i int) (n int, kind seqKind, params string) {
	start := i
	limit := min(len(s), maxSequence)
	for i < limit && s[i] >= 0x30 && s[i] <= 0x3f {
		i++
	}
	end := i
	for i < limit && s[i] >= 0x20 && s[i] <= 0x2f {
		i++
	}
	if i >= limit || s[i] < 0x40 || s[i] > 0x7e {
		return 0, seqNone, ""
	}
	n = i + 1
	if s[i] != 'm' || i != end || start < end && s[start] >= '<' {
		return n, seqOther, "" // with < = > ? it is another command than SGR
	}
	params = s[start:end]
	if params == "8" {
		if note := consoleNote(s[n:]); note > 0 {
			return n + note, seqHidden, ""
		}
	}
	return n, seqSGR, params
}

// stringEnd returns the length of a string sequence whose payload starts at
// i, with its terminator; 0 if it has none.
func stringEnd(s string, i int) int {
	limit := min(len(s), maxSequence)
	for ; i < limit; i++ {
		switch s[i] {
		case 0x07, 0x18, 0x1a: // BEL, CAN, SUB
			return i + 1
		case esc:
			if i+1 < len(s) && s[i+1] == '\\' {
				return i + 2
			}
			return 0
		case '\n':
			return 0
		case 0xc2:
			if i+1 < len(s) && s[i+1] >= 0x80 && s[i+1] <= 0x9f {
				if s[i+1] == 0x9c {
					return i + 2
				}
				return 0
			}
		}
	}
	return 0
}

// consoleNote measures the rest of a Jenkins console note after its
// concealing ESC[8m: "ha:", base64, ESC[0m. The base64 is an object for the
// Jenkins web page, which no terminal shows. 0 if it is none.
func consoleNote(s string) int {
	if !strings.HasPrefix(s, "ha:") {
		return 0
	}
	i := len("ha:")
	for i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z' ||
		s[i] >= '0' && s[i] <= '9' || s[i] == '+' || s[i] == '/' || s[i] == '=') {
		i++
	}
	if i == len("ha:") || !strings.HasPrefix(s[i:], "\x1b[0m") {
		return 0
	}
	return i + len("\x1b[0m")
}
