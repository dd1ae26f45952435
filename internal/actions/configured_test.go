package actions_test

import (
	"testing"

	"devops-tui/internal/actions"
	"devops-tui/internal/config"
	"devops-tui/internal/core"
)

func TestPoliciesOfTheConfiguration(t *testing.T) {
	c := &config.Config{Environments: []config.EnvironmentRule{{
		Name: "pay", Match: config.Match{Namespace: []string{"pay*"}}, Color: "orange", MaxBulk: 3, ReadOnly: true,
		Policy: config.Policies{Default: config.Free, Verbs: map[string]config.Policy{"delete": config.Deny}, Danger: map[int]config.Policy{1: config.Name}},
	}}}
	p := actions.FromConfig(c)
	for _, x := range []struct {
		scope, namespace, verb string
		danger                 int
		want                   actions.Level
	}{
		{"eu", "payments", "delete", 2, actions.Deny},
		{"eu", "payments", "restart", 1, actions.Name},
		{"eu", "payments", "scale", 0, actions.Free},
		{"kind-dev", "x", "restart", 1, actions.Confirm},
		{"eu-prod", "x", "restart", 1, actions.Name},
		{"eu", "x", "restart", 1, actions.Confirm},
	} {
		got := p.Policy(core.Ref{Source: "kube", Scope: x.scope, Kind: "deployment", Namespace: x.namespace, Name: "api"}, x.verb, x.danger)
		if got.Level != x.want {
			t.Errorf("%+v: got %s", x, got.Level)
		}
		if mine := x.namespace == "payments"; got.ReadOnly != mine || mine && (got.MaxBulk != 3 || got.Color != "orange" || got.Environment.String() != "pay") {
			t.Errorf("%+v: %+v", x, got)
		}
	}
}
