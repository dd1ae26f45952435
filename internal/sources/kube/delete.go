package kube

import (
	"context"

	"devops-tui/internal/core"
)

func (s *Source) deleteForm(ctx context.Context, k *kind, ref core.Ref) (core.Form, error) {
	return core.Form{Fields: []core.Field{graceField()}}, nil
}
