package kube

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
)

// TestApplicationsNameWhatTheyFill: every plan of an application names the
// namespaces of this cluster that it deploys to, so that what guards them guards
// the plan.
func TestApplicationsNameWhatTheyFill(t *testing.T) {
	c, src, _, m, ns := applicationWorld(t)
	for name, to := range map[string]string{
		"local":   `server: "https://kubernetes.default.svc"`,
		"named":   `name: in-cluster`,
		"address": fmt.Sprintf("server: %q", c.URL+"/"),
		"other":   `server: "https://10.9.8.7:6443"`,
		"else":    `name: eu-west`,
	} {
		y := applicationYAML(ns, name, "default", automated)
		y = strings.Replace(y, `destination: {server: "https://kubernetes.default.svc", namespace: `+ns, `destination: {`+to+`, namespace: prod-shop`, 1)
		put(t, c, ns, y)
		reach(t, m, kindApplication, ns, name, "OutOfSync")
	}
	shop, more := at(src, "namespace", "", "prod-shop"), at(src, "namespace", "", ns)
	both := []core.Ref{shop, more} // its resources say that they are in another one too
	for name, want := range map[string][]core.Ref{"local": both, "named": both, "address": both, "other": nil, "else": nil} {
		ref := at(src, kindApplication, ns, name)
		for verb, plan := range map[string]func() (*core.Operation, error){
			"sync":   func() (*core.Operation, error) { return src.PlanDeploy(t.Context(), ref, core.Deploy{}) },
			"pause":  func() (*core.Operation, error) { return src.PlanPause(t.Context(), ref) },
			"delete": func() (*core.Operation, error) { return src.PlanDelete(t.Context(), ref, core.Removal{Grace: -1}) },
			"rollback": func() (*core.Operation, error) {
				return src.PlanRollback(t.Context(), ref, core.Rollback{To: "0", Options: map[string]string{"auto-sync": "off"}})
			},
		} {
			if op, err := plan(); err != nil || !slices.Equal(op.Plan.Also, want) {
				t.Errorf("%s of %s: %v, %+v", verb, name, err, op)
			}
		}
	}
	ref := at(src, kindApplication, ns, "local")
	op, err := src.PlanPause(t.Context(), ref)
	bring(t, op, err)
	if op, err := src.PlanResume(t.Context(), ref); err != nil || !slices.Equal(op.Plan.Also, both) {
		t.Errorf("resume: %v, %+v", err, op)
	}
	// An edit that turns it to another namespace is a change of both.
	before, err := src.Definition(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	op, err = src.PlanEdit(t.Context(), ref, before, bytes.Replace(before, []byte("namespace: prod-shop"), []byte("namespace: prod-bank"), 1))
	if err != nil || !slices.Equal(op.Plan.Also, []core.Ref{shop, more, at(src, "namespace", "", "prod-bank")}) {
		t.Errorf("edit: %v, %+v", err, op)
	}
	if !src.here(argo.Destination{Name: "in-cluster"}) || src.here(argo.Destination{Name: "eu-west"}) {
		t.Error("which cluster this is")
	}
}
