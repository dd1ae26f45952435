package kube

import (
	"net/http/httptest"
	"testing"

	"devops-tui/internal/core"
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
