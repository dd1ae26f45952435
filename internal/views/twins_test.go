package views_test

import (
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/viewstest"
)

// An application that a cluster and Argo CD's server both show is one row and
// one problem; in the cluster's scope it is the cluster's.
func TestTwinsAreListedOnce(t *testing.T) {
	viewstest.Bubble(t, func(t *testing.T) {
		s := viewstest.Open(t, viewstest.Empty())
		for _, i := range []core.Instance{{Source: "kube", Scope: "harbour"}, {Source: "argocd", Scope: "cd"}} {
			kind := core.Kind{Name: "application", Plural: "applications", Title: text.Lit("Applications"), Columns: []core.Column{{ID: "name", Title: text.Lit("NAME"), Type: core.Name}}}
			if i.Source == "kube" {
				kind.Yields = "argocd"
			}
			ref := core.Ref{Source: i.Source, Scope: i.Scope, Kind: "application", Namespace: "argocd", Name: "ferry", UID: "7"}
			s.World.Connect(i, []core.Kind{kind})
			s.World.List(i, "application", []core.Change{{Op: core.Upsert, Ref: ref, Resource: &core.Resource{
				Ref: ref, Phase: core.Failed, Reason: text.Lit("Degraded"), Cells: []core.Cell{{Text: text.Clean("ferry-at-" + i.Scope)}},
			}}})
		}
		s.Settle()
		s.Type("2")
		s.Shows("ferry-at-cd", "1✗")
		s.Hides("ferry-at-harbour", "more problem")
		s.Type(";")
		s.Write("harbour")
		s.Type("enter")
		s.Shows("ferry-at-harbour", "1✗", "argocd/ferry Degraded")
		s.Hides("ferry-at-cd")
	})
}
