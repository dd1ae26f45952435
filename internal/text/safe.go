// Package text turns untrusted bytes into text that is safe to draw on a
// terminal. It is the only way in: Safe and Line can be made by this package
// alone, and the drawing code accepts nothing else.
package text

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
