// Package keys is the one table of commands: what a key does where, what help
// and footer say of it, what the palette offers, and the documents made of it.
//
// The rule that the table keeps and its tests enforce: lower case looks, UPPER
// CASE changes. No lower-case key, no ctrl key and no digit ever opens a change.
package keys

import (
	"slices"
	"strings"

	"devops-tui/internal/text"
)

// Context is where a key is pressed. A view asks with the contexts that apply,
// the innermost first: {Logs, Global}.
type Context uint8

// The contexts.
const (
	Global   Context = iota // everywhere but in dialogs and while typing
	List                    // a list of objects
	Logs                    // a log view
	Doc                     // text to read: manifest, description, events, help
	Chart                   // charts
	Object                  // an object page, around its tab
	Dialog                  // a dialog: plan, menu, question
	Palette                 // the palette, while typing
	Prompt                  // a line to type in: filter, search
	TaskList                // the list of what runs and what was done
	Outline                 // what an object is made of, with its page around
	numContexts
)

var contextNames = [numContexts]string{"global", "list", "logs", "doc", "chart", "object", "dialog", "palette", "prompt", "tasks", "outline"}

// String is the context's name in documents and messages.
func (c Context) String() string {
	if c < numContexts {
		return contextNames[c]
	}
	return "context?"
}

// Contexts returns all contexts.
func Contexts() []Context {
	out := make([]Context, numContexts)
	for i := range out {
		out[i] = Context(i)
	}
	return out
}

// Group is the heading of a command in help and documents.
type Group uint8

// The groups, in the order of help.
const (
	Move Group = iota
	Look
	Find
	Order
	Views
	LogText
	TimeRange
	Changes
	Answer
	Program
	numGroups
)

var groupTitles = [numGroups]text.Safe{
	text.Lit("Move"), text.Lit("Look"), text.Lit("Find and narrow"), text.Lit("Order and mark"), text.Lit("Views"),
	text.Lit("Logs and text"), text.Lit("Time range"), text.Lit("Change (always a plan first)"), text.Lit("Answer"), text.Lit("Program"),
}

// Title is the group's heading.
func (g Group) Title() text.Safe {
	if g < numGroups {
		return groupTitles[g]
	}
	return text.Safe{}
}

// Groups returns all groups in the order of help.
func Groups() []Group {
	out := make([]Group, numGroups)
	for i := range out {
		out[i] = Group(i)
	}
	return out
}

// Command is one thing that can be done.
type Command struct {
	ID    string    // "restart": the name in the configuration and the palette
	Keys  []string  // as Bubble Tea's KeyPressMsg.String() spells them; a sequence has spaces: "g g"
	Title text.Safe // two or three words for footer and palette: "previous logs"
	Help  text.Safe // one sentence
	Group Group
	// Contexts where the keys are valid.
	Contexts []Context
	// Changes says that the command opens a plan to change the outside world.
	Changes bool
	Verb    string // the verb of a change: core.VerbRestart
	Arg     string // what a family of commands differs in: the view's name, the time range "5m"
	// Hint ranks the command in the footer; 0: it is only in help.
	Hint int
	// Hidden keeps the command out of the palette: it means nothing without its key.
	Hidden bool
	// Planned names what brings the command; empty: it exists.
	Planned text.Safe
}

// In reports whether the command is valid in ctx.
func (c Command) In(ctx Context) bool { return slices.Contains(c.Contexts, ctx) }

// Exists reports whether the command exists in this version.
func (c Command) Exists() bool { return c.Planned.Empty() }

// Notice is the answer to the key of a command that does not exist yet.
func (c Command) Notice() text.Safe {
	if c.Exists() {
		return text.Safe{}
	}
	return text.Concat(c.Title, text.Lit(": not in this version, it comes with "), c.Planned)
}

// Key is the first key as it is shown; empty when the command has none.
func (c Command) Key() text.Safe {
	if len(c.Keys) == 0 {
		return text.Safe{}
	}
	return text.Clean(c.Keys[0])
}

// KeyList is all keys as they are shown, separated by spaces.
func (c Command) KeyList() text.Safe { return text.Clean(strings.Join(c.Keys, " ")) }
