package config

import (
	"strings"
	"testing"

	"devops-tui/internal/core"
)

func TestEnvironmentRules(t *testing.T) {
	c, _ := Parse([]byte(full))
	for _, x := range []struct {
		ref      core.Ref
		name     string
		readOnly bool
	}{
		{core.Ref{Source: "kube", Scope: "prod-eu", Namespace: "payments"}, "live", true},
		{core.Ref{Source: "kube", Scope: "eu-live", Kind: "namespace", Name: "payments"}, "live", true},
		{core.Ref{Source: "kube", Scope: "prod-eu", Namespace: "billing"}, "prod", true},
		{core.Ref{Source: "docker", Scope: "prod-eu", Namespace: "payments"}, "prod", true}, // a host is no context
		{core.Ref{Source: "github", Scope: "github.com", Namespace: "acme/shop"}, "ci", true},
		{core.Ref{Source: "docker", Scope: "box-7"}, "boxes", true},
		{core.Ref{Source: "docker", Scope: "box-77"}, "", true},
	} {
		if e := c.Environment(x.ref); e.Name != x.name || e.ReadOnly != x.readOnly {
			t.Errorf("%v: %+v", x.ref, e)
		}
	}
	live := c.Environment(core.Ref{Source: "kube", Scope: "prod-eu", Namespace: "payments"})
	for _, x := range []struct {
		verb   string
		danger int
		want   Policy
	}{{"restart", 1, Confirm}, {"restart", 2, Confirm}, {"delete", 0, Deny}, {"scale", 0, Free}, {"scale", 1, Name}, {"scale", 2, Name}} {
		if got := live.Policy(x.verb, x.danger); got != x.want {
			t.Errorf("%s at danger %d: %v, want %v", x.verb, x.danger, got, x.want)
		}
	}
	free := c.Environment(core.Ref{Source: "github", Namespace: "acme/shop"})
	if free.Policy("cancel", 1) != Free || free.Policy("delete", 2) != Confirm {
		t.Error("what loses data is free by default")
	}
	c.ReadOnly = false
	if e := c.Environment(core.Ref{Source: "docker", Scope: "box-1"}); !e.ReadOnly {
		t.Error("the environment's own read-only is lost")
	}
}

// TestRuleWithoutPolicyKeepsTheGuard: naming production must not make it easier to change.
func TestRuleWithoutPolicyKeepsTheGuard(t *testing.T) {
	c, problems := Parse([]byte("environments: [{name: shop, match: {context: shop-prod}}, {name: easy, match: {context: easy-prod}, policy: confirm}]"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, path := range []string{"parsed", "shown"} {
		for scope, want := range map[string]Policy{"shop-prod": Name, "easy-prod": Confirm} {
			if e := c.Environment(core.Ref{Source: "kube", Scope: scope}); e.Policy("restart", 1) != want || e.Name == "prod" {
				t.Errorf("%s, %s: %+v", path, scope, e)
			}
		}
		b, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		c, _ = Parse(b)
	}
}

func TestEnvironmentDefaults(t *testing.T) {
	for _, x := range []struct {
		source, scope, namespace, want string
		policy                         Policy
	}{
		{"docker", "local", "", "local", Confirm},
		{"docker", "127.0.0.1", "", "local", Confirm},
		{"docker", "rootless", "", "local", Confirm},
		{"kube", "kind-dev", "", "local", Confirm},
		{"kube", "minikube", "prod", "local", Confirm},
		{"kube", "k3d-x", "", "local", Confirm},
		{"kube", "docker-desktop", "", "local", Confirm},
		{"kube", "default", "", "", Confirm},
		{"kube", "staging", "", "", Confirm},
		{"docker", "build-7", "", "", Confirm},
		{"kube", "prod-eu", "", "prod", Name},
		{"kube", "arn:aws:eks:eu-1:1:cluster/PROD", "x", "prod", Name},
		{"kube", "eu", "payments-production", "prod", Name},
		{"kube", "gke_shop_eu_prd2", "", "prod", Name},
		{"docker", "prod01.example", "", "prod", Name},
		{"kube", "live", "", "prod", Name},
		{"kube", "non-prod", "", "", Confirm},
		{"kube", "preprod", "", "", Confirm},
		{"kube", "pre-prod", "", "", Confirm},
		{"kube", "products", "reproduction", "", Confirm},
		{"kube", "liver", "", "", Confirm},
	} {
		e := Default().Environment(core.Ref{Source: x.source, Scope: x.scope, Namespace: x.namespace, Kind: "pod", Name: "p"})
		if e.Name != x.want || e.Policy("restart", 1) != x.policy || e.ReadOnly {
			t.Errorf("%s %s %s: %+v", x.source, x.scope, x.namespace, e)
		}
	}
	if e := Default().Environment(core.Ref{Source: "kube", Scope: "eu", Kind: "namespace", Name: "prod"}); e.Name != "prod" {
		t.Error("the namespace prod itself is not production")
	}
	for name, want := range map[string]string{"production": "prod", "prod-eu": "prod", "staging": "", "preview/prod-7": "prod", "reproduction": ""} {
		if e := Default().Environment(core.Ref{Source: "github", Scope: "github.com", Kind: "environment", Namespace: "acme/shop", Name: name}); e.Name != want {
			t.Errorf("environment %s of a pipeline is %q, want %q", name, e.Name, want)
		}
	}
	c, problems := Parse([]byte("environments: [{name: careful, match: {environment: [prod-*, live], repo: acme/*}, policy: deny}]"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, x := range []struct {
		ref  core.Ref
		want string
	}{
		{core.Ref{Source: "github", Kind: "environment", Namespace: "acme/shop", Name: "prod-eu"}, "careful"},
		{core.Ref{Source: "github", Kind: "environment", Namespace: "other/shop", Name: "prod-eu"}, "prod"},
		{core.Ref{Source: "github", Kind: "run", Namespace: "acme/shop", Name: "prod-eu"}, ""}, // its name is no environment's
	} {
		if e := c.Environment(x.ref); e.Name != x.want {
			t.Errorf("%v is %q, want %q", x.ref, e.Name, x.want)
		}
	}
}

func TestStricter(t *testing.T) {
	ordered := []Policy{Free, Confirm, Name, Deny}
	for i, a := range ordered {
		for j, b := range ordered {
			if a.Stricter(b) != ordered[max(i, j)] {
				t.Errorf("%v and %v give %v", a, b, a.Stricter(b))
			}
		}
	}
	if Policy(9).String() != "policy(9)" {
		t.Error("an unknown policy has a name")
	}
}

// TestWhatOpensIsFree: a shell and a port-forward ask nothing where a change
// needs a y, unless the file says so.
func TestWhatOpensIsFree(t *testing.T) {
	c, problems := Parse([]byte(`environments:
  - {name: plain, match: {context: plain}, policy: confirm}
  - {name: named, match: {context: named}, policy: {default: confirm, shell: confirm}}
  - {name: free, match: {context: free}, policy: free}
  - {name: harmless, match: {context: harmless}, policy: {default: name, harmless: confirm}}
  - {name: strict, match: {context: strict}, policy: {default: confirm, harmless: name}}
  - {name: shut, match: {context: shut}, policy: {default: deny, port-forward: free}}
`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, x := range []struct {
		scope          string
		shell, forward Policy
		debug          Policy // a shell whose plan interrupts
	}{
		{"kind-dev", Free, Free, Confirm},
		{"staging", Free, Free, Confirm},
		{"prod", Name, Name, Name},
		{"plain", Free, Free, Confirm},
		{"named", Confirm, Free, Confirm},
		{"free", Free, Free, Free},
		{"harmless", Free, Free, Name},
		{"strict", Name, Name, Confirm},
		{"shut", Deny, Free, Deny},
	} {
		e := c.Environment(core.Ref{Source: "kube", Scope: x.scope})
		if s, f, d := e.Policy("shell", 0), e.Policy("port-forward", 0), e.Policy("shell", 1); s != x.shell || f != x.forward || d != x.debug {
			t.Errorf("%s: shell %v, port-forward %v, debug %v", x.scope, s, f, d)
		}
		if e.Policy("restart", 0) == Free && x.scope != "free" {
			t.Errorf("%s: a change is free", x.scope)
		}
	}
}

func TestBreakGlassIsPerEnvironment(t *testing.T) {
	c, problems := Parse([]byte("environments: [{name: a, match: {context: a}, policy: deny, break_glass: false}, {name: b, match: {context: b}, policy: deny, break_glass: true}, {name: c, match: {context: c}}]"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for range 2 { // as it was read, and as config show writes it
		for scope, forbidden := range map[string]bool{"a": true, "b": false, "c": false, "prod": false, "kind-x": false} {
			if e := c.Environment(core.Ref{Source: "kube", Scope: scope}); e.NoGlass != forbidden {
				t.Errorf("%s: %+v", scope, e)
			}
		}
		b, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		c, _ = Parse(b)
	}
	if _, problems := Parse([]byte("environments: [{name: a, match: {context: a}, break_glass: maybe}]")); len(problems) != 1 {
		t.Error(problems)
	}
}

// TestTheReferencesExampleHolds reads the example of the reference's chapter on
// policies.
func TestTheReferencesExampleHolds(t *testing.T) {
	_, example, ok := strings.Cut(Reference(nil), "```yaml\n")
	example, _, closed := strings.Cut(example, "```")
	c, problems := Parse([]byte(example))
	if !ok || !closed || len(problems) > 0 {
		t.Fatal(ok, closed, problems)
	}
	prod := c.Environment(core.Ref{Source: "kube", Scope: "prod-eu", Namespace: "payments"})
	vault := c.Environment(core.Ref{Source: "kube", Scope: "prod-eu", Namespace: "vault"})
	archive := c.Environment(core.Ref{Source: "docker", Scope: "archive-1"})
	if prod.Policy("delete", 2) != Deny || prod.NoGlass || !vault.NoGlass || vault.Policy("restart", 1) != Deny || !archive.ReadOnly {
		t.Errorf("%+v %+v %+v", prod, vault, archive)
	}
}
