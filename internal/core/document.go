package core

import "devops-tui/internal/text"

// Document is text to read: a manifest, a description. Secrets are redacted
// by the source before it is made.
type Document struct {
	Title  text.Safe
	Syntax string // "yaml", "json", "" plain
	Lines  []text.Line
}

// Event is something that a system says happened to an object.
type Event struct {
	At      int64 // Unix nanoseconds of the last occurrence
	First   int64 // Unix nanoseconds of the first; 0 same
	Count   int   // occurrences; at least 1
	Warning bool
	Reason  text.Safe
	Message text.Safe
	From    text.Safe // the component that says it
	Ref     Ref       // the object concerned
}
