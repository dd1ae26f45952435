// Package transfer is the verb copy: a file or folder between this machine
// and a container.
package transfer

import (
	"context"
	"os"
	"strings"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const (
	from      = "from"
	to        = "to"
	container = "container"
)

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{
		ID: core.VerbCopy, Title: text.Lit("copy"),
		Params: []actions.Param{
			{Name: from, Title: text.Lit("from (: inside)"), Required: true, Type: core.FieldFile},
			{Name: to, Title: text.Lit("to (: inside)"), Required: true, Type: core.FieldFile},
			{Name: container, Title: text.Lit("container")},
		},
	}, plan)
}

func plan(ctx context.Context, src sources.Copier, ref core.Ref, p actions.Params) (*core.Operation, error) {
	what, no := parse(p[from], p[to], p[container])
	if no != nil {
		return nil, no
	}
	return src.PlanCopy(ctx, ref, what)
}

// parse checks that exactly one end is inside: ":/path", or "container:/path"
// where a container is named.
func parse(from, to, container string) (core.Copy, *core.Problem) {
	fromName, fromPath, fromInside := inside(from)
	toName, toPath, toInside := inside(to)
	hint := text.Lit("inside begins with a colon: --set from=:/var/log/app.log --set to=.")
	switch {
	case fromInside == toInside:
		which := text.Lit("neither end of the copy is inside")
		if fromInside {
			which = text.Lit("both ends of the copy are inside")
		}
		return core.Copy{}, actions.Invalid(hint, which)
	case fromInside && fromPath == "" || toInside && toPath == "":
		return core.Copy{}, actions.Invalid(hint, text.Lit("the path inside is missing"))
	}
	name := fromName + toName
	if name != "" && container != "" && name != container {
		return core.Copy{}, actions.Invalid(text.Lit("give the container once"), text.Sprintf("the path is in container %s, and container says %s", name, container))
	}
	if name == "" {
		name = container
	}
	if fromInside {
		return core.Copy{From: name + ":" + fromPath, To: to}, nil
	}
	if _, err := os.Stat(from); err != nil {
		return core.Copy{}, &core.Problem{Kind: core.Invalid, Summary: text.Error(err), Cause: err, Hint: hint}
	}
	return core.Copy{From: from, To: name + ":" + toPath}, nil
}

// inside splits "container:/path". A path of this machine with a colon in it
// is told by its slash before the colon.
func inside(s string) (container, path string, ok bool) {
	name, path, ok := strings.Cut(s, ":")
	if !ok || strings.ContainsAny(name, `/\`) {
		return "", "", false
	}
	return name, path, true
}
