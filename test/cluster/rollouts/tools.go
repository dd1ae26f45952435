//go:build tools

// Package rollouts pins Argo Rollouts' controller, which tests build and run as
// it is, and its command line, with which they check that ours says the same.
package rollouts

import (
	_ "github.com/argoproj/argo-rollouts/cmd/kubectl-argo-rollouts"
	_ "github.com/argoproj/argo-rollouts/cmd/rollouts-controller"
)
