package sources

import (
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Quiet is an Output that nobody looks at.
var Quiet core.Output = nobody{}

type nobody struct{}

func (nobody) Progress(core.Progress) {}
func (nobody) Line(text.Line)         {}
