// Package e2e drives the built program against the simulated GitLab.
package e2e
