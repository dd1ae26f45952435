package app

import (
	"fmt"
	"io"
)

// help prints the help of a command.
func (r *run) help(w io.Writer, c *command) {
	fmt.Fprintln(w, c.short)
}
