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

// Former tells what a verb asks before it is planned for ref, with what can be
// chosen there; a verb that asks nothing has no fields.
type Former interface {
	Form(ctx context.Context, verb string, ref core.Ref) (core.Form, error)
}

// Roller plans the way back to an earlier revision or image.
type Roller interface {
	PlanRollback(ctx context.Context, ref core.Ref, to core.Rollback) (*core.Operation, error)
}

// Deployer plans something new: an image, a manifest, a run.
type Deployer interface {
	PlanDeploy(ctx context.Context, ref core.Ref, what core.Deploy) (*core.Operation, error)
}

// Scaler plans another number of replicas.
type Scaler interface {
	PlanScale(ctx context.Context, ref core.Ref, replicas int) (*core.Operation, error)
}

// Runner plans that something stops or starts. grace is the seconds until a
// stop becomes a kill; -1: the object's own.
type Runner interface {
	PlanStop(ctx context.Context, ref core.Ref, grace int) (*core.Operation, error)
	PlanStart(ctx context.Context, ref core.Ref) (*core.Operation, error)
}

// Killer plans a signal to what runs: "KILL", "HUP".
type Killer interface {
	PlanKill(ctx context.Context, ref core.Ref, signal string) (*core.Operation, error)
}

// Pauser plans that something is held, or goes on: a rollout, a schedule, a
// container.
type Pauser interface {
	PlanPause(ctx context.Context, ref core.Ref) (*core.Operation, error)
	PlanResume(ctx context.Context, ref core.Ref) (*core.Operation, error)
}

// Cordoner plans that a node takes no new pods (on) or takes them again.
type Cordoner interface {
	PlanCordon(ctx context.Context, ref core.Ref, on bool) (*core.Operation, error)
}

// Drainer plans that a node is emptied.
type Drainer interface {
	PlanDrain(ctx context.Context, ref core.Ref, how core.Drain) (*core.Operation, error)
}

// Editor lets a user change a definition. Definition is what is opened in the
// user's editor, secrets included where the user may read them: it goes into a private
// file and nowhere else. PlanEdit compares before, as it was opened, with after, and
// plans the difference.
type Editor interface {
	Definition(ctx context.Context, ref core.Ref) ([]byte, error)
	PlanEdit(ctx context.Context, ref core.Ref, before, after []byte) (*core.Operation, error)
}

// Deleter plans that an object goes away.
type Deleter interface {
	PlanDelete(ctx context.Context, ref core.Ref, how core.Removal) (*core.Operation, error)
}

// Restorer plans that a saved definition (core.Inverse.Saved) is put back: undo
// of a deletion or an edit.
type Restorer interface {
	PlanRestore(ctx context.Context, ref core.Ref, saved []byte) (*core.Operation, error)
}

// Pruner plans that what is unused goes away. what are the names that its form
// offered: "images", "volumes".
type Pruner interface {
	PlanPrune(ctx context.Context, ref core.Ref, what []string) (*core.Operation, error)
}

// Sheller plans an interactive program in a container (Operation.Session).
type Sheller interface {
	PlanShell(ctx context.Context, ref core.Ref, what core.Shell) (*core.Operation, error)
}

// Forwarder plans a local port that leads to an object's (Operation.Serve).
type Forwarder interface {
	PlanForward(ctx context.Context, ref core.Ref, what core.Forward) (*core.Operation, error)
}

// Copier plans a copy of files into or out of a container.
type Copier interface {
	PlanCopy(ctx context.Context, ref core.Ref, what core.Copy) (*core.Operation, error)
}

// Rerunner plans that a run goes through once more.
type Rerunner interface {
	PlanRerun(ctx context.Context, ref core.Ref, how core.Rerun) (*core.Operation, error)
}

// Canceller plans that something that goes on ends: a run, a job, a sync, a
// rollout's new version.
type Canceller interface {
	PlanCancel(ctx context.Context, ref core.Ref, how core.Cancel) (*core.Operation, error)
}

// Approver plans the answer to what waits for a human: an environment's gate,
// an input, a manual job, a rollout's pause.
type Approver interface {
	PlanApprove(ctx context.Context, ref core.Ref, v core.Verdict) (*core.Operation, error)
	PlanReject(ctx context.Context, ref core.Ref, v core.Verdict) (*core.Operation, error)
}

// Outliner tells what an object is made of. It is asked again every few
// seconds while the object is on the screen and not done, so it is cheap when
// nothing has changed.
type Outliner interface {
	Outline(ctx context.Context, ref core.Ref) (core.Outline, error)
}

// Explainer tells why an object failed.
type Explainer interface {
	Explain(ctx context.Context, ref core.Ref) (core.Explanation, error)
}

// Historian tells what an object has been before, newest first.
type Historian interface {
	History(ctx context.Context, ref core.Ref) (core.Document, error)
}

// Differ compares an object with what it should be, as a unified diff.
type Differ interface {
	Diff(ctx context.Context, ref core.Ref) (core.Document, error)
}

// Finder finds an object that no list has by its kind and the path behind it
// on the command line: a job by acme/shop/ci/1842/test. A *core.Problem of kind
// NotFound says that there is none.
type Finder interface {
	Find(ctx context.Context, kind, path string) (core.Ref, error)
}

// Diagnoser adds lines to doctor: versions, permissions, limits.
type Diagnoser interface {
	Diagnose(ctx context.Context) []core.Finding
}
