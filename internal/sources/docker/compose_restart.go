package docker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"devops-tui/internal/core"
)

// composeRestart has a project restarted by its own Compose where that and the
// files are here; else v sends each container's request itself.
func (s *Source) composeRestart(ctx context.Context, ref core.Ref, v *lifeChange) error {
	list, err := s.members(ctx, ref.Name)
	if err != nil {
		return err
	}
	files, err := projectFiles(ref.Name, list)
	if err != nil || s.composeReach() != nil {
		return nil //nolint:nilerr // the other way is as good
	}
	c, err := s.composer(ctx)
	if err != nil {
		return nil //nolint:nilerr // as above
	}
	v.line = s.composeCommand(c, ref.Name, files, "restart")
	v.program = func(ctx context.Context, out core.Output) error {
		_, err := s.runCompose(ctx, c, ref.Name, files, out, "restart")
		return err
	}
	return nil
}

// byProgram carries a change of all of a project out by one program. What a
// program that failed has done is read back.
func (s *Source) byProgram(ctx context.Context, v *lifeChange, all []*life, out core.Output) error {
	began := time.Now()
	err := v.program(ctx, out)
	if errors.Is(err, core.ErrReadOnly) {
		return err
	}
	for _, m := range all {
		m.sent = began
	}
	if err != nil && !errors.Is(err, core.ErrOutcomeUnknown) {
		return fmt.Errorf("%w: %w", core.ErrOutcomeUnknown, err)
	}
	return err
}
