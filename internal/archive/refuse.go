package archive

import (
	"errors"
	"io/fs"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// ErrEmpty is an archive that ends before its first entry.
var ErrEmpty = errors.New("nothing came")

// refuse ends an archive that no honest tar sends.
func refuse(entry string, why text.Safe) error {
	return &core.Problem{
		Kind:    core.Refused,
		Summary: text.Sprintf("refused: the container's archive has the entry %q, %s", entry, why),
		Hint:    text.Lit("nothing that leads elsewhere was written"),
	}
}

// outside refuses a name that is not below what was asked for.
func outside(entry string) error {
	return refuse(entry, text.Lit("which would be outside of what was asked for"))
}

// clash says that something is there that the plan did not speak of.
func clash(local string) error {
	return &core.Problem{
		Kind:    core.Conflict,
		Summary: text.Sprintf("%s is there already: nothing is replaced that the plan did not name", local),
		Cause:   fs.ErrExist,
	}
}
