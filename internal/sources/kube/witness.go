package kube

import (
	"encoding/json"
	"hash/fnv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"devops-tui/internal/text"
)

const (
	// maxWitnessed bounds the revisions that are remembered, over all workloads.
	maxWitnessed = 4096
	// provenBad is how long a revision must have been seen without ever being
	// ready until it counts as one that does not work.
	provenBad = 15 * time.Second
)

// witness remembers how the revisions of workloads fared while this source
// watched them: nothing in the cluster does. A revision is known by its pod
// template, which stays when numbers change.
type witness struct {
	mu    sync.Mutex
	seen  map[revisionID]*sighting
	now   map[string]uint64 // by workload UID: the template it was seen with last
	order []revisionID      // oldest first
}

type revisionID struct {
	workload string // UID
	template uint64
}

// sighting is what was seen of one revision.
type sighting struct {
	from, last time.Time     // first and last seen as the present one
	present    time.Duration // how long it was the present one, in sum
	wasReady   bool          // all its pods were available at some time
	isReady    bool          // when it was seen last
	ready      time.Duration // how long they were, in sum
	gaveUp     bool          // its rollout exceeded its deadline
	over       bool          // another one took its place
}

// note takes the state of a workload as a watch shows it. settled says that
// all pods run the present template and are available.
func (w *witness) note(uid string, template uint64, settled, gaveUp bool, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil {
		w.seen, w.now = map[revisionID]*sighting{}, map[string]uint64{}
	}
	id := revisionID{uid, template}
	if last, ok := w.now[uid]; ok && last != template {
		if s := w.seen[revisionID{uid, last}]; s != nil {
			s.until(at)
			s.over, s.isReady = true, false
		}
	}
	w.now[uid] = template
	s := w.seen[id]
	if s == nil {
		if len(w.order) >= maxWitnessed {
			oldest := w.order[0]
			delete(w.seen, oldest)
			if w.now[oldest.workload] == oldest.template {
				delete(w.now, oldest.workload)
			}
			w.order = append(w.order[:0], w.order[1:]...)
		}
		s = &sighting{from: at, last: at}
		w.seen[id] = s
		w.order = append(w.order, id)
	}
	if s.over { // it is back
		s.over, s.last = false, at
	}
	s.until(at)
	s.isReady, s.gaveUp = settled, s.gaveUp || gaveUp
	s.wasReady = s.wasReady || settled
}

func (s *sighting) until(at time.Time) {
	s.present += at.Sub(s.last)
	if s.isReady {
		s.ready += at.Sub(s.last)
	}
	s.last = at
}

// of returns what was seen of a revision; the zero sighting: nothing.
func (w *witness) of(uid string, template uint64) sighting {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.seen[revisionID{uid, template}]; s != nil {
		return *s
	}
	return sighting{}
}

// bad reports whether the revision is known not to work.
func (s *sighting) bad() bool {
	return !s.from.IsZero() && !s.wasReady && (s.gaveUp || s.present >= provenBad)
}

func (s *sighting) words(now time.Time) text.Safe {
	var more time.Duration // since it was seen last: no event means no change
	if !s.over && !s.from.IsZero() {
		more = now.Sub(s.last)
	}
	switch {
	case s.from.IsZero():
		return text.Lit("not seen")
	case s.isReady:
		return text.Sprintf("was ready for %s", ago(s.ready+more))
	case s.wasReady:
		return text.Sprintf("was ready for %s", ago(s.ready))
	case s.gaveUp:
		return text.Sprintf("never became ready: gave up after %s", ago(s.present+more))
	}
	return text.Sprintf("never became ready in %s", ago(s.present+more))
}

// hashOf tells pod templates apart; the encoding has sorted keys.
func hashOf(t *corev1.PodTemplateSpec) uint64 {
	b, err := t.Marshal()
	if err != nil {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write(b)
	return h.Sum64()
}

// hashTemplate is hashOf for a template that came as JSON; 0 if it is none.
func hashTemplate(t tree) uint64 {
	b, err := json.Marshal(t)
	if err != nil {
		return 0
	}
	var typed corev1.PodTemplateSpec
	if err := json.Unmarshal(b, &typed); err != nil {
		return 0
	}
	return hashOf(&typed)
}
