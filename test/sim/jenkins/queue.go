package jenkins

import (
	"maps"
	"strconv"
	"time"
)

// QueueItem is what waits to be built.
type QueueItem struct {
	id        int
	job       *Job
	causes    []cause
	values    map[string]string
	since     time.Time
	reason    string
	left      *Build // what became of it
	cancelled bool
	gone      time.Time // when it left
	replay    *Build
}

func itoa(n int) string { return strconv.Itoa(n) }

// why is the reason that it waits for; "" once it has left.
func (q *QueueItem) why() string {
	switch {
	case q.left != nil || q.cancelled:
		return ""
	case q.job.w.quiet:
		return "Jenkins is about to shut down"
	case q.job.w.busy[q.job.fullName()] != "":
		return q.job.w.busy[q.job.fullName()]
	case q.reason != "":
		return q.reason
	}
	return "Waiting for next available executor on ‘linux’"
}

// SetBusy keeps what is queued for a job in the queue, for a reason; "": no more.
func (w *World) SetBusy(job, why string) { w.locked(func() { w.busy[job] = why }) }

// ID is the item's.
func (q *QueueItem) ID() int { return q.id }

// NeedAgent says what a Pipeline that runs waits for in the queue, an agent; "":
// nothing.
func (b *Build) NeedAgent(why string) { b.w.locked(func() { b.agent = why }) }

// Enqueue puts a build into the queue, as a trigger does.
func (j *Job) Enqueue(s Start, why string) *QueueItem {
	j.w.mu.Lock()
	defer j.w.mu.Unlock()
	q := j.w.enqueue(j, j.w.causesOf(s), s.Values)
	q.reason = why
	return q
}

// enqueue adds an item, or joins one that is equal, as Jenkins does.
func (w *World) enqueue(j *Job, causes []cause, given map[string]string) *QueueItem {
	values := map[string]string{}
	for _, p := range j.params {
		values[p.Name] = p.value(given)
	}
	for _, q := range w.queue {
		if q.job == j && q.left == nil && !q.cancelled && maps.Equal(q.values, values) && q.replay == nil {
			q.causes = append(q.causes, causes...)
			return q
		}
	}
	w.nextID++
	q := &QueueItem{id: w.nextID, job: j, causes: causes, values: values, since: w.now()}
	w.queue = append(w.queue, q)
	return q
}

// queued is the job's item that waits; nil: none.
func (w *World) queued(j *Job) *QueueItem {
	for _, q := range w.queue {
		if q.job == j && q.left == nil && !q.cancelled {
			return q
		}
	}
	return nil
}

// Work starts what waits, as far as there are executors, and returns how many
// builds began.
func (w *World) Work() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.work()
}

func (w *World) work() int {
	n := 0
	free := w.o.Executors - len(w.running())
	for _, q := range w.queue {
		if q.left != nil || q.cancelled || w.quiet || free <= 0 || w.busy[q.job.fullName()] != "" {
			continue
		}
		s := Start{Values: q.values}
		if r := q.replay; r != nil {
			s.Commit, s.Branch, s.Changes = r.commit, r.branch, nil
		} else if last := q.job.last(); last != nil {
			s.Commit, s.Branch = last.commit, last.branch
		}
		q.left, q.gone = q.job.start(s, q.id, q.causes), w.now()
		if q.replay != nil {
			q.left.replayOf = q.replay.number
		}
		free--
		n++
	}
	return n
}

// Queued is how many items wait.
func (w *World) Queued() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, q := range w.queue {
		if q.left == nil && !q.cancelled {
			n++
		}
	}
	return n
}

// Item is the queue item of that id, in whatever state; nil: none.
func (w *World) Item(id int) *QueueItem {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.item(id)
}

func (w *World) item(id int) *QueueItem {
	for _, q := range w.queue {
		if q.id == id {
			return q
		}
	}
	return nil
}

// Cancelled reports whether the item was taken out of the queue.
func (q *QueueItem) Cancelled() bool {
	q.job.w.mu.Lock()
	defer q.job.w.mu.Unlock()
	return q.cancelled
}

// Waiting lists the ids that wait.
func (w *World) Waiting() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []int
	for _, q := range w.queue {
		if q.left == nil && !q.cancelled {
			out = append(out, q.id)
		}
	}
	return out
}
