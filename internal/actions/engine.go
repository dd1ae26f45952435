package actions

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"sync"
	"time"

	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Resolver finds the source of an instance; the hub is one. nil: not connected.
type Resolver interface {
	Source(core.Instance) sources.Source
}

// Journal takes the records of what is done. *journal.Journal is one.
type Journal interface {
	// Append makes the record durable before it returns nil.
	Append(journal.Record) error
	// Ready tells why nothing can be appended; nil: it can.
	Ready() error
}

// Options is what an engine needs. Zero durations take the defaults.
type Options struct {
	Verbs    []Verb
	Resolver Resolver
	Config   Policies      // nil: confirm everywhere
	Gate     *sources.Gate // nil: never read-only
	Journal  Journal       // nil: nothing can be changed
	Clock    func() time.Time
	User     string
	Host     string

	ReadLimit   time.Duration // of one fresh read or plan; 15 s
	SendLimit   time.Duration // of the request that changes; 5 min (a stop may wait for its grace period)
	VerifyLimit time.Duration // of following to healthy; 5 min
}

// Engine carries out changes. All methods may be called from several
// goroutines.
type Engine struct {
	o Options

	mu     sync.Mutex
	tasks  []*task // oldest first
	subs   map[int]chan struct{}
	nextID int
	closed bool
	glass  Glass
	undone map[string]bool  // ids of records that were taken back, or are being
	past   []journal.Record // of this session, where the journal cannot be read
	kept   map[string][]byte
	wg     sync.WaitGroup

	waits, sends       context.Context
	endWaits, endSends context.CancelFunc
}

// New makes an engine.
func New(o Options) *Engine {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.ReadLimit <= 0 {
		o.ReadLimit = 15 * time.Second
	}
	if o.SendLimit <= 0 {
		o.SendLimit = 5 * time.Minute
	}
	if o.VerifyLimit <= 0 {
		o.VerifyLimit = 5 * time.Minute
	}
	e := &Engine{o: o, subs: map[int]chan struct{}{}, undone: map[string]bool{}, kept: map[string][]byte{}}
	if o.Gate != nil && o.Config != nil {
		o.Gate.SetGuard(Guard(o.Config))
	}
	e.waits, e.endWaits = context.WithCancel(context.Background())
	e.sends, e.endSends = context.WithCancel(context.Background())
	return e
}

// lastBreath is how long Close waits for outcomes to reach the journal after
// it gave up on the requests.
const lastBreath = 500 * time.Millisecond

// Close stops all waiting and refuses new changes. A request that is on its
// way may finish until ctx ends; then it is given up and journaled as unknown.
func (e *Engine) Close(ctx context.Context) {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.endWaits()
	done := make(chan struct{})
	core.Go("actions: close", func() { e.wg.Wait(); close(done) })
	select {
	case <-done:
	case <-ctx.Done():
		e.endSends()
		t := time.NewTimer(lastBreath)
		defer t.Stop()
		select {
		case <-done:
		case <-t.C:
		}
	}
	e.endSends()
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, c := range e.subs {
		close(c)
		delete(e.subs, id)
	}
}

// journalReady is why no change can be recorded, hence made; nil: it can.
func (e *Engine) journalReady() *core.Problem {
	if e.o.Journal == nil {
		return noJournal(errNoJournal)
	}
	if err := e.o.Journal.Ready(); err != nil {
		return noJournal(err)
	}
	return nil
}

func noJournal(err error) *core.Problem {
	p := &core.Problem{
		Kind: core.Refused, Cause: err,
		Summary: text.Sprintf("nothing was changed: the journal cannot be written: %s", text.Error(err)),
		Hint:    text.Lit("every change is recorded first; looking around still works"),
	}
	var jp *journal.Error
	if errors.As(err, &jp) && jp.Fix != "" {
		p.Summary = text.Sprintf("nothing was changed: the journal cannot be written: %s", jp.What)
		p.Hint = text.CleanLong(jp.Fix)
	}
	return p
}

// problem maps any error to words for a user.
func problem(src sources.Source, err error) *core.Problem {
	var p *core.Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &p):
		return p
	case errors.Is(err, core.ErrReadOnly):
		return &core.Problem{Kind: core.Refused, Summary: text.Error(err), Cause: err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return &core.Problem{Kind: core.Unreachable, Summary: text.Lit("no answer in time"), Cause: err}
	}
	if src != nil {
		if p = src.Problem(err); p != nil {
			return p
		}
	}
	return &core.Problem{Summary: text.Error(err), Cause: err}
}

// newID names a change; 48 random bits are enough to be unique in a journal.
func newID() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b) // it never fails: the program ends instead
	return hex.EncodeToString(b)
}
