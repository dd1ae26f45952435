package dockertest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"devops-tui/test/child"
)

// guardian is our end of the guard program, which is the first process of the
// engine's namespaces.
type guardian struct {
	proc    *child.Process
	orders  io.WriteCloser
	replies chan report
	ended   chan string // how dockerd ended, once for each start
	running bool
}

// order and report are the guard's language, one JSON object a line.
type order struct {
	Argv   []string `json:",omitempty"`
	Env    []string `json:",omitempty"`
	Log    string   `json:",omitempty"`
	Signal int      `json:",omitempty"`
}

type report struct{ Event, Detail string }

func startGuard(path string, privateNetwork bool) (*guardian, error) {
	cmd := exec.Command(path)
	cmd.SysProcAttr = namespaces(privateNetwork)
	if privateNetwork {
		cmd.Args = append(cmd.Args, "-private-network")
	}
	orders, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, in, err := os.Pipe() // not StdoutPipe: Wait would close it before the last report is read
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = in, in
	g := &guardian{orders: orders, replies: make(chan report, 4), ended: make(chan string, 1)}
	g.proc, err = child.Start(cmd)
	_ = in.Close()
	if err != nil {
		_ = out.Close()
		return nil, err
	}
	go g.listen(out)
	if _, err := g.await("ready"); err != nil {
		g.stop()
		return nil, err
	}
	return g, nil
}

func (g *guardian) listen(out io.ReadCloser) {
	defer func() { _ = out.Close() }()
	defer close(g.replies)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var r report
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			r = report{"failed", lines.Text()}
		}
		if r.Event == "ended" {
			g.ended <- r.Detail
			continue
		}
		g.replies <- r
	}
}

func (g *guardian) await(event string) (string, error) {
	select {
	case r, ok := <-g.replies:
		if !ok {
			return "", errors.New("the guard process is gone")
		}
		if r.Event != event {
			return "", fmt.Errorf("guard: %s: %s", r.Event, r.Detail)
		}
		return r.Detail, nil
	case <-time.After(30 * time.Second):
		return "", fmt.Errorf("the guard process does not say %q", event)
	}
}

func (g *guardian) send(o order, event string) error {
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if _, err := g.orders.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("tell the guard process: %w", err)
	}
	_, err = g.await(event)
	return err
}

func (g *guardian) start(argv []string, log string) error {
	select {
	case <-g.ended: // of an earlier one that ended by itself
	default:
	}
	err := g.send(order{Argv: argv, Env: os.Environ(), Log: log}, "started")
	g.running = err == nil
	return err
}

func (g *guardian) signal(sig syscall.Signal) error {
	return g.send(order{Signal: int(sig)}, "signalled")
}

// stop ends the namespaces and everything in them.
func (g *guardian) stop() {
	_ = g.orders.Close()
	g.proc.Kill()
}
