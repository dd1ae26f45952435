package docker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Copier = (*Source)(nil)

// copyForm asks for both ends.
func (s *Source) copyForm() core.Form {
	return core.Form{
		Note: text.Lit("the end inside the container begins with a colon"),
		Fields: []core.Field{
			{Name: "from", Title: text.Lit("from"), Type: core.FieldFile, Required: true, Help: text.Lit(":/var/log/app.log, or a file or folder here")},
			{Name: "to", Title: text.Lit("to"), Type: core.FieldFile, Required: true, Value: ".", Help: text.Lit("a folder here, or :/tmp/")},
		},
	}
}

// PlanCopy implements sources.Copier for containers, running or not.
func (s *Source) PlanCopy(ctx context.Context, ref core.Ref, what core.Copy) (*core.Operation, error) {
	if ref.Kind != kindContainer {
		return nil, unsupported(ref.Kind, "files")
	}
	c, err := s.resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	from, out := inside(what.From)
	to, in := inside(what.To)
	switch {
	case out == in:
		return nil, &core.Problem{
			Kind: core.Invalid, Summary: text.Lit("exactly one end of a copy is in the container"),
			Hint: text.Lit("it begins with a colon: from=:/etc/hosts to=."),
		}
	case out:
		return s.planCopyOut(ctx, &c, from, what.To)
	}
	return s.planCopyIn(ctx, &c, what.From, to)
}

// inside splits ":/path" and "container:/path".
func inside(raw string) (name string, ok bool) {
	before, name, ok := strings.Cut(raw, ":")
	if !ok || strings.ContainsAny(before, `/\`) {
		return "", false
	}
	return name, true
}

// pathStat is a place in a container, with links followed.
type pathStat struct {
	container.PathStat
	path     string
	followed bool
}

// statInside looks at a path in a container; nil: there is nothing. API:
// ContainerArchiveInfo.
func (s *Source) statInside(ctx context.Context, id, name string) (*pathStat, error) {
	api, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	x := &pathStat{path: name}
	for range 2 {
		r, err := api.ContainerStatPath(ctx, id, client.ContainerStatPathOptions{Path: x.path})
		switch {
		case errdefs.IsNotFound(err):
			return nil, nil //nolint:nilnil // nothing is there, and that is no error
		case err != nil:
			return nil, fmt.Errorf("look at %s: %w", name, err)
		}
		x.PathStat = r.Stat
		if r.Stat.Mode&fs.ModeSymlink == 0 || r.Stat.LinkTarget == "" {
			break
		}
		x.path, x.followed = r.Stat.LinkTarget, true
	}
	return x, nil
}

// insidePath checks a path in a container.
func insidePath(raw string) (string, error) {
	if !path.IsAbs(raw) {
		return "", &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s is no path from the root", raw), Hint: text.Lit("begin it with a slash: ':/etc/hosts'")}
	}
	if strings.ContainsRune(raw, 0) {
		return "", &core.Problem{Kind: core.Invalid, Summary: text.Lit("a path holds no NUL")}
	}
	return raw, nil
}

// localProblem makes a problem of an error of this machine's files.
func localProblem(err error) error {
	var p *core.Problem
	if err == nil || errors.As(err, &p) {
		return err
	}
	p = &core.Problem{Kind: core.Invalid, Summary: text.Error(err), Cause: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.Kind = core.NotFound
	case errors.Is(err, fs.ErrPermission):
		p.Kind = core.Forbidden
	}
	return p
}
