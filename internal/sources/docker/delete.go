package docker

import (
	"context"
	"errors"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// PlanDelete implements sources.Deleter. A project is taken down by Compose.
func (s *Source) PlanDelete(ctx context.Context, ref core.Ref, how core.Removal) (*core.Operation, error) {
	switch ref.Kind {
	case kindProject:
		return s.planDown(ctx, ref, how)
	case kindContainer:
		return s.planRemoveContainer(ctx, ref, how)
	case kindImage:
		return s.planRemoveImage(ctx, ref, how)
	case kindVolume:
		return s.planRemoveVolume(ctx, ref)
	case kindNetwork:
		return s.planRemoveNetwork(ctx, ref)
	}
	return nil, unsupported(ref.Kind, "removal")
}

// deleteForm asks what a removal of ref may take along.
func (s *Source) deleteForm(ctx context.Context, ref core.Ref) (core.Form, error) {
	var f core.Form
	no := func(name string, title, help text.Safe) {
		f.Fields = append(f.Fields, core.Field{Name: name, Title: title, Type: core.FieldBool, Value: "false", Help: help})
	}
	switch ref.Kind {
	case kindProject:
		return downForm(), nil
	case kindContainer:
		c, err := s.resolve(ctx, ref)
		if err != nil {
			return f, err
		}
		if n := len(anonymousVolumes(&c)); n > 0 {
			no("volumes", text.Lit("anonymous volumes too"), text.Sprintf("%d; named ones always stay", n))
		}
		if c.State != nil && (c.State.Running || c.State.Restarting) {
			no("force", text.Lit("kill it first"), text.Sprintf("it is %s; without this it is left alone", string(c.State.Status)))
		}
	case kindImage:
		no("force", text.Lit("although stopped containers use it"), text.Lit("they cannot be made again without it"))
	}
	return f, nil
}

// removal is one planned removal of one object.
type removal struct {
	s     *Source
	kind  string
	name  string // raw
	limit time.Duration
	// check reads the object afresh: an error when it is not what was shown.
	check func(ctx context.Context) error
	send  func(ctx context.Context, api *client.Client) error
	// here tells whether the object is still there.
	here func(ctx context.Context, api *client.Client) (bool, error)
	done text.Safe

	sent time.Time // zero: not sent
}

func (r *removal) operation(p core.Plan) *core.Operation {
	p.Verb = core.VerbDelete
	p.Preview = text.Lit("Docker cannot try a removal without doing it")
	return &core.Operation{Plan: p, Execute: r.execute, Verify: r.verify}
}

func (r *removal) execute(ctx context.Context, _ core.Output) error {
	if err := r.check(ctx); err != nil {
		return err
	}
	began := time.Now()
	sent, err := r.s.once(ctx, "remove "+r.kind+" "+r.name, r.send)
	if sent {
		r.sent = began
	}
	return err
}

// verify reads back until the object is gone.
func (r *removal) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	tick := time.NewTicker(verifyEvery)
	defer tick.Stop()
	for {
		says := text.Sprintf("%s is still there", r.name)
		here, err := r.look(ctx)
		switch {
		case ctx.Err() != nil:
			return core.OutcomeUnknown, ctx.Err()
		case err != nil && r.s.Problem(err).Kind != core.Unreachable:
			return core.OutcomeUnknown, err
		case err != nil:
			says = r.s.Problem(err).Summary
		case !here:
			report(core.Progress{Done: 1, Total: 1, Text: r.done})
			return core.OutcomeHealthy, nil
		case r.sent.IsZero():
			return core.OutcomeRefused, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s was not removed: the request did not arrive", r.name)}
		case time.Since(r.sent) > r.limit+startGrace:
			return core.OutcomeFailed, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s is still there", r.name), Hint: text.Lit("look at it again: the engine may not have received the request")}
		}
		report(core.Progress{Total: 1, Text: says})
		select {
		case <-ctx.Done():
			return core.OutcomeUnknown, ctx.Err()
		case <-tick.C:
		}
	}
}

func (r *removal) look(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	api, err := r.s.client(ctx)
	if err != nil {
		return true, err
	}
	return r.here(ctx, api)
}

// still turns the error of an inspect into whether the object is there.
func still(err error) (bool, error) {
	var p *core.Problem
	switch {
	case err == nil:
		return true, nil
	case errdefs.IsNotFound(err), errors.As(err, &p) && p.Kind == core.NotFound:
		return false, nil
	}
	return true, err
}

// changedMeanwhile is the problem of an object that is not what a plan showed.
func changedMeanwhile(kind, name string) error {
	return &core.Problem{
		Kind: core.Conflict, Summary: text.Sprintf("%s %s has changed since the plan was made", kind, name),
		Hint: text.Lit("look again and plan anew"),
	}
}
