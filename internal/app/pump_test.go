package app

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/store"
	"devops-tui/internal/views"
)

// pumped is a pump whose messages are taken at once, with their times.
type pumped struct {
	*pump
	store *store.Store
	began time.Time

	mu           sync.Mutex
	sent, minute []time.Duration
}

func (p *pumped) frames() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.sent)
}

func (p *pumped) ticks() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.minute)
}

func startPump(ctx context.Context, gather time.Duration) *pumped {
	p := &pumped{store: store.New(), began: time.Now()}
	p.pump = newPump(p.store, gather)
	p.send = func(m tea.Msg) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch m.(type) {
		case views.FrameMsg:
			p.sent = append(p.sent, time.Since(p.began))
		case views.TickMsg:
			p.minute = append(p.minute, time.Since(p.began))
		}
	}
	go p.run(ctx)
	return p
}

func (p *pumped) change() {
	p.store.SetHealth(core.Health{Instance: core.Instance{Source: "x", Scope: "y"}})
}

// The first change goes out at once, more of them once per interval, and where
// nothing changes nothing is sent.
func TestPumpGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		p := startPump(ctx, 100*time.Millisecond)
		synctest.Wait()
		p.change()
		synctest.Wait()
		if len(p.frames()) != 1 || p.frames()[0] != 0 {
			t.Fatalf("the first change came at %v", p.frames())
		}
		for range 50 { // a change every 10 ms for half a second
			time.Sleep(10 * time.Millisecond)
			p.change()
			synctest.Wait()
		}
		if n := len(p.frames()); n < 5 || n > 7 {
			t.Errorf("%d frames in 500 ms, want one every 100 ms: %v", n, p.frames())
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := len(p.frames()); n > 7 {
			t.Errorf("frames without a change: %v", p.frames())
		}
		cancel()
		synctest.Wait()
	})
}

// Nobody looks: one frame a second; the focus brings the newest one at once.
func TestPumpSlowsDownUnseen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		p := startPump(ctx, 100*time.Millisecond)
		p.filter(nil, tea.BlurMsg{})
		for range 35 {
			p.change()
			synctest.Wait()
			time.Sleep(100 * time.Millisecond)
		}
		if n := len(p.frames()); n < 3 || n > 5 {
			t.Errorf("%d frames in 3.5 s, want one a second: %v", n, p.frames())
		}
		n := len(p.frames())
		p.change()
		synctest.Wait()
		p.filter(nil, tea.FocusMsg{})
		synctest.Wait()
		if len(p.frames()) != n+1 {
			t.Errorf("the focus brought no frame: %v", p.frames())
		}
		cancel()
		synctest.Wait()
	})
}

func TestPumpTicksAtMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		p := startPump(ctx, 100*time.Millisecond)
		first := untilMinute(p.began)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if len(p.ticks()) < 3 || p.ticks()[0] != first || p.ticks()[1] != first+time.Minute {
			t.Errorf("ticks at %v, want the first at %v", p.ticks(), first)
		}
		cancel()
		synctest.Wait()
	})
}
