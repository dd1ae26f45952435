package change

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

const oneOfEach = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: "registry.local/web:v1", ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue}
`

// TestTheKeysOfKubernetes walks through the change keys in one cockpit.
func TestTheKeysOfKubernetes(t *testing.T) {
	w := newKube(t, "")
	w.env = append(w.env, "EDITOR="+w.editor("s/color: blue/color: green/"))
	w.apply(oneOfEach)
	w.rolled("deployment/web")
	s := w.cockpit(160, 45, "kube ●", "3", "Workloads", "name:web", "web")
	sent := w.count()

	// scale
	s.plan("S", goesOn, "replicas")
	s.Send("ctrl+u")
	s.Type("4")
	s.WaitText(patience, "--replicas=4")
	s.proceed()
	s.yes()
	s.healthy()
	sent.want(1)
	w.want("deployment/web", replicas, "4")
	s.plan("U", question)
	s.yes()
	s.healthy()
	sent.want(1)
	w.want("deployment/web", replicas, "2")

	// deploy: an image that is typed
	s.plan("D", goesOn)
	s.Send("esc")
	w.act("deploy", "deployment/"+w.ns+"/web", "--set", "image=registry.local/web:v2")
	sent.want(1)

	// pause
	s.plan("P", question, "rollout pause")
	s.yes()
	s.healthy()
	w.want("deployment/web", ".spec.paused", "true")
	s.plan("U", question)
	s.yes()
	s.healthy()
	w.want("deployment/web", ".spec.paused", "")
	sent.want(2)

	// edit
	s.goTo("configmaps", "settings")
	s.find("name:settings")
	s.plan("E", question, "green")
	sent.want(0)
	s.yes()
	s.healthy()
	sent.want(1)
	w.want("configmap/settings", ".data.color", "green")

	// delete and undo
	s.plan("X", question, "settings")
	s.yes()
	s.healthy()
	w.gone("configmap/settings")
	s.plan("U", question)
	s.yes()
	s.healthy()
	w.want("configmap/settings", ".data.color", "green")
	sent.want(2)
	if a := w.run("journal", "verify"); a.code != 0 {
		t.Errorf("journal verify: exit %d: %s%s", a.code, a.stdout, a.stderr)
	}
}

var address = regexp.MustCompile(`127\.0\.0\.1:(\d+) → `)

func TestShellAndPortForwardByKey(t *testing.T) {
	w := newKube(t, "")
	w.apply(oneOfEach)
	w.rolled("deployment/web")
	pod := w.get("pods", ".items[0].metadata.name")
	s := w.cockpit(120, 40, "kube ●", "3", "Workloads", "name:web", "web")
	s.goTo("pods", pod)
	s.find("name:" + pod)
	s.Send("s")
	s.WaitFor(func(v string) bool { return strings.Contains(v, "$") && !strings.Contains(v, "╭") }, patience)
	s.Type("echo sum-$((40+2)); stty size")
	s.Send("enter")
	s.WaitText(patience, "sum-42", "40 120")
	s.Type("exit 3")
	s.Send("enter")
	s.WaitText(patience, "╭", pod, "3")

	s.Send("f") // there is one port: nothing to ask
	s.WaitText(patience, "1 running")
	s.Send("u")
	s.WaitFor(func(v string) bool { return strings.Contains(v, "Changes & tasks") && address.MatchString(v) }, patience)
	port := address.FindStringSubmatch(s.Screen())[1]
	if got := w.echo(port, "hello through the tunnel"); got != "hello through the tunnel" {
		t.Errorf("got %q", got)
	}
	s.Send("esc")
	s.WaitText(patience, "╭ Pods")
	s.goTo("quit", "stay")
	s.Send("down", "enter")
	if code := s.WaitExit(patience); code != 0 {
		t.Errorf("exit %d", code)
	}
	if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
		c.Close()
		t.Error("the port is still open after the end")
	}
}

// echo sends a line through a forwarded port; the pod's end sends it back.
func (w *kubeWorld) echo(port, line string) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+port)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintln(c, line)
	got, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		w.t.Errorf("read: %v", err)
	}
	return strings.TrimSpace(got)
}

// TestAStalePlanIsRefused: the object is replaced while its plan is on the
// screen.
func TestAStalePlanIsRefused(t *testing.T) {
	w := newKube(t, "")
	w.apply(oneOfEach)
	w.rolled("deployment/web")
	s := w.cockpit(160, 45, "kube ●", "3", "Workloads", "name:web", "web")
	s.plan("R", question)
	w.kubectl("delete", "deployment/web")
	w.apply(oneOfEach)
	w.rolled("deployment/web")
	sent := w.count()
	s.yes()
	s.WaitText(patience, "nothing was sent")
	sent.want(0)
}

// TestAClippedPlanIsNotConfirmed: what cannot be read cannot be confirmed.
func TestAClippedPlanIsNotConfirmed(t *testing.T) {
	w := newKube(t, "")
	w.apply(oneOfEach)
	w.rolled("deployment/web")
	s := w.cockpit(160, 45, "kube ●", "3", "Workloads", "name:web", "web")
	s.plan("R", question)
	sent := w.count()
	s.Resize(44, 10)
	s.WaitFor(func(v string) bool { return !strings.Contains(v, question) }, patience)
	s.WaitIdle(400*time.Millisecond, patience)
	s.Send("y", "enter", "y")
	s.WaitIdle(400*time.Millisecond, patience)
	sent.want(0)
	s.Resize(160, 45)
	s.yes()
	s.healthy()
	sent.want(1)
}
