package argo

import (
	"slices"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// maxAnnotations is the most that an explanation has.
const maxAnnotations = 20

// Explain tells why an application is not as it should be: what keeps Argo CD
// from working first, then what the last sync could not do, then what is unhealthy,
// then what differs from Git.
func (a *Application) Explain(resolve Resolve, now time.Time) core.Explanation {
	st := &a.Status
	_, reason, message := a.phase()
	e := core.Explanation{Summary: text.Clean(reason)}
	if message != "" {
		e.Summary = text.Sprintf("%s: %s", reason, message)
	}
	note := func(level core.Level, title, message text.Safe) {
		if len(e.Annotations) < maxAnnotations {
			e.Annotations = append(e.Annotations, core.Annotation{Level: level, Title: title, Message: message})
		}
	}
	at := func(r core.Ref) {
		if e.At.IsZero() {
			e.At = r
		}
	}
	for _, bad := range []bool{true, false} {
		for _, c := range st.Conditions {
			if c.IsError() == bad {
				level := core.LevelWarn
				if bad {
					level = core.LevelError
				}
				note(level, text.Clean(c.Type), text.CleanLong(c.Message))
			}
		}
	}
	if s := st.State; s.Bad() && (st.Sync.Status != "Synced" || st.Health.Status != "Healthy") {
		note(core.LevelError, text.Sprintf("last sync %s, %s ago", strings.ToLower(s.Phase), ageOf(s.FinishedAt.Time, now)), text.CleanLong(s.Message))
		if s.SyncResult != nil {
			for _, r := range s.SyncResult.Resources {
				if r.Bad() {
					at(resolve.ref(r.Group, r.Version, r.Kind, r.Namespace, r.Name))
					note(core.LevelError, resourceTitle(r.Kind, r.Namespace, r.Name), text.CleanLong(r.Message))
					if e.Step.Empty() {
						e.Step = text.Sprintf("%s %s", r.SyncPhase, resourceTitle(r.Kind, r.Namespace, r.Name))
					}
				}
			}
		}
	}
	sick := slices.DeleteFunc(slices.Clone(st.Resources), func(r ResourceStatus) bool {
		return r.Health == nil || r.Health.Status == "Healthy" || r.Health.Status == ""
	})
	slices.SortStableFunc(sick, func(a, b ResourceStatus) int { return b.phase().Trouble() - a.phase().Trouble() })
	for _, r := range sick {
		at(resolve.ref(r.Group, r.Version, r.Kind, r.Namespace, r.Name))
		level := core.LevelWarn
		if r.phase() == core.Failed {
			level = core.LevelError
		}
		note(level, text.Concat(resourceTitle(r.Kind, r.Namespace, r.Name), text.Sprintf(" is %s", r.Health.Status)), text.CleanLong(r.Health.Message))
	}
	for _, r := range a.OutOfSync() {
		why := text.Lit("differs from Git")
		if r.RequiresPruning {
			why = text.Lit("is not in Git any more")
		}
		note(core.LevelInfo, resourceTitle(r.Kind, r.Namespace, r.Name), why)
	}
	all := a.Entries(nil)
	if good := Find(all, ""); good != nil {
		e.GoodTitle = text.Sprintf("deployment %d before, %s, %s ago", good.ID, good.Revision(), ageOf(good.DeployedAt.Time, now))
	}
	if len(e.Annotations) == 0 && e.Summary.Empty() {
		e.Note = text.Lit("nothing is wrong with it")
	}
	return e
}
