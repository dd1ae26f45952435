package kube

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// planApplicationRollback plans what `argocd app rollback` does: a sync to the
// sources of an earlier deployment. Argo CD refuses it while auto-sync is on;
// option auto-sync=off switches that off in the same request.
func (s *Source) planApplicationRollback(ctx context.Context, ref core.Ref, to core.Rollback) (*core.Operation, error) {
	if err := onlyOptions(to.Options, optAutoSync, optPrune); err != nil {
		return nil, err
	}
	if to.Via != "" {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("an application cannot be rolled back via %s", to.Via)}
	}
	k, o, a, err := s.applicationOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	if err := free(a); err != nil {
		return nil, err
	}
	all := a.Entries(nil)
	target := argo.Find(all, to.To)
	switch name := a.Meta.Name; {
	case target == nil && to.To == "":
		return nil, refused(text.Sprintf("application %s has no earlier deployment to go back to", name), text.Safe{})
	case target == nil:
		return nil, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("application %s has no deployment %s", name, to.To), Hint: text.Lit("an id of its history, or a revision in it; only some are kept (revisionHistoryLimit)")}
	case target.Now && !a.AutoSync() && a.Status.Sync.Status == "Synced":
		return nil, refused(text.Sprintf("application %s runs deployment %d already", name, target.ID), text.Safe{})
	}
	off := to.Options[optAutoSync] == "off"
	if a.AutoSync() && !off {
		return nil, refused(text.Sprintf("auto-sync of application %s is on: Argo CD refuses a rollback, and would put Git's state back", a.Meta.Name), text.Concat(text.Lit("auto-sync=off switches it off in the same change; or "), gitRevert(a, target)))
	}
	entry := tree{}
	for _, h := range o.items("status", "history") {
		if h.str("id") == strconv.FormatInt(target.ID, 10) {
			entry = h
		}
	}
	if entry["source"] == nil && entry["sources"] == nil {
		return nil, refused(text.Sprintf("deployment %d does not say what it was made of", target.ID), text.Lit("sync to its revision instead"))
	}
	sync := syncOf(tree{"spec": o.at("spec"), "entry": map[string]any(entry)}, "entry")
	for _, f := range []string{"revision", "revisions"} {
		if v := entry[f]; v != nil {
			sync[f] = v
		}
	}
	sync["syncStrategy"] = map[string]any{"apply": map[string]any{}}
	if on(to.Options, optPrune) {
		sync["prune"] = true
	}
	var spec map[string]any
	if off && a.AutoSync() {
		spec = switchOff
	}
	c := s.begin(k, o, a, "roll back", sync, spec)
	p := s.rollbackPlan(c, a, target, sync, spec)
	if err := c.preview(ctx, &p); err != nil {
		return nil, err
	}
	if spec != nil && c.after != nil && c.after.at("spec", "syncPolicy", "automated") != nil && c.after.str("spec", "syncPolicy", "automated", "enabled") != "false" {
		// An older Argo CD does not know the switch: the policy goes as a whole.
		spec = removePolicy
		c = s.begin(k, o, a, "roll back", sync, spec)
		p = s.rollbackPlan(c, a, target, sync, spec)
		if err := c.preview(ctx, &p); err != nil {
			return nil, err
		}
	}
	p.Diff = nil // it would show the request; what changes in the cluster only Argo CD's repository server knows
	if p.Preview.Empty() {
		p.Preview = text.Lit("Argo CD renders what comes back when it syncs; the cluster has no dry run of it")
	}
	s.rollbackInverse(a, &p, o, spec)
	s.owners(ctx, o, &p, "spec", "syncPolicy")
	return c.operation(p), nil
}

// The two ways to switch auto-sync off: by its own switch, which keeps the
// policy, and by taking the policy away.
var (
	switchOff    = map[string]any{"syncPolicy": map[string]any{"automated": map[string]any{"enabled": false}}}
	removePolicy = map[string]any{"syncPolicy": map[string]any{"automated": nil}}
)

func (s *Source) rollbackPlan(c *change, a *argo.Application, target *argo.Entry, sync, spec map[string]any) core.Plan {
	p := s.syncPlan(c, a, core.VerbRollback, text.Lit("Roll back"), sync)
	p.Title = text.Concat(p.Title, text.Sprintf(" to deployment %d", target.ID))
	more, prune := text.Safe{}, text.Safe{}
	if spec != nil {
		b, _ := json.Marshal(spec)
		more = text.Sprintf(", spec: %s", string(b))
	}
	if sync["prune"] == true {
		prune = text.Lit(" | .operation.sync.prune = true")
	}
	p.Command = s.pipeLine(c, text.Concat(text.Sprintf("{operation: {sync: (.status.history[] | select(.id == %d) | {revision, revisions, source, sources, syncStrategy: {apply: {}}} | with_entries(select(.value)))}", target.ID), more, text.Lit("}"), prune))
	now := text.Lit("none")
	if d := a.Deployed(); d != nil {
		now = text.Sprintf("%d, %s", d.ID, argo.Revisions(d.All()))
	}
	p.Changes = append(p.Changes, core.FieldChange{Field: text.Lit("deployment"), Before: now, After: text.Sprintf("%d, %s", target.ID, target.Revision())})
	if spec != nil {
		p.Changes = append(p.Changes, core.FieldChange{Field: text.Lit("auto-sync"), Before: policyWords(a), After: text.Lit("off")})
		p.Warnings = append(p.Warnings, text.Lit("auto-sync stays off afterwards: no commit is deployed until it is switched on again (resume)"))
	}
	p.Impact = append(p.Impact, text.Concat(text.Lit("the alternative, which keeps Git true: "), gitRevert(a, target)))
	p.Warnings = append(p.Warnings, text.Lit("Git keeps saying otherwise: the application is out of sync afterwards"))
	if sync["prune"] == true {
		p.Danger = 2
		p.Warnings = append(p.Warnings, text.Lit("prune: resources that the deployment did not have are deleted"))
	}
	return p
}

func policyWords(a *argo.Application) text.Safe { return text.Clean(a.Policy()) }

// manner is how auto-sync goes, in brackets; empty: as it does by itself.
func manner(a *argo.Application) text.Safe {
	_, how, ok := strings.Cut(a.Policy(), ", ")
	if !ok {
		return text.Safe{}
	}
	return text.Sprintf(" (%s)", how)
}

// gitRevert is the way through Git.
func gitRevert(a *argo.Application, target *argo.Entry) text.Safe {
	src, now := a.AllSources()[0], a.Status.Sync.All()
	if src.Chart != "" {
		return text.Sprintf("set version %s of chart %s in the application's definition", target.Revision(), src.Chart)
	}
	if a.Multi() || len(now) == 0 || !argo.IsCommit(now[0]) || len(target.All()) == 0 {
		return text.Sprintf("revert the commits in %s", src.RepoURL)
	}
	return text.Sprintf("git revert %s..%s in %s", argo.Short(target.All()[0]), argo.Short(now[0]), src.RepoURL)
}

// rollbackInverse says how a rollback is taken back. With auto-sync switched off
// it is switching that on: Argo CD then deploys what Git says, which is what ran.
func (s *Source) rollbackInverse(a *argo.Application, p *core.Plan, o tree, spec map[string]any) {
	switch {
	case spec == nil:
		syncUndo(a, p)
	case spec["syncPolicy"].(map[string]any)["automated"] == nil:
		b, _ := json.Marshal(saved{Steps: []step{{Path: []string{"spec", "syncPolicy", "automated"}, Was: o.at("spec", "syncPolicy", "automated")}}})
		p.Inverse = &core.Inverse{Verb: core.VerbRestore, Saved: b}
		p.UndoHint = text.Concat(text.Lit("U puts the auto-sync policy"), manner(a), text.Lit(" back: Argo CD then syncs to what Git says"))
	default:
		p.Inverse = &core.Inverse{Verb: core.VerbResume}
		p.UndoHint = text.Concat(text.Lit("U switches auto-sync"), manner(a), text.Lit(" on again: Argo CD then syncs to what Git says"))
	}
}

// applicationHistoryForm offers the deployments, newest first.
func (s *Source) applicationHistoryForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	a, err := s.application(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	if err := free(a); err != nil {
		return core.Form{}, err
	}
	all := a.Entries(nil)
	def := argo.Find(all, "")
	if def == nil {
		return core.Form{}, refused(text.Sprintf("application %s has no earlier deployment to go back to", a.Meta.Name), text.Safe{})
	}
	to := core.Field{
		Name: "to", Title: text.Lit("Deployment"), Type: core.FieldChoice, Required: true, Open: true, Value: strconv.FormatInt(def.ID, 10),
		Help: text.Lit("an id, or a revision of the history"), Columns: argo.EntryColumns(),
	}
	for i := range all {
		c := core.Choice{Value: strconv.FormatInt(all[i].ID, 10), Current: all[i].Now, Cells: all[i].Cells(s.now())}
		if all[i].Now && a.Status.Sync.Status == "Synced" {
			c.Disabled = text.Lit("it runs now")
		}
		to.Choices = append(to.Choices, c)
	}
	form := core.Form{Fields: []core.Field{to}}
	if a.AutoSync() {
		form.Note = text.Concat(text.Lit("auto-sync is on: Argo CD refuses a rollback. Instead: "), gitRevert(a, def))
		form.Fields = append(form.Fields, core.Field{
			Name: optAutoSync, Title: text.Lit("Auto-sync"), Type: core.FieldChoice, Required: true, Value: "off",
			Choices: []core.Choice{
				{Value: "off", Cells: []text.Safe{text.Lit("switch it off in the same change; resume switches it on again")}},
				{Value: "keep", Cells: []text.Safe{text.Lit("leave it on")}, Current: true, Disabled: text.Lit("Argo CD refuses a rollback then")},
			},
		})
	}
	form.Fields = append(form.Fields, core.Field{Name: optPrune, Title: text.Lit("Prune"), Type: core.FieldBool, Value: "false", Help: text.Lit("delete what that deployment did not have")})
	return form, nil
}

// planAutoSync plans that Argo CD syncs an application by itself, or not.
func (s *Source) planAutoSync(ctx context.Context, ref core.Ref, on bool) (*core.Operation, error) {
	k, o, a, err := s.applicationOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	name := a.Meta.Name
	switch {
	case on && a.AutoSync():
		return nil, refused(text.Sprintf("auto-sync of application %s is on already", name), text.Safe{})
	case !on && !a.AutoSync():
		return nil, refused(text.Sprintf("auto-sync of application %s is off already", name), text.Safe{})
	}
	plan := func(spec map[string]any) (*change, core.Plan, error) {
		fields := map[string]any{"spec": spec}
		c := s.newChange(k, o, "change the auto-sync of")
		c.contentType, c.body = mergePatch, c.merged(fields)
		c.fits = sameApplication(o, func(*argo.Application) error { return nil })
		c.arrived = func(o tree) bool { n, err := asApplication(o); return err == nil && n.AutoSync() == on }
		p := core.Plan{
			Verb: core.VerbPause, Title: text.Sprintf("Switch the auto-sync of application %s in %s off", name, a.Meta.Namespace),
			Command: s.patchLine(c, fields), Inverse: &core.Inverse{Verb: core.VerbResume}, UndoHint: text.Lit("U switches it on again"),
		}
		c.done = text.Lit("auto-sync is off")
		if on {
			p.Verb, p.Danger, p.Inverse, p.UndoHint = core.VerbResume, 1, &core.Inverse{Verb: core.VerbPause}, text.Lit("U switches it off again; what was synced meanwhile stays")
			p.Title, c.done = text.Sprintf("Switch the auto-sync of application %s in %s on", name, a.Meta.Namespace), text.Lit("auto-sync is on")
		}
		return c, p, c.preview(ctx, &p)
	}
	spec := switchOff
	if on {
		spec = map[string]any{"syncPolicy": map[string]any{"automated": map[string]any{"enabled": true}}}
	}
	c, p, err := plan(spec)
	if err != nil {
		return nil, err
	}
	if c.after != nil { // what the server made of it: an older Argo CD has no such switch
		if n, err := asApplication(c.after); err == nil && n.AutoSync() != on && !on {
			if c, p, err = plan(removePolicy); err != nil {
				return nil, err
			}
			s.rollbackInverse(a, &p, o, removePolicy)
		}
	}
	if on {
		p.Changes = []core.FieldChange{{Field: text.Lit("auto-sync"), Before: text.Lit("off"), After: text.Lit("on")}}
		p.Impact = append(p.Impact, text.Sprintf("%d of %d resources are out of sync: Argo CD syncs them at once, to %s", len(a.OutOfSync()), len(a.Status.Resources), strings.Join(targets(a.AllSources()), ", ")))
		if policy := a.Spec.SyncPolicy; policy == nil || policy.Automated == nil {
			p.Warnings = append(p.Warnings, text.Lit("without prune and self-heal: the application's definition says nothing of them"))
		}
		if ok, why := argo.SyncAllowed(a, s.project(ctx, a), s.now(), false); !ok {
			p.Warnings = append(p.Warnings, why)
		}
	} else {
		p.Changes = []core.FieldChange{{Field: text.Lit("auto-sync"), Before: policyWords(a), After: text.Lit("off")}}
		p.Impact = append(p.Impact, text.Lit("no commit is deployed, and no drift taken back, until it is switched on again"))
	}
	s.owners(ctx, o, &p, "spec", "syncPolicy")
	return c.operation(p), nil
}

// applicationWhy tells from a row why a verb makes no sense for an application now.
func applicationWhy(verb string) func(r *core.Resource) text.Safe {
	return func(r *core.Resource) text.Safe {
		if r.Ref.Kind != kindApplication {
			return text.Safe{}
		}
		reason, auto := r.Reason.String(), ""
		for i, c := range argo.ApplicationColumns() {
			if c.ID == "auto" && i < len(r.Cells) {
				auto = r.Cells[i].Text.String()
			}
		}
		busy := reason == "Syncing" || reason == "SyncRequested" || reason == "Terminating"
		switch verb {
		case core.VerbCancel:
			if reason == "Terminating" {
				return text.Lit("its operation is being terminated already")
			}
			if !busy {
				return text.Lit("no operation is in progress")
			}
		case core.VerbDeploy, core.VerbRollback, core.VerbRerun:
			if busy {
				return text.Lit("an operation is in progress: wait for it, or cancel it")
			}
		case core.VerbPause:
			if auto == "off" {
				return text.Lit("auto-sync is off already")
			}
		case core.VerbResume:
			if strings.HasPrefix(auto, "on") {
				return text.Lit("auto-sync is on already")
			}
		}
		return text.Safe{}
	}
}
