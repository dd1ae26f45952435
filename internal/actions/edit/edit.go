// Package edit is the verb that changes an object's definition: as the user
// left it in an editor, or as it stands in a file.
package edit

import (
	"context"
	"fmt"
	"io"
	"os"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// The parameters: a file, or both texts of an editor.
const (
	file   = "file"
	before = "before"
	after  = "after"
)

// most is the bytes of a definition that are read from a file.
const most = 4 << 20

// Verb is the registration.
func Verb() actions.Verb {
	return actions.Of(actions.Verb{
		ID: core.VerbEdit, Key: "E", Title: text.Lit("edit"), Danger: 1,
		Params: []actions.Param{
			{Name: file, Title: text.Lit("edited definition"), Type: core.FieldFile},
			{Name: before, Title: text.Lit("as it was opened"), Private: true},
			{Name: after, Title: text.Lit("as it was saved"), Private: true},
		},
	}, plan)
}

func plan(ctx context.Context, src sources.Editor, ref core.Ref, p actions.Params) (*core.Operation, error) {
	was, will := []byte(p[before]), []byte(p[after])
	switch {
	case p[file] != "" && (len(was) > 0 || len(will) > 0):
		return nil, actions.Invalid(text.Lit("--set file=…"), text.Lit("edit takes a file or what an editor left, not both"))
	case p[file] != "":
		var err error
		if will, err = read(p[file]); err != nil {
			return nil, &core.Problem{Kind: core.Invalid, Summary: text.Error(err), Cause: err}
		}
		if was, err = src.Definition(ctx, ref); err != nil {
			return nil, err
		}
	case len(was) == 0 || len(will) == 0:
		return nil, actions.Invalid(text.Lit("--set file=…"), text.Lit("edit needs the edited definition"))
	}
	return src.PlanEdit(ctx, ref, was, will)
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the edited definition: %w", err)
	}
	defer f.Close()
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("read the edited definition: %s is no regular file", path)
	}
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the edited definition: %w", err)
	case len(b) > most:
		return nil, fmt.Errorf("read the edited definition: %s is longer than %d bytes", path, most)
	case len(b) == 0:
		return nil, fmt.Errorf("read the edited definition: %s is empty", path)
	}
	return b, nil
}
