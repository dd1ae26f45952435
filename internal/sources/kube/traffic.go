package kube

import (
	"net/http"
	"slices"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
)

// traffic tells the gate how to read requests to the API server whose paths
// begin with prefix.
func traffic(scope, prefix string) sources.Traffic {
	return sources.Traffic{
		Harmless: func(r *http.Request) bool { return harmless(r) || statistics(apiPath(r, prefix), r.Method) },
		Opens:    func(r *http.Request) bool { return opens(apiPath(r, prefix)) },
		DryRun:   dryRun,
		Place: func(r *http.Request) core.Ref {
			ref := core.Ref{Source: ID, Scope: scope}
			if p := apiPath(r, prefix); len(p) > 1 && p[0] == "namespaces" {
				ref.Namespace = p[1]
			}
			return ref
		},
	}
}

// apiPath is the path below the API's group and version: "namespaces", "shop",
// "pods", "web", "exec". nil: it is no path of objects.
func apiPath(r *http.Request, prefix string) []string {
	p := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, strings.TrimSuffix(prefix, "/")), "/"), "/")
	switch {
	case len(p) > 2 && p[0] == "api":
		return p[2:]
	case len(p) > 3 && p[0] == "apis":
		return p[3:]
	}
	return nil
}

// subresource is what stands behind an object's name.
func subresource(p []string) string {
	if len(p) > 3 && p[0] == "namespaces" && !slices.Contains([]string{"status", "finalize"}, p[2]) {
		p = p[2:]
	}
	if len(p) > 2 {
		return p[2]
	}
	return ""
}

// opens reports whether the request reaches into what runs, whatever its
// method is: over websockets all of these are a GET. A debug container is
// added by PATCH, which counts by itself and can be dry-run.
func opens(p []string) bool {
	return slices.Contains([]string{"exec", "attach", "portforward", "proxy"}, subresource(p))
}

// statistics are what a node's agent tells through the API server's proxy.
func statistics(p []string, method string) bool {
	return method == http.MethodGet && len(p) == 5 && p[0] == "nodes" && p[2] == "proxy" && p[3] == "stats" && p[4] == "summary"
}
