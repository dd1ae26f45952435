// Command devops-tui is the cockpit; all of it is in internal/app.
package main

import (
	"context"
	"os"

	"devops-tui/internal/app"
)

func main() {
	os.Exit(app.Main(context.Background(), os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}
