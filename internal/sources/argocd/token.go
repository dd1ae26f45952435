package argocd

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/process"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

const (
	commandLimit = 15 * time.Second
	tokenAgain   = 10 * time.Second // how soon a place is looked at again after its token was refused
	maxToken     = 16 << 10
)

// tokens gives out a server's token; it reads it at the first request, and
// again after the server has refused it: argocd relogin puts a new one there.
type tokens struct {
	s     *server
	mu    sync.Mutex
	asked bool
	token string
	err   error
	at    time.Time
}

func (t *tokens) authorize(r *http.Request) error {
	token, err := t.get(r.Context())
	if err != nil {
		return err
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return nil
}

func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asked {
		return t.token, t.err
	}
	token, err := t.s.readToken(ctx)
	if err != nil && ctx.Err() != nil {
		return "", err
	}
	t.asked, t.token, t.err, t.at = true, token, err, time.Now()
	return token, err
}

// refused makes the next request look for a newer token.
func (t *tokens) refused() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.at) > tokenAgain {
		t.asked = false
	}
}

// watchful sees when the server refuses the token.
type watchful struct {
	next   http.RoundTripper
	tokens *tokens
}

// RoundTrip sends r.
func (w watchful) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		w.tokens.refused()
	}
	return resp, err
}

func (s *server) readToken(ctx context.Context) (string, error) {
	c := s.conf
	switch {
	case c.TokenEnv != "":
		return printable(s.getenv(c.TokenEnv)), nil
	case c.TokenFile != "":
		raw, err := rest.ReadSecretFile(s.path(c.TokenFile))
		return printable(raw), err
	case len(c.TokenCommand) > 0:
		return s.run(ctx, c.TokenCommand)
	case s.token != "":
		return printable(s.token), nil
	case s.context != "":
		cli, err := readCLI(s.cliFile)
		if err != nil || cli == nil {
			return "", err
		}
		_, token, _, _ := cli.context(s.context)
		return printable(token), nil
	}
	return printable(s.getenv("ARGOCD_AUTH_TOKEN")), nil
}

// printable refuses what cannot be a token, so that it does not end in a header.
func printable(s string) string {
	s = strings.TrimSpace(s)
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return s
}

// run asks a program for the token. What it prints goes nowhere else.
func (s *server) run(ctx context.Context, command []string) (string, error) {
	fail := func(why string, cause error) error {
		return &core.Problem{Kind: core.Unauthorized, Summary: text.Sprintf("%s %s for Argo CD at %s", filepath.Base(command[0]), why, s.scope), Hint: text.Lit("check token_command"), Cause: cause}
	}
	path, err := process.Look(command[0], s.getenv)
	if err != nil {
		return "", fail("is not there to give a token", err)
	}
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	var out capped
	if _, err := process.Run(ctx, process.Spec{Path: path, Args: command[1:], Stdout: &out, Grace: time.Second}); err != nil {
		return "", fail("gave no token", fmt.Errorf("%s failed", filepath.Base(path))) // its words may have the token in them
	}
	token := printable(out.String())
	if token == "" {
		return "", fail("printed no token", nil)
	}
	return token, nil
}

// capped keeps the beginning of what is written to it.
type capped struct{ bytes.Buffer }

// Write keeps at most maxToken bytes, and takes all.
func (c *capped) Write(p []byte) (int, error) {
	_, _ = c.Buffer.Write(p[:min(len(p), maxToken-min(c.Len(), maxToken))])
	return len(p), nil
}

// expiry is when a token ends by itself; zero: it does not say, or never.
func expiry(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Expires float64 `json:"exp"`
	}
	if json.Unmarshal(b, &claims) != nil || claims.Expires <= 0 || claims.Expires > 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(claims.Expires), 0)
}
