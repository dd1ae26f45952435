package demo

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// canary is an Argo Rollout: it lets a new version take a growing share of the
// traffic, and waits for a human on the way.
type canary struct {
	place     *place
	name      string
	namespace string
	uid       string
	replicas  int
	created   time.Time
	changed   time.Time
	asked     int        // counts what was asked for: the row's Rev
	sides     []*edition // oldest first; the last one is what it should run
	stable    *edition
	step      int // of the strategy, len(canarySteps): done
	aborted   bool
	held      bool // a human paused it
	turn      int  // what was planned for another turn does not happen
	since     time.Time
}

// edition is one revision of a rollout.
type edition struct {
	revision int
	change   commit
	image    string
	hash     string
	made     time.Time
}

// canaryStep is one step of the strategy.
type canaryStep struct {
	weight int           // set; 0: it is a pause
	pause  time.Duration // 0: until somebody promotes
}

func (s canaryStep) String() string {
	switch {
	case s.weight > 0:
		return fmt.Sprintf("set weight %d%%", s.weight)
	case s.pause > 0:
		return "pause " + s.pause.String()
	}
	return "pause until promoted"
}

var canarySteps = []canaryStep{{weight: 20}, {}, {weight: 60}, {pause: 30 * time.Second}, {weight: 100}}

// colleaguesPromote is how long a pause lasts until a colleague ends it.
const colleaguesPromote = 7 * time.Minute

func (c *canary) ref() core.Ref { return c.place.refOf("rollout", c.namespace, c.name, c.uid) }
func (c *canary) rev() string   { return fmt.Sprintf("%d.%d", c.asked, c.step) }
func (c *canary) want() *edition {
	return c.sides[len(c.sides)-1]
}

// settled reports whether only one version runs and nothing is to come.
func (c *canary) settled() bool { return c.stable == c.want() }

// paused reports whether it waits for a human.
func (c *canary) paused() bool {
	return !c.settled() && !c.aborted && (c.held || c.step < len(canarySteps) && canarySteps[c.step] == canaryStep{})
}

// weight is the share of the new version.
func (c *canary) weight() int {
	if c.settled() {
		return 100
	}
	if c.aborted {
		return 0
	}
	out := 0
	for _, s := range canarySteps[:min(c.step+1, len(canarySteps))] {
		if s.weight > 0 {
			out = s.weight
		}
	}
	return out
}

// fresh is how many pods run the new version.
func (c *canary) fresh() int {
	if c.settled() {
		return c.replicas
	}
	return (c.replicas*c.weight() + 99) / 100
}

// bring asks for another version. It goes through the steps, unless it is the
// stable one.
func (c *canary) bring(e *edition) {
	w := c.place.w
	revision := c.want().revision + 1
	next := *e
	next.revision, next.made = revision, w.now
	if next.image == c.stable.image { // back to what runs: nothing to try
		next.hash = c.stable.hash
		c.sides = append(c.sides, &next)
		c.stable = &next
	} else {
		c.sides = append(c.sides, &next)
	}
	c.sides = c.sides[max(len(c.sides)-6, 0):]
	c.step, c.aborted, c.held = 0, false, false
	c.moved("RolloutUpdated", fmt.Sprintf("Rollout updated to revision %d", revision))
	c.proceed()
}

// moved notes that something was asked for or has happened.
func (c *canary) moved(reason, message string) {
	c.asked++
	c.turn++
	c.changed, c.since = c.place.w.now, c.place.w.now
	c.place.murmur(c.ref(), reason, "rollouts-controller", message)
	c.place.touch(c)
	if a := c.place.application(c.name); a != nil {
		c.place.touch(a)
	}
}

// proceed plans the end of the step that it is at.
func (c *canary) proceed() {
	w, turn := c.place.w, c.turn
	if c.settled() || c.aborted || c.held {
		return
	}
	if c.step >= len(canarySteps) {
		c.stable = c.want()
		c.moved("RolloutCompleted", fmt.Sprintf("Rollout completed update to revision %d", c.stable.revision))
		return
	}
	takes := 6 * time.Second
	switch s := canarySteps[c.step]; {
	case s == canaryStep{}:
		takes = colleaguesPromote
	case s.pause > 0:
		takes = s.pause
	}
	w.after(takes, func() {
		if c.turn == turn {
			c.promote(false)
		}
	})
}

// promote goes on to the next step, or to the end.
func (c *canary) promote(full bool) {
	c.held = false
	c.step++
	if full {
		c.step = len(canarySteps)
	}
	c.moved("RolloutStepCompleted", fmt.Sprintf("Rollout step %d/%d completed", min(c.step, len(canarySteps)), len(canarySteps)))
	c.proceed()
}

func (c *canary) abort() {
	c.aborted, c.held, c.step = true, false, 0
	c.moved("RolloutAborted", fmt.Sprintf("Rollout aborted update to revision %d", c.want().revision))
}

// hold pauses the rollout where it is, or lets it go on.
func (c *canary) hold(on bool) {
	c.held = on
	c.moved(map[bool]string{true: "RolloutPaused", false: "RolloutResumed"}[on], map[bool]string{true: "Rollout is paused", false: "Rollout goes on"}[on])
	c.proceed()
}

func (c *canary) state() (core.Phase, string, string) {
	switch {
	case c.aborted:
		return core.Degraded, "Aborted", fmt.Sprintf("revision %d was aborted: revision %d serves", c.want().revision, c.stable.revision)
	case c.settled():
		return core.Running, "Healthy", ""
	case c.held:
		return core.Pending, "Paused", fmt.Sprintf("paused by hand at %d%%", c.weight())
	case c.paused():
		return core.Pending, "Paused", fmt.Sprintf("waits for promotion at %d%%", c.weight())
	}
	return core.Pending, "Progressing", canarySteps[min(c.step, len(canarySteps)-1)].String()
}

func (c *canary) waits() []text.Safe {
	if c.paused() && !c.held {
		return []text.Safe{text.Sprintf("promotion at %d%%", c.weight())}
	}
	return nil
}

func (c *canary) row() *core.Resource {
	phase, reason, message := c.state()
	e := c.want()
	step := core.Cell{Num: float64(1000*len(canarySteps) + len(canarySteps))}
	if !c.settled() {
		step = core.Cell{Text: text.Clean(canarySteps[min(c.step, len(canarySteps)-1)].String()), Num: float64(1000*len(canarySteps) + min(c.step, len(canarySteps)))}
	}
	return &core.Resource{
		Ref: c.ref(), Phase: phase, Reason: text.Clean(reason), Message: text.CleanLong(message),
		Cells: []core.Cell{
			word(c.name), word("rollouts"), word("canary"), step,
			{Text: text.Sprintf("%d%%", c.weight()), Num: float64(c.weight())},
			word(reason),
			word(fmt.Sprintf("%d/%d", c.replicas, c.replicas)), number(c.fresh()), number(c.replicas), number(e.revision), word(e.change.short()),
			word(e.change.message), word(e.image), age(c.created),
		},
		Started: nanos(c.created), Changed: nanos(c.changed), Rev: c.rev(),
		Facts: &core.Facts{
			Image: []string{e.image}, Commit: e.change.sha, Repo: forge + "/acme/" + c.name, Environment: c.place.scope, Service: c.name, Waits: c.waits(), Actor: e.change.author,
		},
	}
}

// outline are the steps, and the sides with their pods.
func (c *canary) outline() core.Outline {
	out := core.Outline{Done: c.settled() || c.aborted}
	if c.paused() && !c.held {
		out.Note = text.Sprintf("waits for promotion since %s", text.Age(c.place.w.now.Sub(c.since)))
	}
	out.Nodes = append(out.Nodes, core.Node{Title: text.Lit("Steps"), Phase: core.Unknown, Info: text.Sprintf("%d of %d", min(c.step, len(canarySteps)), len(canarySteps))})
	for i, s := range canarySteps {
		n := core.Node{Depth: 1, Title: text.Clean(s.String())}
		switch {
		case c.settled() || i < c.step:
			n.Phase, n.Reason = core.Succeeded, text.Lit("done")
		case i == c.step && !c.aborted:
			n.Phase, n.Reason, n.Started = core.Pending, text.Lit("current"), nanos(c.since)
		}
		out.Nodes = append(out.Nodes, n)
	}
	side := func(title text.Safe, e *edition, pods int) {
		out.Nodes = append(out.Nodes, core.Node{Title: title, Phase: core.Running, Message: text.Clean(e.change.message), Info: text.Clean(e.image)})
		for i := range pods {
			pod := fmt.Sprintf("%s-%s-%s", c.name, e.hash, c.place.w.fixed(fmt.Sprint(c.uid, e.hash, i), 5))
			out.Nodes = append(out.Nodes, core.Node{Depth: 1, Title: text.Clean(pod), Phase: core.Running, Reason: text.Lit("Running"), Started: nanos(e.made)})
		}
	}
	if !c.settled() {
		side(text.Sprintf("canary: revision %d", c.want().revision), c.want(), c.fresh())
		side(text.Sprintf("stable: revision %d", c.stable.revision), c.stable, c.replicas-c.fresh())
	} else {
		side(text.Sprintf("stable: revision %d", c.stable.revision), c.stable, c.replicas)
	}
	return out
}

func (c *canary) history(b *strings.Builder) {
	for i := len(c.sides) - 1; i >= 0; i-- {
		e := c.sides[i]
		fmt.Fprintf(b, "%s  revision %d  %s %s (%s)  %s%s\n", stamp(e.made), e.revision, e.change.short(), e.change.message, e.change.author, e.image,
			map[bool]string{true: "  (stable)"}[e == c.stable])
	}
}

func (y *sketch) canary(c *canary) {
	y.head("argoproj.io/v1alpha1", "Rollout", c.ref(), c.rev(), c.created)
	y.line(0, "spec", nil)
	y.line(1, "replicas", c.replicas)
	y.line(1, "paused", c.held)
	y.raw(1, "strategy:")
	y.raw(2, "canary:")
	y.raw(3, "steps:")
	for _, s := range canarySteps {
		switch {
		case s.weight > 0:
			y.raw(3, "- setWeight: "+strconv.Itoa(s.weight))
		case s.pause > 0:
			y.raw(3, "- pause: {duration: "+s.pause.String()+"}")
		default:
			y.raw(3, "- pause: {}")
		}
	}
	y.line(1, "image", c.want().image)
	y.line(0, "status", nil)
	y.line(1, "currentStepIndex", c.step)
	y.line(1, "stableRS", c.stable.hash)
	y.line(1, "abort", c.aborted)
}

// edition returns the revision of that number, or the stable one before for "".
func (c *canary) edition(to string) (*edition, error) {
	if to == "" {
		for i := len(c.sides) - 1; i >= 0; i-- {
			if e := c.sides[i]; e.image != c.want().image {
				return e, nil
			}
		}
		return nil, problemf(core.Refused, "rollout %s has no earlier revision", c.name)
	}
	for _, e := range c.sides {
		if strconv.Itoa(e.revision) == to {
			if e == c.want() {
				return nil, problemf(core.Refused, "revision %s is what rollout %s should run now", to, c.name)
			}
			return e, nil
		}
	}
	return nil, problemf(core.NotFound, "rollout %s has no revision %q", c.name, to)
}
