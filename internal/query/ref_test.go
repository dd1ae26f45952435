package query

import (
	"errors"
	"strings"
	"testing"

	"devops-tui/internal/core"
)

var world = []core.Ref{
	{Source: "kube", Scope: "prod", Kind: "deployment", Namespace: "payments", Name: "api"},
	{Source: "kube", Scope: "staging", Kind: "deployment", Namespace: "payments", Name: "api"},
	{Source: "kube", Scope: "prod", Kind: "service", Namespace: "payments", Name: "api"},
	{Source: "kube", Scope: "prod", Kind: "pod", Namespace: "payments", Name: "api-7d9f-x2x", UID: "1"},
	{Source: "kube", Scope: "prod", Kind: "pod", Namespace: "payments", Name: "api-7d9f-x2x", UID: "2"},
	{Source: "kube", Scope: "arn:aws:eks:eu-1:1:cluster/main", Kind: "node", Name: "n1"},
	{Source: "docker", Scope: "local", Kind: "container", Name: "web-1"},
	{Source: "docker", Scope: "local", Kind: "image", Name: "docker.io/library/nginx:1.27"},
	{Source: "docker", Scope: "local", Kind: "network", Name: "local"},
	{Source: "github", Scope: "github.com", Kind: "run", Namespace: "acme/shop", Name: "ci/1842"},
	{Source: "github", Scope: "github.com", Kind: "run", Namespace: "acme/shop", Name: "ci/7"},
	{Source: "github", Scope: "github.com", Kind: "run", Namespace: "acme/shop", Name: "deploy/7"},
}

func TestResolve(t *testing.T) {
	kinds := []core.Kind{{Name: "deployment", Plural: "deployments", Aliases: []string{"deploy"}}, {Name: "pod", Plural: "pods", Aliases: []string{"po"}}}
	for pattern, want := range map[string]string{
		"kube:prod/deployment/payments/api":  "kube:prod/deployment/payments/api",
		"kube:prod/deployment/api":           "kube:prod/deployment/payments/api",
		"kube:staging/deploy/payments/api":   "kube:staging/deployment/payments/api",
		"kube:staging/deployments/api":       "kube:staging/deployment/payments/api",
		"service/api":                        "kube:prod/service/payments/api",
		"pods/api-7d9f-x2x":                  "kube:prod/pod/payments/api-7d9f-x2x",
		"api-7d9f-x2x":                       "kube:prod/pod/payments/api-7d9f-x2x",
		"payments/api-7d9f-x2x":              "kube:prod/pod/payments/api-7d9f-x2x",
		"docker/container/web-1":             "docker:local/container/web-1",
		"web-1":                              "docker:local/container/web-1",
		"nginx:1.27":                         "docker:local/image/docker.io/library/nginx:1.27",
		"image/docker.io/library/nginx:1.27": "docker:local/image/docker.io/library/nginx:1.27",
		"github/run/acme/shop/1842":          "github:github.com/run/acme/shop/ci/1842",
		"github/run/acme/shop/ci/1842":       "github:github.com/run/acme/shop/ci/1842",
		"shop/1842":                          "github:github.com/run/acme/shop/ci/1842",
		"run/1842":                           "github:github.com/run/acme/shop/ci/1842",
		"ci/7":                               "github:github.com/run/acme/shop/ci/7",
		"kube:arn:aws:eks:eu-1:1:cluster/main/node/n1": "kube:arn:aws:eks:eu-1:1:cluster/main/node/n1",
		"n1": "kube:arn:aws:eks:eu-1:1:cluster/main/node/n1",
	} {
		p, err := ParseRef(pattern)
		if err != nil {
			t.Fatal(err)
		}
		p = p.WithKinds(kinds)
		got, err := p.Resolve(world)
		if err != nil || got.String() != want || !p.Match(got) {
			t.Errorf("%s is %s, %v; want %s", pattern, got, err, want)
		}
	}
	if p, _ := ParseRef("api-7d9f-x2x"); true {
		if got, _ := p.Resolve(world); got.UID != "2" {
			t.Errorf("the life %q of a replaced pod", got.UID)
		}
	}
}

func TestResolveErrors(t *testing.T) {
	for _, c := range []struct{ pattern, want string }{
		{"deployment/payments/api", "is ambiguous; it could be\n  kube:prod/deployment/payments/api\n  kube:staging/deployment/payments/api"},
		{"github/run/acme/shop/7", "is ambiguous; it could be\n  github:github.com/run/acme/shop/ci/7\n  github:github.com/run/acme/shop/deploy/7"},
		{"api", "kube:prod/service/payments/api"},
		{"docker/container/web-2", "no object \"docker/container/web-2\"; did you mean\n  docker:local/container/web-1"},
		{"wbe-1", "did you mean\n  docker:local/container/web-1"},
		{"zzzzzzzzz", "no object \"zzzzzzzzz\""},
		{"pi", "no object"},
		{"ments/api", "no object"},
		{"kube:pro/deployment/payments/api", "did you mean\n  kube:prod/deployment/payments/api"},
	} {
		p, err := ParseRef(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Resolve(world)
		var e *RefError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.pattern, err, c.want)
		}
	}
	for _, s := range []string{"", "/x", "x/", strings.Repeat("x", 5000)} {
		if _, err := ParseRef(s); err == nil {
			t.Errorf("%.20q passes", s)
		}
	}
	many := &RefError{Pattern: "x", Candidates: make([]core.Ref, 50)}
	if s := many.Error(); strings.Count(s, "\n") != maxListed+1 || !strings.Contains(s, "and 30 more") {
		t.Error(s)
	}
}

// FuzzRef: every object is found by its own text, and no pattern breaks.
func FuzzRef(f *testing.F) {
	f.Add("kube", "a:b/c", "pod", "ns", "n/m", "m")
	f.Add("", "", "", "", "", "/")
	f.Fuzz(func(t *testing.T, source, scope, kind, ns, name, pattern string) {
		r := core.Ref{Source: source, Scope: scope, Kind: kind, Namespace: ns, Name: name}
		if p, err := ParseRef(pattern); err == nil {
			p.Match(r)
			p.WithKinds([]core.Kind{{Name: kind, Plural: pattern}}).Match(r)
		}
		if p, err := ParseRef(r.String()); err == nil && !p.Match(r) {
			t.Errorf("%s does not find itself", r)
		}
	})
}
