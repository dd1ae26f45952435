package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// lastWords is how much of the log of a successor that failed is told.
const lastWords = 20

// changeover brings another image to one container, or to all of a service:
// each makes place for its successor, and all of them or none.
type changeover struct {
	s     *Source
	verb  string
	pull  string // reference to pull first; "": none
	swaps []*swap

	changed bool          // something was stopped or renamed
	end     *core.Problem // why it failed; the old ones are back, or not
	lost    bool          // the engine went away: end is not the last word
	done    bool          // the old ones are gone
}

// execute does it. A failure after which the engine is as it was is an error;
// one that was put right is told by verify.
func (c *changeover) execute(ctx context.Context, out core.Output) error {
	defer c.s.memory.flush(2 * time.Second) // this process may end right after
	say := func(t text.Safe) {
		out.Progress(core.Progress{Text: t})
		out.Line(t.Line())
	}
	for _, w := range c.swaps {
		w.say = say
		if err := c.s.recheck(ctx, w.m); err != nil {
			return err
		}
	}
	if c.pull != "" {
		if err := c.s.pull(ctx, c.pull, out); err != nil {
			return err
		}
	}
	for _, w := range c.swaps {
		if err := c.prepare(ctx, w); err != nil {
			return err
		}
	}
	for i, w := range c.swaps {
		err := w.forward(ctx)
		c.changed = c.changed || w.stopped || w.moved
		if err != nil {
			return c.giveUp(ctx, i, err, out)
		}
		c.s.memory.tell(c.s.host.scope, w.sighting(w.imageID, w.image), endHealthy, true)
	}
	c.done = true
	for _, w := range c.swaps {
		if err := w.commit(ctx); err != nil { // the change itself is done
			out.Line(text.Sprintf("%s is still there, stopped: %s; docker rm %s", w.before(), c.s.Problem(err).Summary, w.before()).Line())
		}
	}
	return nil
}

// prepare makes sure that the image is the one that was planned, and makes the
// blueprints.
func (c *changeover) prepare(ctx context.Context, w *swap) error {
	x, err := c.s.image(ctx, w.image)
	switch {
	case err != nil:
		return err
	case x == nil:
		return noImage(w.image)
	case w.imageID != "" && c.pull == "" && x.ID != w.imageID:
		return &core.Problem{
			Kind: core.Conflict, Summary: text.Sprintf("%s is another image now: it was %s, it is %s", w.image, shortID(w.imageID), shortID(x.ID)),
			Hint: text.Lit("look again and plan anew"),
		}
	}
	w.imageID = x.ID
	return w.newPrints(ctx)
}

// giveUp puts everything back after the swap number at has failed.
func (c *changeover) giveUp(ctx context.Context, at int, cause error, out core.Output) error {
	w := c.swaps[at]
	var bad *unwell
	if errors.As(cause, &bad) {
		c.s.memory.tell(c.s.host.scope, w.sighting(w.imageID, w.image), bad.says.String(), false)
		c.words(ctx, w, out)
	}
	var broken []error
	for _, w := range slices.Backward(c.swaps[:at+1]) {
		if err := w.back(ctx); err != nil {
			broken = append(broken, fmt.Errorf("put %s back: %w", w.m.name, err))
		}
	}
	why := c.s.Problem(cause).Summary
	if bad != nil {
		why = text.Sprintf("%s with %s: %s", w.m.name, w.image, bad.says)
	}
	back := errors.Join(broken...)
	switch {
	case back == nil && !c.changed:
		return cause // as if nothing had been
	case back == nil:
		c.end = &core.Problem{
			Kind: core.Conflict, Cause: cause, Summary: text.Sprintf("%s; the old container is back in its place (%s)", why, w.m.image),
			Hint: text.Lit("nothing is left of the new one; its last log lines are in the output"),
		}
		return nil
	}
	out.Line(text.Error(back).Line())
	c.end = &core.Problem{
		Kind: core.Internal, Cause: errors.Join(cause, back),
		Summary: text.Sprintf("%s; putting the old container back failed: %s", why, c.s.Problem(broken[0]).Summary),
		Hint:    w.byHand(),
	}
	if c.lost = errors.Is(back, core.ErrOutcomeUnknown) || errors.As(back, new(*connError)); c.lost {
		return fmt.Errorf("%w: %w", core.ErrOutcomeUnknown, c.end)
	}
	return nil
}

// byHand says what is left to do to put the old container back.
func (w *swap) byHand() text.Safe {
	var steps []string
	if w.newID != "" {
		steps = append(steps, "docker rm -f "+shortID(w.newID))
	}
	if w.moved {
		steps = append(steps, "docker rename "+w.before()+" "+w.m.name)
	}
	if w.m.alive() {
		steps = append(steps, "docker start "+w.m.name)
	}
	return text.CleanLong(strings.Join(steps, "; "))
}

// words tells the last log lines of a successor that failed.
func (c *changeover) words(ctx context.Context, w *swap, out core.Output) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), openTimeout)
	defer cancel()
	sink := printer{out}
	ref := c.s.ref(kindContainer, w.m.name, w.newID)
	if err := c.s.Tail(ctx, core.LogRequest{Ref: ref, Tail: lastWords}, sink); err != nil {
		out.Line(text.Sprintf("its log cannot be read: %s", c.s.Problem(err).Summary).Line())
	}
}

// printer hands log lines to an output.
type printer struct{ out core.Output }

// Lines implements core.LogSink.
func (p printer) Lines(lines []core.Line) {
	for _, l := range lines {
		p.out.Line(l.Text)
	}
}

// verify tells how it ended, or, when that is not known, reads back.
func (c *changeover) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	if c.end != nil && !c.lost {
		return core.OutcomeFailed, c.end
	}
	last := text.Safe{}
	for {
		done := 0
		for _, w := range c.swaps {
			outcome, says, err := c.read(ctx, w)
			switch {
			case ctx.Err() != nil:
				return core.OutcomeUnknown, ctx.Err()
			case err != nil && c.s.Problem(err).Kind != core.Unreachable:
				return core.OutcomeFailed, err
			case err != nil:
				says = c.s.Problem(err).Summary
			case outcome == core.OutcomeHealthy:
				done++
			case outcome != core.OutcomeUnknown:
				hint := w.byHand()
				if c.done {
					hint = text.Lit("look at its logs; B rolls back")
				}
				return outcome, &core.Problem{Kind: core.Conflict, Summary: says, Hint: hint}
			}
			if says != last && !says.Empty() {
				report(core.Progress{Done: done, Total: len(c.swaps), Text: says})
				last = says
			}
		}
		if done == len(c.swaps) {
			report(core.Progress{Done: done, Total: done, Text: text.Lit("running")})
			return core.OutcomeHealthy, nil
		}
		if !pause(ctx, verifyEvery) {
			return core.OutcomeUnknown, ctx.Err()
		}
	}
}

// read judges what stands under a container's name now.
func (c *changeover) read(ctx context.Context, w *swap) (core.Outcome, text.Safe, error) {
	x, err := w.look(ctx, w.m.name)
	switch {
	case err != nil:
		return core.OutcomeUnknown, text.Safe{}, err
	case x == nil:
		return core.OutcomeFailed, text.Sprintf("there is no container %s now; the old one is %s", w.m.name, w.before()), nil
	case x.ID == w.m.id || x.ID == w.oldID || w.imageID == "" || x.Image != w.imageID:
		if c.changed {
			return core.OutcomeFailed, text.Sprintf("%s is the old container", w.m.name), nil
		}
		return core.OutcomeRefused, text.Sprintf("%s is as it was", w.m.name), nil
	}
	up := time.Duration(0)
	if x.State != nil {
		up = c.s.now().Sub(parseTime(x.State.StartedAt))
	}
	well, says := w.judge(x, up)
	switch {
	case says.err != nil:
		return core.OutcomeFailed, text.Sprintf("%s with %s: %s", w.m.name, w.image, says.err.Error()), nil
	case well:
		return core.OutcomeHealthy, text.Safe{}, nil
	}
	return core.OutcomeUnknown, says.text, nil
}

// limit is how long Execute may take.
func (c *changeover) limit() time.Duration {
	limit := time.Duration(0)
	for _, w := range c.swaps {
		limit += max(w.m.timeout, 0) + w.wait + swapBack + 2*time.Minute
	}
	if c.pull != "" {
		limit += pullLimit
	}
	return max(limit, 5*time.Minute)
}

// noImage is the problem of an image that the engine does not have.
func noImage(ref string) *core.Problem {
	return &core.Problem{
		Kind: core.NotFound, Summary: text.Sprintf("the engine has no image %s", ref),
		Hint: text.Lit("set pull=true to fetch it first"),
	}
}
