package kube

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"k8s.io/client-go/rest"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

func TestTrafficReadsRequests(t *testing.T) {
	for _, c := range []struct {
		request         string
		namespace       string
		opens, harmless bool
		dry             bool
	}{
		{"GET /api/v1/pods", "", false, false, false},
		{"GET /api/v1/namespaces/shop/pods/web", "shop", false, false, false},
		{"GET /api/v1/namespaces/shop/pods/web/log?follow=true", "shop", false, false, false},
		{"GET /api/v1/namespaces/shop/pods/exec", "shop", false, false, false}, // a pod of that name
		{"GET /api/v1/namespaces/shop/pods/web/exec?command=sh", "shop", true, false, false},
		{"POST /api/v1/namespaces/shop/pods/web/exec?dryRun=All", "shop", true, false, true},
		{"GET /api/v1/namespaces/shop/pods/web/attach", "shop", true, false, false},
		{"GET /api/v1/namespaces/shop/pods/web/portforward", "shop", true, false, false},
		{"GET /api/v1/namespaces/shop/services/web:80/proxy/admin/drop", "shop", true, false, false},
		{"PATCH /api/v1/namespaces/shop/pods/web/ephemeralcontainers?dryRun=All", "shop", false, false, true},
		{"PATCH /apis/apps/v1/namespaces/shop/deployments/web/scale", "shop", false, false, false},
		{"DELETE /api/v1/namespaces/shop", "shop", false, false, false},
		{"PUT /api/v1/namespaces/shop/finalize", "shop", false, false, false},
		{"PATCH /api/v1/nodes/n1", "", false, false, false},
		{"GET /api/v1/nodes/n1/proxy/stats/summary", "", true, true, false},
		{"POST /api/v1/nodes/n1/proxy/stats/summary", "", true, false, false},
		{"GET /api/v1/nodes/n1/proxy/run/shop/web/app", "", true, false, false},
		{"POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "", false, true, false},
		{"POST /apis/example.com/v1/namespaces/shop/widgets/w/exec", "shop", true, false, false},
		{"GET /version", "", false, false, false},
		{"GET /", "", false, false, false},
	} {
		for _, prefix := range []string{"/", "", "/k8s/clusters/c-1", "/k8s/clusters/c-1/"} {
			var method, path string
			for i := range c.request {
				if c.request[i] == ' ' {
					method, path = c.request[:i], c.request[i+1:]
					break
				}
			}
			if len(prefix) > 1 {
				path = "/k8s/clusters/c-1" + path
			}
			r := httptest.NewRequest(method, path, nil)
			x := traffic("prod", prefix)
			want := core.Ref{Source: ID, Scope: "prod", Namespace: c.namespace}
			if got := x.Place(r); got != want {
				t.Errorf("%s: at %v", c.request, got)
			}
			if x.Opens(r) != c.opens || x.Harmless(r) != c.harmless || x.DryRun(r) != c.dry {
				t.Errorf("%s: opens %v, harmless %v, dry %v", c.request, x.Opens(r), x.Harmless(r), x.DryRun(r))
			}
		}
	}
}

// Into a namespace that is guarded nothing leaves but reads, whoever has
// permitted what; elsewhere it does.
func TestPromise22_NothingLeavesForAGuardedNamespace(t *testing.T) {
	var arrived []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived = append(arrived, r.Method+" "+r.URL.Path)
	}))
	defer server.Close()
	gate := &sources.Gate{}
	gate.SetGuard(func(ref core.Ref) error {
		if ref.Instance() == (core.Instance{Source: ID, Scope: "prod"}) && ref.Namespace == "vault" {
			return core.ErrReadOnly
		}
		return nil
	})
	c, _, err := newClient("prod", &rest.Config{Host: server.URL + "/proxied"}, gate)
	if err != nil {
		t.Fatal(err)
	}
	ctx := sources.PermitFor(t.Context(), core.Ref{Source: ID, Scope: "prod", Kind: "pod", Namespace: "shop", Name: "web"})
	pod := func(ns string, more ...string) []string {
		return append([]string{"api", "v1", "namespaces", ns, "pods", "web"}, more...)
	}
	for _, x := range []struct {
		request
		leaves bool
	}{
		{request{path: pod("vault")}, true},
		{request{path: pod("vault", "log")}, true},
		{request{method: "DELETE", path: pod("vault")}, false},
		{request{method: "PATCH", path: pod("vault"), query: url.Values{"dryRun": {"All"}}}, false},
		{request{method: "PATCH", path: pod("vault", "ephemeralcontainers")}, false},
		{request{method: "POST", path: pod("vault", "eviction")}, false},
		{request{path: pod("vault", "exec")}, false},
		{request{path: pod("vault", "portforward")}, false},
		{request{method: "DELETE", path: []string{"api", "v1", "namespaces", "vault"}}, false},
		{request{method: "POST", path: []string{"apis", "apps", "v1", "namespaces", "vault", "deployments"}}, false},
		{request{method: "DELETE", path: pod("shop")}, true},
		{request{path: pod("shop", "exec")}, true},
		{request{method: "PATCH", path: pod("shop"), query: url.Values{"dryRun": {"All"}}}, true},
	} {
		before := len(arrived)
		resp, err := c.open(ctx, x.request)
		if err == nil {
			_ = resp.Body.Close()
		}
		if left := len(arrived) > before; left != x.leaves || errors.Is(err, core.ErrReadOnly) == x.leaves {
			t.Errorf("%s %v: left %v, %v", x.method, x.path, left, err)
		}
	}
}
