package text

// The caps, in bytes of the cleaned text.
const (
	maxCell = 512
	maxLine = 64 << 10
)

// Clean makes Safe of an identifier or a table cell: a name, a label, a
// status word. The result is one line of at most 512 bytes; what is longer
// ends in "… +N bytes".
//
// Invalid bytes become <F0>, whole control sequences are taken out, control
// characters become their pictures (␊), and invisible and bidirectional
// characters become <U+202E>. In an identifier that includes the joiners that
// emoji are made with: two names must never look the same.
func Clean(raw string) Safe { return Safe{cleanText(raw, cellRules)} }

// CleanBytes is Clean for bytes.
func CleanBytes(raw []byte) Safe {
	head, rest := clip(raw, cellRules.limit)
	s, _ := clean(string(head), rest, cellRules)
	return Safe{s}
}

// CleanLong is Clean for messages: up to 64 KiB, a trailing line end is
// dropped, and tabs expand to columns of 8.
func CleanLong(raw string) Safe { return Safe{cleanText(raw, longRules)} }
