package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// eventsBack is how far back the engine is asked; it keeps the last 256 events
// of all objects, and none over its own restart.
const eventsBack = 24 * time.Hour

// Events implements sources.Eventer.
func (s *Source) Events(ctx context.Context, ref core.Ref) ([]core.Event, error) {
	filter := client.Filters{}
	switch ref.Kind {
	case kindContainer:
		filter.Add("type", "container").Add("container", cmp.Or(ref.UID, ref.Name))
	case kindProject:
		filter.Add("type", "container").Add("label", labelProject+"="+ref.Name)
	case kindImage:
		filter.Add("type", "image").Add("image", ref.Name)
	case kindHost:
		filter.Add("type", "daemon")
	case kindVolume, kindNetwork:
		filter.Add("type", ref.Kind).Add(ref.Kind, ref.Name)
	default:
		return nil, unsupported(ref.Kind, "events")
	}
	api, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	now := s.now()
	at := func(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }
	stream := api.Events(ctx, client.EventsListOptions{Since: at(now.Add(-eventsBack)), Until: at(now), Filters: filter})
	var out []core.Event
	for {
		select {
		case m := <-stream.Messages:
			if e, ok := s.event(ref, m); ok {
				out = append(out, e)
			}
		case err := <-stream.Err:
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, fmt.Errorf("read the events: %w", err)
			}
			slices.SortStableFunc(out, func(a, b core.Event) int { return cmp.Compare(b.At, a.At) })
			return out, nil
		}
	}
}

// event makes an Event of an engine's message; exec and the like say nothing
// of the object.
func (s *Source) event(ref core.Ref, m events.Message) (core.Event, bool) {
	action := string(m.Action)
	if strings.HasPrefix(action, "exec_") || m.Action == events.ActionTop || m.Action == events.ActionResize {
		return core.Event{}, false
	}
	at := m.TimeNano
	if at == 0 {
		at = m.Time * int64(time.Second)
	}
	e := core.Event{At: at, First: at, Count: 1, From: text.Lit("engine"), Ref: ref, Reason: text.Clean(action)}
	a := m.Actor.Attributes
	var says []string
	if ref.Kind == kindProject {
		says = append(says, a["name"])
		e.Ref = s.ref(kindContainer, a["name"], m.Actor.ID)
	}
	if name, status, ok := strings.Cut(action, ": "); ok {
		e.Reason = text.Clean(name)
		says = append(says, status)
		e.Warning = m.Action == events.ActionHealthStatusUnhealthy
	}
	switch m.Action {
	case events.ActionDie:
		e.Warning = a["exitCode"] != "0"
		says = append(says, "exit code "+a["exitCode"])
		if d := a["execDuration"]; d != "" {
			says = append(says, "after "+d+" s")
		}
	case events.ActionOOM:
		e.Warning = true
		says = append(says, "out of memory")
	case events.ActionKill:
		says = append(says, "signal "+a["signal"])
	case events.ActionCreate, events.ActionStart:
		says = append(says, a["image"])
	case events.ActionRename:
		says = append(says, "from "+strings.TrimPrefix(a["oldName"], "/"))
	case events.ActionConnect, events.ActionDisconnect:
		says = append(says, "container "+shortID(a["container"]))
	}
	e.Message = text.CleanLong(strings.Join(says, ", "))
	return e, true
}
