package demo

import (
	"context"

	"devops-tui/internal/core"
)

// PlanCopy says why it cannot: a world without files has none to copy.
func (s *Source) PlanCopy(ctx context.Context, ref core.Ref, _ core.Copy) (*core.Operation, error) {
	_, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	done()
	return nil, problemf(core.Unsupported, "the demo world has no files to copy; a real pod or container has")
}
