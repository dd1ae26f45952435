package jenkins

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/process"
	"devops-tui/internal/text"
)

const (
	commandLimit = 15 * time.Second
	// commandRest is how long a command that failed is left alone.
	commandRest = 20 * time.Second
	maxSecret   = 4 << 10
)

// secret is an API token or a password, and where it comes from. It is read
// when it is first needed, and kept in memory only.
type secret struct {
	from string
	read func(context.Context) (string, error)

	mu     sync.Mutex
	value  string
	failed error
	until  time.Time // failed stands
}

func constant(v string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return strings.TrimSpace(v), nil }
}

// get reads the secret once.
func (s *secret) get(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value != "" {
		return s.value, nil
	}
	if s.failed != nil && time.Now().Before(s.until) {
		return "", s.failed
	}
	v, err := s.read(ctx)
	if err == nil && (v == "" || len(v) > maxSecret || strings.ContainsAny(v, "\r\n\x00")) {
		err = &core.Problem{Kind: core.Unauthorized, Summary: text.Sprintf("what %s gives is no API token", s.from), Hint: text.Lit("one line is expected")}
	}
	if err != nil {
		if ctx.Err() == nil {
			s.failed, s.until = err, time.Now().Add(commandRest)
		}
		return "", err
	}
	s.value, s.failed = v, nil
	return v, nil
}

// drop forgets a secret that was refused: the next reading may give a new one.
func (s *secret) drop() {
	s.mu.Lock()
	s.value = ""
	s.mu.Unlock()
}

// command reads a secret from what a program prints. Neither its output nor
// its arguments appear anywhere.
func command(argv []string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		path, err := process.Look(argv[0], os.Getenv)
		if err != nil {
			return "", &core.Problem{
				Kind: core.Unauthorized, Cause: err, Summary: text.Sprintf("token_command: there is no program %s", argv[0]),
				Hint: text.Lit("sources.jenkins.servers: token_command"),
			}
		}
		ctx, cancel := context.WithTimeout(ctx, commandLimit)
		defer cancel()
		var out bytes.Buffer
		_, err = process.Run(ctx, process.Spec{Path: path, Args: argv[1:], Stdout: &limited{b: &out}, Grace: time.Second})
		if err != nil {
			p := &core.Problem{Kind: core.Unauthorized, Cause: err, Hint: text.Lit("run it by hand; it must print the token and ask nothing")}
			p.Summary = text.Sprintf("token_command: %s", text.Error(err))
			if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
				p.Summary = text.Sprintf("token_command: no answer within %s", commandLimit)
			}
			return "", p
		}
		return strings.TrimSpace(out.String()), nil
	}
}

// limited takes no more than a secret can have.
type limited struct{ b *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.b.Len()+len(p) > 2*maxSecret {
		return 0, fmt.Errorf("more output than a token has")
	}
	return l.b.Write(p)
}

// isAPIToken reports whether a secret has the shape of an API token, for which
// Jenkins wants no crumb: 34 hexadecimal digits that begin with 11, or the 32
// of a legacy token.
func isAPIToken(s string) bool {
	if len(s) != 32 && !(len(s) == 34 && strings.HasPrefix(s, "11")) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'f') })
}
