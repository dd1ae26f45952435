// Package sources is the contract between the cockpit and the systems it
// watches, and what runs them: supervisor, hub, write gate. A system is one
// folder below this one plus one line in package all.
package sources

import (
	"context"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Source is one connection to one system: one cluster context, one Docker
// host. What more it can do is found by asserting the interfaces in
// capability.go.
type Source interface {
	Info() Info
	// Run watches and reports to sink until ctx ends; it blocks. It starts at
	// once with whatever Want last said, follows later calls of Want, and heals
	// what it can by itself (a watch that ends is opened again). It returns an
	// error when it cannot go on; the supervisor runs it again. A return while
	// ctx is alive is always a failure.
	Run(ctx context.Context, sink Sink) error
	// Probe asks the system for a sign of life with a cheap request of its own;
	// the supervisor calls it every few seconds with a time-out in ctx.
	// serverTime is the system's clock if it tells (Date header), else zero.
	Probe(ctx context.Context) (serverTime time.Time, err error)
	// Want tells what the screen needs from now on. It never blocks.
	Want(core.Interest)
	// Wake asks for an immediate retry of whatever waits (back-off) and a fresh
	// list where the state is in doubt: the connection is back, or the user
	// pressed r. It never blocks.
	Wake()
	// Problem maps an error of the SDK to words for a user; used for errors of
	// Run, Probe and the capabilities that are not a *core.Problem already.
	Problem(err error) *core.Problem
}

// Info describes a source instance. It does not change.
type Info struct {
	ID    string      // "docker": lower case, the same for all instances
	Scope string      // raw; unique among the instances of the id
	Title text.Safe   // "Docker"
	Kinds []core.Kind // known without asking the server; more may come through Sink.Kinds
	// Default kinds, watched when Interest.Kinds is nil.
	Default []string
	Demo    bool // always marked DEMO on screen
	// Open says that the server may have more kinds than Kinds; they come
	// through Sink.Kinds.
	Open bool
	// Custom are the names of kinds that an Open server may have and another
	// source may declare as well: "application".
	Custom []string
}

// MoreKinds reports whether the server may have kinds that are not declared.
func (i Info) MoreKinds() bool { return i.Open }

// Instance is the key of the source instance.
func (i Info) Instance() core.Instance { return core.Instance{Source: i.ID, Scope: i.Scope} }

// Sink takes what a source sees. No method blocks; all may be called from
// several goroutines. Calls for one kind must be ordered by the source.
type Sink interface {
	// Begin starts a full list of kind in namespace ("": all namespaces). Rows
	// that are not upserted until End are removed by End; rows are shown as
	// they come, page by page.
	Begin(kind, namespace string)
	// Apply takes changes; the last one of an object wins. The slice is the
	// callee's from then on.
	Apply(kind string, changes []core.Change)
	// End closes the list: the kind is complete for that namespace.
	End(kind, namespace string)
	// Drop forgets all rows of kind: it is no longer watched.
	Drop(kind string)
	// State reports why a kind cannot be listed or watched (nil: it can).
	State(kind string, problem *core.Problem)
	// Kinds adds kinds found at run time (CRDs), or replaces known ones by name.
	Kinds(kinds []core.Kind)
	// Usage takes samples.
	Usage(samples []core.Usage)
	// UsageState reports why there is no usage: "no metrics: metrics.k8s.io is not installed" (nil: there is).
	UsageState(problem *core.Problem)
	// Alive reports a sign of life: any byte from the server counts.
	Alive()
	// Version tells the server's product and version.
	Version(v text.Safe)
}
