package demo

import (
	"context"
	"math"
	"time"

	"devops-tui/internal/core"
)

// The world keeps an hour of what was measured, as a metrics system would, so
// that a chart has a past when the demo opens.
const (
	grain   = 20 * time.Second
	grains  = 180
	numKept = int(core.NumMeasures)
)

// kept is one sample of the past; float32 is plenty for a chart.
type kept struct {
	at     int64
	values [numKept]float32
}

// archive is the past of one object: a ring.
type archive struct {
	ring []kept
	next int
}

func (a *archive) add(k kept) {
	if len(a.ring) < grains {
		a.ring = append(a.ring, k)
		return
	}
	a.ring[a.next] = k
	a.next = (a.next + 1) % grains
}

// each calls f with the samples from the oldest to the newest.
func (a *archive) each(f func(kept)) {
	for i := range a.ring {
		f(a.ring[(a.next+i)%len(a.ring)])
	}
}

// remember samples everything that is measured; what is gone is forgotten with
// its object.
func (p *place) remember() {
	for kind, table := range p.tables {
		if kind == "event" || kind == "run" || kind == "job" {
			continue
		}
		for _, o := range table {
			m, ok := o.(metered)
			if !ok {
				continue
			}
			a := p.past[o]
			if a == nil {
				a = &archive{}
				p.past[o] = a
			}
			a.add(keep(m.usage(p.w.now)))
		}
	}
}

func keep(u core.Usage) kept {
	k := kept{at: u.At}
	for m, v := range u.Values {
		k.values[m] = float32(v)
	}
	return k
}

// Series returns what was measured of the object since an instant, up to an
// hour ago, one series for each measure that is known.
func (s *Source) Series(ctx context.Context, ref core.Ref, since time.Time) ([]core.Series, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	m, ok := o.(metered)
	if !ok {
		return nil, problemf(core.Unsupported, "a %s is not measured", ref.Kind)
	}
	points := [numKept][]core.Point{}
	take := func(k kept) {
		if k.at < since.UnixNano() {
			return
		}
		for i, v := range k.values {
			if !math.IsNaN(float64(v)) {
				points[i] = append(points[i], core.Point{At: k.at, Value: float64(v)})
			}
		}
	}
	if a := s.place.past[o]; a != nil {
		a.each(take)
	}
	take(keep(m.usage(s.w.now)))
	var out []core.Series
	for i, ps := range points {
		if i != int(core.MeasureNone) && len(ps) > 0 {
			out = append(out, core.Series{Measure: core.Measure(i), Points: ps})
		}
	}
	return out, nil
}
