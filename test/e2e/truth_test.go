package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
	"devops-tui/test/docker"
)

// soon is the limit between a change made outside and the screen.
const soon = time.Second

// stopwatch takes the times from changes made outside to the screen.
type stopwatch struct {
	c     *cockpit
	times []time.Duration
}

// after waits for the screen to show what was changed at the given moment. A
// change that takes longer than the limit fails the test, without ending it
// unless it is not seen at all.
func (w *stopwatch) after(since time.Time, what string, ok func(screen string) bool) {
	w.c.t.Helper()
	w.c.WaitFor(ok, patience)
	took := time.Since(since)
	w.times = append(w.times, took)
	w.c.t.Logf("%-44s %4d ms", what, took.Milliseconds())
	if took > soon {
		w.c.t.Errorf("%s was on the screen after %v, limit %v", what, took, soon)
	}
}

func (w *stopwatch) report() {
	w.c.t.Helper()
	slices.Sort(w.times)
	n := len(w.times)
	w.c.t.Logf("%d changes: median %d ms, p95 %d ms, longest %d ms", n,
		w.times[n/2].Milliseconds(), w.times[min(n*95/100, n-1)].Milliseconds(), w.times[n-1].Milliseconds())
}

func gone(name string) func(string) bool {
	return func(s string) bool {
		_, ok := rowOf(s, name)
		return !ok && len(table(s)) > 0
	}
}

func TestContainersShowTheTruthWithinASecond(t *testing.T) {
	e, k := loaded(t)
	c := open(t, options{engine: e, kubeconfig: k.Kubeconfig})
	c.view("4", "Containers")
	c.WaitFor(func(s string) bool { return len(table(s)) == worldContainers }, patience)
	w := &stopwatch{c: c}
	const name = "e2e-probe"
	docker := func(args ...string) time.Time {
		t.Helper()
		if _, err := e.Docker(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
		return time.Now()
	}
	w.after(docker("run", "-d", "--name", name, dockertest.DefaultImage), "docker run", shows(name, "running"))
	w.after(docker("pause", name), "docker pause", shows(name, "paused"))
	w.after(docker("unpause", name), "docker unpause", shows(name, "running"))
	w.after(docker("kill", name), "docker kill", shows(name, "Exited (137)"))
	w.after(docker("start", name), "docker start", shows(name, "running"))
	w.after(docker("stop", name), "docker stop", shows(name, "Exited (0)"))
	w.after(docker("rename", name, name+"-2"), "docker rename", shows(name+"-2", "Exited (0)"))
	w.after(docker("rm", name+"-2"), "docker rm", gone(name+"-2"))
	w.report()
	testkit.Poll(t, patience, func() error { return sameContainers(t.Context(), e, c) })
}

// sameContainers compares the whole list on screen with what docker ps says.
func sameContainers(ctx context.Context, e *dockertest.Engine, c *cockpit) error {
	want, err := containers(ctx, e)
	if err != nil {
		return err
	}
	rows, of := c.all()
	if of != len(want) {
		return fmt.Errorf("the list has %d rows, the engine %d containers", of, len(want))
	}
	got := map[string]string{}
	for name, r := range rows {
		got[name] = r.cells["STATUS"]
	}
	return sameStates(got, want)
}

// containers is the status of each container by name, in the cockpit's words.
func containers(ctx context.Context, e *dockertest.Engine) (map[string]string, error) {
	out, err := e.Docker(ctx, "ps", "-a", "--no-trunc", "--format", "{{.Names}}\t{{.State}}\t{{.Status}}\t{{.ID}}")
	if err != nil {
		return nil, err
	}
	states := map[string]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		name, state, status := f[0], f[1], f[2]
		switch {
		case state == "restarting", state == "exited":
			// "Exited (3) 2 minutes ago", "Restarting (1) 2 seconds ago"
			status, _, _ = strings.Cut(status, ")")
			state = status + ")"
			if strings.HasPrefix(state, "Restarting") {
				state = "restarting" + strings.TrimPrefix(state, "Restarting")
			}
			if s, err := e.State(ctx, f[3]); err != nil {
				return nil, err
			} else if s.OOMKilled {
				state = "OOMKilled"
			}
		case strings.Contains(status, "(unhealthy)"):
			state = "unhealthy"
		}
		states[name] = state
	}
	return states, nil
}

// sameStates names what differs, a few of each sort.
func sameStates(got, want map[string]string) error {
	var wrong []string
	for name, state := range want {
		if s, ok := got[name]; !ok {
			wrong = append(wrong, name+" is not shown")
		} else if s != state {
			wrong = append(wrong, fmt.Sprintf("%s is shown as %q, it is %q", name, s, state))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			wrong = append(wrong, name+" is shown, it does not exist")
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return fmt.Errorf("%d differences: %s", len(wrong), strings.Join(wrong[:min(len(wrong), 5)], "; "))
}

func TestWorkloadsShowTheTruthWithinASecond(t *testing.T) {
	e, k := loaded(t)
	c := open(t, options{engine: e, kubeconfig: k.Kubeconfig})
	w := &stopwatch{c: c}
	const ns = "e2e-truth"
	kubectl := func(args ...string) time.Time {
		t.Helper()
		if _, err := k.Kubectl(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
		return time.Now()
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_, _ = k.Kubectl(ctx, "delete", "namespace", ns, "--ignore-not-found", "--wait=false")
	})
	c.goTo("namespaces", "kube-system")
	w.after(kubectl("create", "namespace", ns), "kubectl create namespace", shows(ns, "Active"))

	c.view("3", "Workloads")
	c.find("ns:" + ns)
	w.after(kubectl("-n", ns, "create", "deployment", "probe", "--image=registry.local/probe:v1", "--replicas=3"),
		"kubectl create deployment", func(s string) bool {
			r, ok := rowOf(s, "probe")
			return ok && strings.HasSuffix(r.cells["READY"], "/3")
		})
	w.after(kubectl("-n", ns, "scale", "deployment/probe", "--replicas=5"),
		"kubectl scale: the deployment", func(s string) bool { r, _ := rowOf(s, "probe"); return strings.HasSuffix(r.cells["READY"], "/5") })

	c.Send("]")
	c.WaitText(patience, "[Pods]")
	c.find("ns:" + ns)
	rows := func(n int) func(string) bool { return func(s string) bool { return len(table(s)) == n } }
	c.WaitFor(rows(5), patience)
	w.after(kubectl("-n", ns, "scale", "deployment/probe", "--replicas=7"), "kubectl scale: up to 7 pods", rows(7))
	w.after(kubectl("-n", ns, "scale", "deployment/probe", "--replicas=2"), "kubectl scale: down to 2 pods", rows(2))
	victim := table(c.Screen())[0].name()
	w.after(kubectl("-n", ns, "delete", "pod", victim), "kubectl delete pod", gone(victim))
	kubectl("-n", ns, "patch", "deployment", "probe", "-p",
		`{"spec":{"template":{"metadata":{"annotations":{"test/fail":"ImagePullBackOff"}},"spec":{"containers":[{"name":"probe","image":"registry.local/probe:missing"}]}}}}`)
	broken := waitBroken(t, k, ns)
	w.after(time.Now(), "an image that cannot be pulled", func(s string) bool {
		r, _ := rowOf(s, broken)
		return strings.HasSuffix(r.cells["STATUS"], "ImagePull") || r.cells["STATUS"] == "ImagePullBackOff"
	})
	w.after(kubectl("-n", ns, "delete", "deployment", "probe", "--cascade=foreground", "--wait=true"), "kubectl delete deployment", rows(0))
	w.report()

	c.Send("esc")
	c.WaitFor(func(s string) bool { _, of := position(s); return of >= worldPods }, patience)
	testkit.Poll(t, 2*patience, func() error { return samePods(t.Context(), k, c) })
}

// waitBroken returns the name of a pod as soon as its image cannot be pulled.
func waitBroken(t *testing.T, k *cluster.Cluster, ns string) (name string) {
	t.Helper()
	testkit.Poll(t, patience, func() error {
		var list struct {
			Items []struct {
				Metadata struct{ Name string }
				Status   struct {
					ContainerStatuses []struct {
						State struct{ Waiting struct{ Reason string } }
					}
				}
			}
		}
		if err := k.Get(t.Context(), "/api/v1/namespaces/"+ns+"/pods", &list); err != nil {
			return err
		}
		for _, p := range list.Items {
			for _, s := range p.Status.ContainerStatuses {
				if strings.Contains(s.State.Waiting.Reason, "ImagePull") {
					name = p.Metadata.Name
					return nil
				}
			}
		}
		return fmt.Errorf("none of %d pods", len(list.Items))
	})
	return name
}

// samePods compares the whole list on screen with kubectl get pods before and
// after it was read: pods that crash in a loop change all the time, and may be
// shown as they were at either moment.
func samePods(ctx context.Context, k *cluster.Cluster, c *cockpit) error {
	before, err := pods(ctx, k)
	if err != nil {
		return err
	}
	rows, of := c.all()
	after, err := pods(ctx, k)
	if err != nil {
		return err
	}
	if of != len(after) {
		return fmt.Errorf("the list has %d rows, the cluster %d pods", of, len(after))
	}
	got := map[string]string{}
	for name, r := range rows {
		got[name] = fmt.Sprint(r.cells["READY"], " ", r.cells["STATUS"], " ", r.cells["RESTARTS"])
		if got[name] == before[name] {
			after[name] = got[name]
		}
	}
	return sameStates(got, after)
}

// pods is readiness, status and restarts of each pod by namespace/name, in
// kubectl's words; where kubectl says Running of a pod that is not ready, the
// cockpit says so.
func pods(ctx context.Context, k *cluster.Cluster) (map[string]string, error) {
	out, err := k.Kubectl(ctx, "get", "pods", "-A", "--no-headers")
	if err != nil {
		return nil, err
	}
	states := map[string]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line) // namespace, name, ready, status, restarts, …
		ready, status := f[2], f[3]
		if n, of, _ := strings.Cut(ready, "/"); status == "Running" && n != of {
			status = "NotReady"
		}
		states[f[0]+"/"+f[1]] = ready + " " + status + " " + f[4]
	}
	return states, nil
}

func TestProjectsAndDeploymentsAreCountedRight(t *testing.T) {
	e, k := loaded(t)
	c := open(t, options{engine: e, kubeconfig: k.Kubeconfig})
	c.goTo("projects", "platform")
	want := map[string]string{"shop": "7 of 8", "billing": "6 of 7", "platform": "4 of 5"} // without the exited, the killed and the restarting
	testkit.Poll(t, patience, func() error {
		got := map[string]string{}
		for _, r := range table(c.Screen()) {
			got[r.name()] = r.cells["RUNNING"] + " of " + r.cells["CONTAINERS"]
		}
		return sameStates(got, want)
	})
	c.view("3", "Workloads")
	testkit.Poll(t, patience, func() error {
		out, err := k.Kubectl(t.Context(), "get", "deployments", "-A", "-o", "json")
		if err != nil {
			return err
		}
		var list struct {
			Items []struct {
				Metadata struct{ Namespace, Name string }
				Spec     struct{ Replicas int }
				Status   struct{ ReadyReplicas int }
			}
		}
		if err := json.Unmarshal(out, &list); err != nil {
			return err
		}
		want := map[string]string{}
		for _, d := range list.Items {
			want[d.Metadata.Namespace+"/"+d.Metadata.Name] = fmt.Sprintf("%d/%d", d.Status.ReadyReplicas, d.Spec.Replicas)
		}
		rows, of := c.all()
		if of != len(want) {
			return fmt.Errorf("%d rows, %d deployments", of, len(want))
		}
		got := map[string]string{}
		for name, r := range rows {
			got[name] = r.cells["READY"]
		}
		return sameStates(got, want)
	})
}
