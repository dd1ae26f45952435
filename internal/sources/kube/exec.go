package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	clientspdy "k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/transport/websocket"
	"k8s.io/client-go/util/exec"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// remote is a program in a container, or what runs in it already, with its
// standard streams
// (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Operations).
type remote struct {
	pod       core.Ref
	attach    bool // to what runs, instead of starting command
	container string
	command   []string
	in        io.Reader // nil: none
	out, err  io.Writer // err is not used with a TTY
	tty       bool
	sizes     remotecommand.TerminalSizeQueue // nil: none
}

// url is the address of the channel.
func (r remote) url(c *client) (*url.URL, error) {
	sub := "exec"
	q := url.Values{"container": {r.container}, "stdout": {"true"}}
	if r.attach {
		sub = "attach"
	} else {
		q["command"] = r.command
	}
	if r.in != nil {
		q.Set("stdin", "true")
	}
	if r.tty {
		q.Set("tty", "true")
	} else {
		q.Set("stderr", "true")
	}
	return c.url(request{path: builtinByName["pod"].object(r.pod, sub), query: q})
}

// errLost is a channel that broke while it was open.
var errLost = errors.New("the connection was lost")

// run opens the channel and copies until the program ends, the connection
// breaks (errLost) or ctx ends; it leaves nothing behind that waits for in.
// *core.ExitError tells a code other than 0.
func (c *client) run(ctx context.Context, r remote) error {
	where, err := r.url(c)
	if err != nil {
		return err
	}
	o := remotecommand.StreamOptions{Stdout: r.out, Stderr: r.err, Tty: r.tty, TerminalSizeQueue: r.sizes}
	if r.in != nil {
		in, stop := pump(r.in)
		defer stop()
		o.Stdin = in
	}
	// The handshake of the older way does not listen to ctx.
	ended := make(chan error, 1)
	core.Go("kube: exec", func() { ended <- c.stream(ctx, where, o) })
	select {
	case err = <-ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	var code exec.CodeExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &code):
		return &core.ExitError{Code: code.Code}
	}
	return err
}

// stream is over WebSockets first, then by the older way.
func (c *client) stream(ctx context.Context, where *url.URL, o remotecommand.StreamOptions) error {
	var dial noting
	conf := &rest.Config{Host: c.base.Host, WrapTransport: func(last http.RoundTripper) http.RoundTripper {
		rt, err := c.upgrade.through(last.(*websocket.RoundTripper))
		if err != nil {
			return roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, err })
		}
		dial.next = rt
		return &dial
	}}
	e, err := remotecommand.NewWebSocketExecutor(conf, http.MethodGet, where.String())
	if err != nil {
		return err
	}
	if err = e.StreamWithContext(ctx, o); err == nil || dial.open || !older(err) {
		return dial.error(err)
	}
	rt, last, err := c.upgrade.spdy()
	if err != nil {
		return err
	}
	dial = noting{next: rt}
	ends := &endings{UpgradeRoundTripper: last}
	if e, err = remotecommand.NewSPDYExecutorForTransports(&dial, clientspdy.NewUpgraderForStreaming(ends), http.MethodPost, where); err != nil {
		return err
	}
	if err = e.StreamWithContext(ctx, o); err == nil && !ends.said() {
		return errLost
	}
	return dial.error(err)
}

// noting notes what became of the request that opens a channel: client-go
// makes mere text of its error.
type noting struct {
	next http.RoundTripper
	open bool
	err  error
}

// RoundTrip keeps the outcome.
func (n *noting) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := n.next.RoundTrip(r)
	n.err = err
	n.open = err == nil && resp.StatusCode == http.StatusSwitchingProtocols
	return resp, err
}

// error sorts the errors of a channel: those of opening it are like those of
// other requests.
func (n *noting) error(err error) error {
	var code exec.CodeExitError
	switch {
	case err == nil, errors.As(err, &code):
		return err
	case !n.open && n.err != nil:
		return opened(n.err)
	case !n.open:
		return err
	case isLost(err):
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return &saidError{err.Error()}
}

// saidError is what the container runtime said instead of an exit code.
type saidError struct{ msg string }

func (e *saidError) Error() string { return strings.TrimPrefix(e.msg, "Internal error occurred: ") }

// pump reads in such that who reads from it need not wait for it: what comes
// after stop is dropped. A reader that can be cancelled is.
func pump(in io.Reader) (out io.Reader, stop func()) {
	r, w := io.Pipe()
	core.Go("kube: stdin", func() {
		_, err := io.Copy(w, in)
		_ = w.CloseWithError(err) // nil: the end
	})
	return r, func() {
		_ = r.Close()
		if c, ok := in.(interface{ Cancel() bool }); ok {
			c.Cancel()
		}
	}
}

// sizes tells a terminal's size whenever it changes.
type sizes struct {
	t      core.Terminal
	ctx    context.Context
	told   bool
	redraw bool // tell another size first, so that the program draws again
}

// Next blocks until there is another size; nil: no more.
func (z *sizes) Next() *remotecommand.TerminalSize {
	w, h := z.t.Size()
	switch {
	case z.redraw:
		z.redraw = false
		return &remotecommand.TerminalSize{Width: uint16(w + 1), Height: uint16(h + 1)}
	case z.told:
		select {
		case _, ok := <-z.t.Resized:
			if !ok {
				return nil
			}
		case <-z.ctx.Done():
			return nil
		}
		w, h = z.t.Size()
	}
	z.told = true
	return &remotecommand.TerminalSize{Width: uint16(w), Height: uint16(h)}
}

// commandWords is a command as a shell takes it.
func commandWords(command []string) string {
	words := make([]string, len(command))
	for i, w := range command {
		words[i] = shellWord(w)
	}
	return strings.Join(words, " ")
}

// execProblem says why a program could not be started or was cut off.
func (s *Source) execProblem(what text.Safe, err error) error {
	var exit *core.ExitError
	var said *saidError
	switch {
	case err == nil, errors.As(err, &exit), errors.Is(err, context.Canceled), errors.Is(err, core.ErrReadOnly):
		return err
	case errors.Is(err, errLost):
		return &core.Problem{Kind: core.Unreachable, Summary: text.Concat(what, text.Lit(": the connection was lost")), Hint: text.Lit("what ran there may go on without a terminal, or has ended with it"), Cause: err}
	case errors.As(err, &said):
		return &core.Problem{Kind: core.Invalid, Summary: text.Concat(what, text.Lit(": "), text.CleanLong(said.Error())), Cause: err}
	}
	return s.problem(what, err)
}
