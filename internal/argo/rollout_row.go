package argo

import (
	"fmt"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// RolloutColumns are the columns of the kind.
func RolloutColumns() []core.Column {
	return []core.Column{
		{ID: "name", Title: text.Lit("NAME"), Type: core.Name, Flex: true},
		{ID: "system", Title: text.Lit("SYSTEM"), Type: core.Text, Wide: true},
		{ID: "strategy", Title: text.Lit("STRATEGY"), Type: core.Text},
		{ID: "stage", Title: text.Lit("STEP"), Type: core.Stages},
		{ID: "weight", Title: text.Lit("WEIGHT"), Type: core.Number},
		{ID: "status", Title: text.Lit("STATUS"), Type: core.Status},
		{ID: "ready", Title: text.Lit("READY"), Type: core.Text},
		{ID: "up-to-date", Title: text.Lit("UP-TO-DATE"), Type: core.Number},
		{ID: "available", Title: text.Lit("AVAILABLE"), Type: core.Number},
		{ID: "number", Title: text.Lit("REVISION"), Type: core.Number},
		{ID: "commit", Title: text.Lit("COMMIT"), Type: core.Text, Wide: true},
		{ID: "title", Title: text.Lit("MESSAGE"), Type: core.Text, Flex: true},
		{ID: "images", Title: text.Lit("IMAGES"), Type: core.Text, Flex: true},
		{ID: "age", Title: text.Lit("AGE"), Type: core.Age, Min: 4},
	}
}

// RolloutRow is the row of a rollout at ref.
func RolloutRow(o *Rollout, ref core.Ref) *core.Resource {
	phase, reason, message := o.phase()
	r := &core.Resource{
		Ref: ref, Phase: phase, Reason: text.Clean(intern(reason.String())), Message: message.Truncate(300), Rev: o.Meta.ResourceVersion,
		Started: o.Meta.Created.Nano(), Facts: o.Meta.facts(),
	}
	for _, c := range o.Status.Conditions {
		r.Changed = max(r.Changed, c.At.Nano())
	}
	if p := o.PausedSince(); !p.IsZero() {
		r.Changed = p.Nano()
	}
	f := r.Facts
	f.Waits, f.Labels = o.Waits(), kept(o.Meta.Labels)
	for _, c := range o.Spec.Template.Spec.InitContainers {
		f.Containers = append(f.Containers, "init:"+intern(c.Name))
	}
	for _, c := range o.Spec.Template.Spec.Containers {
		f.Containers = append(f.Containers, intern(c.Name))
		f.Image = append(f.Image, intern(c.Image))
		if _, d, ok := strings.Cut(c.Image, "@sha256:"); ok {
			f.Digest = append(f.Digest, "sha256:"+d)
		}
	}
	if len(o.Spec.Selector.MatchLabels) > 0 {
		f.Selector = o.Spec.Selector.MatchLabels
	}
	at, of := o.At()
	step, weight := text.Safe{}, core.Cell{}
	switch steps := o.Steps(); {
	case at < of:
		step = steps[at].Title()
	case o.Spec.Strategy.BlueGreen != nil && o.Status.BlueGreen.Active != "" && o.Status.BlueGreen.Preview != "" && o.Status.BlueGreen.Active != o.Status.BlueGreen.Preview:
		step = text.Lit("preview")
	case o.Spec.Strategy.BlueGreen != nil && o.Settled():
		step = text.Lit("active")
	}
	if w, ok := o.Weight(); ok {
		weight = core.Cell{Text: text.Sprintf("%d%%", w), Num: float64(w)}
	}
	rev := core.Cell{}
	if n := revision(o.Meta.Annotations[RolloutRevision]); n > 0 {
		rev = number(n)
	}
	r.Cells = []core.Cell{
		{Text: text.Clean(ref.Name)},
		word("rollouts"), word(o.Strategy()), stages(at, of, step), weight,
		{Text: r.Reason},
		outOf(o.Status.Ready, o.Desired()), number(o.Status.Updated), number(o.Status.Available), rev, word(Short(f.Commit)),
		{Text: r.Message},
		word(strings.Join(f.Image, ",")), age(o.Meta.Created.Time),
	}
	return r
}

func outOf(n, of int) core.Cell {
	share := 1.0
	if of > 0 {
		share = float64(n) / float64(of)
	}
	return core.Cell{Text: text.Clean(intern(fmt.Sprintf("%d/%d", n, of))), Num: share}
}

func revision(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<30 {
			return 0
		}
		n = 10*n + int(c-'0')
	}
	return n
}
