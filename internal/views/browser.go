package views

import (
	"fmt"
	"os/exec"
	"time"

	"devops-tui/internal/core"
)

// browserPatience is how long the desktop has to refuse an address. A browser
// that runs on by itself has taken it.
const browserPatience = 2 * time.Second

// BrowserFor finds what hands an address to the desktop's browser: nil where
// there is no desktop to see it, over SSH above all. look finds a program, as
// exec.LookPath does.
func BrowserFor(goos string, getenv func(string) string, look func(string) (string, error)) func(address string) error {
	for _, remote := range []string{"SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"} {
		if getenv(remote) != "" {
			return nil
		}
	}
	var program string
	var args []string
	switch goos {
	case "darwin":
		program = "open"
	case "windows":
		program, args = "rundll32", []string{"url.dll,FileProtocolHandler"}
	default:
		switch {
		case getenv("WSL_DISTRO_NAME") != "":
			program = "wslview"
		case getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != "":
			program = "xdg-open"
		default:
			return nil
		}
	}
	path, err := look(program)
	if err != nil {
		return nil
	}
	return func(address string) error {
		// Without a terminal: a browser of the terminal must not take ours. The
		// address begins with its scheme, so that it is no option.
		c := exec.Command(path, append(args[:len(args):len(args)], address)...)
		if err := c.Start(); err != nil {
			return fmt.Errorf("start %s: %w", program, err)
		}
		done := make(chan error, 1)
		core.Go("browser", func() { done <- c.Wait() })
		t := time.NewTimer(browserPatience)
		defer t.Stop()
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("%s: %w", program, err)
			}
		case <-t.C:
		}
		return nil
	}
}
