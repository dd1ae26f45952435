package core

import "devops-tui/internal/text"

// Resource is one object as a compact row. It is immutable once published:
// a change makes a new Resource. The full object is fetched on demand and
// never kept. Sources intern strings that repeat (package unique).
type Resource struct {
	Ref     Ref
	Owner   Ref       // the controlling object; zero if none
	Phase   Phase     //
	Reason  text.Safe // the system's own word: "CrashLoopBackOff", "Exited (137)"
	Message text.Safe // one line more, when the system says it: the reason of the reason
	Cells   []Cell    // aligned with the Columns of its kind
	Started int64     // Unix nanoseconds the object began (created, started); 0 unknown
	Changed int64     // Unix nanoseconds of the last change of phase that is known; 0 unknown
	Rev     string    // optimistic-lock token (resourceVersion); "" if the system has none
	Facts   *Facts    // nil when nothing is known
	// Past says that a newer object tells how things stand: a run of a branch that
	// has run again since. Its failure is history, not trouble.
	Past bool
	// Twin is the same object seen through another source (see Kind.Yields): where
	// that row is in scope it is listed in place of this one. The store sets it.
	Twin   *Ref
	Hidden bool // kept for joins, not listed (e.g. a ReplicaSet with 0 replicas is not hidden by default in its own list)
}

// Facts are what joins systems. All of them come from the object itself.
type Facts struct {
	Image       []string          `json:"image,omitempty"`  // image references as written, raw
	Digest      []string          `json:"digest,omitempty"` // sha256:… of the images that run, raw
	Commit      string            `json:"commit,omitempty"`
	Repo        string            `json:"repo,omitempty"`
	Environment string            `json:"environment,omitempty"`
	Service     string            `json:"service,omitempty"`
	Node        string            `json:"node,omitempty"`       // where it runs
	Containers  []string          `json:"containers,omitempty"` // container names that have logs, init containers marked by prefix "init:", ephemeral "debug:"
	URL         string            `json:"url,omitempty"`        // its page in the system's own web UI, raw
	Actor       string            `json:"actor,omitempty"`      // who started it, raw
	Waits       []text.Safe       `json:"waits,omitempty"`      // what it waits for from a human: "approval for production"
	Labels      map[string]string `json:"labels,omitempty"`     // only the labels that matter (app.kubernetes.io/*, com.docker.compose.*); may be shared, never written
	Selector    map[string]string `json:"selector,omitempty"`   // of workloads and services: which pods are theirs
}

// Cell is one value of a row: what is drawn, and what sorts and compares.
type Cell struct {
	Text text.Safe // drawn as it is; empty for Age columns, which are drawn from Num
	Num  float64   // sorts and filters Number, Bytes, CPU, Percent, Age, Duration columns; unit as the ColumnType says
}

// ColumnType says how a column's cells are drawn, aligned, sorted and compared.
type ColumnType uint8

// The column types and the unit of Cell.Num.
const (
	Text     ColumnType = iota // sorts by Text
	Name                       // Text, the object's name: never truncated before the others
	Status                     // Text, drawn with the phase's glyph and colour; sorts by trouble
	Number                     // a count; right-aligned; below 0: not known, drawn as nothing
	Bytes                      // bytes; drawn by the view as 212Mi
	CPU                        // millicores; drawn by the view as 430m
	Percent                    // 0..100 (may exceed)
	Age                        // Unix seconds of the instant; drawn as an age against the clock: 4m
	Duration                   // seconds
	Stages                     // how far something of several stages is: Num is 1000*stages + done, Text the stage that it is at
)

// Usage columns are filled by the view from the snapshot's Usage of the row's
// object (Column.Usage names the measure), not from Cells: their cell is empty.

// Column declares one column of a kind.
type Column struct {
	ID    string    // the name in filters and sorting: "restarts"; lower case
	Title text.Safe // the heading: "RESTARTS"
	Type  ColumnType
	Usage Measure // not MeasureNone: filled from Usage
	Wide  bool    // only in wide mode
	Min   int     // least width in cells; 0: the title's
	Flex  bool    // gets spare width
}

// Kind declares one kind of object of a source.
type Kind struct {
	Name       string   // singular, lower case: "pod"
	Plural     string   // "pods"
	Aliases    []string // "po"
	Title      text.Safe
	Namespaced bool
	Columns    []Column  // Namespace and scope columns are added by the view; do not declare them
	Verbs      []string  // changes that exist for the kind: "restart"; whether one is possible now is asked
	Logs       bool      // has logs
	Polled     bool      // there is no watch: the source wants to know which rows are in sight (Interest.Shown)
	Unlisted   bool      // no list has its objects: they come with the outline of another, or by name (sources.Finder)
	Outline    bool      // has an outline
	Explains   bool      // can tell why one failed
	History    bool      // has a history to read
	Diff       bool      // can be compared with what it should be
	Yields     string    // the source whose rows of this kind, where they have the same UID, are shown in place of this one's; "": none
	Place      text.Safe // the heading of its namespaces: "REPOSITORY"; empty: NAMESPACE
	Workload   bool      // owns pods or containers: listed in the Workloads view
	Rank       int       // order in menus; lower first
}

// Op is what a Change does.
type Op uint8

// The operations.
const (
	Upsert Op = iota
	Delete
)

// Change is one change of one object. For Delete only Ref counts
// (and a Ref without UID deletes whatever stands at that place).
type Change struct {
	Op       Op
	Ref      Ref
	Resource *Resource
}

// Trouble ranks the object for "trouble first": its phase's rank, and 0 for
// what is past.
func (r *Resource) Trouble() int {
	if r.Past {
		return 0
	}
	return r.Phase.Trouble()
}

// IsProblem reports whether "problems only" keeps the object.
func (r *Resource) IsProblem() bool { return !r.Past && r.Phase.IsProblem() }
