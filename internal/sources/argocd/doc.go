// Package argocd watches Argo CD through its API server: applications with
// their trees, differences, histories and logs, and syncs, rollbacks and
// terminations. Where there is no API server to talk to, the kube source reads the
// same applications from the cluster.
//
// The API: https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/,
// as the swagger.json of release 3.2 has it. The rows come from one list and
// a stream of changes; since the server leaves out events for a client that is
// slow, and those between the list and the begin of the stream, the list is read
// again from time to time.
package argocd

import (
	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// ID is the source id.
const ID = "argocd"

const product = "Argo CD"

var (
	_ sources.Source     = (*Source)(nil)
	_ sources.Getter     = (*Source)(nil)
	_ sources.Tailer     = (*Source)(nil)
	_ sources.Describer  = (*Source)(nil)
	_ sources.Manifester = (*Source)(nil)
	_ sources.Eventer    = (*Source)(nil)
	_ sources.Outliner   = (*Source)(nil)
	_ sources.Explainer  = (*Source)(nil)
	_ sources.Historian  = (*Source)(nil)
	_ sources.Differ     = (*Source)(nil)
	_ sources.Permitter  = (*Source)(nil)
	_ sources.Former     = (*Source)(nil)
	_ sources.Deployer   = (*Source)(nil)
	_ sources.Roller     = (*Source)(nil)
	_ sources.Canceller  = (*Source)(nil)
	_ sources.Rerunner   = (*Source)(nil)
	_ sources.Diagnoser  = (*Source)(nil)
)

func kinds() []core.Kind {
	return []core.Kind{{
		Name: argo.KindApplication, Plural: "applications", Aliases: []string{"app", "apps"}, Title: text.Lit("Applications"), Namespaced: true,
		Columns: argo.ApplicationColumns(), Verbs: []string{core.VerbDeploy, core.VerbRollback, core.VerbCancel, core.VerbRerun},
		Logs: true, Polled: true, Outline: true, Explains: true, History: true, Diff: true, Rank: 26,
	}}
}
