package core

// The parameters of the verbs, as the capabilities of the sources take them.
// The zero value of each field is its default.

// Rollback is to an earlier state.
type Rollback struct {
	To string // revision, history id or image; "": the previous good one
	// Via is the mechanism: "" the object's own, else the one that a form
	// offered: "helm", "compose".
	Via     string
	Options map[string]string // further switches of a form: "auto-sync": "off"
}

// Deploy brings something new. Exactly one of the ways is used: Image, File, or
// what the object itself offers (a cron job is run, a project is brought up).
type Deploy struct {
	Image     string            // image reference; for Container, or the only one
	Container string            // "": the only container
	File      string            // local manifest file, kustomization folder or archive
	Revision  string            // of what is synced
	Ref       string            // branch, tag or commit of what is dispatched
	Inputs    map[string]string // input.NAME
	Options   map[string]string // further switches of a form: "pull": "true"
}

// Rerun is a run once more.
type Rerun struct {
	FailedOnly bool              // only the jobs that failed, and what depends on them
	Options    map[string]string // further switches of a form: "debug": "true"
}

// Cancel ends something that goes on.
type Cancel struct {
	Force   bool              // also where the system waits for it to end by itself
	Options map[string]string // further switches of a form
}

// Verdict answers what waits for a human.
type Verdict struct {
	Gates   []string          // which of those that wait: environments, inputs, jobs; empty: all that wait for this user
	Comment string            // kept by the system
	Inputs  map[string]string // input.NAME: what the gate asks
	Options map[string]string // further switches of a form: "full": "true"
}

// Removal is how something is deleted.
type Removal struct {
	Cascade string // "foreground", "background" or "orphan"; "": background
	Grace   int    // seconds; -1: the object's own
	Volumes bool   // its anonymous volumes too
	Force   bool   // also while it runs
}

// Drain empties a node.
type Drain struct {
	Grace          int  // seconds; -1: each pod's own
	DeleteEmptyDir bool // also pods that lose local data
	Force          bool // also pods that nothing starts again
}

// Shell is an interactive program in a container.
type Shell struct {
	Container string   // "": the only or the default one
	Command   []string // empty: the best shell that is there
	Debug     string   // image of a debug container to add first; "": none
}

// Forward is a local port that leads to an object's.
type Forward struct {
	Local  string // "8080", "127.0.0.1:8080"; "" or "0": any free port of the loopback
	Remote string // port or port name
}

// Copy is a file or folder between this machine and a container. Exactly one
// of both is inside: it begins with ":" ("container:/path" where there are several).
type Copy struct{ From, To string }
