// Package all is the registration table: one line per source.
package all

import (
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/argocd"
	"devops-tui/internal/sources/demo"
	"devops-tui/internal/sources/docker"
	"devops-tui/internal/sources/github"
	"devops-tui/internal/sources/gitlab"
	"devops-tui/internal/sources/jenkins"
	"devops-tui/internal/sources/kube"
)

// Registrations lists the sources in the order the header shows them.
var Registrations = []sources.Registration{
	docker.Registration,
	kube.Registration,
	github.Registration,
	gitlab.Registration,
	jenkins.Registration,
	argocd.Registration,
	demo.Registration,
}
