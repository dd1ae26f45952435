package main

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// podModel is a list that formats what is in sight only.
type podModel struct {
	table         *table
	width, height int
	cursor, top   int
	filter        string
	typing        bool
}

func (m *podModel) Init() tea.Cmd { return nil }

func (m *podModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		if m.typing {
			m.edit(msg)
			return m, nil
		}
		page := m.height - 2
		switch msg.String() {
		case "q", "ctrl+c":
			return m, tea.Quit
		case "down", "j":
			m.cursor++
		case "up", "k":
			m.cursor--
		case "pgdown":
			m.cursor, m.top = m.cursor+page, m.top+page
		case "pgup":
			m.cursor, m.top = m.cursor-page, m.top-page
		case "g":
			m.cursor, m.top = 0, 0
		case "/":
			m.typing = true
		case "esc":
			m.filter = ""
		}
	}
	return m, nil
}

func (m *podModel) edit(msg tea.KeyPressMsg) {
	switch msg.String() {
	case "enter":
		m.typing = false
	case "esc":
		m.typing, m.filter = false, ""
	case "backspace":
		m.filter = m.filter[:max(len(m.filter)-1, 0)]
	default:
		m.filter += msg.Text
	}
	m.cursor, m.top = 0, 0
}

func (m *podModel) View() tea.View {
	v := tea.NewView("")
	v.AltScreen = true
	if m.height < 3 {
		return v
	}
	m.table.Lock()
	defer m.table.Unlock()
	rows := m.table.rows
	if m.filter != "" {
		var kept []row
		for _, r := range rows {
			if strings.Contains(r.name, m.filter) || strings.Contains(r.namespace, m.filter) {
				kept = append(kept, r)
			}
		}
		rows = kept
	}
	page := m.height - 2
	m.cursor = max(min(m.cursor, len(rows)-1), 0)
	m.top = max(min(m.top, m.cursor), m.cursor-page+1, 0)
	var b strings.Builder
	fmt.Fprintf(&b, "pods %d of %d  / %s\n", len(rows), len(m.table.rows), m.filter)
	fmt.Fprintf(&b, "  %-16s %-48s %-24s %8s %-16s %s\n", "NAMESPACE", "NAME", "STATUS", "RESTARTS", "NODE", "AGE")
	now := time.Now().Unix()
	for i := m.top; i < min(m.top+page, len(rows)); i++ {
		r := &rows[i]
		on, off, pointer := "", "", " "
		switch {
		case i == m.cursor:
			on, off, pointer = "\x1b[7m", "\x1b[m", "▸"
		case r.status != "Running":
			on, off = "\x1b[31m", "\x1b[m"
		}
		if i > m.top {
			b.WriteByte('\n')
		}
		line := fmt.Sprintf("%s %-16s %-48s %-24s %8d %-16s %dm", pointer, r.namespace, r.name, r.status, r.restarts, r.node, (now-r.created)/60)
		fmt.Fprintf(&b, "%s%-*s%s", on, m.width, line, off)
	}
	v.Content = b.String()
	return v
}
