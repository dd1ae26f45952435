package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"devops-tui/internal/core"
)

// runShell talks to the terminal until the shell ends.
func (s *Source) runShell(ctx context.Context, c *cell, command []string, t core.Terminal) error {
	sh := &toyShell{cell: c, dir: c.workdir, size: t.Size, source: s, newline: "\n"}
	if t.TTY {
		sh.newline = "\r\n" // the terminal is raw: nobody else adds the return
	}
	sh.out = t.Out
	if len(command) > 0 {
		sh.run(ctx, command)
		return sh.end()
	}
	sh.print("This is a shell of the demo world: a toy with a dozen commands; nothing real is behind it.")
	sh.print("help lists them, exit or ctrl+d leaves.")
	in := newReader(ctx, t.In)
	defer in.close()
	for !sh.over {
		line, err := sh.readLine(in, t.TTY)
		switch {
		case errors.Is(err, io.EOF) && line == "":
			return sh.end()
		case err != nil && !errors.Is(err, io.EOF):
			return err
		}
		if !sh.living() {
			sh.print("the container has ended")
			return &core.ExitError{Code: 137}
		}
		sh.script(ctx, line)
	}
	return sh.end()
}

func (sh *toyShell) living() bool {
	sh.source.w.lock()
	defer sh.source.w.mu.Unlock()
	return sh.cell.alive()
}

// end is how the session ends: nil, or the last code.
func (sh *toyShell) end() error {
	if sh.failed != nil {
		return sh.failed
	}
	if sh.status != 0 {
		return &core.ExitError{Code: sh.status}
	}
	return nil
}

// Keys of a raw terminal.
const (
	ctrlC, ctrlD, ctrlU = 3, 4, 21
	backspace, del, esc = 8, 127, 27
)

// readLine reads a line; on a raw terminal it shows what is typed.
func (sh *toyShell) readLine(in *reader, tty bool) (string, error) {
	if !tty {
		var b strings.Builder
		for {
			c, err := in.next()
			if err != nil || c == '\n' {
				return strings.TrimRight(b.String(), "\r"), err
			}
			b.WriteByte(c)
		}
	}
	sh.write(fmt.Sprintf("%s:%s# ", sh.cell.host, sh.dir))
	var line []rune
	var partial []byte
	for {
		c, err := in.next()
		if err != nil {
			return "", err
		}
		switch {
		case c == '\r' || c == '\n':
			sh.write(sh.newline)
			return string(line), nil
		case c == ctrlC:
			sh.write("^C" + sh.newline)
			sh.status = 130
			return " ", nil
		case c == ctrlD && len(line) == 0:
			sh.write(sh.newline)
			return "", io.EOF
		case c == ctrlU:
			sh.write(strings.Repeat("\b \b", len(line)))
			line = line[:0]
		case c == backspace || c == del:
			if len(line) > 0 {
				line = line[:len(line)-1]
				sh.write("\b \b")
			}
		case c == esc: // an arrow or another key: no history here
			if err := in.skipSequence(); err != nil {
				return "", err
			}
		case c < ' ':
		default:
			partial = append(partial, c)
			if r := []rune(string(partial)); r[len(r)-1] != '\ufffd' || len(partial) == 4 {
				line = append(line, r...)
				sh.write(string(partial))
				partial = partial[:0]
			}
		}
	}
}

// reader reads bytes on demand, so that no read is under way when the shell
// ends by a command: the next key belongs to somebody else.
type reader struct {
	ctx  context.Context
	want chan struct{}
	got  chan chunk
	buf  []byte
	err  error
}

type chunk struct {
	data []byte
	err  error
}

func newReader(ctx context.Context, in io.Reader) *reader {
	r := &reader{ctx: ctx, want: make(chan struct{}), got: make(chan chunk, 1)}
	core.Go("demo shell input", func() {
		for range r.want {
			buf := make([]byte, 512)
			n, err := in.Read(buf)
			r.got <- chunk{buf[:n], err}
		}
	})
	return r
}

func (r *reader) close() { close(r.want) }

func (r *reader) next() (byte, error) {
	for len(r.buf) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		select {
		case r.want <- struct{}{}:
		case <-r.ctx.Done():
			return 0, r.ctx.Err()
		}
		select {
		case c := <-r.got:
			r.buf, r.err = c.data, c.err
		case <-r.ctx.Done():
			return 0, r.ctx.Err()
		}
	}
	c := r.buf[0]
	r.buf = r.buf[1:]
	return c, nil
}

// skipSequence drops the rest of an escape sequence.
func (r *reader) skipSequence() error {
	c, err := r.next()
	if err != nil || c != '[' && c != 'O' {
		return err
	}
	for {
		if c, err = r.next(); err != nil || c >= '@' && c <= '~' {
			return err
		}
	}
}
