// Package pipeline walks the pipelines through the built program: the lists,
// pages, logs and reasons of runs, every verb and every refusal, against the
// simulators of the services and a real control plane.
package pipeline

import (
	"testing"

	"devops-tui/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
