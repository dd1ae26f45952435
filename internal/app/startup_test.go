package app

import (
	"net"
	"strings"
	"testing"

	"devops-tui/internal/testkit"
)

// blackHole takes connections and never answers.
func blackHole(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String()
}

// Promise 13: the first paint and the keys wait for no source. The only one
// here never answers, so whatever is drawn was drawn without it.
func TestFirstPaintWaitsForNoSource(t *testing.T) {
	env := []string{"DOCKER_HOST=tcp://" + blackHole(t)}
	term := testkit.StartTerm(t, testkit.TermOptions{Env: env}, testkit.Binary(t), "--source", "docker")
	term.WaitText(paint, "Pods", "Logs")
	term.Send("?")
	term.WaitText(paint, "Keys")
	term.Send("esc")
	testkit.PollTrue(t, paint, "the help is closed", func() bool { return !strings.Contains(term.Screen(), "Keys") })
	term.Send("ctrl+c", "ctrl+c")
	if code := term.WaitExit(paint); code != exitOK && code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
}

// A terminal that cannot be drawn on gets lines.
func TestDumbTerminalPrints(t *testing.T) {
	term := testkit.StartTerm(t, testkit.TermOptions{Env: []string{"TERM=dumb"}}, testkit.Binary(t), "--demo", "--source", "demo:laptop")
	term.WaitText(paint, "demo:laptop", "opens with: devops-tui --demo")
	term.WaitExit(paint)
	if term.Mode(1049) {
		t.Error("the alternate screen is on in a dumb terminal")
	}
}
