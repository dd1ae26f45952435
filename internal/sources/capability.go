package sources

import (
	"context"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// The capabilities a Source may implement. Each is found by type assertion;
// views and actions light up from what is there. All of them may be called at
// any time, also while Run is not running, and return *core.Problem errors.

// Getter reads one object afresh from the system. A replaced object (another
// UID at the same place) is a Conflict problem, a missing one NotFound.
type Getter interface {
	Get(ctx context.Context, ref core.Ref) (*core.Resource, error)
}

// Tailer reads and follows logs. Tail blocks until the log ends (not Follow),
// ctx ends (nil), or nothing more can come. It resumes by itself without gap or
// duplicate; a gap that cannot be avoided is a Marker line that says how long.
type Tailer interface {
	Tail(ctx context.Context, req core.LogRequest, sink core.LogSink) error
}

// Describer tells what a human wants to know of an object.
type Describer interface {
	Describe(ctx context.Context, ref core.Ref) (core.Document, error)
}

// Manifester returns the object's definition (YAML or JSON) without secrets.
type Manifester interface {
	Manifest(ctx context.Context, ref core.Ref) (core.Document, error)
}

// Eventer returns what the system says happened to the object, newest first.
type Eventer interface {
	Events(ctx context.Context, ref core.Ref) ([]core.Event, error)
}

// Meter returns series from a system that keeps history. Sources that only
// know the present report through Sink.Usage instead.
type Meter interface {
	Series(ctx context.Context, ref core.Ref, since time.Time) ([]core.Series, error)
}

// Permitter tells cheaply (from a cache, no request) why verb cannot be done to
// r now; "" means that it can be planned.
type Permitter interface {
	Disabled(verb string, r *core.Resource) text.Safe
}

// Restarter plans a restart: of a container, a workload, a run.
type Restarter interface {
	PlanRestart(ctx context.Context, ref core.Ref) (*core.Operation, error)
}

// Diagnoser adds lines to doctor: versions, permissions, limits.
type Diagnoser interface {
	Diagnose(ctx context.Context) []core.Finding
}
