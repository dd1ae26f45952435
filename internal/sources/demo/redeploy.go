package demo

import (
	"fmt"
	"strconv"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// planRedeploy plans that an environment gets what it had before: the deploy job
// of that build runs again.
func (s *Source) planRedeploy(o object, p *place, sv *service, to string) (*core.Operation, error) {
	d := p.deployment(sv.name)
	if d == nil {
		return nil, problemf(core.Refused, "nothing is deployed to %s", p.scope)
	}
	good, err := d.candidate(to)
	if err != nil {
		return nil, err
	}
	live := d.current
	rev := func() (core.Ref, string) { return o.ref(), o.(interface{ rev() string }).rev() }
	_, seen := rev()
	plan := core.Plan{
		Verb: core.VerbRollback, Target: o.ref(), Rev: seen, Danger: 1,
		Title: text.Sprintf("Deploy build #%d of %s to %s again", good.build.number, sv.name, p.scope),
		Changes: []core.FieldChange{
			change("image of "+sv.name, live.build.image, good.build.image), change("commit", cause(live.build), cause(good.build)),
		},
		Impact:   []text.Safe{text.Sprintf("a run of workflow deploy; %d pods are replaced one by one", d.replicas), text.Sprintf("when it was deployed: %s", good.past())},
		Preview:  text.Lit("a pipeline cannot be tried: this is what it is asked to do"),
		Command:  text.Sprintf("gh workflow run deploy.yaml --repo %s --ref main -f version=%s", sv.home(), good.build.commit.short()),
		UndoHint: text.Sprintf("U plans build #%d again, which runs now", live.build.number),
		Inverse:  &core.Inverse{Verb: core.VerbRollback, Target: at(p.targetOf(sv).ref()), Params: map[string]string{"to": strconv.Itoa(live.revision)}},
	}
	if good.trouble != "" {
		plan.Warnings = append(plan.Warnings, text.Sprintf("build #%d had trouble when it ran: %s", good.build.number, good.trouble))
	}
	if p.scope == Prod {
		plan.Warnings = append(plan.Warnings, text.Lit("prod is protected: going back needs no approval here, going forward does"))
	}
	var r *run
	return s.operation(plan, rev,
		func() {
			r = s.w.dispatch(p, deployFlow, good.build, you)
			r.event = "rollback"
			r.jobs[len(r.jobs)-1].approved = true
			p.murmur(r.ref(), "Rollback", "pipeline", r.sentence(fmt.Sprintf("build #%d again, by %s", good.build.number, you)))
		},
		func() verdict { return r.verdict(1) }), nil
}

// targetOf is the environment of a service.
func (p *place) targetOf(sv *service) *target {
	for _, o := range p.tables[ci.KindEnvironment] {
		if t := o.(*target); t.service == sv {
			return t
		}
	}
	return nil
}

// redeployForm offers what the environment had.
func redeployForm(p *place, sv *service) core.Form {
	d := p.deployment(sv.name)
	if d == nil {
		return core.Form{}
	}
	f := d.rollbackForm()
	f.Fields[0].Title, f.Fields[0].Help = text.Lit("Deployment"), text.Lit("empty: the last one that went well")
	f.Note = text.Lit("the deploy job of that build runs again")
	return f
}
