package credential

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/process"
	"devops-tui/internal/text"
)

const (
	// commandLimit is how long a command may take.
	commandLimit = 15 * time.Second
	// maxToken bounds a token, in bytes.
	maxToken = 16 << 10
)

// run asks a program for the token. It has no terminal to ask its user on.
func run(ctx context.Context, getenv func(string) string, argv []string) (string, error) {
	name := filepath.Base(argv[0])
	fail := func(why, hint text.Safe, cause error) error {
		return &core.Problem{Kind: core.Unauthorized, Summary: text.Sprintf("%s %s", name, why), Hint: hint, Cause: cause}
	}
	byHand := text.Lit("check token_command: run it by hand; it must print the token and ask nothing")
	path, err := process.Look(argv[0], getenv)
	if err != nil {
		return "", fail(text.Lit("is not there to give a token"), text.Lit("check token_command and PATH"), err)
	}
	timed, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	var out capped
	if _, err := process.Run(timed, process.Spec{Path: path, Args: argv[1:], Stdout: &out, Grace: time.Second}); err != nil {
		// Its words may have the token in them: they are not repeated.
		var ended *process.Error
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case timed.Err() != nil:
			return "", fail(text.Sprintf("gave no token within %s", commandLimit), byHand, nil)
		case errors.As(err, &ended) && ended.Exit > 0:
			return "", fail(text.Sprintf("gave no token: exit code %d", ended.Exit), byHand, nil)
		}
		return "", fail(text.Lit("gave no token"), byHand, fmt.Errorf("%s failed", name))
	}
	if len(bytes.TrimSpace(out.Bytes())) == 0 {
		return "", fail(text.Lit("printed no token"), byHand, nil)
	}
	return out.String(), nil
}

// capped keeps the beginning of what is written to it: so much that it is seen
// to be more than a token.
type capped struct{ bytes.Buffer }

// Write keeps a little more than maxToken bytes, and takes all.
func (c *capped) Write(p []byte) (int, error) {
	_, _ = c.Buffer.Write(p[:min(len(p), max(0, maxToken+2-c.Len()))])
	return len(p), nil
}
