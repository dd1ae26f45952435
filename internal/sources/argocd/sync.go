package argocd

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// syncRequest is the body of POST /api/v1/applications/NAME/sync.
type syncRequest struct {
	Name         string                   `json:"name"`
	AppNamespace string                   `json:"appNamespace,omitempty"`
	Project      string                   `json:"project,omitempty"`
	Revision     string                   `json:"revision,omitempty"`
	Prune        bool                     `json:"prune,omitempty"`
	Strategy     *syncStrategy            `json:"strategy,omitempty"`
	Resources    []argo.OperationResource `json:"resources,omitempty"`
}

type syncStrategy struct {
	Hook struct {
		Force bool `json:"force,omitempty"`
	} `json:"hook"`
}

// post is a change of an application.
func post(a *argo.Application, what string, body any) rest.Request {
	return rest.Request{Method: http.MethodPost, Path: []string{"api", "v1", "applications", a.Meta.Name, what}, Body: body, Urgent: true}
}

// PlanDeploy implements sources.Deployer with a sync.
func (s *Source) PlanDeploy(ctx context.Context, ref core.Ref, what core.Deploy) (*core.Operation, error) {
	if what.Image != "" || what.File != "" || len(what.Inputs) > 0 {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("an application is synced from Git"), Hint: text.Lit("change the image in Git; then: deploy, with a revision if it is not what the application targets")}
	}
	a, err := s.read(ctx, ref)
	if err != nil {
		return nil, err
	}
	if what.Revision == "" {
		what.Revision = what.Ref
	}
	q := syncRequest{Revision: what.Revision, Prune: what.Options[fieldPrune] == "true"}
	if what.Options[fieldForce] == "true" {
		q.Strategy = &syncStrategy{}
		q.Strategy.Hook.Force = true
	}
	switch {
	case a.Multi() && q.Revision != "":
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s has several sources: it can be synced to what they target only", a.Meta.Name), Hint: text.Lit("leave the revision out")}
	case a.AutoSync() && q.Revision != "" && q.Revision != a.AllSources()[0].TargetRevision && q.Revision != a.Status.Sync.Revision:
		return nil, &core.Problem{
			Kind: core.Conflict, Summary: text.Sprintf("auto-sync of %s is on: Argo CD syncs to %s and to nothing else", a.Meta.Name, targets(a)),
			Hint: s.command("app", "set", name(a), "--sync-policy", "none"),
		}
	}
	return s.planSync(ctx, a, core.VerbDeploy, text.Sprintf("Sync application %s", a.Meta.Name), q)
}

// PlanRerun implements sources.Rerunner with the last sync once more.
func (s *Source) PlanRerun(ctx context.Context, ref core.Ref, how core.Rerun) (*core.Operation, error) {
	a, err := s.read(ctx, ref)
	if err != nil {
		return nil, err
	}
	last := a.Status.State
	if last == nil || last.Operation.Sync == nil {
		return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("application %s has not been synced yet", a.Meta.Name), Hint: text.Lit("deploy syncs it")}
	}
	if a.Multi() {
		return s.planSync(ctx, a, core.VerbRerun, text.Sprintf("Sync application %s again", a.Meta.Name), syncRequest{Prune: last.Operation.Sync.Prune})
	}
	q := syncRequest{Revision: last.Operation.Sync.Revision, Prune: last.Operation.Sync.Prune, Resources: last.Operation.Sync.Resources}
	if a.AutoSync() {
		q.Revision = "" // any other than the target is refused
	}
	if how.FailedOnly && last.SyncResult != nil {
		q.Resources = nil
		for _, r := range last.SyncResult.Resources {
			if r.Bad() && r.HookType == "" {
				q.Resources = append(q.Resources, argo.OperationResource{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name})
			}
		}
		if len(q.Resources) == 0 {
			return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("the last sync of %s failed at no single resource", a.Meta.Name), Hint: text.Lit("sync all of it again")}
		}
	}
	return s.planSync(ctx, a, core.VerbRerun, text.Sprintf("Sync application %s again", a.Meta.Name), q)
}

func (s *Source) planSync(ctx context.Context, a *argo.Application, verb string, title text.Safe, q syncRequest) (*core.Operation, error) {
	warnings, err := s.allowed(ctx, a)
	if err != nil {
		return nil, err
	}
	q.Name, q.AppNamespace, q.Project = a.Meta.Name, a.Meta.Namespace, a.Spec.Project
	ref := s.ref(a)
	p := core.Plan{Verb: verb, Target: ref, Rev: a.Meta.ResourceVersion, Title: title, Danger: 1, Warnings: warnings, Also: s.fills(a)}
	s.describeSync(ctx, a, &q, &p)
	words := []string{"app", "sync", name(a)}
	if q.Revision != "" {
		words = append(words, "--revision", q.Revision)
	}
	if q.Prune {
		words = append(words, "--prune")
	}
	if q.Strategy != nil {
		words = append(words, "--force")
	}
	for _, r := range q.Resources {
		words = append(words, "--resource", argo.ResourceStatus{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}.Key())
	}
	p.Command = s.command(words...)
	p.UndoHint = text.Lit("there is no earlier deployment to go back to")
	if d := a.Deployed(); d != nil {
		p.UndoHint = text.Sprintf("U rolls back to deployment %d, %s", d.ID, deployed(a))
		p.Inverse = &core.Inverse{Verb: core.VerbRollback, Target: core.Ref{Source: ref.Source, Scope: ref.Scope, Kind: ref.Kind, Namespace: ref.Namespace, Name: ref.Name}, Params: map[string]string{fieldTo: strconv.FormatInt(d.ID, 10)}}
		if a.AutoSync() {
			p.UndoHint = text.Lit("auto-sync is on: take the commit back in Git (git revert), and Argo CD follows")
			p.Inverse = nil
		}
	}
	c := &syncing{s: s, planned: a}
	return &core.Operation{
		Plan: p,
		Execute: func(ctx context.Context, _ core.Output) error {
			return c.send(ctx, func(ctx context.Context) error {
				_, err := s.client.Do(ctx, post(a, "sync", q))
				return err
			})
		},
		Verify: c.verify,
	}, nil
}

// describeSync says what a sync would do.
func (s *Source) describeSync(ctx context.Context, a *argo.Application, q *syncRequest, p *core.Plan) {
	after := text.Clean(q.Revision)
	moved := q.Revision != "" && q.Revision != a.Status.Sync.Revision
	if !moved {
		after = text.Join(text.Lit(", "), shorts(a.Status.Sync.All())...)
	}
	p.Changes = append(p.Changes, core.FieldChange{Field: text.Lit("revision"), Before: deployed(a), After: after})
	items, err := s.managed(ctx, s.ref(a))
	switch {
	case err != nil:
		pr := s.Problem(err)
		p.Preview, p.Blind = text.Sprintf("what would change is not known: %s", pr.Summary), true
	case moved:
		p.Preview = text.Sprintf("Argo CD compares with %s; what %s would change is seen only when it syncs", targets(a), q.Revision)
	default:
		lines, changed, pruned := compare(items)
		p.Diff = lines
		if len(changed) > 0 {
			p.Impact = append(p.Impact, text.Sprintf("%s: %s", count(len(changed), "one resource changes", "%d resources change"), strings.Join(changed, ", ")))
		}
		switch {
		case len(pruned) > 0 && q.Prune:
			p.Impact = append(p.Impact, text.Sprintf("%s: %s", count(len(pruned), "one is deleted", "%d are deleted"), strings.Join(pruned, ", ")))
			p.Danger = 2
		case len(pruned) > 0:
			p.Warnings = append(p.Warnings, text.Sprintf("%s, without prune: %s", count(len(pruned), "one is not in Git any more and stays", "%d are not in Git any more and stay"), strings.Join(pruned, ", ")))
		}
		if len(changed)+len(pruned) == 0 {
			p.Impact = append(p.Impact, text.Lit("all is as Git says already: hooks run again, nothing else"))
		}
	}
	if len(q.Resources) > 0 {
		p.Impact = append(p.Impact, text.Sprintf("only %d of its resources are synced; Argo CD keeps no history of such a sync", len(q.Resources)))
	}
	if q.Strategy != nil {
		p.Warnings = append(p.Warnings, text.Lit("force: what cannot be changed in place is deleted and made anew"))
		p.Danger = 2
	}
	if a.AutoSync() {
		p.Warnings = append(p.Warnings, text.Lit("auto-sync is on: Argo CD does this by itself as well"))
	}
	if len(p.Impact) == 0 {
		p.Impact = append(p.Impact, text.Sprintf("application %s in %s", a.Meta.Name, a.Spec.Destination.String()))
	}
}

// count words a number of things.
func count(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return strings.Replace(many, "%d", strconv.Itoa(n), 1)
}

func shorts(revisions []string) []text.Safe {
	out := make([]text.Safe, len(revisions))
	for i, r := range revisions {
		if argo.IsCommit(r) {
			r = r[:7]
		}
		out[i] = text.Clean(r)
	}
	return out
}
