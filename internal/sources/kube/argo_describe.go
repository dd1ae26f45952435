package kube

import (
	"context"
	"strconv"
	"strings"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// rollout describes the strategy of a rollout.
func (p *page) rollout(o tree) {
	r, err := asRollout(o)
	if err != nil {
		return
	}
	p.section("Strategy " + r.Strategy())
	at, of := r.At()
	for i, s := range r.Steps() {
		mark := " "
		if i == at && at < of {
			mark = "→"
		}
		p.line("  %s %d  %s", mark, i+1, (&s).Title())
	}
	if b := r.Spec.Strategy.BlueGreen; b != nil {
		p.field("Active", b.ActiveService+"  "+r.Status.BlueGreen.Active)
		p.field("Preview", b.PreviewService+"  "+r.Status.BlueGreen.Preview)
	}
	p.field("Stable", r.Status.StableRS)
	p.field("New", r.Status.CurrentPodHash)
	for _, w := range r.Waits() {
		p.field("Waits for", w.String())
	}
}

// windows says what an application's project makes of a sync now; empty: nothing
// is said.
func (s *Source) windows(ctx context.Context, o tree) text.Safe {
	a, err := asApplication(o)
	if err != nil {
		return text.Safe{}
	}
	_, why := argo.SyncAllowed(a, s.project(ctx, a), s.now(), true)
	return why
}

// application describes what an application is made of, its policy and its
// last operation.
func (p *page) application(o tree, windows text.Safe) {
	a, err := asApplication(o)
	if err != nil {
		return
	}
	p.section("Sources")
	for _, src := range a.AllSources() {
		p.field("Repository", src.RepoURL)
		p.field("Path", src.Path)
		p.field("Chart", src.Chart)
		p.field("Target", src.TargetRevision)
	}
	p.field("Destination", a.Spec.Destination.String())
	p.field("Project", a.Spec.Project)
	p.section("Sync")
	p.field("Auto-sync", a.Policy())
	if a.Spec.SyncPolicy != nil {
		p.field("Options", strings.Join(a.Spec.SyncPolicy.SyncOptions, ", "))
	}
	p.field("Windows", windows.String())
	p.field("Compared", p.when(a.Status.ReconciledAt.Time))
	for _, c := range a.Status.Conditions {
		p.field(c.Type, c.Message)
	}
	if st := a.Status.State; st != nil {
		p.section("Last operation")
		p.field("Phase", st.Phase)
		p.field("Message", st.Message)
		p.field("By", st.Operation.InitiatedBy.Who())
		p.field("Revision", strings.Join(st.SyncResult.All(), ", "))
		p.field("Started", p.when(st.StartedAt.Time))
		p.field("Finished", p.when(st.FinishedAt.Time))
		if st.RetryCount > 0 {
			p.field("Retries", strconv.Itoa(st.RetryCount))
		}
	}
	p.section("Resources")
	for _, r := range a.Status.Resources {
		health := ""
		if r.Health != nil {
			health = r.Health.Status
		}
		p.line("  %-10s %-12s %s %s/%s", r.Status, health, r.Kind, r.Namespace, r.Name)
	}
}

// cascades are the finalizers that make Argo CD delete what an application manages.
const cascades = "resources-finalizer.argocd.argoproj.io"

// applicationDeleted says what becomes of an application's resources.
func applicationDeleted(o tree, p *core.Plan) {
	n := len(o.items("status", "resources"))
	list, _ := o.at("metadata", "finalizers").([]any)
	for _, f := range list {
		if strings.HasPrefix(scalar(f), cascades) {
			p.Danger = 2
			p.Warnings = append(p.Warnings, text.Sprintf("Argo CD deletes the %d resources that it manages, too (finalizer %s)", n, scalar(f)))
			return
		}
	}
	p.Impact = append(p.Impact, text.Sprintf("the %d resources that it manages stay: it has no finalizer that deletes them", n))
}
