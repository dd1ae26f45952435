package kube

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const (
	instantiate = "cronjob.kubernetes.io/instantiate"
	// jobLimit is how long a run is followed that sets itself no deadline.
	jobLimit = time.Hour
	// maxJobName is the longest name of a job whose pods can be told by a label.
	maxJobName = 63
)

// trigger is the creation of one job from a cron job's template, as
// `kubectl create job --from` makes it.
type trigger struct {
	s      *Source
	cron   core.Ref
	before tree
	name   string
	body   []byte
}

// planTrigger plans one run of a cron job. The job's name is fixed with the
// plan: sent twice it would be refused.
func (s *Source) planTrigger(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	k, o, err := s.fetch(ctx, ref)
	if err != nil {
		return nil, err
	}
	t := &trigger{s: s, before: o, cron: s.ref(k.Name, o.str("metadata", "namespace"), o.str("metadata", "name"), o.str("metadata", "uid"))}
	t.name = manualName(t.cron.Name)
	if t.body, err = t.job(); err != nil {
		return nil, s.problem(t.cannot(), err)
	}
	p := core.Plan{
		Verb: core.VerbDeploy, Target: t.cron, Rev: o.str("metadata", "resourceVersion"), Danger: 1,
		Title:    text.Sprintf("Run cron job %s in %s now", t.cron.Name, t.cron.Namespace),
		Changes:  []core.FieldChange{{Field: text.Lit("job"), After: text.Clean(t.name)}},
		Command:  text.Sprintf("%s create job %s --from=cronjob/%s", s.kubectl(t.cron.Namespace), shellWord(t.name), shellWord(t.cron.Name)),
		UndoHint: text.Lit("cannot be undone: what a run has done is done; deleting its job ends it"),
	}
	if err := t.preview(ctx, &p); err != nil {
		return nil, err
	}
	t.impact(&p)
	limit := jobLimit
	if d := o.num("spec", "jobTemplate", "spec", "activeDeadlineSeconds"); d > 0 {
		limit = time.Duration(d)*time.Second + time.Minute
	}
	return &core.Operation{Plan: p, Execute: t.execute, Verify: t.verify, VerifyLimit: limit}, nil
}

// manualName is the cron job's name, cut to fit, and five random characters.
func manualName(cron string) string {
	suffix := "-manual-" + strings.ToLower(rand.Text()[:5])
	return strings.TrimRight(cron[:min(len(cron), maxJobName-len(suffix))], "-.") + suffix
}

func (t *trigger) job() ([]byte, error) {
	template := t.before.sub("spec", "jobTemplate").cloned()
	meta := map[string]any{
		"name": t.name, "namespace": t.cron.Namespace, "annotations": map[string]any{instantiate: "manual"},
		// Without blockOwnerDeletion, which would need the right to change the owner.
		"ownerReferences": []any{map[string]any{"apiVersion": "batch/v1", "kind": "CronJob", "name": t.cron.Name, "uid": t.cron.UID, "controller": true}},
	}
	if labels := template.sub("metadata", "labels"); len(labels) > 0 {
		meta["labels"] = labels
	}
	for k, v := range template.sub("metadata", "annotations") {
		meta["annotations"].(map[string]any)[k] = v
	}
	b, err := json.Marshal(map[string]any{"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": template.sub("spec")})
	if err != nil {
		return nil, fmt.Errorf("encode the job: %w", err)
	}
	return b, nil
}

func (t *trigger) send(ctx context.Context, dry bool) (tree, error) {
	q := url.Values{"fieldManager": {fieldManager}}
	if dry {
		q.Set("dryRun", "All")
	}
	b, err := t.s.client.do(ctx, request{method: http.MethodPost, path: builtinByName["job"].path(t.cron.Namespace), query: q, contentType: acceptJSON, body: t.body}, nil)
	if err != nil {
		return nil, err
	}
	return parseTree(b)
}

func (t *trigger) preview(ctx context.Context, p *core.Plan) error {
	after, err := t.send(ctx, true)
	switch {
	case err == nil:
		p.Diff = diffTrees(nil, after)
	case isStatus(err, http.StatusNotFound): // the namespace is gone
		return t.s.problem(t.cannot(), err)
	default:
		p.Blind, p.Preview = true, t.s.problem(text.Safe{}, err).Summary
	}
	return nil
}

func (t *trigger) impact(p *core.Plan) {
	spec := t.before.sub("spec", "jobTemplate", "spec")
	n := max(spec.num("parallelism"), 1)
	p.Impact = append(p.Impact, text.Sprintf("a job with %d pods at once starts now", n))
	active := len(t.before.items("status", "active"))
	if active > 0 {
		p.Impact = append(p.Impact, text.Sprintf("%d of its jobs run already", active))
		if policy := t.before.str("spec", "concurrencyPolicy"); policy != "Allow" && policy != "" {
			p.Warnings = append(p.Warnings, text.Sprintf("concurrencyPolicy %s holds for the schedule only: this run starts beside the one that is active", policy))
		}
	}
	if t.before.str("spec", "suspend") == "true" {
		p.Impact = append(p.Impact, text.Lit("its schedule is suspended, and stays so"))
	}
	if spec.str("suspend") == "true" {
		p.Warnings = append(p.Warnings, text.Lit("its template is suspended: the job waits until it is resumed"))
	}
}

func (t *trigger) cannot() text.Safe { return text.Sprintf("cannot run cron job %s", t.cron.Name) }

func (t *trigger) execute(ctx context.Context, _ core.Output) error {
	_, now, err := t.s.fetch(ctx, t.cron)
	if err != nil {
		return err
	}
	if changedSince(t.before, now) {
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("cronjob %s was changed since the plan was made", t.cron.Name), Hint: text.Lit("look at the plan again")}
	}
	if _, err := t.send(ctx, false); err != nil {
		return t.s.outcome(t.cannot(), err)
	}
	return nil
}

// verify follows the job to its end.
func (t *trigger) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	job := t.s.ref("job", t.cron.Namespace, t.name, "")
	known := false
	return t.s.follow(ctx, report, func() (core.Outcome, bool, error) {
		_, o, err := t.s.fetch(ctx, job)
		switch {
		case isProblem(err, core.NotFound) && known:
			return core.OutcomeUnknown, true, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("job %s was deleted before it ended", t.name)}
		case isProblem(err, core.NotFound):
			return core.OutcomeRefused, true, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("the job did not arrive: %s was not made", t.name)}
		case err != nil:
			return core.OutcomeUnknown, false, err
		}
		known = true
		if w := controller(o); w == nil || w.str("uid") != t.cron.UID {
			return core.OutcomeFailed, true, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("job %s is not the one that was planned", t.name)}
		}
		done, total, msg, err := jobProgress(o)
		if err != nil {
			return core.OutcomeFailed, true, err
		}
		report(core.Progress{Done: done, Total: total, Text: msg})
		return core.OutcomeHealthy, o.condition("Complete"), nil
	})
}

// jobProgress counts what a job has done.
func jobProgress(o tree) (done, total int, msg text.Safe, err error) {
	done, total = o.num("status", "succeeded"), max(o.num("spec", "completions"), 1)
	name := o.str("metadata", "name")
	for _, c := range o.items("status", "conditions") {
		if c.str("type") == "Failed" && c.str("status") == "True" {
			return done, total, text.Safe{}, &core.Problem{
				Kind: core.Unreachable, Summary: text.Sprintf("job %s failed: %s: %s", name, c.str("reason"), c.str("message")),
				Hint: text.Sprintf("kubectl -n %s logs job/%s", o.str("metadata", "namespace"), name),
			}
		}
	}
	msg = text.Sprintf("job %s: %d active, %d failed so far", name, o.num("status", "active"), o.num("status", "failed"))
	switch {
	case o.condition("Complete"):
		msg = text.Sprintf("job %s is complete", name)
	case o.condition("Suspended"):
		msg = text.Sprintf("job %s is suspended", name)
	}
	return done, total, msg, nil
}

// condition reports whether a condition of the object is true.
func (o tree) condition(name string) bool {
	for _, c := range o.items("status", "conditions") {
		if c.str("type") == name {
			return c.str("status") == "True"
		}
	}
	return false
}
