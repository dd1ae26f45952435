package views

import (
	"net/url"
	"strings"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/pane"
)

// maxURL bounds the length of an address in bytes.
const maxURL = 2048

// openedMsg says how handing an address to the desktop went.
type openedMsg struct{ err error }

// openURL opens the page of an object in its system's own web UI. The address
// is copied too: over SSH, and where there is no browser, that is all.
func (m *Model) openURL(ref core.Ref) tea.Cmd {
	r := m.row(ref)
	if r == nil && !ref.IsZero() { // of a part: the page's
		r = m.row(m.pageObject())
	}
	if r == nil {
		return m.notify(pane.Notify{Text: text.Lit("nothing is selected")})
	}
	if (r.Facts == nil || r.Facts.URL == "") && r.Ref != m.pageObject() {
		if o := m.row(m.pageObject()); o != nil {
			r = o
		}
	}
	if r.Facts == nil || r.Facts.URL == "" {
		return m.notify(pane.Notify{Text: text.Sprintf("%s has no page of its own", text.Clean(r.Ref.Path()))})
	}
	address, ok := webAddress(r.Facts.URL)
	if !ok {
		return m.notify(pane.Notify{Text: text.Sprintf("not opened, it is no address of the web: %s", text.Clean(r.Facts.URL).Truncate(80)), Bad: true})
	}
	copied := tea.SetClipboard(address)
	if m.o.OpenURL == nil {
		return tea.Batch(copied, m.notify(pane.Notify{Text: text.Sprintf("copied address: %s", text.Clean(address).Truncate(100))}))
	}
	open := m.o.OpenURL
	return tea.Batch(copied, m.notify(pane.Notify{Text: text.Sprintf("opened, and copied: %s", text.Clean(address).Truncate(100))}), func() tea.Msg { return openedMsg{open(address)} })
}

// webAddress is an address as it may be handed to a desktop: of the web and of
// nothing else, without a user in it, every character of it harmless.
func webAddress(raw string) (string, bool) {
	if len(raw) > maxURL || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "", false
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Opaque != "" {
		return "", false
	}
	return u.String(), true
}
