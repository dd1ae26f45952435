package kube

import (
	"context"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// verify follows the change until it has settled, its controller gives up, or
// ctx ends. After an unknown outcome it first reads back whether the change
// arrived. It sends no change.
func (c *change) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	return c.s.follow(ctx, report, func() (core.Outcome, bool, error) {
		o, err := c.readBack(ctx)
		if err != nil {
			return core.OutcomeUnknown, false, err
		}
		if !c.arrived(o) {
			if c.gen == 0 {
				return core.OutcomeRefused, true, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("the change did not arrive: nothing was done to %s %s", c.k.Name, c.ref.Name)}
			}
			return core.OutcomeFailed, true, &core.Problem{Kind: core.Conflict, Summary: text.Lit("somebody changed it again meanwhile")}
		}
		if c.gen == 0 || len(c.sub) > 0 {
			c.gen = max(c.gen, o.num("metadata", "generation"), 1)
		}
		if c.settled == nil {
			report(core.Progress{Done: 1, Total: 1, Text: c.done})
			return core.OutcomeHealthy, true, nil
		}
		done, total, msg, err := c.settled(o, c.gen)
		if p, ok := unanswered(err); ok {
			return core.OutcomeUnknown, true, p
		}
		if err != nil {
			return core.OutcomeFailed, true, err
		}
		if msg.Empty() {
			report(core.Progress{Done: done, Total: total, Text: c.done})
			return core.OutcomeHealthy, true, nil
		}
		report(core.Progress{Done: done, Total: total, Text: msg})
		return core.OutcomeUnknown, false, nil
	})
}

func (c *change) readBack(ctx context.Context) (tree, error) {
	if c.read != nil {
		return c.read(ctx)
	}
	_, o, err := c.s.fetch(ctx, c.ref)
	return o, err
}

// rollout judges a deployment, stateful set or daemon set by the rules of
// `kubectl rollout status`.
func (c *change) rollout(o tree, gen int) (done, total int, msg text.Safe, err error) {
	done, total, msg = rolloutProgress(c.k.Name, o, gen)
	// What was given up before the change says nothing of it: the controller
	// takes its word back only when the new rollout makes progress.
	if why, at := deadline(o); why != "" && at != c.stuck && o.num("status", "observedGeneration") >= gen {
		return done, total, msg, &core.Problem{Kind: core.Unreachable, Summary: text.Sprintf("the rollout does not progress: %s", why), Hint: text.Sprintf("kubectl -n %s describe %s/%s; the old pods that still run are left alone", c.ref.Namespace, c.k.Name, c.ref.Name)}
	}
	return done, total, msg, nil
}

// rolloutProgress counts the pods of a rollout. The message is empty when
// nothing is left to wait for.
func rolloutProgress(kind string, o tree, gen int) (done, total int, msg text.Safe) {
	if o.num("status", "observedGeneration") < gen {
		return 0, o.num("spec", "replicas"), text.Lit("waits for the controller to see the change")
	}
	updated, available, exist := o.num("status", "updatedReplicas"), o.num("status", "availableReplicas"), o.num("status", "replicas")
	total = o.num("spec", "replicas")
	switch kind {
	case "daemonset":
		total = o.num("status", "desiredNumberScheduled")
		updated, available, exist = o.num("status", "updatedNumberScheduled"), o.num("status", "numberAvailable"), total
	case "statefulset":
		if part := o.num("spec", "updateStrategy", "rollingUpdate", "partition"); part > 0 {
			total = max(total-part, 0)
			available = min(available, total)
			exist = total
			break
		}
		if o.str("status", "updateRevision") == o.str("status", "currentRevision") && available == total {
			updated = total // the controller clears the count when it is through
		}
	}
	switch {
	case updated < total:
		return min(updated, total), total, text.Sprintf("%d of %d pods are new", updated, total)
	case exist > total:
		return min(updated, total), total, text.Sprintf("%d old pods end", exist-total)
	case available < total:
		return min(available, total), total, text.Sprintf("%d of %d pods are available", available, total)
	}
	return total, total, text.Safe{}
}

// deadline returns the controller's message when it gave up, and when that was.
func deadline(o tree) (why, at string) {
	for _, c := range o.items("status", "conditions") {
		if c.str("type") == "Progressing" && c.str("reason") == "ProgressDeadlineExceeded" {
			return c.str("message"), c.str("lastUpdateTime")
		}
	}
	return "", ""
}

func isProblem(err error, kinds ...core.ProblemKind) bool {
	p, ok := err.(*core.Problem)
	if !ok {
		return false
	}
	for _, k := range kinds {
		if p.Kind == k {
			return true
		}
	}
	return false
}
