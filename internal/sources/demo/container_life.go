package demo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// living finds a container, or the containers of a project, in the order of
// their names. object holds the world still until done is called.
func (s *Source) living(ctx context.Context, ref core.Ref) (target object, all []*container, done func(), err error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, nil, nil, err
	}
	switch o := o.(type) {
	case *container:
		return o, []*container{o}, done, nil
	case *project:
		return o, slices.Clone(o.containers), done, nil
	}
	done()
	return nil, nil, nil, problemf(core.Unsupported, "a %s does not run", ref.Kind)
}

// engine is the equivalent command for a container or a project.
func engine(target object, one, all string) text.Safe {
	if p, ok := target.(*project); ok {
		return text.Sprintf("docker compose --project-name %s %s", p.name, all)
	}
	return text.Sprintf("docker %s %s", one, target.ref().Name)
}

// lifePlan begins a plan of some containers.
func lifePlan(verb string, title text.Safe, target object, danger int) core.Plan {
	ref := target.ref()
	return core.Plan{
		Verb: verb, Target: ref, Rev: target.row().Rev, Danger: danger, Title: text.Sprintf("%s %s %s", title, ref.Kind, ref.Name), Preview: noDryRun,
	}
}

// lifeOperation carries out do and waits until all containers are as is says.
func (s *Source) lifeOperation(plan core.Plan, target object, all []*container, do func(*container), is func(*container) bool, word string) *core.Operation {
	return s.operation(plan,
		func() (core.Ref, string) { return target.ref(), target.row().Rev },
		func() {
			for _, c := range all {
				do(c)
			}
		},
		func() verdict {
			v := verdict{total: len(all), settled: true}
			for _, c := range all {
				if is(c) {
					v.done++
				}
			}
			v.text = fmt.Sprintf("%d of %d %s", v.done, v.total, word)
			return v
		})
}

// chosen are the containers for which fits holds, or why there are none.
func chosen(all []*container, fits func(*container) bool, none string) ([]*container, error) {
	all = slices.DeleteFunc(slices.Clone(all), func(c *container) bool { return !fits(c) })
	if len(all) == 0 {
		return nil, problemf(core.Refused, "%s", none)
	}
	return all, nil
}

// PlanStop plans that a container or a project ends.
func (s *Source) PlanStop(ctx context.Context, ref core.Ref, grace int) (*core.Operation, error) {
	target, all, done, err := s.living(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	if all, err = chosen(all, func(c *container) bool { return c.state != exited }, ref.Path()+" is not running"); err != nil {
		return nil, err
	}
	plan := lifePlan(core.VerbStop, text.Lit("Stop"), target, 1)
	seconds, flag := 10, ""
	if grace >= 0 {
		seconds, flag = grace, " --timeout "+strconv.Itoa(grace)
	}
	plan.Command = engine(target, "stop"+flag, "stop"+flag)
	for _, c := range all {
		_, state, _ := c.status()
		plan.Changes = append(plan.Changes, change(c.name(), state, "Exited (0)"))
		plan.Impact = append(plan.Impact, text.Sprintf("%s ends (SIGTERM, %d s, SIGKILL) and stays stopped: its restart policy does not start it", c.name(), seconds))
	}
	plan.UndoHint, plan.Inverse = text.Lit("U plans start; what the process held in memory is lost"), &core.Inverse{Verb: core.VerbStart}
	return s.lifeOperation(plan, target, all, func(c *container) {
		c.say(false, "die", "container died: exit code 0")
		c.stop(0, "Completed")
	}, func(c *container) bool { return c.state == exited }, "stopped"), nil
}

// PlanStart plans that what is stopped runs again.
func (s *Source) PlanStart(ctx context.Context, ref core.Ref) (*core.Operation, error) {
	target, all, done, err := s.living(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	if all, err = chosen(all, func(c *container) bool { return c.state == exited }, ref.Path()+" is running already"); err != nil {
		return nil, err
	}
	plan := lifePlan(core.VerbStart, text.Lit("Start"), target, 0)
	plan.Command = engine(target, "start", "start")
	for _, c := range all {
		_, state, _ := c.status()
		plan.Changes = append(plan.Changes, change(c.name(), state, "Up"))
		plan.Impact = append(plan.Impact, text.Sprintf("%s runs %s again", c.name(), c.image))
	}
	plan.UndoHint, plan.Inverse = text.Lit("U plans stop"), &core.Inverse{Verb: core.VerbStop}
	numbers := map[*container]int{}
	return s.lifeOperation(plan, target, all, func(c *container) {
		numbers[c] = c.last().number
		c.begin()
	}, func(c *container) bool {
		phase, _, _ := c.status()
		return c.last().number > numbers[c] && (phase == core.Running || phase == core.Succeeded)
	}, "up"), nil
}

// signals and whether the demo's programs end by them.
var signals = map[string]bool{"KILL": true, "TERM": true, "INT": true, "QUIT": true, "HUP": false, "USR1": false, "USR2": false}

// PlanKill plans a signal to a container's process.
func (s *Source) PlanKill(ctx context.Context, ref core.Ref, signal string) (*core.Operation, error) {
	target, all, done, err := s.living(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	if signal == "" {
		signal = "KILL"
	}
	signal = strings.TrimPrefix(strings.ToUpper(signal), "SIG")
	ends, ok := signals[signal]
	if !ok {
		return nil, problemf(core.Invalid, "no signal %q", signal)
	}
	if all, err = chosen(all, func(c *container) bool { return c.state == up }, ref.Path()+" is not running"); err != nil {
		return nil, err
	}
	danger, after := 1, "Up"
	if signal == "KILL" {
		danger, after = 2, "Exited (137)"
	} else if ends {
		after = "Exited (143)"
	}
	plan := lifePlan(core.VerbKill, text.Lit("Kill"), target, danger)
	plan.Command = engine(target, "kill --signal "+signal, "kill --signal "+signal)
	plan.UndoHint = text.Lit("cannot be undone: the process gets the signal; what it did not save is lost")
	for _, c := range all {
		plan.Changes = append(plan.Changes, change(c.name(), "Up", after))
		switch {
		case signal == "KILL":
			plan.Impact = append(plan.Impact, text.Sprintf("%s ends at once, without cleaning up", c.name()))
		case ends:
			plan.Impact = append(plan.Impact, text.Sprintf("%s is asked to end (SIG%s)", c.name(), signal))
		default:
			plan.Impact = append(plan.Impact, text.Sprintf("%s gets SIG%s and goes on", c.name(), signal))
		}
	}
	if ends {
		plan.UndoHint = text.Lit("U plans start; what the process did not save is lost")
		plan.Inverse = &core.Inverse{Verb: core.VerbStart}
	}
	return s.lifeOperation(plan, target, all, func(c *container) {
		c.say(ends, "kill", "container killed: signal "+signal)
		switch {
		case signal == "KILL":
			c.stop(137, "Error")
		case ends:
			c.stop(143, "Completed")
		}
	}, func(c *container) bool { return (c.state == exited) == ends }, "signalled"), nil
}

// planFreeze plans that processes are held in place, or go on.
func (s *Source) planFreeze(target object, _ string, all []*container, on bool) (*core.Operation, error) {
	verb, inverse, title, command := core.VerbPause, core.VerbResume, text.Lit("Pause"), "pause"
	from, to, before, after := up, frozen, "Up", "Paused"
	if !on {
		verb, inverse, title, command = core.VerbResume, core.VerbPause, text.Lit("Resume"), "unpause"
		from, to, before, after = frozen, up, "Paused", "Up"
	}
	all, err := chosen(all, func(c *container) bool { return c.state == from }, fmt.Sprintf("nothing to %s: %s is not %s", verb, target.ref().Path(), strings.ToLower(before)))
	if err != nil {
		return nil, err
	}
	plan := lifePlan(verb, title, target, 0)
	plan.Command = engine(target, command, command)
	plan.UndoHint, plan.Inverse = text.Sprintf("U plans %s", inverse), &core.Inverse{Verb: inverse}
	if on {
		plan.Danger = 1
	}
	for _, c := range all {
		plan.Changes = append(plan.Changes, change(c.name(), before, after))
		if on {
			plan.Impact = append(plan.Impact, text.Sprintf("%s stands still; its connections wait and may time out", c.name()))
		} else {
			plan.Impact = append(plan.Impact, text.Sprintf("%s goes on where it stood", c.name()))
		}
	}
	return s.lifeOperation(plan, target, all, func(c *container) {
		c.step++
		c.state = to
		if to == up {
			c.healthy = c.check
			if c.grows {
				c.grow()
			}
		}
		c.say(false, command, "container "+command+"d")
		c.shown()
	}, func(c *container) bool { return c.state == to }, strings.ToLower(after)), nil
}
