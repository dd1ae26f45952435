package argo

import (
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// ApplicationColumns are the columns of the kind; the ids are those of runs
// where both have the thing, so that one list shows both.
func ApplicationColumns() []core.Column {
	return []core.Column{
		{ID: "name", Title: text.Lit("APPLICATION"), Type: core.Name, Flex: true},
		{ID: "system", Title: text.Lit("SYSTEM"), Type: core.Text, Wide: true},
		{ID: "project", Title: text.Lit("PROJECT"), Type: core.Text, Wide: true},
		{ID: "branch", Title: text.Lit("TARGET"), Type: core.Text},
		{ID: "commit", Title: text.Lit("REVISION"), Type: core.Text},
		{ID: "stage", Title: text.Lit("SYNCED"), Type: core.Stages},
		{ID: "status", Title: text.Lit("STATUS"), Type: core.Status},
		{ID: "sync", Title: text.Lit("SYNC"), Type: core.Text},
		{ID: "health", Title: text.Lit("HEALTH"), Type: core.Text},
		{ID: "auto", Title: text.Lit("AUTO-SYNC"), Type: core.Text},
		{ID: "title", Title: text.Lit("MESSAGE"), Type: core.Text, Flex: true},
		{ID: "author", Title: text.Lit("BY"), Type: core.Text},
		{ID: "duration", Title: text.Lit("DURATION"), Type: core.Duration},
		{ID: "destination", Title: text.Lit("DESTINATION"), Type: core.Text, Wide: true},
		{ID: "images", Title: text.Lit("IMAGES"), Type: core.Text, Wide: true, Flex: true},
		{ID: "age", Title: text.Lit("AGE"), Type: core.Age, Min: 4},
	}
}

// ApplicationRow is the row of an application at ref. Its age is that of what
// was deployed or tried last.
func ApplicationRow(a *Application, ref core.Ref) *core.Resource {
	phase, reason, message := a.phase()
	r := &core.Resource{Ref: ref, Phase: phase, Reason: text.Clean(intern(reason)), Message: text.CleanLong(message).Truncate(300), Rev: a.Meta.ResourceVersion, Facts: a.Meta.facts()}
	st, src := &a.Status, a.AllSources()
	r.Changed = st.Health.Since.Nano()
	began, ended, who := a.Meta.Created.Time, time.Time{}, ""
	if h := a.Deployed(); h != nil {
		began, ended, who = h.StartedAt.Time, h.DeployedAt.Time, h.InitiatedBy.Who()
		if began.IsZero() {
			began = ended
		}
	}
	if o := st.State; o != nil && !o.StartedAt.Before(began) {
		began, ended, who = o.StartedAt.Time, o.FinishedAt.Time, o.Operation.InitiatedBy.Who()
	}
	if !began.IsZero() {
		r.Started = began.UnixNano()
	}
	revisions, targets := st.Sync.All(), make([]string, len(src))
	for i := range src {
		targets[i] = src[i].TargetRevision
		if targets[i] == "" {
			targets[i] = "HEAD"
		}
	}
	f := r.Facts
	f.Actor = intern(who)
	f.Repo = intern(Repo(src[0].RepoURL))
	f.Image = st.Summary.Images
	for _, rev := range revisions {
		if IsCommit(rev) {
			f.Commit = intern(rev)
			break
		}
	}
	if f.Service == "" {
		f.Service = a.Meta.Name
	}
	for _, image := range f.Image {
		if _, d, ok := strings.Cut(image, "@sha256:"); ok {
			f.Digest = append(f.Digest, "sha256:"+d)
		}
	}
	f.Labels = kept(a.Meta.Labels)
	shown := make([]string, len(revisions))
	for i, rev := range revisions {
		shown[i] = Short(rev)
	}
	r.Cells = []core.Cell{
		{Text: text.Clean(ref.Name)},
		word("argocd"), word(a.Spec.Project), word(strings.Join(targets, ", ")), word(strings.Join(shown, ", ")),
		a.progress(),
		{Text: r.Reason},
		word(st.Sync.Status), word(st.Health.Status), word(a.Policy()),
		{Text: r.Message},
		word(who), took(began, ended), word(a.Spec.Destination.String()), word(strings.Join(f.Image, ",")), age(began),
	}
	return r
}

// kept are the labels that joins look at.
func kept(labels map[string]string) map[string]string {
	var out map[string]string
	for k, v := range labels {
		if strings.HasPrefix(k, "app.kubernetes.io/") || strings.HasPrefix(k, "tags.datadoghq.com/") || k == "app" || k == "env" || k == "environment" || k == "stage" || k == "team" || k == "argocd.argoproj.io/instance" {
			if out == nil {
				out = map[string]string{}
			}
			out[intern(k)] = intern(v)
		}
	}
	return out
}

// String is namespace at cluster, for a human.
func (d Destination) String() string {
	where := d.Name
	if where == "" {
		where = d.Server
	}
	if d.Local() {
		where = "in-cluster"
	}
	if d.Namespace == "" {
		return where
	}
	return where + "/" + d.Namespace
}

// Policy is auto-sync in words: "off", "on, prune, self-heal".
func (a *Application) Policy() string {
	if !a.AutoSync() {
		return "off"
	}
	p, words := a.Spec.SyncPolicy.Automated, []string{"on"}
	if p.Prune {
		words = append(words, "prune")
	}
	if p.SelfHeal {
		words = append(words, "self-heal")
	}
	return strings.Join(words, ", ")
}

// progress counts what a sync that goes on has done, else what is as Git says.
func (a *Application) progress() core.Cell {
	if s := a.Status.State; s.Busy() && s.SyncResult != nil {
		done, at := 0, ""
		for _, r := range s.SyncResult.Resources {
			if r.Over() {
				done++
			} else {
				at = r.SyncPhase
			}
		}
		return stages(done, max(len(s.SyncResult.Resources), len(a.Status.Resources)), text.Clean(at))
	}
	n := len(a.Status.Resources)
	return stages(n-len(a.OutOfSync()), n, text.Clean(intern(a.Status.Sync.Status)))
}

// phase is the state in our words, with Argo's own word and its message.
func (a *Application) phase() (core.Phase, string, string) {
	st := &a.Status
	var broken Condition
	for _, c := range st.Conditions {
		if c.IsError() {
			broken = c
			break
		}
	}
	switch {
	case !a.Meta.Deleted.IsZero():
		return core.Pending, "Deleting", "its resources are deleted first"
	case st.State.Busy() && st.State.Phase == "Terminating":
		return core.Pending, "Terminating", st.State.Message
	case st.State.Busy():
		return core.Pending, "Syncing", st.State.Message
	case a.Operation != nil:
		return core.Pending, "SyncRequested", "the application controller has not begun"
	case broken.Type != "":
		return core.Failed, broken.Type, broken.Message
	case st.Sync.Status == "" && st.Health.Status == "":
		return core.Unknown, "NotReconciled", "no application controller has looked at it yet"
	case st.State != nil && st.State.Phase == "Succeeded" && !st.ReconciledAt.IsZero() && st.ReconciledAt.Before(st.State.FinishedAt.Time):
		// what is said of its health is from before the sync
		return core.Pending, "Progressing", "synced; its health is not looked at yet"
	case st.Sync.Status == "Synced" && st.Health.Status == "Healthy":
		return core.Running, "Synced", ""
	case st.Health.Status == "Degraded", st.Health.Status == "Missing":
		return core.Failed, st.Health.Status, a.unwell()
	case st.State.Bad():
		return core.Failed, "SyncFailed", st.State.Message
	case st.Health.Status == "Progressing":
		return core.Pending, "Progressing", a.unwell()
	case st.Health.Status == "Suspended":
		return core.Pending, "Suspended", a.unwell()
	case st.Sync.Status == "OutOfSync":
		return core.Degraded, "OutOfSync", ""
	case st.Sync.Status == "Synced" && st.Health.Status == "":
		return core.Running, "Synced", ""
	}
	return core.Unknown, "Unknown", st.Health.Message
}

// unwell names the first resource that makes the application's health.
func (a *Application) unwell() string {
	if a.Status.Health.Message != "" {
		return a.Status.Health.Message
	}
	for _, r := range a.Status.Resources {
		if r.Health != nil && r.Health.Status == a.Status.Health.Status {
			s := r.Kind + " " + r.Name
			if r.Health.Message != "" {
				s += ": " + r.Health.Message
			}
			return s
		}
	}
	return ""
}
