package demo

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// mostReplicas is what the nodes of the demo can carry of one service.
const mostReplicas = 20

// autoscaler is a HorizontalPodAutoscaler. The demo's load is even, so that it
// always wants what the service had in the beginning.
type autoscaler struct{ least, most int }

// opinion is how long the autoscaler takes until it sets its own number.
const opinion = 30 * time.Second

func (a *autoscaler) wants(d *deployment) int {
	return min(max(d.service.replicas[d.place.scope], a.least), a.most)
}

func (a *autoscaler) warning(d *deployment) text.Safe {
	return text.Sprintf("HorizontalPodAutoscaler %s (%d to %d) scales it: it will set %d again within a minute", d.service.name, a.least, a.most, a.wants(d))
}

// rescale lets the autoscaler say its opinion after a scaling by hand.
func (a *autoscaler) rescale(d *deployment) {
	w := d.place.w
	w.after(opinion, func() {
		want := a.wants(d)
		if d.gone || d.replicas == want || d.replicas == 0 { // 0 switches an autoscaler off
			return
		}
		d.place.say(d.ref(), false, "SuccessfulRescale", "horizontal-pod-autoscaler",
			fmt.Sprintf("New size: %d; reason: cpu resource utilization (percentage of request) is near its target", want))
		d.resize(want)
	})
}

// resize asks for another number of pods.
func (d *deployment) resize(replicas int) {
	d.place.say(d.ref(), false, "ScalingReplicaSet", "deployment-controller",
		fmt.Sprintf("Scaled replica set %s from %d to %d", d.current.name(), d.replicas, replicas))
	d.replicas = replicas
	d.generation++
	d.changed = d.place.w.now
	d.stir()
}

// PlanScale plans another number of pods.
func (s *Source) PlanScale(ctx context.Context, ref core.Ref, replicas int) (*core.Operation, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	d, ok := o.(*deployment)
	switch {
	case !ok:
		return nil, problemf(core.Unsupported, "a %s cannot be scaled", ref.Kind)
	case replicas < 0 || replicas > mostReplicas:
		return nil, problemf(core.Invalid, "%d replicas: 0 to %d are possible in the demo", replicas, mostReplicas)
	case replicas == d.replicas:
		return nil, problemf(core.Refused, "deployment %s has %d replicas already", d.service.name, replicas)
	}
	before, after := strconv.Itoa(d.replicas), strconv.Itoa(replicas)
	plan := core.Plan{
		Verb: core.VerbScale, Target: d.ref(), Rev: d.rev(),
		Title:    text.Sprintf("Scale deployment %s/%s from %d to %d", d.service.namespace, d.service.name, d.replicas, replicas),
		Changes:  []core.FieldChange{change("spec.replicas", before, after)},
		Diff:     difference("spec", [3]string{"replicas", before, after}),
		Command:  text.Sprintf("%s scale deployment/%s --current-replicas=%d --replicas=%d", d.place.kubectl(d.service.namespace), d.service.name, d.replicas, replicas),
		UndoHint: text.Sprintf("U plans scaling back to %d", d.replicas),
		Inverse:  &core.Inverse{Verb: core.VerbScale, Params: map[string]string{"replicas": before}},
	}
	switch {
	case replicas > d.replicas:
		plan.Impact = append(plan.Impact, text.Sprintf("%d pods start; each asks for %.0fm CPU and %.0fMi memory", replicas-d.replicas, d.service.cpuRequest, d.service.memRequest/mebi))
	default:
		plan.Danger = 1
		plan.Impact = append(plan.Impact, text.Sprintf("%d of %d pods end (SIGTERM, 30 s, SIGKILL)", d.replicas-replicas, d.replicas))
	}
	if replicas == 0 {
		plan.Warnings = append(plan.Warnings, text.Lit("nothing serves at 0 replicas: every request fails"))
	}
	if d.scaler != nil && replicas != 0 {
		plan.Warnings = append(plan.Warnings, d.scaler.warning(d))
	}
	var asked int
	return s.operation(plan,
		func() (core.Ref, string) { return d.ref(), d.rev() },
		func() {
			d.resize(replicas)
			asked = d.generation
			if d.scaler != nil {
				d.scaler.rescale(d)
			}
		},
		func() verdict { return d.sized(asked, replicas) }), nil
}

// sized judges a scaling: as many pods as were asked for, all of them ready.
func (d *deployment) sized(asked, replicas int) verdict {
	ready := min(d.ready(), replicas)
	v := verdict{total: replicas + 1, done: ready, text: fmt.Sprintf("%d of %d pods ready", ready, replicas)}
	switch {
	case d.generation != asked || d.gone:
		v.superseded = true
	case len(d.all()) == replicas && d.ready() == replicas:
		v.done = v.total
	case len(d.all()) > replicas:
		v.text = fmt.Sprintf("%d pods, %d are to end", len(d.all()), len(d.all())-replicas)
	}
	for _, p := range d.live() {
		if p.state == backoff || p.state == unpulled || p.state == unconfigured {
			_, why, _ := p.status()
			v.broken = fmt.Sprintf("%s: %s", p.name, why)
		}
	}
	return v
}
