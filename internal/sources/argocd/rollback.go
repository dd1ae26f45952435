package argocd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// rollbackForm offers the history; the argocd server refuses a rollback while
// auto-sync is on, so the form offers to switch it off first.
func (s *Source) rollbackForm(ctx context.Context, a *argo.Application, f *core.Form) {
	all := a.Entries(s.about(ctx, a))
	to := core.Field{Name: fieldTo, Title: text.Lit("to"), Type: core.FieldChoice, Columns: argo.EntryColumns(), Required: true}
	for i := range all {
		c := core.Choice{Value: strconv.FormatInt(all[i].ID, 10), Cells: all[i].Cells(s.now()), Current: i == 0}
		if i == 0 {
			c.Disabled = text.Lit("that is deployed now")
		}
		to.Choices = append(to.Choices, c)
	}
	if good := argo.Find(all, ""); good != nil {
		to.Value = strconv.FormatInt(good.ID, 10)
	}
	f.Fields = append(f.Fields, to, core.Field{Name: fieldPrune, Title: text.Lit("prune"), Help: text.Lit("delete what that deployment did not have"), Type: core.FieldBool, Value: "false"})
	if a.AutoSync() {
		f.Note = text.Join(text.Lit("; "), text.Lit("auto-sync is on: Argo CD refuses to roll back, because it would sync forward again"), f.Note)
		f.Fields = append(f.Fields, core.Field{
			Name: fieldAuto, Title: text.Lit("auto-sync"), Type: core.FieldChoice, Value: "off",
			Choices: []core.Choice{
				{Value: "off", Cells: []text.Safe{text.Lit("switch it off first, as part of the plan")}},
				{Value: "on", Cells: []text.Safe{text.Lit("leave it on")}, Current: true, Disabled: text.Lit("Argo CD refuses that: revert the commit in Git instead")},
			},
		})
	}
}

type rollbackRequest struct {
	Name         string `json:"name"`
	ID           int64  `json:"id"`
	Prune        bool   `json:"prune,omitempty"`
	AppNamespace string `json:"appNamespace,omitempty"`
	Project      string `json:"project,omitempty"`
}

type patchRequest struct {
	Name         string `json:"name"`
	Patch        string `json:"patch"`
	PatchType    string `json:"patchType"`
	AppNamespace string `json:"appNamespace,omitempty"`
	Project      string `json:"project,omitempty"`
}

// PlanRollback implements sources.Roller with a deployment of the history.
func (s *Source) PlanRollback(ctx context.Context, ref core.Ref, to core.Rollback) (*core.Operation, error) {
	a, err := s.read(ctx, ref)
	if err != nil {
		return nil, err
	}
	if to.Via != "" {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("an application is not rolled back by %s", to.Via)}
	}
	all := a.Entries(s.about(ctx, a))
	e := argo.Find(all, to.To)
	if e == nil {
		p := &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("application %s has no deployment %s", a.Meta.Name, to.To), Hint: text.Lit("its history lists them")}
		if to.To == "" {
			p.Summary = text.Sprintf("application %s has no earlier deployment", a.Meta.Name)
		}
		return nil, p
	}
	warnings, err := s.allowed(ctx, a)
	if err != nil {
		return nil, err
	}
	revert := s.revert(a)
	off := a.AutoSync() && to.Options[fieldAuto] == "off"
	if a.AutoSync() && !off {
		return nil, &core.Problem{
			Kind: core.Refused, Summary: text.Sprintf("auto-sync of %s is on: Argo CD refuses to roll back, because it would sync forward again", a.Meta.Name),
			Hint: text.Concat(text.Lit("choose auto-sync=off in the form; or, which lasts: "), revert),
		}
	}
	if off && !s.may(ctx, "update", s.ref(a), a.Spec.Project) {
		return nil, &core.Problem{Kind: core.Forbidden, Summary: text.Sprintf("this user may not switch auto-sync of %s off", a.Meta.Name), Hint: revert}
	}
	p := s.rollbackPlan(a, e, off, to.Options[fieldPrune] == "true")
	p.Warnings = append(append(p.Warnings, warnings...), text.Concat(text.Lit("the way that lasts: "), revert))
	q := rollbackRequest{Name: a.Meta.Name, ID: e.ID, Prune: to.Options[fieldPrune] == "true", AppNamespace: a.Meta.Namespace, Project: a.Spec.Project}
	c := &syncing{s: s, planned: a}
	return &core.Operation{
		Plan: p,
		Execute: func(ctx context.Context, out core.Output) error {
			return c.send(ctx, func(ctx context.Context) error {
				if off {
					if err := s.switchOff(ctx, a); err != nil {
						return err
					}
					out.Progress(core.Progress{Text: text.Lit("auto-sync is off")})
				}
				_, err := s.client.Do(ctx, post(a, "rollback", q))
				if err != nil && off && !errors.Is(err, core.ErrOutcomeUnknown) {
					return fmt.Errorf("auto-sync is off now, and the rollback was refused: %w", err)
				}
				return err
			})
		},
		Verify: c.verify,
	}, nil
}

// switchOff takes the policy of auto-sync out of the application.
func (s *Source) switchOff(ctx context.Context, a *argo.Application) error {
	_, err := s.client.Do(ctx, rest.Request{
		Method: http.MethodPatch, Path: []string{"api", "v1", "applications", a.Meta.Name}, Urgent: true,
		Body: patchRequest{Name: a.Meta.Name, Patch: `{"spec":{"syncPolicy":{"automated":null}}}`, PatchType: "merge", AppNamespace: a.Meta.Namespace, Project: a.Spec.Project},
	})
	if err != nil {
		return fmt.Errorf("switch auto-sync off: %w", err)
	}
	return nil
}

// revert is the alternative in Git.
func (s *Source) revert(a *argo.Application) text.Safe {
	src := a.AllSources()[0]
	rev := a.Status.Sync.Revision
	if !argo.IsCommit(rev) {
		return text.Sprintf("take the change back in %s", passwordInURL.ReplaceAllString(src.RepoURL, "${1}…@"))
	}
	return text.Sprintf("git revert %s in %s; Argo CD follows", rev[:7], passwordInURL.ReplaceAllString(src.RepoURL, "${1}…@"))
}

func (s *Source) rollbackPlan(a *argo.Application, e *argo.Entry, off, prune bool) core.Plan {
	ref := s.ref(a)
	p := core.Plan{
		Verb: core.VerbRollback, Target: ref, Rev: a.Meta.ResourceVersion, Danger: 1, Also: s.fills(a),
		Title:   text.Sprintf("Roll application %s back to deployment %d", a.Meta.Name, e.ID),
		Changes: []core.FieldChange{{Field: text.Lit("revision"), Before: deployed(a), After: text.Clean(e.Revision())}},
		Preview: text.Lit("Argo CD has no dry run against an earlier revision"),
		Impact:  []text.Safe{text.Sprintf("application %s in %s: %d resources", a.Meta.Name, a.Spec.Destination.String(), len(a.Status.Resources))},
	}
	if e.Commit.Message != "" {
		p.Impact = append(p.Impact, e.Cells(s.now())[2])
	}
	words := []string{"app", "rollback", name(a), strconv.FormatInt(e.ID, 10)}
	if prune {
		words = append(words, "--prune")
		p.Warnings = append(p.Warnings, text.Lit("what that deployment did not have is deleted"))
		p.Danger = 2
	}
	p.Command = s.command(words...)
	p.UndoHint = text.Sprintf("U rolls back to deployment %d again", a.Deployed().ID)
	p.Inverse = &core.Inverse{Verb: core.VerbRollback, Target: place(ref), Params: map[string]string{fieldTo: strconv.FormatInt(a.Deployed().ID, 10)}}
	if off {
		p.Changes = append([]core.FieldChange{{Field: text.Lit("auto-sync"), Before: text.Lit("on"), After: text.Lit("off")}}, p.Changes...)
		p.Warnings = append(p.Warnings, text.Sprintf("two requests: auto-sync is switched off first and stays off; later: %s", s.command("app", "set", name(a), "--sync-policy", "automated")))
		p.Command = text.Concat(s.command("app", "set", name(a), "--sync-policy", "none"), text.Lit(" && "), p.Command)
	} else {
		p.Warnings = append(p.Warnings, text.Lit("the application is OutOfSync then: the next sync goes forward again"))
	}
	return p
}
