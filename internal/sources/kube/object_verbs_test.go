package kube

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/testkit"
	"devops-tui/internal/text"
	"devops-tui/test/cluster"
)

// kubectlPath is a PATH with the real kubectl in front.
func kubectlPath(t *testing.T) string {
	t.Helper()
	program, err := cluster.Build(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(program, filepath.Join(dir, "kubectl")); err != nil {
		t.Fatal(err)
	}
	return dir + ":" + os.Getenv("PATH")
}

// TestCommandsOfPlansWork: what a plan says can be pasted, and does the same.
func TestCommandsOfPlansWork(t *testing.T) {
	c, src, _ := countedSource(t)
	ns := c.Namespace(t)
	node := ownNode(t, c, "command-node")
	path, home := kubectlPath(t), t.TempDir()
	run := func(command text.Safe) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command.String())
		cmd.Env = append(os.Environ(), "PATH="+path, "KUBECONFIG="+c.Kubeconfig, "HOME="+home)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", command, err, out)
		}
	}
	get := func(args ...string) string {
		return kubectl(t, c, append([]string{"-n", ns, "get", "--ignore-not-found"}, args...)...)
	}
	plan := must[*core.Operation](t)

	run(plan(src.PlanCordon(t.Context(), node, true)).Plan.Command)
	if get("node", "command-node", "-o", "jsonpath={.spec.unschedulable}") != "true" {
		t.Error("not cordoned")
	}
	run(plan(src.PlanCordon(t.Context(), node, false)).Plan.Command)
	run(plan(src.PlanDrain(t.Context(), node, core.Drain{Grace: 5, Force: true, DeleteEmptyDir: true})).Plan.Command)
	if get("node", "command-node", "-o", "jsonpath={.spec.unschedulable}") != "true" {
		t.Error("not drained")
	}

	file := filepath.Join(folder(t, map[string]string{"it's.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: conf}, data: {quote: \"it's $HOME\", lines: \"a\\nb\"}}"}), "it's.yaml")
	run(plan(src.planApply(t.Context(), src.at("namespace", "", ns), core.Deploy{File: file})).Plan.Command)
	conf := src.at("configmap", ns, "conf")
	if get("configmap", "conf", "-o", "jsonpath={.data.quote}") != "it's $HOME" {
		t.Error("not applied")
	}
	before, after := edited(t, src, conf, "it's $HOME", "it's `new`")
	run(plan(src.PlanEdit(t.Context(), conf, before, after)).Plan.Command)
	if get("configmap", "conf", "-o", "jsonpath={.data.quote}") != "it's `new`" {
		t.Error("not edited")
	}
	gone := plan(src.PlanDelete(t.Context(), conf, core.Removal{Grace: -1}))
	run(gone.Plan.Command)
	if get("configmap", "conf") != "" {
		t.Error("not deleted")
	}
	run(plan(src.PlanRestore(t.Context(), conf, gone.Plan.Inverse.Saved)).Plan.Command)
	if get("configmap", "conf", "-o", "jsonpath={.data.quote} {.data.lines}") != "it's `new` a\nb" {
		t.Error("not made again")
	}
}

// TestNothingLeavesWhileReadOnly, whatever was planned before.
func TestNothingLeavesWhileReadOnly(t *testing.T) {
	c := cluster.Shared(t)
	gate := &sources.Gate{}
	src := over(t, c.Kubeconfig, gate)
	ns := c.Namespace(t)
	node := ownNode(t, c, "read-only-node")
	kubectl(t, c, "-n", ns, "create", "configmap", "a", "--from-literal=k=v")
	ref := src.at("configmap", ns, "a")
	before, after := edited(t, src, ref, "k: v", "k: w")
	file := filepath.Join(folder(t, map[string]string{"b.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}"}), "b.yaml")
	plan := must[*core.Operation](t)
	gone := plan(src.PlanDelete(t.Context(), ref, core.Removal{Grace: -1}))
	back := jsonOf(saved{Manifest: tree{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "c", "namespace": ns}}})
	ops := []*core.Operation{
		gone, plan(src.PlanEdit(t.Context(), ref, before, after)), plan(src.PlanRestore(t.Context(), src.at("configmap", ns, "c"), back)),
		plan(src.planApply(t.Context(), src.at("namespace", "", ns), core.Deploy{File: file})),
		plan(src.PlanCordon(t.Context(), node, true)), plan(src.PlanDrain(t.Context(), node, core.Drain{Grace: -1})),
	}
	for _, op := range ops { // no permit: not part of a confirmed action
		if err := op.Execute(t.Context(), sources.Quiet); err == nil {
			t.Errorf("%s: went through without a permit", op.Plan.Title)
		}
	}
	gate.SetReadOnly(true)
	for _, op := range ops {
		if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrReadOnly) {
			t.Errorf("%s: %v", op.Plan.Title, err)
		}
	}
	if gate.Sent() != 0 {
		t.Errorf("%d changes left", gate.Sent())
	}
}

// TestLostAnswers is promise 26 for each verb: sent once, and the truth is read back.
func TestLostAnswers(t *testing.T) {
	c, src, n := countedSource(t)
	ns := c.Namespace(t)
	node := ownNode(t, c, "lost-node")
	kubectl(t, c, "-n", ns, "create", "configmap", "a", "--from-literal=k=v")
	ref := src.at("configmap", ns, "a")
	before, after := edited(t, src, ref, "k: v", "k: w")
	two := folder(t, map[string]string{"two.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n"})
	one := folder(t, map[string]string{"one.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: d}}"})
	space := src.at("namespace", "", ns)
	plan := must[*core.Operation](t)
	var kept []byte
	for _, x := range []struct {
		what string
		plan func() *core.Operation
		want core.Outcome
	}{
		{"edit", func() *core.Operation { return plan(src.PlanEdit(t.Context(), ref, before, after)) }, core.OutcomeHealthy},
		{"delete", func() *core.Operation {
			op := plan(src.PlanDelete(t.Context(), ref, core.Removal{Grace: -1}))
			kept = op.Plan.Inverse.Saved
			return op
		}, core.OutcomeHealthy},
		{"restore", func() *core.Operation { return plan(src.PlanRestore(t.Context(), ref, kept)) }, core.OutcomeHealthy},
		{"apply", func() *core.Operation { return plan(src.planApply(t.Context(), space, core.Deploy{File: one})) }, core.OutcomeHealthy},
		{"half an apply", func() *core.Operation { return plan(src.planApply(t.Context(), space, core.Deploy{File: two})) }, core.OutcomeFailed},
		{"drain", func() *core.Operation { return plan(src.PlanDrain(t.Context(), node, core.Drain{Grace: -1})) }, core.OutcomeHealthy},
		{"uncordon", func() *core.Operation { return plan(src.PlanCordon(t.Context(), node, false)) }, core.OutcomeHealthy},
	} {
		op := x.plan()
		n.sent, n.cut = nil, true
		if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !errors.Is(err, core.ErrOutcomeUnknown) {
			t.Errorf("%s: %v", x.what, err)
		}
		n.cut = false
		out, err := op.Verify(t.Context(), func(core.Progress) {})
		if out != x.want || (err == nil) != (x.want == core.OutcomeHealthy) || len(n.sent) != 1 {
			t.Errorf("%s: %v, %v; sent %v", x.what, out, err, n.sent)
		}
	}
}

// TestSomebodyWithoutRights is told before, and the plan is blind.
func TestSomebodyWithoutRights(t *testing.T) {
	c := cluster.Shared(t)
	ns := c.Namespace(t)
	kubectl(t, c, "-n", ns, "create", "configmap", "a", "--from-literal=k=v")
	kubectl(t, c, "-n", ns, "create", "role", "look", "--verb=get,list,watch", "--resource=configmaps")
	kubectl(t, c, "-n", ns, "create", "rolebinding", "look", "--role=look", "--user=nell")
	conf := must[tree](t)(parseTree([]byte(kubectl(t, c, "config", "view", "--raw", "-o", "json"))))
	for _, u := range conf.items("users") {
		u.sub("user")["as"] = "nell"
	}
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, jsonOf(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	src := over(t, config, &sources.Gate{})
	ref := src.at("configmap", ns, "a")
	r := must[*core.Resource](t)(src.Get(t.Context(), ref))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := src.permits.ask(ctx, ns); err != nil {
		t.Fatal(err)
	}
	for verb, want := range map[string]string{
		core.VerbDelete: "RBAC: cannot delete configmaps in " + ns,
		core.VerbEdit:   "RBAC: cannot patch configmaps in " + ns,
	} {
		if got := src.Disabled(verb, r).String(); got != want {
			t.Errorf("%s: %q", verb, got)
		}
	}
	before, after := edited(t, src, ref, "k: v", "k: w")
	op := must[*core.Operation](t)(src.PlanEdit(t.Context(), ref, before, after))
	gone := must[*core.Operation](t)(src.PlanDelete(t.Context(), ref, core.Removal{Grace: -1}))
	for _, op := range []*core.Operation{op, gone} {
		if !op.Plan.Blind || !strings.Contains(op.Plan.Preview.String(), "forbidden") {
			t.Errorf("%s", told(op.Plan))
		}
		if err := op.Execute(sources.Permit(ctx), sources.Quiet); !isProblem(err, core.Forbidden) {
			t.Errorf("%s: %v", op.Plan.Title, err)
		}
	}
	// A node's row tells what makes no sense.
	admin := over(t, c.Kubeconfig, &sources.Gate{})
	node := ownNode(t, c, "row-node")
	testkit.PollTrue(t, 20*time.Second, "the node's row", func() bool {
		r, err := admin.Get(t.Context(), node)
		return err == nil && admin.Disabled(core.VerbUncordon, r).String() == "node row-node is not cordoned" && admin.Disabled(core.VerbCordon, r).Empty()
	})
}
