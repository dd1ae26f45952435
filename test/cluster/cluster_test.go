package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"devops-tui/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestADeploymentBecomesReady(t *testing.T) {
	c := Shared(t)
	ns := c.Namespace(t)
	if err := c.Deploy(t.Context(), Workload{Namespace: ns, Name: "web", Replicas: 3}); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(t.Context(), ns, "web", 3); err != nil {
		t.Fatal(err)
	}
	out, err := c.Kubectl(t.Context(), "get", "pods", "-n", ns, "--no-headers")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(out), " Running "); n != 3 {
		t.Errorf("kubectl shows %d running pods, want 3:\n%s", n, out)
	}
}

func TestFailuresLookAsAnEngineerKnowsThem(t *testing.T) {
	c := Shared(t)
	ns := c.Namespace(t)
	for _, w := range []Workload{
		{Name: "crash", Fail: CrashLoopBackOff},
		{Name: "memory", Fail: CrashLoopBackOff, Reason: "OOMKilled", ExitCode: 137},
		{Name: "image", Fail: ImagePullBackOff},
		{Name: "probe", Fail: NotReady},
	} {
		w.Namespace, w.Replicas = ns, 1
		if err := c.Deploy(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	testkit.Poll(t, 30*time.Second, func() error {
		out, err := c.Kubectl(t.Context(), "get", "pods", "-n", ns, "--no-headers")
		if err != nil {
			return err
		}
		// a crash loop passes through Running, and shows how it ended, on its way
		for name, want := range map[string]string{"crash": "CrashLoopBackOff", "memory": "CrashLoopBackOff", "image": "ImagePullBackOff", "probe": "0/1"} {
			if !lineWith(string(out), name+"-", want) {
				return fmt.Errorf("%s is not %s:\n%s", name, want, out)
			}
		}
		return nil
	})
	out, err := c.Kubectl(t.Context(), "get", "pods", "-n", ns, "-l", "app=memory", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), `"OOMKilled"`) || !strings.Contains(string(out), `"exitCode": 137`) {
		t.Errorf("no OOMKilled with exit code 137:\n%s", out)
	}
}

func lineWith(text, prefix, word string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) && strings.Contains(line, word) {
			return true
		}
	}
	return false
}

func TestLogsAndExecOfAPod(t *testing.T) {
	c := Shared(t)
	ns := c.Namespace(t)
	if err := c.Deploy(t.Context(), Workload{Namespace: ns, Name: "web", Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(t.Context(), ns, "web", 1); err != nil {
		t.Fatal(err)
	}
	out, err := c.Kubectl(t.Context(), "logs", "-n", ns, "deploy/web")
	if err != nil || !strings.Contains(string(out), "started") {
		t.Errorf("logs: %q, %v", out, err)
	}
	out, err = c.Kubectl(t.Context(), "exec", "-n", ns, "deploy/web", "--", "sh", "-c", "echo in $POD_NAME; exit 3")
	if !strings.Contains(string(out), "in web-") || err == nil || !strings.Contains(err.Error(), "exit code 3") {
		t.Errorf("exec: %q, %v; want the pod's name and exit code 3", out, err)
	}
}

func TestAUserWithoutRightsIsRefusedAndAudited(t *testing.T) {
	c := StartFor(t, Options{Name: "limited", Nodes: -1, Audit: true, Users: map[string][]string{"jane": {"developers"}}})
	if _, err := c.KubectlAs(t.Context(), "jane", "get", "pods"); err == nil || !strings.Contains(err.Error(), "Forbidden") {
		t.Fatalf("list as jane: %v, want Forbidden", err)
	}
	for _, args := range [][]string{
		{"create", "role", "reader", "--verb=get,list,watch", "--resource=pods"},
		{"create", "rolebinding", "reader", "--role=reader", "--group=developers"},
	} {
		if _, err := c.Kubectl(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
	}
	testkit.Poll(t, 10*time.Second, func() error { // the authorizer learns of the binding by a watch
		_, err := c.KubectlAs(t.Context(), "jane", "get", "pods")
		return err
	})
	if _, err := c.KubectlAs(t.Context(), "jane", "create", "configmap", "x"); err == nil {
		t.Fatal("jane could write")
	}
	events, err := c.Audit(t.Context(), "jane")
	if err != nil {
		t.Fatal(err)
	}
	var verbs []string
	mutations := 0
	for _, e := range events {
		if e.User.Username != "jane" {
			t.Errorf("an event of somebody else: %v", e)
		}
		if e.ObjectRef.Resource != "" {
			verbs = append(verbs, fmt.Sprintf("%s %s %d", e.Verb, e.ObjectRef.Resource, e.ResponseStatus.Code))
		}
		if e.Mutates() {
			mutations++
		}
	}
	joined := strings.Join(verbs, ", ")
	if !strings.HasPrefix(joined, "list pods 403") || !strings.Contains(joined, "list pods 200") || mutations != 1 {
		t.Errorf("audited: %s; want a refused list, a list, and one (refused) mutation", joined)
	}
}

func TestTheAPIServerGoesAndComesBack(t *testing.T) {
	c := StartFor(t, Options{Nodes: 1})
	ctx := t.Context()
	if err := c.Deploy(ctx, Workload{Namespace: "default", Name: "web", Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(ctx, "default", "web", 1); err != nil {
		t.Fatal(err)
	}
	url, before := c.URL, c.PIDs()[nameAPIServer]

	if err := c.StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(ctx, "GET", "/readyz", "", nil); err == nil {
		t.Fatal("a stopped API server answers")
	}
	if err := c.StopAPIServer(); err == nil {
		t.Error("stopping a stopped one is no error")
	}
	if err := c.Died(); err != nil {
		t.Errorf("stopped on purpose, reported as died: %v", err)
	}
	if err := c.StartAPIServer(ctx); err != nil {
		t.Fatal(err)
	}
	if c.URL != url || c.PIDs()[nameAPIServer] == before {
		t.Errorf("URL %s, process %d; want %s and not %d", c.URL, c.PIDs()[nameAPIServer], url, before)
	}
	if err := c.WaitReady(ctx, "default", "web", 1); err != nil {
		t.Errorf("state was lost: %v", err)
	}
	// the controllers, the scheduler and kwok have to find it again
	if _, err := c.Kubectl(ctx, "scale", "deployment/web", "--replicas=2"); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(ctx, "default", "web", 2); err != nil {
		t.Errorf("the control plane did not recover: %v", err)
	}

	if err := c.PauseAPIServer(); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	if _, err := c.Do(short, "GET", "/readyz", "", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a paused API server: %v, want silence", err)
	}
	if err := c.ResumeAPIServer(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(ctx, "GET", "/readyz", "", nil); err != nil {
		t.Errorf("after the pause: %v", err)
	}
	pids := c.PIDs()
	c.Stop()
	if _, err := os.Stat(c.Dir); !os.IsNotExist(err) {
		t.Errorf("left over: %s", c.Dir)
	}
	for name, pid := range pids {
		if p, _ := os.FindProcess(pid); p.Signal(syscall.Signal(0)) == nil {
			t.Errorf("%s is still running as %d", name, pid)
		}
	}
}

func TestLoadMakesThePodsWithAFewInTrouble(t *testing.T) {
	c := Shared(t)
	if err := c.Load(t.Context(), 60); err != nil {
		t.Fatal(err)
	}
	testkit.Poll(t, time.Minute, func() error {
		b, err := c.Do(t.Context(), http.MethodGet, "/api/v1/pods", "", nil)
		if err != nil {
			return err
		}
		var list struct {
			Items []struct {
				Metadata struct{ Namespace string }
				Status   struct{ ContainerStatuses []struct{ Ready bool } }
			}
		}
		if err := json.Unmarshal(b, &list); err != nil {
			return err
		}
		perNamespace, ready, all := map[string]int{}, 0, 0
		for _, p := range list.Items {
			switch ns := p.Metadata.Namespace; ns {
			case "shop", "search", "billing", "platform":
				perNamespace[ns]++
				all++
				if s := p.Status.ContainerStatuses; len(s) == 1 && s[0].Ready {
					ready++
				}
			}
		}
		if all != 60 || len(perNamespace) != 4 || ready != 55 {
			return fmt.Errorf("%d pods in %v, %d ready; want 60 in 4 namespaces, 55 ready", all, perNamespace, ready)
		}
		return nil
	})
}
