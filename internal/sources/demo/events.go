package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// happening is one event object: equal events are counted, not repeated.
type happening struct {
	place       *place
	name, uid   string
	about       core.Ref
	warning     bool
	reason      string
	from        string
	message     string
	first, last time.Time
	count       int
}

const (
	keepEvents = 120
	eventLife  = time.Hour
)

func (h *happening) ref() core.Ref {
	return h.place.refOf("event", h.about.Namespace, h.name, h.uid)
}

// say makes or counts an event about an object.
func (p *place) say(about core.Ref, warning bool, reason, from, message string) {
	p.tell(about, warning, reason, from, message, p.w.uid)
}

// murmur is say for what goes on beside the story: it takes nothing of its chance.
func (p *place) murmur(about core.Ref, reason, from, message string) {
	p.tell(about, false, reason, from, message, func() string {
		return p.w.fixedUID(fmt.Sprint(p.scope, "event", p.serial))
	})
}

func (p *place) tell(about core.Ref, warning bool, reason, from, message string, uid func() string) {
	w := p.w
	for i := len(p.said) - 1; i >= 0; i-- {
		h := p.said[i]
		if h.about == about && h.reason == reason && h.message == message {
			h.count++
			h.last = w.now
			p.said = append(append(p.said[:i:i], p.said[i+1:]...), h)
			p.touch(h)
			return
		}
	}
	p.serial++
	h := &happening{
		place: p, name: fmt.Sprintf("%s.%x", about.Name, 0x17f0000+p.serial), uid: uid(), about: about,
		warning: warning, reason: reason, from: from, message: message, first: w.now, last: w.now, count: 1,
	}
	p.said = append(p.said, h)
	p.put(h)
	for len(p.said) > 0 && (len(p.said) > keepEvents || w.now.Sub(p.said[0].last) > eventLife) {
		p.drop(p.said[0])
		p.said = p.said[1:]
	}
}

// Events returns what was said about the object and about what it owns,
// newest first.
func (s *Source) Events(ctx context.Context, ref core.Ref) ([]core.Event, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	concerned := map[core.Ref]bool{o.ref(): true}
	switch o := o.(type) {
	case *deployment:
		for _, rs := range o.sets {
			concerned[rs.ref()] = true
		}
		for _, p := range o.all() {
			concerned[p.ref()] = true
		}
	case *replicaSet:
		for _, p := range o.pods {
			concerned[p.ref()] = true
		}
	case *job:
		concerned[o.run.ref()] = true
	case *project:
		for _, c := range o.containers {
			concerned[c.ref()] = true
		}
	case *happening:
		concerned[o.about] = true
	}
	var out []core.Event
	for _, h := range slices.Backward(s.place.said) {
		if concerned[h.about] {
			out = append(out, h.event())
		}
	}
	return out, nil
}

func (h *happening) event() core.Event {
	return core.Event{
		At: h.last.UnixNano(), First: h.first.UnixNano(), Count: h.count, Warning: h.warning,
		Reason: text.Clean(h.reason), Message: text.CleanLong(h.message), From: text.Clean(h.from), Ref: h.about,
	}
}
