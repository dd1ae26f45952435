package gitlab

import (
	"bytes"
	"context"
	"errors"
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

// secret is where a token comes from, and the token once it is known. It is
// kept in memory only.
type secret struct {
	value   string
	oauth   bool     // a bearer
	file    string   // read when it is needed
	command []string // run when it is needed
	origin  text.Safe
}

// none reports whether no token was found.
func (t *secret) none() bool { return t.value == "" && t.file == "" && len(t.command) == 0 }

// commandLimit is how long a program that prints a token may take.
const commandLimit = 30 * time.Second

// keyring reads the token once, and again after it was refused.
type keyring struct {
	mu     sync.Mutex
	from   secret
	getenv func(string) string
	known  string
}

// authorize is rest.Options.Authorize. docs.gitlab.com/api/rest/authentication
func (k *keyring) authorize(r *http.Request) error {
	token, err := k.token(r.Context())
	if err != nil {
		return err
	}
	if k.from.oauth {
		r.Header.Set("Authorization", "Bearer "+token)
	} else {
		r.Header.Set("PRIVATE-TOKEN", token)
	}
	return nil
}

func (k *keyring) token(ctx context.Context) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known != "" {
		return k.known, nil
	}
	var err error
	switch {
	case k.from.value != "":
		k.known = k.from.value
	case k.from.file != "":
		k.known, err = rest.ReadSecretFile(k.from.file)
	case len(k.from.command) > 0:
		k.known, err = k.run(ctx)
	default:
		return "", noToken(text.Lit("GitLab"), k.from.origin)
	}
	if err == nil && (k.known == "" || strings.ContainsAny(k.known, " \t\r\n\x00")) {
		k.known, err = "", errors.New("what is there is no token")
	}
	if err != nil {
		return "", &core.Problem{Kind: core.Unauthorized, Cause: err, Summary: text.Sprintf("no token from %s: %s", k.from.origin, err.Error())}
	}
	return k.known, nil
}

// forget lets the token be read again: it was refused.
func (k *keyring) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.from.value == "" {
		k.known = ""
	}
}

func (k *keyring) run(ctx context.Context) (string, error) {
	path, err := process.Look(k.from.command[0], k.getenv)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	var out bytes.Buffer
	if _, err := process.Run(ctx, process.Spec{Path: path, Args: k.from.command[1:], Stdout: &limited{&out}}); err != nil {
		var failed *process.Error
		if errors.As(err, &failed) { // what it said may be about the token
			return "", errors.New(filepath.Base(path) + " failed: run it in a shell to see why")
		}
		return "", err
	}
	return strings.TrimSpace(out.String()), nil
}

// limited keeps the beginning of what a program prints.
type limited struct{ b *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	l.b.Write(p[:min(len(p), max(0, 64<<10-l.b.Len()))])
	return len(p), nil
}

// noToken is the problem of a server without a token; variable is that of the
// environment in which it was looked for, if one was named.
func noToken(host, variable text.Safe) *core.Problem {
	p := &core.Problem{Kind: core.Unauthorized, Summary: text.Sprintf("no token for %s", host)}
	switch {
	case !variable.Empty():
		p.Hint = text.Sprintf("set %s: a personal access token with scope api (or read_api to look only)", variable)
	case host.String() == "gitlab.com":
		p.Hint = text.Lit("set GITLAB_TOKEN, or run glab auth login, or name a token_command in sources.gitlab.hosts")
	default:
		p.Hint = text.Sprintf("set GITLAB_TOKEN and GITLAB_HOST=%s, or run glab auth login --hostname %s, or name a token_command in sources.gitlab.hosts", host, host)
	}
	return p
}
