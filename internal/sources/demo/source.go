package demo

import (
	"context"
	"slices"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Source is one scope of the world as a source instance.
type Source struct {
	w     *world
	place *place
	info  sources.Info

	// Guarded by w.mu.
	interest core.Interest
	wishes   int  // how often Want was called
	afresh   bool // list everything again
	wake     chan struct{}
}

// The contract and every capability that there is.
var (
	_ sources.Source     = (*Source)(nil)
	_ sources.Getter     = (*Source)(nil)
	_ sources.Eventer    = (*Source)(nil)
	_ sources.Tailer     = (*Source)(nil)
	_ sources.Describer  = (*Source)(nil)
	_ sources.Manifester = (*Source)(nil)
	_ sources.Meter      = (*Source)(nil)
	_ sources.Permitter  = (*Source)(nil)
	_ sources.Diagnoser  = (*Source)(nil)
	_ sources.Former     = (*Source)(nil)
	_ sources.Restarter  = (*Source)(nil)
	_ sources.Roller     = (*Source)(nil)
	_ sources.Deployer   = (*Source)(nil)
	_ sources.Scaler     = (*Source)(nil)
	_ sources.Runner     = (*Source)(nil)
	_ sources.Killer     = (*Source)(nil)
	_ sources.Pauser     = (*Source)(nil)
	_ sources.Cordoner   = (*Source)(nil)
	_ sources.Drainer    = (*Source)(nil)
	_ sources.Editor     = (*Source)(nil)
	_ sources.Deleter    = (*Source)(nil)
	_ sources.Restorer   = (*Source)(nil)
	_ sources.Pruner     = (*Source)(nil)
	_ sources.Sheller    = (*Source)(nil)
	_ sources.Forwarder  = (*Source)(nil)
	_ sources.Copier     = (*Source)(nil)
	_ sources.Rerunner   = (*Source)(nil)
	_ sources.Canceller  = (*Source)(nil)
	_ sources.Approver   = (*Source)(nil)
	_ sources.Outliner   = (*Source)(nil)
	_ sources.Explainer  = (*Source)(nil)
	_ sources.Historian  = (*Source)(nil)
	_ sources.Differ     = (*Source)(nil)
	_ sources.Finder     = (*Source)(nil)
)

func newSource(w *world, scope string) *Source {
	s := &Source{w: w, place: w.places[scope], wake: make(chan struct{}, 1)}
	s.info = sources.Info{ID: ID, Scope: scope, Title: text.Lit("Demo"), Demo: true}
	if scope == Laptop {
		s.info.Kinds, s.info.Default = laptopKinds, []string{"container", "project"}
	} else {
		s.info.Kinds, s.info.Default = clusterKinds, []string{"deployment", "pod", "run"}
	}
	return s
}

// Info says what the instance is.
func (s *Source) Info() sources.Info { return s.info }

// Want tells what is to be reported.
func (s *Source) Want(i core.Interest) {
	s.w.mu.Lock()
	s.interest = i
	s.wishes++
	s.w.mu.Unlock()
	s.nudge()
}

// Wake asks for a fresh list.
func (s *Source) Wake() {
	s.w.mu.Lock()
	s.afresh = true
	s.w.mu.Unlock()
	s.nudge()
}

func (s *Source) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Probe answers at once: the world is in this process.
func (s *Source) Probe(ctx context.Context) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, s.Problem(err)
	}
	s.w.lock()
	defer s.w.mu.Unlock()
	return s.w.now, nil
}

// object finds what ref refers to and holds the world still until done is
// called.
func (s *Source) object(ctx context.Context, ref core.Ref) (o object, done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, s.Problem(err)
	}
	s.w.lock()
	if o, err = s.place.lookup(ref); err != nil {
		s.w.mu.Unlock()
		return nil, nil, err
	}
	return o, s.w.mu.Unlock, nil
}

// Get returns the object as it is now.
func (s *Source) Get(ctx context.Context, ref core.Ref) (*core.Resource, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	return o.row(), nil
}

// version is what the world says it is.
func (s *Source) version() text.Safe {
	if s.place.scope == Laptop {
		return text.Lit("demo engine 28.5")
	}
	return text.Lit("demo cluster v1.36.3")
}

// pace is how often usage is sampled and a sign of life given.
const pace = 2 * time.Second

// Run reports the place until ctx ends.
func (s *Source) Run(ctx context.Context, sink sources.Sink) error {
	sub := &subscription{marked: map[core.Ref]bool{}, notify: make(chan struct{}, 1)}
	s.w.lock()
	s.place.sub = sub
	s.w.mu.Unlock()
	defer func() {
		s.w.mu.Lock()
		if s.place.sub == sub {
			s.place.sub = nil
		}
		s.w.mu.Unlock()
	}()
	sink.Version(s.version())
	r := reporter{s: s, sub: sub, sink: sink, watched: map[watch]bool{}}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(r.report())
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-sub.notify:
		case <-s.wake:
		}
	}
}

// watch is one list that is kept up to date.
type watch struct{ kind, namespace string }

// reporter is the state of one Run.
type reporter struct {
	s       *Source
	sub     *subscription
	sink    sources.Sink
	watched map[watch]bool
	sampled time.Time // when usage was last sampled
	wish    int       // the wish that was sampled for
}

// report tells the sink what changed and returns how long nothing will.
func (r *reporter) report() time.Duration {
	s, w := r.s, r.s.w
	w.lock()
	wanted := s.watches()
	drops, lists := r.turn(wanted)
	type page struct {
		watch
		changes []core.Change
	}
	var pages, news []page
	for _, l := range lists {
		p := page{watch: l}
		for _, o := range s.place.list(l.kind) {
			if l.kind == ci.KindJob { // jobs are of an outline, not of a list
				break
			}
			if ref := o.ref(); l.namespace == "" || ref.Namespace == l.namespace {
				p.changes = append(p.changes, core.Change{Op: core.Upsert, Ref: ref, Resource: o.row()})
			}
		}
		pages = append(pages, p)
	}
	for _, ref := range r.sub.take() {
		if !r.watched[watch{ref.Kind, ""}] && !r.watched[watch{ref.Kind, ref.Namespace}] {
			continue
		}
		if ref.Kind == ci.KindJob {
			continue
		}
		c := core.Change{Op: core.Delete, Ref: ref}
		if o := s.place.find(ref); o != nil && o.ref() == ref {
			c = core.Change{Op: core.Upsert, Ref: ref, Resource: o.row()}
		}
		if i := slices.IndexFunc(news, func(p page) bool { return p.kind == ref.Kind }); i >= 0 {
			news[i].changes = append(news[i].changes, c)
		} else {
			news = append(news, page{watch{ref.Kind, ""}, []core.Change{c}})
		}
	}
	samples, due := r.sample()
	pause := min(w.next().Sub(w.now), r.sampled.Add(pace).Sub(w.now), time.Second)
	w.mu.Unlock()

	for _, kind := range drops {
		r.sink.Drop(kind)
	}
	for _, p := range pages {
		r.sink.State(p.kind, nil)
		r.sink.Begin(p.kind, p.namespace)
		if len(p.changes) > 0 {
			r.sink.Apply(p.kind, p.changes)
		}
		r.sink.End(p.kind, p.namespace)
	}
	for _, p := range news {
		r.sink.Apply(p.kind, p.changes)
	}
	if len(samples) > 0 {
		r.sink.Usage(samples)
	}
	if due {
		r.sink.Alive()
	}
	// Changes come in clusters; the floor gathers them.
	return max(pause, 50*time.Millisecond)
}

// watches are the lists that the interest asks for.
func (s *Source) watches() []watch {
	kinds := s.interest.Kinds
	if kinds == nil {
		kinds = s.info.Default
	}
	var out []watch
	for _, name := range kinds {
		k := kindOf(s.info.Kinds, name)
		switch {
		case k == nil:
		case !k.Namespaced || len(s.interest.Namespaces) == 0:
			out = append(out, watch{name, ""})
		case k.Place != (text.Safe{}) && !slices.ContainsFunc(s.interest.Namespaces, s.w.hasRepo):
			// The namespaces of a cluster say nothing of repositories.
			out = append(out, watch{name, ""})
		default:
			for _, ns := range s.interest.Namespaces {
				out = append(out, watch{name, ns})
			}
		}
	}
	return out
}

// turn makes wanted the watched lists: which kinds to forget, which lists to
// send. A kind whose namespaces change is forgotten and listed again.
func (r *reporter) turn(wanted []watch) (drops []string, lists []watch) {
	next := map[watch]bool{}
	for _, x := range wanted {
		next[x] = true
	}
	for x := range r.watched {
		if !next[x] && !slices.Contains(drops, x.kind) {
			drops = append(drops, x.kind)
		}
	}
	slices.Sort(drops)
	for _, x := range wanted {
		if r.s.afresh || !r.watched[x] || slices.Contains(drops, x.kind) {
			lists = append(lists, x)
		}
	}
	r.s.afresh = false
	r.watched = next
	return drops, lists
}
