package docker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const (
	// resizeTries: the engine refuses a size until the program runs.
	resizeTries = 20
	resizePause = 25 * time.Millisecond
	// exitWait is how long the exit code may come after the last output.
	exitWait = 3 * time.Second
	// hangupWait is what a program gets to answer a key when its terminal goes
	// away.
	hangupWait = 200 * time.Millisecond
)

// exec runs a command in a container on a terminal until either ends. Creating,
// starting and resizing pass the gate like every change.
func (s *Source) exec(ctx context.Context, id string, command []string, t core.Terminal) error {
	api, err := s.client(ctx)
	if err != nil {
		return err
	}
	o := client.ExecCreateOptions{TTY: t.TTY, Cmd: command, AttachStdin: t.In != nil, AttachStdout: true, AttachStderr: true}
	if t.TTY {
		o.Env = []string{"TERM=xterm-256color"}
	}
	made, err := api.ExecCreate(ctx, id, o)
	if err != nil {
		return fmt.Errorf("run %s: %w", command[0], err)
	}
	conn, err := s.hijack(ctx, "/exec/"+made.ID+"/start", container.ExecStartRequest{Tty: t.TTY})
	if err != nil {
		return fmt.Errorf("run %s: %w", command[0], err)
	}
	inside, cancel := context.WithCancel(ctx)
	defer cancel()
	drained := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { core.Go("docker exec end", func() { hangUp(conn, t.TTY, drained) }) })
	defer stop()
	if t.TTY && t.Size != nil {
		core.Go("docker exec size", func() { s.resizes(inside, made.ID, t) })
	}
	if t.In != nil {
		core.Go("docker exec input", func() {
			_, _ = io.Copy(conn, t.In)
			_ = conn.CloseWrite() // the end of the input ends what reads it
		})
	}
	err = pour(conn, t)
	close(drained)
	_ = conn.Close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.exited(ctx, made.ID, err)
}

// pour copies what the program writes until it ends.
func pour(conn io.Reader, t core.Terminal) error {
	if t.TTY {
		_, err := io.Copy(t.Out, conn)
		return err
	}
	d := newDemux(bufio.NewReader(conn))
	for {
		fd, b, err := d.next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		w := t.Out
		if t.Err != nil && (fd == fdStderr || fd == fdSystem) {
			w = t.Err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
}

// hangUp ends a session from this side. The engine ends no program because
// nobody listens any more, so a terminal's is told what a hung-up one would be: an
// interrupt and the end of the input.
func hangUp(conn io.WriteCloser, tty bool, drained <-chan struct{}) {
	if tty {
		for _, key := range []string{"\x03", "\x04"} { // one after the other: an interrupt drops what was typed after it
			_, _ = io.WriteString(conn, key)
			select {
			case <-drained:
			case <-time.After(hangupWait):
			}
		}
	}
	_ = conn.Close()
}

// resizes gives the program the terminal's size, now and whenever it changes.
func (s *Source) resizes(ctx context.Context, id string, t core.Terminal) {
	api, err := s.client(ctx)
	if err != nil {
		return
	}
	for tries := resizeTries; ; {
		w, h := t.Size()
		var again <-chan time.Time
		if w > 0 && h > 0 {
			if _, err := api.ExecResize(ctx, id, client.ExecResizeOptions{Height: uint(h), Width: uint(w)}); err != nil && tries > 0 {
				tries--
				again = time.After(resizePause)
			} else {
				tries = 0
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-t.Resized:
		case <-again:
		}
	}
}

// exited is how the program ended.
func (s *Source) exited(ctx context.Context, id string, broken error) error {
	api, err := s.client(ctx)
	if err != nil {
		return err
	}
	for end := time.Now().Add(exitWait); ; {
		x, err := api.ExecInspect(ctx, id, client.ExecInspectOptions{})
		switch {
		case err != nil:
			return fmt.Errorf("read the exit code: %w", err)
		case !x.Running && x.ExitCode != 0:
			return &core.ExitError{Code: x.ExitCode}
		case !x.Running:
			return nil
		case time.Now().After(end):
			return &core.Problem{
				Kind: core.Unreachable, Summary: text.Lit("the connection to the program broke; it may go on inside"),
				Hint: text.Lit("look for it: ps inside the container"), Cause: broken,
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// duplex is a connection that was taken over from HTTP.
type duplex interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// hijack posts a request and takes its connection over. It goes the way of every
// other request (gate, ssh, TLS); the SDK's own way dials by itself. API:
// "Stream format" of ContainerAttach.
func (s *Source) hijack(ctx context.Context, path string, body any) (duplex, error) {
	hc, err := s.httpClient()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	version := s.version
	s.mu.Unlock()
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	address, scheme := s.host.address()
	u := url.URL{Scheme: scheme, Host: strings.TrimPrefix(address, "tcp://"), Path: "/v" + version + path}
	if s.host.proto == "unix" {
		u.Host = client.DummyHost
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "tcp")
	r.Header.Set("User-Agent", "devops-tui")
	resp, err := hc.Do(r)
	if err != nil {
		return nil, err
	}
	conn, ok := resp.Body.(duplex)
	if ok && resp.StatusCode == http.StatusSwitchingProtocols {
		return conn, nil
	}
	defer func() { _ = resp.Body.Close() }()
	return nil, answered(resp)
}

// answered is the problem in an answer that is no stream.
func answered(resp *http.Response) error {
	var says struct {
		Message string `json:"message"`
	}
	_ = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&says)
	p := &core.Problem{Kind: core.Unreachable, Summary: text.CleanLong(says.Message)}
	if says.Message == "" {
		p.Summary = text.Sprintf("the engine answers %s and opens no channel", resp.Status)
		p.Hint = text.Lit("a proxy between may not let connections be upgraded")
	}
	switch resp.StatusCode {
	case http.StatusNotFound:
		p.Kind = core.NotFound
	case http.StatusConflict:
		p.Kind = core.Conflict
	case http.StatusForbidden:
		p.Kind = core.Forbidden
	case http.StatusBadRequest:
		p.Kind = core.Invalid
	}
	p.Cause = errors.New(resp.Status)
	return p
}
