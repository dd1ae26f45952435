package credential

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// How soon a place is looked at once more, after the server has refused the
// token for a second time. A command may ask its user something.
const (
	fileAgain    = 10 * time.Second
	commandAgain = time.Minute
)

// Origin is a place that a token comes from. The zero Origin is none.
type Origin struct {
	Where text.Safe // for people: "SIM_TOKEN", "the command pass"
	// Password says that it need not look like a token: there may be spaces in it.
	Password bool

	read  func(context.Context) (string, error)
	look  func() *core.Problem // nil: reading it tells
	none  func() bool          // nil: it may be there
	again time.Duration        // 0: it cannot change while the program runs
}

// None reports whether there is certainly no token, without reading a file or
// running a program.
func (o Origin) None() bool { return o.read == nil || o.none != nil && o.none() }

// Look says why the place that was named cannot be used, with the step that
// repairs it; nil where it can, as far as that is known without running anything.
func (o Origin) Look() *core.Problem {
	if o.look == nil {
		return nil
	}
	return o.look()
}

// Env is a variable of the environment.
func Env(getenv func(string) string, name string) Origin {
	value := func() string { return strings.TrimSpace(getenv(name)) }
	return Origin{
		Where: text.Clean(name),
		read:  func(context.Context) (string, error) { return value(), nil },
		none:  func() bool { return value() == "" },
		look: func() *core.Problem {
			if value() != "" {
				return nil
			}
			return &core.Problem{Kind: core.Unauthorized, Summary: text.Sprintf("token_env names %s, which is not set", name), Hint: text.Sprintf("export %s=…", name)}
		},
	}
}

// File is a file with nothing but the token in it.
func File(path string) Origin {
	read := func() (string, error) {
		token, err := ReadFile(path)
		if p := (*core.Problem)(nil); err == nil || errors.As(err, &p) {
			return token, err
		}
		return "", &core.Problem{Kind: core.Unauthorized, Summary: text.Sprintf("token_file: %s", text.Error(err)), Hint: text.Lit("check the path"), Cause: err}
	}
	return Origin{
		Where: text.Clean(path), again: fileAgain,
		read: func(context.Context) (string, error) {
			token, err := read()
			if err == nil && token == "" {
				err = &core.Problem{Kind: core.Unauthorized, Summary: text.Sprintf("token_file: %s is empty", path), Hint: text.Lit("write the token into it")}
			}
			return token, err
		},
		look: func() *core.Problem {
			_, err := read()
			var p *core.Problem
			_ = errors.As(err, &p) // every error of read is one
			return p
		},
	}
}

// Command is a program that prints the token. What it prints, and what it was
// given, appear nowhere else.
func Command(getenv func(string) string, argv ...string) Origin {
	return Origin{
		Where: text.Sprintf("the command %s", filepath.Base(argv[0])), again: commandAgain,
		read: func(ctx context.Context) (string, error) { return run(ctx, getenv, argv) },
	}
}

// Value is a token that was found already.
func Value(where text.Safe, token string) Origin {
	return Origin{
		Where: where,
		read:  func(context.Context) (string, error) { return token, nil },
		none:  func() bool { return strings.TrimSpace(token) == "" },
	}
}

// Reading is a place that read knows: another tool's file, which that tool
// writes anew. No token is no error.
func Reading(where text.Safe, read func(context.Context) (string, error)) Origin {
	return Origin{Where: where, read: read, again: fileAgain}
}

// Hinted is o with another step for the user where it gives no token.
func (o Origin) Hinted(hint text.Safe) Origin {
	read := o.read
	o.read = func(ctx context.Context) (string, error) {
		token, err := read(ctx)
		var p *core.Problem
		if errors.As(err, &p) {
			other := *p
			other.Hint = hint
			err = &other
		}
		return token, err
	}
	return o
}

// take reads the token and refuses what cannot be one, so that it does not end
// in a header.
func (o Origin) take(ctx context.Context) (string, error) {
	token, err := o.read(ctx)
	if err != nil {
		return "", err
	}
	token = strings.TrimSpace(token)
	unfit := func(r rune) bool { return r <= ' ' || r > '~' }
	if o.Password {
		unfit = func(r rune) bool { return r < ' ' || r == 0x7f }
	}
	if len(token) > maxToken || strings.ContainsFunc(token, unfit) {
		return "", &core.Problem{Kind: core.Unauthorized, Summary: text.Sprintf("%s gives something that is no token", o.Where), Hint: text.Lit("one line is expected, with nothing but the token")}
	}
	return token, nil
}
