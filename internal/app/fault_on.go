//go:build faultinject

package app

import (
	"os"
	"os/exec"
	"path/filepath"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/core"
)

// faulty breaks the program in the way that DEVOPS_TUI_FAULT names when f9 is
// pressed. It is built for tests only (-tags faultinject).
type faulty struct {
	tea.Model
	how string
}

func withFaults(m tea.Model, getenv func(string) string) tea.Model {
	return faulty{m, getenv("DEVOPS_TUI_FAULT")}
}

func (f faulty) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if k, ok := msg.(tea.KeyPressMsg); ok && k.String() == "f9" {
		switch f.how {
		case "update":
			panic("injected: update token=canary-secret-7431")
		case "command":
			return f, func() tea.Msg { panic("injected: command") }
		case "batch":
			return f, tea.Batch(func() tea.Msg { return nil }, func() tea.Msg { panic("injected: batch") })
		case "goroutine":
			core.Go("injected", func() { panic("injected: goroutine") })
		case "map":
			m := map[int]int{}
			for range 4 {
				go func() {
					for i := 0; ; i++ {
						m[i%8] = i
					}
				}()
			}
		case "exit":
			os.Exit(7)
		case "hang":
			_ = os.WriteFile(filepath.Join(os.Getenv("HOME"), "hangs"), nil, 0o600)
			select {}
		case "child":
			_ = exec.Command("sleep", "600").Start()
		case "stderr":
			_, _ = os.Stderr.WriteString("\x1b[2Jlitter on stderr\n")
		}
	}
	m, cmd := f.Model.Update(msg)
	f.Model = m
	return f, cmd
}
