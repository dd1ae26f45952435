package kube

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/process"
	"devops-tui/internal/text"
)

const (
	// helmWait is how long helm itself waits until what it changed is ready.
	helmWait = 5 * time.Minute
	// maxHelmHistory bounds the revisions whose records are read for a form.
	maxHelmHistory = 20
)

// helmRollback is one planned `helm rollback`.
type helmRollback struct {
	s      *Source
	ref    core.Ref
	path   string          // of helm
	newest releaseRevision // as it was seen
	to     int
}

// planReleaseRollback plans that Helm rolls a release back. Helm's revisions
// are never numbered anew: a rollback is a new one with the content of an old one.
func (s *Source) planReleaseRollback(ctx context.Context, ref core.Ref, to string) (*core.Operation, error) {
	all, err := s.releaseRevisions(ctx, ref)
	if err != nil {
		return nil, err
	}
	target := previousRelease(all)
	if to != "" {
		i := slices.IndexFunc(all, func(r releaseRevision) bool { return strconv.Itoa(r.version) == to })
		if i < 0 {
			return nil, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("release %s has no revision %s", ref.Name, to), Hint: text.Lit("Helm keeps the newest ones only (--history-max)")}
		}
		target = &all[i]
	}
	switch {
	case target == nil:
		return nil, &core.Problem{Kind: core.Refused, Summary: text.Sprintf("release %s has no earlier revision to go back to", ref.Name)}
	case target.version == all[0].version:
		return nil, &core.Problem{Kind: core.Refused, Summary: text.Sprintf("release %s is at revision %d already", ref.Name, target.version)}
	}
	return s.planHelm(ctx, ref, all, *target)
}

// previousRelease is the newest revision before the present one that worked;
// else the newest one; nil: there is none.
func previousRelease(all []releaseRevision) *releaseRevision {
	for i := 1; i < len(all); i++ {
		if all[i].status == "superseded" || all[i].status == "deployed" {
			return &all[i]
		}
	}
	if len(all) > 1 {
		return &all[1]
	}
	return nil
}

// planOwnerRollback plans the rollback of the release that a workload belongs
// to: to the newest revision in which the workload has the images of target.
func (s *Source) planOwnerRollback(ctx context.Context, from core.Ref, o tree, target *rolloutRevision, byDefault bool) (*core.Operation, error) {
	r := helmOwner(o)
	if r.name == "" {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("no Helm release owns %s %s", strings.ToLower(o.str("kind")), o.str("metadata", "name"))}
	}
	ref := s.ref(kindRelease, r.namespace, r.name, s.helm.uid(r.namespace, r.name))
	to := ""
	if !byDefault {
		all, err := s.releaseRevisions(ctx, ref)
		if err != nil {
			return nil, err
		}
		if to, err = s.releaseWith(ctx, ref, all, o, target); err != nil {
			return nil, err
		}
	}
	op, err := s.planReleaseRollback(ctx, ref, to)
	if err == nil {
		op.Plan.From = from
	}
	return op, err
}

func (s *Source) releaseWith(ctx context.Context, ref core.Ref, all []releaseRevision, o tree, target *rolloutRevision) (string, error) {
	for i := range min(len(all), maxHelmHistory) {
		stored, err := s.storedRelease(ctx, ref.Namespace, all[i].secret)
		if err != nil {
			return "", err
		}
		for _, in := range stored.objects() {
			if in.str("kind") == o.str("kind") && in.str("metadata", "name") == o.str("metadata", "name") && slices.Equal(imagesOf(in.sub("spec", "template")), imagesOf(target.template)) {
				if i == 0 {
					return "", &core.Problem{
						Kind: core.Refused, Summary: text.Sprintf("the present revision of release %s has the images of revision %d: the workload was changed without Helm", ref.Name, target.number),
						Hint: text.Lit("roll back the workload itself: without via=helm"),
					}
				}
				return strconv.Itoa(all[i].version), nil
			}
		}
	}
	return "", &core.Problem{
		Kind: core.NotFound, Summary: text.Sprintf("no revision of release %s has the images of revision %d", ref.Name, target.number),
		Hint: text.Sprintf("choose one at the release: helm history %s -n %s", shellWord(ref.Name), shellWord(ref.Namespace)),
	}
}

func (s *Source) planHelm(ctx context.Context, ref core.Ref, all []releaseRevision, target releaseRevision) (*core.Operation, error) {
	path, missing := s.helm.find()
	if missing != nil {
		return nil, missing
	}
	ref.UID = s.helm.uid(ref.Namespace, ref.Name)
	h := &helmRollback{s: s, ref: ref, path: path, newest: all[0], to: target.version}
	now, err := s.storedRelease(ctx, ref.Namespace, all[0].secret)
	if err != nil {
		return nil, err
	}
	then, err := s.storedRelease(ctx, ref.Namespace, target.secret)
	if err != nil {
		return nil, err
	}
	p := core.Plan{
		Verb: core.VerbRollback, Target: ref, Rev: all[0].rev, Danger: 1,
		Title:    text.Sprintf("Roll back Helm release %s in %s to revision %d", ref.Name, ref.Namespace, target.version),
		Command:  text.Clean("helm " + strings.Join(quoted(h.args()), " ")),
		UndoHint: text.Sprintf("U rolls back to revision %d again", all[0].version),
		Inverse:  &core.Inverse{Verb: core.VerbRollback, Params: map[string]string{"to": strconv.Itoa(all[0].version)}},
		Changes:  []core.FieldChange{{Field: text.Lit("revision"), Before: text.Sprintf("%d (%s)", all[0].version, all[0].status), After: text.Sprintf("%d with the content of %d", all[0].version+1, target.version)}},
	}
	change := func(field text.Safe, a, b string) {
		if a != b {
			p.Changes = append(p.Changes, core.FieldChange{Field: field, Before: text.Clean(a), After: text.Clean(b)})
		}
	}
	change(text.Lit("chart"), now.Chart.Metadata.label(), then.Chart.Metadata.label())
	change(text.Lit("app version"), now.Chart.Metadata.AppVersion, then.Chart.Metadata.AppVersion)
	change(text.Lit("images"), strings.Join(now.images(), ", "), strings.Join(then.images(), ", "))
	manifestDiff(&p, now.objects(), then.objects())
	if target.status != "superseded" && target.status != "deployed" {
		p.Warnings = append(p.Warnings, text.Sprintf("revision %d did not work: it is %s", target.version, target.status))
	}
	if strings.HasPrefix(all[0].status, "pending-") {
		p.Warnings = append(p.Warnings, text.Sprintf("revision %d is %s: another helm is at work, or was broken off", all[0].version, all[0].status))
	}
	for _, o := range then.objects() {
		before := len(p.Warnings)
		if s.owners(ctx, o, &p); len(p.Warnings) > before {
			break // one object tells who else manages the release
		}
	}
	h.dryRun(ctx, &p)
	return &core.Operation{Plan: p, Execute: h.execute, Verify: h.verify, SendLimit: helmWait + time.Minute}, nil
}

func quoted(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = shellWord(a)
	}
	return out
}

func (h *helmRollback) args(more ...string) []string {
	args := append([]string{"rollback", h.ref.Name, strconv.Itoa(h.to)}, h.s.helmTarget(h.ref.Namespace)...)
	if len(more) == 0 {
		more = []string{"--wait", "--timeout", helmWait.String()}
	}
	return append(args, more...)
}

// manifestDiff compares the objects of two manifests one by one.
func manifestDiff(p *core.Plan, now, then []tree) {
	at := func(list []tree) map[string]tree {
		out := map[string]tree{}
		for _, o := range list {
			out[o.str("kind")+" "+o.str("metadata", "namespace")+" "+o.str("metadata", "name")] = o
		}
		return out
	}
	a, b := at(now), at(then)
	all := maps.Clone(a)
	maps.Copy(all, b)
	changed, added, gone := 0, 0, 0
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if sameJSON(map[string]any(a[id]), map[string]any(b[id])) {
			continue
		}
		diff := diffTrees(a[id], b[id])
		if len(diff) == 0 {
			diff = []text.Line{text.Lit("  what differs is secret").Line()}
		}
		switch {
		case a[id] == nil:
			added++
		case b[id] == nil:
			gone++
		default:
			changed++
		}
		p.Diff = append(p.Diff, text.Sprintf("%s %s", all[id].str("kind"), all[id].str("metadata", "name")).Line())
		p.Diff = append(p.Diff, diff...)
	}
	p.Impact = append(p.Impact, text.Sprintf("%d objects change, %d come back, %d go away", changed, added, gone))
	if gone > 0 {
		p.Danger = 2
	}
}

// dryRun lets helm itself say whether it can; its dry run reads and sends nothing.
func (h *helmRollback) dryRun(ctx context.Context, p *core.Plan) {
	p.Preview = text.Lit("the difference is between the manifests that Helm keeps of both revisions: a rollback has no dry run in the server")
	if h.s.helm.gate.TryAt(h.ref, "helm rollback") != nil {
		return
	}
	major, _, err := h.s.helm.version(ctx, h.path)
	flag := "--dry-run"
	if major >= 4 {
		flag = "--dry-run=server"
	}
	if err == nil {
		_, err = process.Run(ctx, process.Spec{Path: h.path, Args: h.args(flag), Env: h.s.helm.environment()})
	}
	if err != nil {
		p.Blind, p.Preview = true, text.Sprintf("helm's dry run failed: %s", complaint(err))
	}
}

func complaint(err error) text.Safe {
	if e, ok := errors.AsType[*process.Error](err); ok && !e.Said().Empty() {
		return e.Said()
	}
	return text.Error(err)
}

// execute makes sure that the release is as it was seen, and runs helm once.
func (h *helmRollback) execute(ctx context.Context, out core.Output) error {
	all, err := h.s.releaseRevisions(ctx, h.ref)
	if err != nil {
		return err
	}
	if all[0].uid != h.newest.uid || all[0].rev != h.newest.rev {
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("release %s was changed since the plan was made: it is at revision %d, %s", h.ref.Name, all[0].version, all[0].status), Hint: text.Lit("look at the plan again")}
	}
	if g := h.s.helm.gate; g != nil {
		if err := g.CheckAt(ctx, h.ref, "helm rollback"); err != nil {
			return err
		}
	}
	result, err := process.Run(ctx, process.Spec{
		Path: h.path, Args: h.args(), Env: h.s.helm.environment(),
		Line: func(_ bool, l text.Line) { out.Line(l) },
	})
	if err == nil {
		return nil
	}
	if !result.Started {
		return &core.Problem{Kind: core.Refused, Summary: text.Sprintf("cannot run helm: %s", complaint(err)), Cause: err}
	}
	// What helm did before it gave up stands in its own records.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if now, lerr := h.s.releaseRevisions(ctx, h.ref); lerr == nil && now[0].version == h.newest.version && result.Exit > 0 {
		return &core.Problem{Kind: core.Refused, Summary: text.Sprintf("helm refused: %s", complaint(err)), Cause: err}
	}
	return fmt.Errorf("helm rollback %s: %w (%w)", h.ref.Name, core.ErrOutcomeUnknown, err)
}

// verify reads Helm's record of the new revision. Helm writes "deployed" there
// when everything that it changed is ready.
func (h *helmRollback) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	want := h.newest.version + 1
	return h.s.follow(ctx, report, func() (core.Outcome, bool, error) {
		all, err := h.s.releaseRevisions(ctx, h.ref)
		if err != nil {
			return core.OutcomeUnknown, false, err
		}
		i := slices.IndexFunc(all, func(r releaseRevision) bool { return r.version == want })
		if i < 0 {
			return core.OutcomeRefused, true, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("the rollback did not arrive: release %s is at revision %d", h.ref.Name, all[0].version)}
		}
		switch status := all[i].status; {
		case i > 0:
			return core.OutcomeFailed, true, &core.Problem{Kind: core.Conflict, Summary: text.Lit("somebody changed the release again meanwhile")}
		case status == "deployed":
			report(core.Progress{Done: 1, Total: 1, Text: text.Sprintf("revision %d is deployed", want)})
			return core.OutcomeHealthy, true, nil
		case status == "failed":
			return core.OutcomeFailed, true, h.failure(ctx, all[i])
		default:
			report(core.Progress{Text: text.Sprintf("revision %d is %s", want, status)})
		}
		return core.OutcomeUnknown, false, nil
	})
}

func (h *helmRollback) failure(ctx context.Context, r releaseRevision) error {
	why := "Helm does not say why"
	if stored, err := h.s.storedRelease(ctx, h.ref.Namespace, r.secret); err == nil && stored.Info.Description != "" {
		why = stored.Info.Description
	}
	return &core.Problem{Kind: core.Unreachable, Summary: text.Sprintf("revision %d failed: %s", r.version, why), Hint: text.Sprintf("helm history %s -n %s", shellWord(h.ref.Name), shellWord(h.ref.Namespace))}
}

// releaseForm offers the revisions that Helm keeps, newest first.
func (s *Source) releaseForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	all, err := s.releaseRevisions(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	f := core.Field{
		Name: "to", Title: text.Lit("Revision"), Type: core.FieldChoice, Required: true,
		Columns: []text.Safe{text.Lit("REVISION"), text.Lit("CHART"), text.Lit("APP VERSION"), text.Lit("IMAGES"), text.Lit("STATUS"), text.Lit("AGE"), text.Lit("DESCRIPTION")},
	}
	if def := previousRelease(all); def != nil {
		f.Value = strconv.Itoa(def.version)
	}
	for i, r := range all {
		if i == maxHelmHistory {
			break
		}
		choice := core.Choice{Value: strconv.Itoa(r.version), Current: i == 0}
		stored, err := s.storedRelease(ctx, ref.Namespace, r.secret)
		if err != nil {
			choice.Disabled = text.Error(err)
			stored = &storedRelease{}
		}
		if i == 0 {
			choice.Disabled = text.Lit("it is the present one")
		}
		choice.Cells = []text.Safe{
			text.Sprintf("%d", r.version), text.Clean(stored.Chart.Metadata.label()), text.Clean(stored.Chart.Metadata.AppVersion),
			text.Clean(strings.Join(stored.images(), ", ")), text.Clean(r.status), text.Age(s.since(r.created)), text.Clean(stored.Info.Description),
		}
		f.Choices = append(f.Choices, choice)
	}
	form := core.Form{Fields: []core.Field{f}}
	if _, missing := s.helm.find(); missing != nil {
		form.Note = text.Concat(missing.Summary, text.Lit(": "), missing.Hint)
	}
	return form, nil
}
