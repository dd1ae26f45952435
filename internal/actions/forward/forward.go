// Package forward is the verb port-forward: a local port that leads to an
// object's.
package forward

import (
	"context"
	"net"
	"strconv"
	"strings"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const port = "port"

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{
		ID: core.VerbForward, Key: "f", Title: text.Lit("port-forward"),
		Params: []actions.Param{{Name: port, Title: text.Lit("port"), Required: true}},
	}, plan)
}

func plan(ctx context.Context, src sources.Forwarder, ref core.Ref, p actions.Params) (*core.Operation, error) {
	what, no := parse(p[port])
	if no != nil {
		return nil, no
	}
	return src.PlanForward(ctx, ref, what)
}

// parse reads "[local:]remote"; local may be a port, host:port or
// [host]:port, remote a port or its name. Without local any free port of the
// loopback is taken.
func parse(s string) (core.Forward, *core.Problem) {
	bad := func(why text.Safe) (core.Forward, *core.Problem) {
		return core.Forward{}, actions.Invalid(text.Lit("[local:]remote, as in 8080, 8080:http or 127.0.0.1:8080:80"), text.Sprintf("%q is no port to forward: %s", s, why))
	}
	local, remote := "", s
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		local, remote = s[:i], s[i+1:]
	}
	if remote == "" {
		return bad(text.Lit("the remote port is missing"))
	}
	if n, err := strconv.Atoi(remote); err == nil && (n < 1 || n > 65535) {
		return bad(text.Lit("a port is from 1 to 65535"))
	}
	if strings.ContainsAny(remote, " /\\\t\n") {
		return bad(text.Lit("a port's name has no such characters"))
	}
	number := local
	if strings.Contains(local, ":") {
		host, p, err := net.SplitHostPort(local)
		if err != nil {
			return bad(text.Error(err))
		}
		if host == "" {
			return bad(text.Lit("give the address to listen at, or leave out its colon"))
		}
		number = p
	}
	if number != "" {
		if n, err := strconv.Atoi(number); err != nil || n < 0 || n > 65535 {
			return bad(text.Lit("a local port is a number from 0 to 65535"))
		}
	}
	return core.Forward{Local: local, Remote: remote}, nil
}
