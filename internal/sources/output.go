package sources

import (
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Quiet is an Output that nobody looks at.
var Quiet core.Output = quiet{}

type quiet struct{}

func (quiet) Progress(core.Progress) {}
func (quiet) Line(text.Line)         {}
