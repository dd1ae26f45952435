package ci

import (
	"slices"
	"time"

	"devops-tui/internal/core"
)

// usualOf is how many green runs Usual looks at.
const usualOf = 15

// Usual is how long a good run of a workflow takes: the median of the newest
// green ones among runs, which are all of one workflow; 0 if there is none.
func Usual(runs []Run) time.Duration {
	green := make([]*Run, 0, len(runs))
	for i := range runs {
		if r := &runs[i]; r.Phase == core.Succeeded && tells(r) && r.Took() > 0 {
			green = append(green, r)
		}
	}
	if len(green) == 0 {
		return 0
	}
	slices.SortFunc(green, func(a, b *Run) int { return b.Created.Compare(a.Created) })
	took := make([]time.Duration, 0, usualOf)
	for _, r := range green[:min(len(green), usualOf)] {
		took = append(took, r.Took())
	}
	slices.Sort(took)
	if n := len(took); n%2 == 0 {
		return (took[n/2-1] + took[n/2]) / 2
	}
	return took[len(took)/2]
}

// tells reports whether a run's end says anything about what it ran: one that
// was cancelled or skipped does not.
func tells(r *Run) bool {
	if !r.Finished() {
		return false
	}
	switch r.Reason.String() {
	case "cancelled", "canceled", "skipped", "neutral", "stale", "aborted", "ABORTED", "NOT_BUILT", "not_built":
		return false
	}
	return true
}

// lane is what runs supersede each other in.
type lane struct{ source, scope, namespace, workflow, branch string }

func (r *Run) lane() lane {
	return lane{r.Ref.Source, r.Ref.Scope, r.Ref.Namespace, r.Workflow, r.Branch}
}

// MarkPast sets Past of every run: a newer run of the same workflow and branch
// has ended and tells how things stand. A newer one that goes on, or was
// cancelled or skipped, tells nothing yet. A run that waits or goes on is never
// past.
func MarkPast(runs []Run) {
	newest := map[lane]time.Time{}
	for i := range runs {
		if r := &runs[i]; tells(r) && r.Created.After(newest[r.lane()]) {
			newest[r.lane()] = r.Created
		}
	}
	for i := range runs {
		r := &runs[i]
		r.Past = r.Finished() && r.Created.Before(newest[r.lane()])
	}
}

// Settle sets what only the runs together can tell: Past, and Usual of each
// workflow.
func Settle(runs []Run) {
	MarkPast(runs)
	of := map[lane][]Run{}
	for i := range runs {
		l := runs[i].lane()
		l.branch = ""
		of[l] = append(of[l], runs[i])
	}
	usual := make(map[lane]time.Duration, len(of))
	for l, rs := range of {
		usual[l] = Usual(rs)
	}
	for i := range runs {
		l := runs[i].lane()
		l.branch = ""
		runs[i].Usual = usual[l]
	}
}
