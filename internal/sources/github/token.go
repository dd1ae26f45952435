package github

import (
	"bytes"
	"context"
	"errors"
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
	// commandLimit is how long a command that prints a token may take.
	commandLimit = 15 * time.Second
	// commandAgain is how soon a command is asked again after its token was refused.
	commandAgain = time.Minute
	maxToken     = 16 << 10
)

// envNames are the variables that hold a host's token, as gh reads them.
func envNames(name string) []string {
	if isCloud(name) {
		return []string{"GH_TOKEN", "GITHUB_TOKEN"}
	}
	return []string{"GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"}
}

// tokenPlace says where the token comes from, without asking for it; ok is
// false when there is none, and fix is the step that gives one.
func (h *host) tokenPlace() (where text.Safe, ok bool, fix text.Safe) {
	c := h.conf
	login := text.Sprintf("gh auth login --hostname %s", h.name)
	switch {
	case c.TokenEnv != "":
		if h.getenv(c.TokenEnv) == "" {
			return text.Sprintf("token_env names %s, which is not set", c.TokenEnv), false, text.Sprintf("export %s=…", c.TokenEnv)
		}
		return text.Sprintf("token from %s", c.TokenEnv), true, text.Safe{}
	case c.TokenFile != "":
		if _, err := rest.ReadSecretFile(h.path(c.TokenFile)); err != nil {
			var p *core.Problem
			if errors.As(err, &p) {
				return p.Summary, false, p.Hint
			}
			return text.Sprintf("token_file: %s", err.Error()), false, text.Lit("check the path")
		}
		return text.Sprintf("token from %s", c.TokenFile), true, text.Safe{}
	case len(c.TokenCommand) > 0:
		return text.Sprintf("token from the command %s", filepath.Base(c.TokenCommand[0])), true, text.Safe{}
	}
	for _, n := range envNames(h.name) {
		if h.getenv(n) != "" {
			return text.Sprintf("token from %s", n), true, text.Safe{}
		}
	}
	switch {
	case h.login.token != "":
		return text.Lit("token from gh's hosts.yml"), true, text.Safe{}
	case h.problem != nil:
		return text.Lit("no token: gh's configuration is not used"), false, h.problem.Hint
	case h.login.known && h.gh != "":
		return text.Lit("token from gh auth token, asked at the first request"), true, text.Safe{}
	case h.gh == "":
		login = text.Sprintf("export %s=…, or install gh and run: gh auth login --hostname %s", envNames(h.name)[0], h.name)
	}
	return text.Lit("no token: only public repositories, 60 requests an hour, no logs and no changes"), false, login
}

// path is a path of the configuration: relative ones are below the home folder.
func (h *host) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(h.home, strings.TrimPrefix(p, "~/"))
}

// tokens gives out the token of a host; it asks for it once, at the first
// request.
type tokens struct {
	h  *host
	mu sync.Mutex

	asked   bool
	token   string
	err     error
	command bool // it came from a program, which may have a newer one by now
	at      time.Time
}

// authorize adds the token, if there is one, to a request.
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
	token, command, err := t.h.token(ctx)
	if err != nil && ctx.Err() != nil {
		return "", err // whoever asked has gone: the next one asks again
	}
	t.asked, t.token, t.command, t.err, t.at = true, token, command, err, time.Now()
	return token, err
}

// known is the token as far as it was asked for: none says that there is none
// for certain.
func (t *tokens) none() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asked {
		return t.err == nil && t.token == ""
	}
	_, ok, _ := t.h.tokenPlace()
	return !ok
}

// refused forgets a token that was answered 401, where its place may have a newer one.
func (t *tokens) refused() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asked && time.Since(t.at) > commandAgain && (t.command || t.h.conf.TokenFile != "") {
		t.asked = false
	}
}

// token reads the token: what the configuration names, else the environment,
// else gh.
func (h *host) token(ctx context.Context) (token string, command bool, err error) {
	c := h.conf
	switch {
	case c.TokenEnv != "":
		return clean(h.getenv(c.TokenEnv)), false, nil
	case c.TokenFile != "":
		raw, err := rest.ReadSecretFile(h.path(c.TokenFile))
		return clean(raw), false, err
	case len(c.TokenCommand) > 0:
		token, err := h.run(ctx, c.TokenCommand[0], c.TokenCommand[1:])
		return token, true, err
	}
	for _, n := range envNames(h.name) {
		if v := clean(h.getenv(n)); v != "" {
			return v, false, nil
		}
	}
	if h.login.token != "" {
		return clean(h.login.token), false, nil
	}
	if h.login.known && h.gh != "" && h.problem == nil {
		token, err := h.run(ctx, h.gh, []string{"auth", "token", "--hostname", h.name})
		return token, true, err
	}
	return "", false, nil
}

// clean refuses what cannot be a token, so that it does not end in a header.
func clean(s string) string {
	s = strings.TrimSpace(s)
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return s
}

// run asks a program for the token. What it prints goes nowhere else.
func (h *host) run(ctx context.Context, name string, args []string) (string, error) {
	path, err := process.Look(name, h.getenv)
	if err != nil {
		return "", &core.Problem{Kind: core.Unauthorized, Summary: text.Sprintf("the command for the token: %s", err.Error()), Hint: text.Lit("check token_command and PATH"), Cause: err}
	}
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	var out capped
	if _, err := process.Run(ctx, process.Spec{Path: path, Args: args, Stdout: &out, Grace: time.Second}); err != nil {
		// Its words may have the token in them: they are not repeated.
		return "", &core.Problem{
			Kind: core.Unauthorized, Summary: text.Sprintf("%s gave no token for %s", filepath.Base(path), h.name),
			Hint: text.Sprintf("gh auth login --hostname %s, or set %s", h.name, envNames(h.name)[0]), Cause: fmt.Errorf("%s failed", filepath.Base(path)),
		}
	}
	token := clean(out.String())
	if token == "" {
		return "", &core.Problem{
			Kind: core.Unauthorized, Summary: text.Sprintf("%s printed no token for %s", filepath.Base(path), h.name),
			Hint: text.Sprintf("gh auth login --hostname %s, or set %s", h.name, envNames(h.name)[0]),
		}
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
