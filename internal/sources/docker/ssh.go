package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"devops-tui/internal/core"
)

// sshTarget is what ssh:// names.
type sshTarget struct {
	user, host, port string
	socket           string // remote path of the engine's socket; "" the remote's default
}

func parseSSH(u *url.URL) (sshTarget, error) {
	t := sshTarget{host: u.Hostname(), port: u.Port(), user: u.User.Username(), socket: strings.TrimSuffix(u.Path, "/")}
	if _, has := u.User.Password(); has {
		return t, errors.New("ssh:// with a password is not supported: use a key or an agent")
	}
	if t.host == "" {
		return t, errors.New("ssh:// needs a host")
	}
	// What begins with a dash would be an option to ssh.
	if strings.HasPrefix(t.host, "-") || strings.HasPrefix(t.user, "-") {
		return t, errors.New("ssh:// host and user must not begin with a dash")
	}
	return t, nil
}

// args is the command line of ssh. It never asks anything, and a host that is
// not in known_hosts is refused.
func (t sshTarget) args() []string {
	a := []string{
		"-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes",
		"-o", fmt.Sprintf("ConnectTimeout=%d", int(dialTimeout.Seconds())),
		"-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=2",
	}
	if t.user != "" {
		a = append(a, "-l", t.user)
	}
	if t.port != "" {
		a = append(a, "-p", t.port)
	}
	a = append(a, "--", t.host, "docker")
	if t.socket != "" {
		a = append(a, "--host", quoteShell("unix://"+t.socket))
	}
	return append(a, "system", "dial-stdio")
}

// quoteShell quotes for the remote shell, which sees the words joined.
func quoteShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// sshError is a failed ssh, with what it wrote to stderr (raw).
type sshError struct {
	cause  error
	stderr string
}

func (e *sshError) Error() string {
	if e.stderr != "" {
		return "ssh: " + e.stderr
	}
	return "ssh: " + e.cause.Error()
}

func (e *sshError) Unwrap() error { return e.cause }

// dialSSH runs the user's own ssh with `docker system dial-stdio` on the other
// side, as the docker command does. The binary and not a library, because it
// brings the user's ~/.ssh/config (jump hosts, aliases), agents, hardware keys,
// certificates and the known_hosts rules; a library would have to repeat them.
// The connection is returned once the engine has answered a ping, so that a
// login that hangs ends after dialTimeout.
func dialSSH(ctx context.Context, t sshTarget) (net.Conn, error) {
	cmd := exec.Command("ssh", t.args()...)
	cmd.Env = append(os.Environ(), "SSH_ASKPASS_REQUIRE=never")
	cmd.WaitDelay = 2 * time.Second
	detach(cmd)
	c := &sshConn{cmd: cmd, done: make(chan struct{})}
	cmd.Stderr = &c.stderr
	var err error
	if c.in, err = cmd.StdinPipe(); err != nil {
		return nil, &sshError{cause: err}
	}
	// An os.Pipe of our own, because Wait closes StdoutPipe under a reader.
	r, w, err := os.Pipe()
	if err != nil {
		return nil, &sshError{cause: err}
	}
	cmd.Stdout, c.out = w, r
	err = cmd.Start()
	_ = w.Close()
	if err != nil {
		_ = r.Close()
		return nil, &sshError{cause: err}
	}
	core.Go("docker ssh wait", func() {
		c.waitErr = cmd.Wait()
		close(c.done)
	})

	timer := time.AfterFunc(dialTimeout, func() { _ = c.Close() })
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	err = c.handshake()
	inTime, notCancelled := timer.Stop(), stop()
	switch {
	case err == nil && inTime && notCancelled:
		return c, nil
	case !inTime:
		err = fmt.Errorf("no answer within %s", dialTimeout)
	case !notCancelled:
		err = context.Cause(ctx)
	}
	_ = c.Close()
	<-c.done
	return nil, &sshError{cause: err, stderr: c.stderr.String()}
}

// sshConn is the pipe to an ssh process as a net.Conn.
type sshConn struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *os.File
	stderr  tailBuffer
	done    chan struct{}
	waitErr error // after done
	once    sync.Once
}

// handshake sends a ping and reads its head. HEAD has no body, so the next
// byte belongs to the caller.
func (c *sshConn) handshake() error {
	if _, err := io.WriteString(c.in, "HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"); err != nil {
		return err
	}
	var head []byte
	b := make([]byte, 1)
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		if len(head) > 16<<10 {
			return errors.New("the answer is not HTTP")
		}
		n, err := c.out.Read(b)
		if err != nil {
			return err
		}
		head = append(head, b[:n]...)
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.")) {
		return errors.New("the answer is not HTTP: does the remote shell print something at login?")
	}
	return nil
}

func (c *sshConn) Read(p []byte) (int, error) {
	n, err := c.out.Read(p)
	if err == io.EOF {
		select {
		case <-c.done:
			if c.waitErr != nil {
				err = &sshError{cause: c.waitErr, stderr: c.stderr.String()}
			}
		case <-time.After(100 * time.Millisecond):
		}
	}
	return n, err
}

func (c *sshConn) Write(p []byte) (int, error) { return c.in.Write(p) }

// CloseWrite tells the other side that nothing more comes.
func (c *sshConn) CloseWrite() error { return c.in.Close() }

// Close ends ssh and whatever it started (a ProxyCommand).
func (c *sshConn) Close() error {
	c.once.Do(func() {
		_ = c.in.Close()
		kill(c.cmd)
		_ = c.out.Close()
	})
	return nil
}

func (c *sshConn) LocalAddr() net.Addr                { return sshAddr{} }
func (c *sshConn) RemoteAddr() net.Addr               { return sshAddr{} }
func (c *sshConn) SetDeadline(t time.Time) error      { return c.out.SetDeadline(t) }
func (c *sshConn) SetReadDeadline(t time.Time) error  { return c.out.SetReadDeadline(t) }
func (c *sshConn) SetWriteDeadline(_ time.Time) error { return nil }

type sshAddr struct{}

func (sshAddr) Network() string { return "ssh" }
func (sshAddr) String() string  { return "ssh" }

// tailBuffer keeps the last 4 KiB written to it.
type tailBuffer struct {
	mu sync.Mutex
	b  []byte
}

func (t *tailBuffer) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - 4<<10; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

func (t *tailBuffer) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b))
}
