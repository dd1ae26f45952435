//go:build !faultinject

package app

import tea "charm.land/bubbletea/v2"

// withFaults is the model as it is: faults are injected only into binaries
// that are built for it.
func withFaults(m tea.Model, _ func(string) string) tea.Model { return m }
