package kube

import (
	"context"
	"slices"
	"strings"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// The switches of a sync's form.
const (
	optPrune     = "prune"
	optForce     = "force"
	optOnlyOff   = "apply-out-of-sync-only"
	optResources = "resources"
	optAutoSync  = "auto-sync"
)

// planSync plans what `argocd app sync` does.
func (s *Source) planSync(ctx context.Context, ref core.Ref, what core.Deploy) (*core.Operation, error) {
	if err := onlyOptions(what.Options, optPrune, optForce, optOnlyOff, optResources); err != nil {
		return nil, err
	}
	if what.Image != "" || what.File != "" || what.Ref != "" || len(what.Inputs) > 0 {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("an application is deployed by a sync: it takes no image, file, ref or inputs"), Hint: text.Lit("revision=, prune=true, force=true, apply-out-of-sync-only=true, resources=GROUP:KIND:NAME")}
	}
	k, o, a, err := s.applicationOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	if err := free(a); err != nil {
		return nil, err
	}
	ok, why := argo.SyncAllowed(a, s.project(ctx, a), s.now(), true)
	if !ok {
		return nil, refused(why, text.Lit("Argo CD's API server refuses it too; ask who keeps the project"))
	}
	src := a.AllSources()
	switch {
	case what.Revision == "" || what.Revision == src[0].TargetRevision:
	case a.Multi():
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("application %s has %d sources: one revision does not fit", a.Meta.Name, len(src))}
	case a.AutoSync():
		return nil, refused(text.Sprintf("cannot sync to %s: auto-sync keeps application %s at %s", what.Revision, a.Meta.Name, src[0].TargetRevision), text.Lit("pause switches auto-sync off"))
	}
	chosen, err := chosenResources(a, what.Options[optResources])
	if err != nil {
		return nil, err
	}
	sync := syncOf(o, "spec")
	if what.Revision != "" && !a.Multi() {
		sync["revision"] = what.Revision
	}
	hook := map[string]any{}
	if on(what.Options, optForce) {
		hook["force"] = true
	}
	sync["syncStrategy"] = map[string]any{"hook": hook}
	if on(what.Options, optPrune) {
		sync["prune"] = true
	}
	if on(what.Options, optOnlyOff) {
		list, _ := sync["syncOptions"].([]any)
		sync["syncOptions"] = append(slices.Clone(list), "ApplyOutOfSyncOnly=true")
	}
	if len(chosen) > 0 {
		sync["resources"] = resourceList(chosen)
	}
	c := s.begin(k, o, a, "sync", sync, nil)
	p := s.syncPlan(c, a, core.VerbDeploy, text.Lit("Sync"), sync)
	target := what.Revision
	if target == "" {
		target = strings.Join(targets(src), ", ")
	}
	p.Changes = append(p.Changes, core.FieldChange{Field: text.Lit("revision"), Before: text.Clean(argo.Revisions(a.Status.Sync.All())), After: text.Clean(target)})
	s.syncImpact(a, &p, what.Options, chosen)
	if !why.Empty() {
		p.Warnings = append(p.Warnings, why)
	}
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	p.Diff = s.compare(ctx, a)
	syncUndo(a, &p)
	return c.operation(p), nil
}

func onlyOptions(options map[string]string, known ...string) error {
	for name := range options {
		if !slices.Contains(known, name) {
			return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("there is no option %s", name), Hint: text.Sprintf("there are %s", strings.Join(known, ", "))}
		}
	}
	return nil
}

// syncOf is a sync of an application's own sources, with its options, as Argo
// CD's API server makes it.
func syncOf(o tree, path ...string) map[string]any {
	at := o.sub(path...)
	out := map[string]any{}
	if v := at["sources"]; v != nil && len(at.items("sources")) > 0 {
		out["sources"] = v
	} else if v := at["source"]; v != nil {
		out["source"] = v
	}
	if v := o.at("spec", "syncPolicy", "syncOptions"); v != nil {
		out["syncOptions"] = v
	}
	return out
}

func targets(src []argo.Source) []string {
	out := make([]string, len(src))
	for i := range src {
		out[i] = src[i].TargetRevision
		if out[i] == "" {
			out[i] = "HEAD"
		}
	}
	return out
}

// chosenResources are those that a user named, by GROUP:KIND:NAME or
// GROUP:KIND:NAMESPACE/NAME; none: all.
func chosenResources(a *argo.Application, list string) ([]argo.ResourceStatus, error) {
	var out []argo.ResourceStatus
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		i := slices.IndexFunc(a.Status.Resources, func(r argo.ResourceStatus) bool {
			return r.Key() == name || r.Group+":"+r.Kind+":"+r.Name == name
		})
		if i < 0 {
			return nil, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("application %s has no resource %s", a.Meta.Name, name), Hint: text.Lit("GROUP:KIND:NAME, or GROUP:KIND:NAMESPACE/NAME, as in apps:Deployment:web")}
		}
		out = append(out, a.Status.Resources[i])
	}
	return out, nil
}

func resourceList(chosen []argo.ResourceStatus) []any {
	var out []any
	for _, r := range chosen {
		m := map[string]any{"kind": r.Kind, "name": r.Name}
		if r.Group != "" {
			m["group"] = r.Group
		}
		if r.Namespace != "" {
			m["namespace"] = r.Namespace
		}
		out = append(out, m)
	}
	return out
}

// syncPlan is the head of every plan that begins an operation.
func (s *Source) syncPlan(c *change, a *argo.Application, verb string, title text.Safe, sync map[string]any) core.Plan {
	return core.Plan{
		Verb: verb, Danger: 1, Title: text.Concat(title, text.Sprintf(" application %s in %s", a.Meta.Name, a.Meta.Namespace)),
		Command: s.patchLine(c, operationFields(sync)),
		Impact:  []text.Safe{text.Sprintf("%d resources in %s", len(a.Status.Resources), a.Spec.Destination.String())},
	}
}

// syncImpact says what a sync does, as far as the application's status tells.
func (s *Source) syncImpact(a *argo.Application, p *core.Plan, options map[string]string, chosen []argo.ResourceStatus) {
	scope := a.Status.Resources
	if len(chosen) > 0 {
		scope = chosen
		p.Impact = append(p.Impact, text.Sprintf("only %d of them are synced; hooks do not run", len(chosen)))
	}
	off, gone := 0, []string{}
	for _, r := range scope {
		switch {
		case r.RequiresPruning:
			gone = append(gone, r.Kind+" "+r.Name)
		case r.Status == "OutOfSync":
			off++
		}
	}
	p.Impact = append(p.Impact, text.Sprintf("%d differ from Git", off))
	if len(gone) > 0 {
		names := strings.Join(gone[:min(len(gone), 5)], ", ")
		if on(options, optPrune) {
			p.Danger = 2
			p.Warnings = append(p.Warnings, text.Sprintf("%d are not in Git any more and are deleted: %s", len(gone), names))
		} else {
			p.Impact = append(p.Impact, text.Sprintf("%d are not in Git any more and stay, without prune: %s", len(gone), names))
		}
	}
	if on(options, optForce) {
		p.Danger = 2
		p.Warnings = append(p.Warnings, text.Lit("force: what cannot be changed in place is deleted and made anew, with an outage"))
	}
	if a.AutoSync() {
		p.Impact = append(p.Impact, text.Lit("auto-sync is on: Argo CD would sync by itself too"))
	}
	for _, c := range a.Status.Conditions {
		if c.IsError() {
			p.Warnings = append(p.Warnings, text.Sprintf("%s: %s", c.Type, c.Message))
		}
	}
}

// syncUndo says how a sync is taken back: by a rollback to what is deployed now.
func syncUndo(a *argo.Application, p *core.Plan) {
	now := a.Deployed()
	switch {
	case now == nil:
		p.UndoHint = text.Lit("cannot be undone: nothing was deployed before")
	case a.AutoSync():
		p.UndoHint = text.Lit("cannot be undone here: auto-sync follows Git; revert the commit, or roll back with auto-sync=off")
	default:
		p.UndoHint = text.Sprintf("U rolls back to deployment %d (%s)", now.ID, argo.Revisions(now.All()))
		p.Inverse = &core.Inverse{Verb: core.VerbRollback, Params: map[string]string{"to": text.Sprintf("%d", now.ID).String()}}
	}
}

// syncForm asks what is synced.
func (s *Source) syncForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	a, err := s.application(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	if err := free(a); err != nil {
		return core.Form{}, err
	}
	form := core.Form{Note: text.Sprintf("%d of %d resources are out of sync with %s", len(a.OutOfSync()), len(a.Status.Resources), argo.Revisions(a.Status.Sync.All()))}
	if ok, why := argo.SyncAllowed(a, s.project(ctx, a), s.now(), true); !ok {
		form.Note = why
	}
	if !a.Multi() {
		revision := core.Field{Name: "revision", Title: text.Lit("Revision"), Value: targets(a.AllSources())[0], Help: text.Lit("branch, tag or commit; of a chart its version")}
		if a.AutoSync() {
			revision.Help = text.Lit("auto-sync is on: it cannot be another one")
		}
		form.Fields = append(form.Fields, revision)
	}
	gone := 0
	all := core.Choice{Cells: []text.Safe{text.Lit("all"), {}, {}}}
	which := core.Field{
		Name: optResources, Title: text.Lit("Resources"), Type: core.FieldChoice, Open: true, Help: text.Lit("one, or a comma list of GROUP:KIND:NAME"),
		Columns: []text.Safe{text.Lit("RESOURCE"), text.Lit("SYNC"), text.Lit("HEALTH")}, Choices: []core.Choice{all},
	}
	for _, r := range a.Status.Resources {
		if r.RequiresPruning {
			gone++
		}
		health := ""
		if r.Health != nil {
			health = r.Health.Status
		}
		which.Choices = append(which.Choices, core.Choice{Value: r.Key(), Cells: []text.Safe{text.Sprintf("%s %s", r.Kind, r.Name), text.Clean(r.Status), text.Clean(health)}})
	}
	form.Fields = append(form.Fields,
		core.Field{Name: optPrune, Title: text.Lit("Prune"), Type: core.FieldBool, Value: "false", Help: text.Sprintf("delete what is not in Git any more: %d resources now", gone)},
		core.Field{Name: optForce, Title: text.Lit("Force"), Type: core.FieldBool, Value: "false", Help: text.Lit("delete and make anew what cannot be changed in place")},
		core.Field{Name: optOnlyOff, Title: text.Lit("Only what differs"), Type: core.FieldBool, Value: "false", Help: text.Lit("leave alone what is in sync; hooks still run")},
		which)
	return form, nil
}

// planResync plans the last sync once more, as it was asked for.
func (s *Source) planResync(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	k, o, a, err := s.applicationOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	if err := free(a); err != nil {
		return nil, err
	}
	last := o.sub("status", "operationState", "operation", "sync")
	if last == nil {
		return nil, refused(text.Sprintf("application %s has no last sync to repeat", a.Meta.Name), text.Lit("deploy begins a new one"))
	}
	if ok, why := argo.SyncAllowed(a, s.project(ctx, a), s.now(), true); !ok {
		return nil, refused(why, text.Safe{})
	}
	sync := map[string]any(last.cloned())
	c := s.begin(k, o, a, "sync", sync, nil)
	p := s.syncPlan(c, a, core.VerbRerun, text.Lit("Repeat the last sync of"), sync)
	p.Command = s.pipeLine(c, text.Lit("{operation: (.status.operationState.operation | del(.info))}"))
	st := a.Status.State
	p.Changes = []core.FieldChange{{Field: text.Lit("last sync"), Before: text.Sprintf("%s: %s", st.Phase, st.Message), After: text.Sprintf("again, to %s", argo.Revisions(st.SyncResult.All()))}}
	options := map[string]string{}
	if st.Operation.Sync != nil && st.Operation.Sync.Prune {
		options[optPrune] = "true"
	}
	s.syncImpact(a, &p, options, nil)
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	p.Diff = s.compare(ctx, a)
	syncUndo(a, &p)
	return c.operation(p), nil
}

// planTerminate plans what `argocd app terminate-op` does; what no controller
// has begun is taken back.
func (s *Source) planTerminate(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	k, o, a, err := s.applicationOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	st := a.Status.State
	switch {
	case !a.Busy():
		return nil, refused(text.Sprintf("application %s has no operation in progress", a.Meta.Name), text.Safe{})
	case st.Busy() && st.Phase == "Terminating":
		return nil, refused(text.Sprintf("the operation of application %s is being terminated already", a.Meta.Name), text.Safe{})
	}
	c := s.newChange(k, o, "terminate the operation of")
	fields := map[string]any{"status": map[string]any{"operationState": map[string]any{"phase": "Terminating"}}}
	p := core.Plan{
		Verb: core.VerbCancel, Danger: 1, Title: text.Sprintf("Terminate the operation of application %s in %s", a.Meta.Name, a.Meta.Namespace),
		UndoHint: text.Lit("cannot be undone: what was synced so far stays; rerun syncs again"),
	}
	if !st.Busy() { // nobody has begun
		fields = map[string]any{"operation": nil}
		p.Title = text.Sprintf("Take back the sync that is asked for of application %s in %s", a.Meta.Name, a.Meta.Namespace)
		p.Changes = []core.FieldChange{{Field: text.Lit("operation"), Before: text.Lit("asked for"), After: text.Lit("none")}}
		p.UndoHint = text.Lit("deploy asks for a sync again")
		c.arrived = func(o tree) bool { return o.at("operation") == nil }
		c.done = text.Lit("no sync is asked for")
	} else {
		p.Changes = []core.FieldChange{{Field: text.Lit("operation"), Before: text.Clean(st.Phase), After: text.Lit("Terminating")}}
		began := st.StartedAt
		c.arrived = func(o tree) bool {
			n, err := asApplication(o)
			return err == nil && (n.Status.State == nil || n.Status.State.Phase != "Running" || !n.Status.State.StartedAt.Equal(began.Time))
		}
		since := s.now()
		c.settled = func(o tree, _ int) (int, int, text.Safe, error) {
			n, err := asApplication(o)
			if err != nil {
				return 0, 0, text.Safe{}, err
			}
			if n.Status.State.Busy() && n.Status.State.StartedAt.Equal(began.Time) {
				if s.now().Sub(since) > s.unheard {
					return 0, 0, text.Safe{}, s.nobody(text.Lit("application controller"))
				}
				return 0, 0, text.Lit("waits for the application controller to end it"), nil
			}
			return 1, 1, text.Safe{}, nil
		}
		c.done = text.Lit("the operation has ended")
		done, total := 0, 0
		if st.SyncResult != nil {
			total = len(st.SyncResult.Resources)
			for _, r := range st.SyncResult.Resources {
				if r.Over() || r.Status == "Synced" {
					done++
				}
			}
		}
		p.Impact = append(p.Impact, text.Sprintf("%d of %d resources were synced so far; they stay as they are", done, total))
	}
	c.contentType, c.body = mergePatch, c.merged(fields)
	phase, asked := "", a.Operation != nil
	if st != nil {
		phase = st.Phase
	}
	c.fits = func(now tree) error {
		n, err := asApplication(now)
		if err != nil {
			return err
		}
		if np := n.Status.State; st.Busy() && (np == nil || np.Phase != phase || !np.StartedAt.Equal(st.StartedAt.Time)) || !st.Busy() && (np.Busy() || asked != (n.Operation != nil)) {
			return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("the operation of application %s is not what it was when the plan was made", a.Meta.Name), Hint: text.Lit("look at the plan again")}
		}
		return nil
	}
	p.Command = s.patchLine(c, fields)
	if a.AutoSync() {
		p.Warnings = append(p.Warnings, text.Lit("auto-sync is on: Argo CD may begin anew by itself; pause switches it off"))
	}
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	return c.operation(p), nil
}
