package docker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const (
	// swapBack is how long putting the old container back may take, besides
	// the stop of the new one.
	swapBack = 3 * time.Minute
	// lostFor is how long it is waited for an engine that went away between a
	// request and its answer.
	lostFor = time.Minute
)

// swapPace is how patient a swap is.
type swapPace struct {
	// stable is how long a successor without a health check must run.
	stable time.Duration
	// arrives is how long a request without an answer may take to show.
	arrives time.Duration
}

var defaultPace = swapPace{stable: 3 * time.Second, arrives: 5 * time.Second}

// swap is a container that gives its name to a successor with another image.
// Docker cannot change the image of a container, so a new one is made beside
// it; the old one stays, stopped and under another name, until the new one has
// proved itself, and is put back if it does not.
//
// Nothing of this is written down anywhere: the names tell. A container whose
// name ends in "-before-" and the beginning of its own id is one that was cut
// off on the way; see leftovers.
type swap struct {
	s       *Source
	m       *life  // the old one, as it was planned for
	image   string // of the new one: what the user calls it, or its id
	imageID string
	project string // of Compose; "": none
	pace    swapPace
	wait    time.Duration // for its health at most
	say     func(text.Safe)

	print   *blueprint // of the new one
	restore *blueprint // of the old one, where the engine removes it as it stops
	newID   string
	oldID   string // of the old one, put back
	unsure  bool   // whether the new one was created
	stopped bool
	moved   bool // the old one has given its name up
	started bool
}

// before is the name of the old container meanwhile, after that of the new one.
func (w *swap) before() string { return w.m.name + "-before-" + w.m.id[:8] }
func (w *swap) after() string  { return w.m.name + "-after-" + w.m.id[:8] }

// forward brings the new container into the place of the old one and waits
// until it is healthy. After an error, back puts the old one back.
func (w *swap) forward(ctx context.Context) error {
	if err := w.make(ctx); err != nil {
		return err
	}
	if w.m.alive() {
		w.say(text.Sprintf("stopping %s (%s)", w.m.name, shortID(w.m.id)))
		if err := w.stop(ctx, w.m.id, w.m.name); err != nil {
			return err
		}
	}
	if w.m.autoRemove && w.m.alive() {
		if err := w.gone(ctx, w.m.id); err != nil {
			return err
		}
	} else if err := w.rename(ctx, w.m.id, w.m.name, w.before()); err != nil {
		return err
	}
	if err := w.rename(ctx, w.newID, w.after(), w.m.name); err != nil {
		return err
	}
	w.say(text.Sprintf("starting %s with %s", w.m.name, w.image))
	w.started = true
	if err := w.start(ctx, w.newID, w.m.name); err != nil {
		return err
	}
	return w.await(ctx)
}

// make creates the new container beside the old one, in all its networks.
func (w *swap) make(ctx context.Context) error {
	w.say(text.Sprintf("creating the new %s", w.m.name))
	var err error
	w.newID, err = w.createAs(ctx, w.after(), w.print)
	w.unsure = errors.Is(err, core.ErrOutcomeUnknown)
	return err
}

func (w *swap) createAs(ctx context.Context, name string, print *blueprint) (id string, err error) {
	err = w.step(ctx, "create "+name, func(ctx context.Context, _ *client.Client) (err error) {
		id, err = w.s.create(ctx, name, print.body)
		return err
	}, func(c *container.InspectResponse) bool {
		if c != nil {
			id = c.ID
		}
		return c != nil
	}, name, w.pace.arrives)
	if err != nil {
		return "", err
	}
	for _, net := range slices.Sorted(maps.Keys(print.others)) {
		err := w.step(ctx, "connect "+name+" to "+net, func(ctx context.Context, api *client.Client) error {
			_, err := api.NetworkConnect(ctx, net, client.NetworkConnectOptions{Container: id, EndpointConfig: print.others[net]})
			return err
		}, func(c *container.InspectResponse) bool {
			return c != nil && c.NetworkSettings != nil && c.NetworkSettings.Networks[net] != nil
		}, id, w.pace.arrives)
		if err != nil {
			return id, err
		}
	}
	return id, nil
}

func (w *swap) stop(ctx context.Context, id, name string) error {
	if id == w.m.id {
		w.stopped = true // as soon as it may have happened
	}
	wait := w.pace.arrives
	if w.m.timeout > 0 {
		wait += w.m.timeout
	}
	return w.step(ctx, "stop "+name, func(ctx context.Context, api *client.Client) error {
		_, err := api.ContainerStop(ctx, id, client.ContainerStopOptions{})
		return err
	}, func(c *container.InspectResponse) bool {
		return c == nil || c.State != nil && !c.State.Running && !c.State.Restarting
	}, id, wait)
}

func (w *swap) rename(ctx context.Context, id, from, to string) error {
	err := w.step(ctx, "rename "+from+" to "+to, func(ctx context.Context, api *client.Client) error {
		_, err := api.ContainerRename(ctx, id, client.ContainerRenameOptions{NewName: to})
		return err
	}, func(c *container.InspectResponse) bool { return c != nil && c.Name == "/"+to }, id, w.pace.arrives)
	if id == w.m.id && (err == nil || errors.Is(err, core.ErrOutcomeUnknown)) {
		w.moved = to != w.m.name
	}
	return err
}

func (w *swap) start(ctx context.Context, id, name string) error {
	return w.step(ctx, "start "+name, func(ctx context.Context, api *client.Client) error {
		_, err := api.ContainerStart(ctx, id, client.ContainerStartOptions{})
		return err
	}, func(c *container.InspectResponse) bool {
		return c != nil && c.State != nil && c.State.Status != container.StateCreated && (c.State.Running || id != w.m.id)
	}, id, 3*w.pace.arrives)
}

// step sends one request, once. Without an answer the engine is asked what
// became of it: done judges the container called id, nil when there is none. What has not shown
// within wait did not arrive.
func (w *swap) step(ctx context.Context, doing string, send func(context.Context, *client.Client) error,
	done func(*container.InspectResponse) bool, id string, wait time.Duration,
) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	_, err := w.s.once(ctx, doing, send)
	if err == nil || errdefs.IsNotModified(err) {
		return nil
	}
	if !errors.Is(err, core.ErrOutcomeUnknown) || ctx.Err() != nil {
		return err
	}
	w.say(text.Sprintf("%s: no answer came; reading back", doing))
	lost := time.Now()
	var seen time.Time
	for {
		c, look := w.look(ctx, id)
		switch {
		case look == nil && done(c):
			return nil
		case look != nil && time.Since(lost) > lostFor:
			return err
		case look == nil && seen.IsZero():
			seen = time.Now()
		case look == nil && time.Since(seen) > wait:
			return fmt.Errorf("%s: the request did not arrive", doing)
		}
		if !pause(ctx, verifyEvery) {
			return err
		}
	}
}

// look reads a container; nil without an error: there is none.
func (w *swap) look(ctx context.Context, id string) (*container.InspectResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	c, err := w.s.inspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return nil, nil //nolint:nilnil // said above
	}
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// gone waits until the engine has removed a container by itself (--rm).
func (w *swap) gone(ctx context.Context, id string) error {
	began := time.Now()
	for {
		c, err := w.look(ctx, id)
		if err == nil && c == nil {
			return nil
		}
		if time.Since(began) > lostFor || !pause(ctx, verifyEvery) {
			return fmt.Errorf("wait until %s is removed: %w", w.m.name, errors.Join(err, ctx.Err()))
		}
	}
}

// pause waits; false: ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// commit removes the old container; its anonymous volumes are the new one's now.
func (w *swap) commit(ctx context.Context) error {
	if !w.moved { // --rm: the engine has removed it
		return nil
	}
	return w.remove(ctx, w.m.id, w.before(), false)
}

func (w *swap) remove(ctx context.Context, id, name string, volumes bool) error {
	err := w.step(ctx, "remove "+name, func(ctx context.Context, api *client.Client) error {
		_, err := api.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: volumes})
		return err
	}, func(c *container.InspectResponse) bool { return c == nil }, id, 3*w.pace.arrives)
	switch {
	case errdefs.IsNotFound(err):
		return nil
	case errdefs.IsConflict(err): // the engine is about it already (--rm)
		return w.gone(ctx, id)
	}
	return err
}

// back puts the old container back into its place, as it was, and removes the
// new one. It is not given up because what was asked for has been cancelled, nor
// because the engine fails for a moment (it may be going down): every round reads
// what there is and does what is missing, so it can be gone through again.
func (w *swap) back(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), swapBack+max(w.m.timeout, 0))
	defer cancel()
	var answered time.Time // when the engine first answered that it failed
	for {
		err := w.putBack(ctx)
		if err == nil || ctx.Err() != nil || w.s.Problem(err).Kind != core.Unreachable {
			return err
		}
		if !errors.As(err, new(*connError)) {
			if answered.IsZero() {
				answered = time.Now()
			} else if time.Since(answered) > 3*w.pace.arrives {
				return err
			}
		}
		if !pause(ctx, 2*verifyEvery) {
			return err
		}
	}
}

func (w *swap) putBack(ctx context.Context) error {
	if w.newID == "" && w.unsure { // it may have been made all the same, a moment later
		for began := time.Now(); w.newID == "" && time.Since(began) < w.pace.arrives; {
			if c, err := w.look(ctx, w.after()); err == nil && c != nil && w.ours(c) {
				w.newID = c.ID
			} else if !pause(ctx, verifyEvery) {
				break
			}
		}
	}
	if w.newID != "" {
		w.say(text.Sprintf("putting the old %s back", w.m.name))
		if w.started {
			_ = w.stop(ctx, w.newID, w.m.name) // removing it kills it otherwise
		}
		if err := w.remove(ctx, w.newID, w.m.name, true); err != nil {
			return err
		}
		w.newID, w.started, w.unsure = "", false, false
	}
	id := w.m.id
	if w.oldID != "" {
		id = w.oldID
	}
	switch c, err := w.look(ctx, id); {
	case err != nil:
		return fmt.Errorf("look at the old %s: %w", w.m.name, err)
	case c == nil && w.restore == nil:
		return &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("the old %s was removed by somebody else", w.m.name)}
	case c == nil:
		id, err = w.createAs(ctx, w.m.name, w.restore)
		if w.oldID = id; err != nil {
			return err
		}
	case c.Name != "/"+w.m.name:
		if err := w.rename(ctx, id, w.before(), w.m.name); err != nil {
			return err
		}
	}
	if !w.m.alive() || !w.stopped {
		return nil
	}
	return w.start(ctx, id, w.m.name)
}

// ours reports whether a container under the name of a successor was made by
// this swap: only then may it be removed.
func (w *swap) ours(c *container.InspectResponse) bool {
	return c.State != nil && c.State.Status == container.StateCreated && parseTime(c.Created).After(w.s.now().Add(-time.Hour))
}

// newPrints reads the old container afresh and makes the blueprints.
func (w *swap) newPrints(ctx context.Context) error {
	api, err := w.s.client(ctx)
	if err != nil {
		return err
	}
	r, err := api.ContainerInspect(ctx, w.m.id, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("inspect container: %w", err)
	}
	w.s.mu.Lock()
	version := w.s.version
	w.s.mu.Unlock()
	old, err := w.s.image(ctx, r.Container.Image)
	if err != nil {
		return err
	}
	var from *imageConfig
	if old != nil {
		from = old.Config
	}
	if w.print, err = newBlueprint(r.Raw, from, w.image, w.imageID, version); err != nil {
		return err
	}
	if !w.m.autoRemove {
		return nil
	}
	name := r.Container.Image
	if r.Container.Config != nil { // the tag, unless it is another image now
		if x, err := w.s.image(ctx, r.Container.Config.Image); err == nil && x != nil && x.ID == name {
			name = r.Container.Config.Image
		}
	}
	w.restore, err = newBlueprint(r.Raw, from, name, r.Container.Image, version)
	return err
}
