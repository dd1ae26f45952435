package views

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/internal/views/tasks"
	"devops-tui/themes"
)

// Options is what a cockpit is made of.
type Options struct {
	Store     *store.Store
	Backend   pane.Backend
	Engine    *actions.Engine
	Keys      *keys.Map
	Theme     *themes.Theme                            // nil: dark or light, as the terminal's background says
	Themes    func(dark bool) *themes.Theme            // for automatic detection
	AllThemes []*themes.Theme                          // for the palette
	Profile   colorprofile.Profile                     // of the terminal
	Glyphs    kit.GlyphMode                            //
	Clock     func() time.Time                         //
	Demo      bool                                     // marked on screen
	ReadOnly  func() bool                              //
	Scope     pane.Scope                               // at the start
	Badge     func(core.Ref) (text.Safe, themes.Token) // the environment of an object and the token of its badge
	Mouse     bool
	Offer     text.Safe // said while no source is there; empty when there are some
	OpenDemo  func()    // adds the demo world; nil: it cannot be added
	Start     string    // the view at the start; "" is the cockpit
	Log       LogOptions
	// Terminal lends the terminal, in raw mode, to what talks to it; nil: there
	// is none, and no shell can be opened.
	Terminal func(run func(context.Context, core.Terminal) error) tea.ExecCommand
	// Exec lets a program have the terminal; nil: tea.Exec.
	Exec   func(tea.ExecCommand, tea.ExecCallback) tea.Cmd
	Editor Editor // nil: nothing can be edited
	// OpenURL hands an address of the web to the desktop's browser; nil: there is
	// none (SSH), addresses are copied only.
	OpenURL func(address string) error
	Bell    Bell              // how the user is told that something ended
	Audit   func() AuditTrail // checks the journal from end to end; nil: it cannot be checked
}

// Editor opens definitions in the user's editor. The files are the user's
// alone and lie in the state folder.
type Editor interface {
	// Create makes a private file of that content and returns its path.
	Create(name string, content []byte) (path string, err error)
	Write(path string, content []byte) error
	Read(path string) ([]byte, error)
	Remove(path string) error
	// Open is the user's editor with that file.
	Open(path string) tea.ExecCommand
}

// AuditTrail is what is known of the journal as a whole.
type AuditTrail = tasks.Audit

// LogOptions are the log panes' defaults.
type LogOptions struct {
	Tail       int
	Wrap       bool
	Timestamps bool
}
