package argo

import (
	"slices"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Set is one replica set of a rollout, with its pods.
type Set struct {
	Ref         core.Ref
	Name, Hash  string
	Revision    int
	Images      []string
	Ready, Want int
	Pods        []*core.Resource
}

// Analysis is an analysis run with its place.
type Analysis struct {
	Ref core.Ref
	Run *AnalysisRun
}

// side says what a replica set is for the rollout now; empty: an old one.
func (o *Rollout) side(hash string) text.Safe {
	st := &o.Status
	switch {
	case hash == "":
	case o.Spec.Strategy.BlueGreen != nil:
		var roles []string
		if hash == st.StableRS {
			roles = append(roles, "stable")
		}
		if hash == st.BlueGreen.Active {
			roles = append(roles, "active")
		}
		if hash == st.BlueGreen.Preview && st.BlueGreen.Active != st.BlueGreen.Preview {
			roles = append(roles, "preview")
		}
		return text.Clean(strings.Join(roles, ", "))
	case hash == st.StableRS:
		return text.Lit("stable")
	case hash == st.CurrentPodHash:
		return text.Lit("canary")
	}
	return text.Safe{}
}

// service is the name of the service that leads to a side.
func (o *Rollout) service(hash string) text.Safe {
	st := &o.Status
	var names []string
	add := func(name string) {
		if name != "" {
			names = append(names, name)
		}
	}
	if b := o.Spec.Strategy.BlueGreen; b != nil {
		if hash == st.BlueGreen.Active {
			add(b.ActiveService)
		}
		if hash == st.BlueGreen.Preview {
			add(b.PreviewService)
		}
	}
	if c := o.Spec.Strategy.Canary; c != nil {
		if hash == st.StableRS {
			add(c.StableService)
		}
		if hash == st.CurrentPodHash {
			add(c.CanaryService)
		}
	}
	if len(names) == 0 {
		return text.Safe{}
	}
	return text.Sprintf("service %s", strings.Join(names, ", "))
}

// Outline is the rollout with its steps, its sides and their pods, and the
// analyses of the newest version.
func (o *Rollout) Outline(sets []Set, runs []Analysis) core.Outline {
	out := core.Outline{Nodes: o.stepNodes()}
	if out.Note = o.note(); o.Strategy() == "" {
		out.Note = text.Lit("it has no strategy")
	}
	sets = slices.Clone(sets)
	slices.SortStableFunc(sets, func(a, b Set) int { return b.Revision - a.Revision })
	var old []core.Node
	for i := range sets {
		s := &sets[i]
		role := o.side(s.Hash)
		n := core.Node{Ref: s.Ref, Title: text.Sprintf("revision %d", s.Revision), Reason: role, Info: text.Clean(strings.Join(s.Images, ", ")), Message: o.service(s.Hash)}
		n.Title = text.Concat(n.Title, text.Sprintf("  %s  %d/%d", s.Name, s.Ready, s.Want))
		switch {
		case s.Want == 0 && s.Ready == 0:
			n.Phase = core.Succeeded
		case s.Ready >= s.Want:
			n.Phase = core.Running
		default:
			n.Phase = core.Pending
		}
		if role.Empty() && len(s.Pods) == 0 {
			n.Closed, n.Depth = true, 1
			old = append(old, n)
			continue
		}
		if !role.Empty() {
			n.Title = text.Concat(role, text.Lit(": "), n.Title)
		}
		out.Nodes = append(out.Nodes, n)
		for _, r := range runs {
			if r.Run.Meta.Labels[RolloutHash] == s.Hash {
				out.Nodes = append(out.Nodes, r.Run.Nodes(r.Ref, 1)...)
			}
		}
		for _, p := range s.Pods {
			node := core.Node{Ref: p.Ref, Depth: 1, Title: text.Sprintf("pod %s", p.Ref.Name), Phase: p.Phase, Reason: p.Reason, Message: p.Message, Started: p.Started}
			out.Nodes = append(out.Nodes, node)
		}
	}
	if len(old) > 0 {
		out.Nodes = append(out.Nodes, core.Node{Title: text.Sprintf("%d earlier revisions", len(old)), Phase: core.Succeeded, Closed: true})
		out.Nodes = append(out.Nodes, old...)
	}
	return out
}

func (o *Rollout) note() text.Safe {
	if w := o.Waits(); len(w) > 0 {
		return text.Concat(text.Lit("waits for "), text.Join(text.Lit(", "), w...))
	}
	if o.Status.Abort {
		return text.Lit("the new version was aborted: the stable one serves; retry it, or deploy another")
	}
	return text.Safe{}
}

// stepNodes are the steps of a canary, the one that the rollout is at marked.
func (o *Rollout) stepNodes() []core.Node {
	steps := o.Steps()
	if len(steps) == 0 {
		return nil
	}
	at, of := o.At()
	head := core.Node{Title: text.Sprintf("step %d of %d", min(at+1, of), of), Phase: core.Pending, Reason: text.Clean(o.Status.Phase)}
	switch {
	case at >= of:
		head.Title, head.Phase, head.Closed = text.Sprintf("all %d steps", of), core.Succeeded, true
	case o.Status.Abort:
		head.Title, head.Phase, head.Reason = text.Sprintf("aborted, %d steps", of), core.Failed, text.Lit("Aborted")
	}
	if w, ok := o.Weight(); ok {
		head.Info = text.Sprintf("canary %d%%", w)
	}
	out := []core.Node{head}
	for i := range steps {
		n := core.Node{Depth: 1, Title: text.Sprintf("%d  %s", i+1, steps[i].Title())}
		switch {
		case o.Status.Abort && at < of:
			n.Phase = core.Unknown
		case i < at:
			n.Phase = core.Succeeded
		case i == at:
			n.Phase, n.Info = core.Pending, text.Lit("now")
			if p := o.PausedSince(); !p.IsZero() {
				n.Started, n.Reason = p.Nano(), text.Clean(o.Status.PauseConditions[0].Reason)
			}
		default:
			n.Phase = core.Unknown
		}
		out = append(out, n)
	}
	return out
}

// Explain tells why a rollout does not go on, from its conditions and the
// analyses of its newest version.
func (o *Rollout) Explain(runs []Analysis) core.Explanation {
	_, reason, message := o.phase()
	e := core.Explanation{Summary: reason}
	if !message.Empty() {
		e.Summary = text.Concat(reason, text.Lit(": "), message)
	}
	if at, of := o.At(); at < of {
		e.Step = o.Where()
	}
	note := func(level core.Level, title, message text.Safe) {
		if len(e.Annotations) < maxAnnotations {
			e.Annotations = append(e.Annotations, core.Annotation{Level: level, Title: title, Message: message})
		}
	}
	for _, c := range o.Status.Conditions {
		bad := c.Type == "InvalidSpec" && c.Status == "True" || c.Type == "ReplicaFailure" && c.Status == "True" || c.Type == "Progressing" && c.Status == "False"
		if bad {
			note(core.LevelError, text.Clean(c.Reason), text.CleanLong(c.Message))
		}
	}
	for _, r := range runs {
		if h := r.Run.Meta.Labels[RolloutHash]; h != "" && h != o.Status.CurrentPodHash {
			continue // of an earlier version
		}
		if p := analysisPhase(r.Run.Status.Phase); p != core.Failed && p != core.Degraded {
			continue
		}
		if e.At.IsZero() {
			e.At = r.Ref
		}
		note(core.LevelError, text.Sprintf("analysis %s %s", r.Run.Meta.Name, r.Run.Status.Phase), text.CleanLong(r.Run.Status.Message))
		for _, m := range r.Run.Status.Metrics {
			if p := analysisPhase(m.Phase); p != core.Failed && p != core.Degraded {
				continue
			}
			note(core.LevelError, text.Sprintf("metric %s is %s", m.Name, m.Phase), m.last())
		}
	}
	return e
}
