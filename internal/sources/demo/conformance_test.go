package demo

import (
	"testing"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
)

func TestConformance(t *testing.T) {
	for _, c := range []struct{ scope, existing, namespace, name, other, restart string }{
		{Prod, "deployment", "payments", "billing", "pod", "billing"},
		{Staging, "deployment", "shop", "web", "event", "web"},
		{Laptop, "container", "", "shop-api-1", "image", "shop-postgres-1"},
	} {
		t.Run(c.scope, func(t *testing.T) {
			ref := core.Ref{Source: ID, Scope: c.scope, Kind: c.existing, Namespace: c.namespace, Name: c.name}
			missing, target := ref, ref
			missing.Name, target.Name = "nobody", c.restart
			sourcetest.Run(t, sourcetest.Harness{
				New: func(_ *testing.T, gate *sources.Gate) sources.Source {
					// Ten times the pace of life: rollouts take seconds. With this
					// seed no pipeline deploys what the suite restarts for the
					// first seven minutes of the story.
					return New(Options{Seed: 7, Speed: 10, Gate: gate}).Instance(c.scope)
				},
				Existing:    func(*testing.T) core.Ref { return ref },
				LogRef:      func(*testing.T) core.Ref { return ref },
				Missing:     missing,
				Restartable: func(*testing.T) core.Ref { return target },
				OtherKind:   c.other,
			})
		})
	}
}
