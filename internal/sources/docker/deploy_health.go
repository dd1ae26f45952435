package docker

import (
	"context"
	"fmt"
	"time"

	"github.com/moby/moby/api/types/container"

	"devops-tui/internal/text"
)

// unwell is why a successor is not taken.
type unwell struct {
	says text.Safe // "exited (1)"
}

func (e *unwell) Error() string { return e.says.String() }

// await waits until the new container is healthy, or has run for a while
// without a health check.
func (w *swap) await(ctx context.Context) error {
	var up, lost time.Time
	began := time.Now()
	said := text.Safe{}
	for {
		c, err := w.look(ctx, w.newID)
		switch {
		case err != nil:
			if lost.IsZero() {
				lost = time.Now()
			}
			if time.Since(lost) > lostFor || ctx.Err() != nil {
				return fmt.Errorf("wait for %s: %w", w.m.name, err)
			}
		case c == nil && w.m.autoRemove:
			return &unwell{text.Lit("it ended, and the engine removed it (--rm)")}
		case c == nil:
			return &unwell{text.Lit("it was removed by somebody else")}
		default:
			lost = time.Time{}
			if up.IsZero() {
				up = time.Now()
			}
			well, says := w.judge(c, time.Since(up))
			if well || says.err != nil {
				return says.err
			}
			if says.text != said {
				said = says.text
				w.say(said)
			}
			if limit := healthLimit(c); time.Since(began) > limit {
				return &unwell{text.Sprintf("not healthy within %s: %s", limit, said)}
			}
		}
		if !pause(ctx, verifyEvery) {
			return fmt.Errorf("wait for %s: %w", w.m.name, ctx.Err())
		}
	}
}

type judgement struct {
	err  error
	text text.Safe
}

// judge tells whether the new container, seen up for a time, is well; a
// judgement with an error: it never will be.
func (w *swap) judge(c *container.InspectResponse, up time.Duration) (well bool, says judgement) {
	st := c.State
	if st == nil {
		return false, judgement{}
	}
	switch {
	case st.Status == container.StateCreated:
		return false, judgement{text: text.Lit("starting")}
	case !st.Running && !st.Restarting && st.ExitCode == 0 && w.m.state == container.StateExited && w.m.exit == 0:
		return true, judgement{} // as the old one: it has done its work
	case !st.Running || st.Restarting || c.RestartCount > 0:
		why := text.Sprintf("exited (%d)", st.ExitCode)
		if st.OOMKilled {
			why = text.Sprintf("killed for want of memory (%d)", st.ExitCode)
		}
		if st.Error != "" {
			why = text.Sprintf("%s: %s", why, st.Error)
		}
		return false, judgement{err: &unwell{why}}
	case st.Health != nil && st.Health.Status != "" && st.Health.Status != container.NoHealthcheck:
		switch st.Health.Status {
		case container.Healthy:
			return true, judgement{}
		case container.Unhealthy:
			why := text.Lit("unhealthy")
			if n := len(st.Health.Log); n > 0 && st.Health.Log[n-1] != nil && st.Health.Log[n-1].Output != "" {
				why = text.Sprintf("unhealthy: %s", text.CleanLong(st.Health.Log[n-1].Output).Truncate(200))
			}
			return false, judgement{err: &unwell{why}}
		}
		return false, judgement{text: text.Sprintf("%s runs, health check %s", w.m.name, string(st.Health.Status))}
	case up < w.pace.stable:
		return false, judgement{text: text.Sprintf("%s runs; it must stay up for %s", w.m.name, w.pace.stable)}
	}
	return true, judgement{}
}

// healthLimit is how long a container may take until its health is known.
func healthLimit(c *container.InspectResponse) time.Duration {
	limit := time.Minute
	if c.Config == nil || c.Config.Healthcheck == nil {
		return limit
	}
	h := c.Config.Healthcheck
	or := func(d, otherwise time.Duration) time.Duration {
		if d <= 0 {
			return otherwise
		}
		return d
	}
	retries := h.Retries
	if retries <= 0 {
		retries = 3
	}
	own := h.StartPeriod + time.Duration(retries)*(or(h.Interval, 30*time.Second)+or(h.Timeout, 30*time.Second)) + 30*time.Second
	return min(max(limit, own), 20*time.Minute)
}
