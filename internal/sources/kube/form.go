package kube

import (
	"context"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

var _ sources.Former = (*Source)(nil)

// forms are what the verbs ask, each in the file of its verb. A verb that is
// not here asks nothing.
var forms = map[string]func(s *Source, ctx context.Context, k *kind, ref core.Ref) (core.Form, error){
	core.VerbDelete:   (*Source).deleteForm,
	core.VerbDrain:    (*Source).drainForm,
	core.VerbRollback: (*Source).rollbackForm,
	core.VerbDeploy:   (*Source).deployForm,
	core.VerbScale:    (*Source).scaleForm,
	core.VerbShell:    (*Source).shellForm,
	core.VerbForward:  (*Source).forwardForm,
	core.VerbCopy:     (*Source).copyForm,
	core.VerbApprove:  (*Source).approveForm,
}

// Form tells what a verb asks before it is planned for ref.
func (s *Source) Form(ctx context.Context, verb string, ref core.Ref) (core.Form, error) {
	ask, ok := forms[verb]
	if !ok {
		return core.Form{}, nil
	}
	k, err := s.kindOf(ctx, ref.Kind)
	if err != nil {
		return core.Form{}, err
	}
	return ask(s, ctx, k, ref)
}
