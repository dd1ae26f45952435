// Package text turns untrusted bytes into text that is safe to draw on a
// terminal. It is the only way in: Safe and Line can be made by this package
// alone, and the drawing code accepts nothing else.
//
// Clean and CleanBytes are for names, labels and table cells; CleanLong and
// Error for messages; CleanLine and Document for log lines and files, which
// keep their colours. Everything that is taken away or replaced is described
// at those functions.
package text

import "strings"

// Safe is one line of text without control sequences, control characters or
// invisible characters. The zero value is the empty text.
type Safe struct{ s string }

// constant is unexported, so that only untyped constants written in source
// code can be passed to Lit and Sprintf's format.
type constant string

// Lit makes Safe of a constant in our own source code.
func Lit(c constant) Safe { return Safe{string(c)} }

// String returns the text; it is safe to write to a terminal.
func (t Safe) String() string { return t.s }

// Empty reports whether there is no text.
func (t Safe) Empty() bool { return t.s == "" }

// MarshalText makes Safe a plain string in JSON and YAML.
func (t Safe) MarshalText() ([]byte, error) { return []byte(t.s), nil }

// Concat puts the parts one after another.
func Concat(parts ...Safe) Safe { return Join(Safe{}, parts...) }

// Join puts the parts one after another with sep between them. Empty parts
// count: they get their separators too.
func Join(sep Safe, parts ...Safe) Safe {
	switch len(parts) {
	case 0:
		return Safe{}
	case 1:
		return parts[0]
	}
	n := len(sep.s) * (len(parts) - 1)
	for _, p := range parts {
		n += len(p.s)
	}
	var b strings.Builder
	b.Grow(n)
	for i, p := range parts {
		if i > 0 {
			b.WriteString(sep.s)
		}
		b.WriteString(p.s)
	}
	return Safe{b.String()}
}
