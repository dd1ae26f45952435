package app

import (
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/store"
	"devops-tui/internal/views/pane"
)

// backend is the world as the panes see it. What it does not define itself the
// hub answers.
type backend struct {
	*sources.Hub
	store    *store.Store
	logLines int
	save     func(name string, lines []string) (string, error)
}

var _ pane.Backend = (*backend)(nil)

// Focus names the objects whose usage is kept at full length.
func (b *backend) Focus(refs []core.Ref) { b.store.SetFocus(refs) }

// NewLog returns a log buffer whose lines wake the screen.
func (b *backend) NewLog() *store.Log { return b.store.NewLog(b.logLines, 0) }

// Save writes lines to a file of the user's and returns its path.
func (b *backend) Save(name string, lines []string) (string, error) { return b.save(name, lines) }
