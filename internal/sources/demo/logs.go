package demo

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// horizon is how far back logs go: older lines were rotated away.
const horizon = time.Hour

// beat is how often a followed log is looked at.
const beat = 200 * time.Millisecond

// Tail writes the log of a pod, a container, a run's jobs, or the merged logs
// of a workload. Lines are computed from the object's key, the life of the
// process and the second, so that any of them can be read again.
func (s *Source) Tail(ctx context.Context, req core.LogRequest, sink core.LogSink) error {
	s.w.lock()
	o, err := s.place.lookup(req.Ref)
	if err == nil {
		err = s.place.loggable(o, req)
	}
	if err != nil {
		s.w.mu.Unlock()
		return err
	}
	t := tail{s: s, o: o, req: req, ears: map[string]*ear{}}
	lines := t.begin()
	s.w.mu.Unlock()
	deliver(sink, lines)
	if !req.Follow || req.Previous {
		return nil
	}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		s.w.lock()
		lines, over := t.more()
		s.w.mu.Unlock()
		deliver(sink, lines)
		if over {
			return nil
		}
	}
}

// deliver hands lines over in pieces.
func deliver(sink core.LogSink, lines []core.Line) {
	for chunk := range slices.Chunk(lines, 512) {
		sink.Lines(slices.Clone(chunk))
	}
}

// tail is one reading of a log.
type tail struct {
	s    *Source
	o    object
	req  core.LogRequest
	ears map[string]*ear // by the origin's label
}

// ear is how far one speaker was heard.
type ear struct {
	*speaker
	upTo time.Time // lines before it were delivered
	life int       // number of the life that was heard last; -1 none
}

// begin returns what was said before, as far as it is asked for.
func (t *tail) begin() []core.Line {
	now := t.s.w.now
	var lines []core.Line
	for _, sp := range t.speakers() {
		e := &ear{speaker: sp, upTo: now, life: -1}
		t.ears[sp.origin.Label.String()] = e
		lives := sp.lives()
		i := len(lives) - 1
		if t.req.Previous {
			i--
		}
		if i < 0 {
			continue
		}
		if !t.req.Previous {
			e.life = lives[i].number
		}
		end := now
		if !lives[i].end.IsZero() {
			end = lives[i].end
		}
		since := latest(t.req.Since, end.Add(-horizon))
		lines = append(lines, sp.back(lives[i], since, now, t.req.Tail)...)
	}
	byTime(lines)
	return lines
}

// more returns what was said since, and whether nothing will be said again.
func (t *tail) more() (lines []core.Line, over bool) {
	now := t.s.w.now
	over = true
	for _, sp := range t.speakers() {
		label := sp.origin.Label.String()
		e := t.ears[label]
		if e == nil {
			e = &ear{speaker: sp, upTo: time.Time{}, life: -1}
			t.ears[label] = e
		}
	}
	for label, e := range t.ears {
		for _, life := range e.lives() {
			if life.number < e.life {
				continue
			}
			if e.life >= 0 && life.number > e.life {
				lines = append(lines, e.mark(life, text.Sprintf("%s restarted", e.origin.Label)))
			}
			e.life = life.number
			lines = append(lines, e.span(life, e.upTo, now)...)
		}
		e.upTo = now
		if e.over() {
			if e.origin.Ref.Kind == "pod" && e.life >= 0 {
				lines = append(lines, e.mark(instance{number: e.life + 1, start: now}, text.Sprintf("%s ended: the pod was deleted", e.origin.Label)))
			}
			delete(t.ears, label)
			continue
		}
		over = false
	}
	byTime(lines)
	// A workload goes on: other pods may come.
	switch t.o.(type) {
	case *deployment, *replicaSet, *endpoint, *project:
		over = t.s.place.find(t.o.ref()) != t.o
	}
	return lines, over
}

func byTime(lines []core.Line) {
	slices.SortStableFunc(lines, func(a, b core.Line) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Origin.Label.String(), b.Origin.Label.String()), cmp.Compare(a.Seq, b.Seq))
	})
}

// speakers are the processes whose output is asked for.
func (t *tail) speakers() []*speaker {
	var out []*speaker
	for _, sp := range speakersOf(t.o) {
		if t.req.Container == "" || t.req.Container == sp.origin.Container {
			if e := t.ears[sp.origin.Label.String()]; e != nil {
				sp = e.speaker // one Origin per stream
			}
			out = append(out, sp)
		}
	}
	return out
}

// loggable says why an object has no such log.
func (p *place) loggable(o object, req core.LogRequest) error {
	k := kindOf(p.kinds(), req.Ref.Kind)
	if k == nil || !k.Logs {
		return problemf(core.Unsupported, "a %s has no log", req.Ref.Kind)
	}
	found, before := false, false
	for _, sp := range speakersOf(o) {
		if req.Container == "" || req.Container == sp.origin.Container {
			found = true
			before = before || len(sp.lives()) > 1
		}
	}
	switch {
	case req.Container != "" && !found:
		return problemf(core.NotFound, "no container %s in %s", req.Container, req.Ref.Path())
	case req.Previous && !before:
		return problemf(core.NotFound, "no previous container in %s: it was not restarted", req.Ref.Path())
	}
	return nil
}

// speaker is a process that writes a log.
type speaker struct {
	origin *core.Origin
	key    uint64
	lives  func() []instance
	over   func() bool // nothing more will come
	voice  voice
	world  *world
	split  bool // errors go to stderr

	grouped bool // it marks groups, as pipelines do
}

// voice is what a process writes. Each text may be of several lines.
type voice interface {
	// rate is in lines per second at an age of the process.
	rate(age time.Duration) float64
	boot(d *dice, t time.Time) []string
	talk(d *dice, t time.Time, age time.Duration) string
	last(d *dice, t time.Time, life instance) []string
}

// Slots of a life: one a second for talk, and these for what is said once.
const (
	slotBits   = 24
	slotLast   = 1<<slotBits - 2
	slotMarker = 1<<slotBits - 1
)

// slot returns what is said in the n-th second of a life.
func (sp *speaker) slot(life instance, n int) []core.Line {
	d := dice(mix(sp.key ^ uint64(life.number)<<32 ^ uint64(n)))
	begin := life.start.Add(time.Duration(n) * time.Second)
	var out []core.Line
	if n == 0 {
		for i, s := range sp.voice.boot(&d, begin) {
			out = sp.write(out, life, n, begin.Add(time.Duration(20+i*70)*time.Millisecond), s)
		}
		return out
	}
	rate := sp.voice.rate(begin.Sub(life.start))
	count := int(rate + d.float())
	for i := range count {
		at := begin.Add(time.Duration((float64(i) + d.float()) / float64(count) * float64(time.Second)))
		out = sp.write(out, life, n, at, sp.voice.talk(&d, at, at.Sub(life.start)))
	}
	return out
}

// end returns what is said when a life ends.
func (sp *speaker) end(life instance) []core.Line {
	d := dice(mix(sp.key ^ uint64(life.number)<<32 ^ slotLast))
	var out []core.Line
	for _, s := range sp.voice.last(&d, life.end, life) { // one behind the other, whatever they are merged with
		out = sp.write(out, life, slotLast, life.end.Add(time.Duration(len(out))*time.Microsecond), s)
	}
	return out
}

func seq(life instance, slot, i int) uint64 {
	return uint64(life.number)<<(slotBits+16) | uint64(slot)<<16 | uint64(i)
}

// write adds the lines of s, a microsecond apart.
func (sp *speaker) write(to []core.Line, life instance, slot int, at time.Time, s string) []core.Line {
	level := core.LevelNone
	for i, l := range text.Document(s) {
		switch {
		case sp.grouped: // each line of a pipeline's log stands for itself
			level = ci.LevelOf(l.String())
		case i == 0:
			level = levels[text.DetectLevel(l.String())]
		}
		stream := core.Stdout
		if sp.split && level >= core.LevelWarn {
			stream = core.Stderr
		}
		line := core.Line{
			Time: at.UnixNano() + int64(i)*1000, Seq: seq(life, slot, len(to)), Origin: sp.origin, Text: l, Stream: stream, Level: level,
		}
		if title, ok := strings.CutPrefix(l.String(), groupMark); ok && sp.grouped {
			line.Text, line.Group, line.Level = text.CleanLine(title), core.GroupOpen, core.LevelNone
		} else if l.String() == groupEnd && sp.grouped {
			line.Text, line.Group, line.Level = text.Line{}, core.GroupClose, core.LevelNone
		}
		to = append(to, line)
	}
	return to
}

func (sp *speaker) mark(life instance, what text.Safe) core.Line {
	return core.Line{Time: life.start.UnixNano(), Seq: seq(life, 0, 1<<16-1), Origin: sp.origin, Text: what.Line(), Stream: core.Marker}
}

// The marks by which a job tells its groups.
const (
	groupMark = "##[group]"
	groupEnd  = "##[endgroup]"
)

var levels = map[string]core.Level{
	"": core.LevelNone, "trace": core.LevelTrace, "debug": core.LevelDebug, "info": core.LevelInfo,
	"warn": core.LevelWarn, "error": core.LevelError, "fatal": core.LevelFatal,
}

// span returns what a life says from an instant (included) to another one (not).
func (sp *speaker) span(life instance, from, to time.Time) []core.Line {
	var out []core.Line
	if from.Before(life.start) {
		from = life.start
	}
	stop := to
	if !life.end.IsZero() && life.end.Before(to) {
		stop = life.end
	}
	// A text of several lines can reach a little into the next second.
	first := max(int(from.Sub(life.start)/time.Second)-1, 0)
	for n := first; life.start.Add(time.Duration(n) * time.Second).Before(stop); n++ {
		for _, l := range sp.slot(life, n) {
			if l.Time >= from.UnixNano() && l.Time < stop.UnixNano() {
				out = append(out, l)
			}
		}
	}
	if !life.end.IsZero() && life.end.Before(to) && !life.end.Before(from) {
		out = append(out, sp.end(life)...)
	}
	return out
}

// back returns the last n lines of a life since an instant; all of them if n is negative.
func (sp *speaker) back(life instance, since, to time.Time, n int) []core.Line {
	if n < 0 {
		return sp.span(life, since, to)
	}
	for width := 30 * time.Second; ; width *= 4 {
		from := latest(since, life.start, to.Add(-width))
		if e := life.end; !e.IsZero() {
			from = latest(since, life.start, e.Add(-width))
		}
		lines := sp.span(life, from, to)
		if len(lines) >= n || !from.After(latest(since, life.start)) {
			return lines[max(len(lines)-n, 0):]
		}
	}
}

// speakersOf are the processes of an object.
func speakersOf(o object) []*speaker {
	switch o := o.(type) {
	case *pod:
		return o.speakers()
	case *replicaSet:
		return podSpeakers(o.pods)
	case *deployment:
		return podSpeakers(o.all())
	case *endpoint:
		return podSpeakers(o.dep.all())
	case *container:
		return []*speaker{o.speaker()}
	case *project:
		var out []*speaker
		for _, c := range o.containers {
			out = append(out, c.speaker())
		}
		return out
	case *job:
		return []*speaker{o.speaker()}
	case *run:
		var out []*speaker
		for _, j := range o.jobs {
			out = append(out, j.speaker())
		}
		return out
	}
	return nil
}

func podSpeakers(pods []*pod) []*speaker {
	var out []*speaker
	for _, p := range pods {
		out = append(out, p.speakers()...)
	}
	return out
}

func (p *pod) speakers() []*speaker {
	var out []*speaker
	for i, name := range p.rs.dep.service.containers {
		sp := &speaker{
			key: p.key ^ mix(uint64(i)), over: func() bool { return !p.gone.IsZero() }, world: p.place().w,
			voice: podVoice{p}, lives: func() []instance { return p.instances },
		}
		plain := name
		switch {
		case isInit(name):
			plain = name[len("init:"):]
			sp.voice, sp.lives = migration{}, p.initLife
		case name == "proxy":
			sp.voice, sp.lives = proxyVoice{p}, p.sideLife
		}
		sp.origin = &core.Origin{Ref: p.ref(), Container: plain, Label: text.Clean(p.name + "/" + plain)}
		out = append(out, sp)
	}
	return out
}

// initLife is the life of an init container: over when the others begin.
func (p *pod) initLife() []instance {
	if p.pulling.IsZero() {
		return nil
	}
	return []instance{{start: p.pulling, end: p.begun, reason: "Completed"}}
}

// sideLife is the life of a sidecar: it runs as long as the pod.
func (p *pod) sideLife() []instance {
	if p.begun.IsZero() {
		return nil
	}
	return []instance{{start: p.begun, end: p.gone, reason: "Completed"}}
}

func (c *container) speaker() *speaker {
	return &speaker{
		key: c.key, over: func() bool { return c.project.of(c.service) != c }, world: c.project.place.w, split: true,
		voice: containerVoice{c}, lives: func() []instance { return c.instances },
		origin: &core.Origin{Ref: c.ref(), Container: c.service, Label: text.Clean(c.name())},
	}
}

func (j *job) speaker() *speaker {
	return &speaker{
		key: j.key, over: func() bool { return !j.ended.IsZero() || j.status == skipped }, world: j.run.place.w,
		grouped: true, voice: jobVoice{j}, lives: func() []instance {
			if j.started.IsZero() {
				return nil
			}
			return []instance{{start: j.started, end: j.ended, reason: "Completed"}}
		},
		origin: &core.Origin{Ref: j.ref(), Container: j.name, Label: text.Clean(j.name)},
	}
}

func (p *place) kinds() []core.Kind {
	if p.scope == Laptop {
		return laptopKinds
	}
	return clusterKinds
}
