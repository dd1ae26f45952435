package core

// Interest is what the screen (or the command line) needs of a source now.
// A source watches no more than that. The value is immutable and replaces the
// one before.
type Interest struct {
	Kinds      []string // sorted; nil: the source's defaults
	Namespaces []string // sorted; nil: all that are allowed
	Usage      bool     // usage of all objects of the kinds is wanted (a sort or filter needs it, or a list is shown)
	Shown      []Ref    // rows in sight of kinds that are Polled: what is asked for most often
	UsageOf    []Ref    // objects in sight whose usage is wanted as a stream
}

// KindState is how far the listing of one kind of one source instance is.
type KindState struct {
	Listed  bool     // the list is complete
	Problem *Problem // why it is not, or not live: forbidden, …
}

// Abilities says what the source of an object offers for it: its tabs.
type Abilities struct{ Logs, Events, Manifest, Describe, Series, Outline, Explain, History, Diff bool }
