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

	"devops-tui/test/program"
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
	w.Env = append(w.Env, "EDITOR="+w.Editor("s/color: blue/color: green/"))
	w.apply(oneOfEach)
	w.rolled("deployment/web")
	s := w.Cockpit(160, 45, "kube ●", "3", "Workloads", "name:web", "web")
	sent := w.count()

	// scale
	s.Plan("S", program.GoesOn, "replicas")
	s.Send("ctrl+u")
	s.Type("4")
	s.WaitText(program.Patience, "--replicas=4")
	s.Proceed()
	s.Yes()
	s.Healthy()
	sent.want(1)
	w.want("deployment/web", replicas, "4")
	s.Plan("U", program.Question)
	s.Yes()
	s.Healthy()
	sent.want(1)
	w.want("deployment/web", replicas, "2")

	// deploy: an image that is typed
	s.Plan("D", program.GoesOn)
	s.Send("esc")
	w.Act("deploy", "deployment/"+w.ns+"/web", "--set", "image=registry.local/web:v2")
	sent.want(1)

	// pause
	s.Plan("P", program.Question, "rollout pause")
	s.Yes()
	s.Healthy()
	w.want("deployment/web", ".spec.paused", "true")
	s.Plan("U", program.Question)
	s.Yes()
	s.Healthy()
	w.want("deployment/web", ".spec.paused", "")
	sent.want(2)

	// edit
	s.GoTo("configmaps", "settings")
	s.Find("name:settings")
	s.Plan("E", program.Question, "green")
	sent.want(0)
	s.Yes()
	s.Healthy()
	sent.want(1)
	w.want("configmap/settings", ".data.color", "green")

	// delete and undo
	s.Plan("X", program.Question, "settings")
	s.Yes()
	s.Healthy()
	w.gone("configmap/settings")
	s.Plan("U", program.Question)
	s.Yes()
	s.Healthy()
	w.want("configmap/settings", ".data.color", "green")
	sent.want(2)
	if a := w.Run("journal", "verify"); a.Code != 0 {
		t.Errorf("journal verify: exit %d: %s%s", a.Code, a.Stdout, a.Stderr)
	}
}

var address = regexp.MustCompile(`127\.0\.0\.1:(\d+) → `)

func TestShellAndPortForwardByKey(t *testing.T) {
	w := newKube(t, "")
	w.apply(oneOfEach)
	w.rolled("deployment/web")
	pod := w.get("pods", ".items[0].metadata.name")
	s := w.Cockpit(120, 40, "kube ●", "3", "Workloads", "name:web", "web")
	s.GoTo("pods", pod)
	s.Find("name:" + pod)
	s.Send("s")
	s.WaitFor(func(v string) bool { return strings.Contains(v, "$") && !strings.Contains(v, "╭") }, program.Patience)
	s.Type("echo sum-$((40+2)); stty size")
	s.Send("enter")
	s.WaitText(program.Patience, "sum-42", "40 120")
	s.Type("exit 3")
	s.Send("enter")
	s.WaitText(program.Patience, "╭", pod, "3")

	s.Send("f") // there is one port: nothing to ask
	s.WaitText(program.Patience, "1 running")
	s.Send("u")
	s.WaitFor(func(v string) bool { return strings.Contains(v, "Changes & tasks") && address.MatchString(v) }, program.Patience)
	port := address.FindStringSubmatch(s.Screen())[1]
	if got := w.echo(port, "hello through the tunnel"); got != "hello through the tunnel" {
		t.Errorf("got %q", got)
	}
	s.Send("esc")
	s.WaitText(program.Patience, "╭ Pods")
	s.GoTo("quit", "stay")
	s.Send("down", "enter")
	if code := s.WaitExit(program.Patience); code != 0 {
		t.Errorf("exit %d", code)
	}
	if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
		c.Close()
		t.Error("the port is still open after the end")
	}
}

// echo sends a line through a forwarded port; the pod's end sends it back.
func (w *kubeWorld) echo(port, line string) string {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.T.Context(), program.Patience)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+port)
	if err != nil {
		w.T.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(program.Patience))
	fmt.Fprintln(c, line)
	got, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		w.T.Errorf("read: %v", err)
	}
	return strings.TrimSpace(got)
}

// TestAStalePlanIsRefused: the object is replaced while its plan is on the
// screen.
func TestAStalePlanIsRefused(t *testing.T) {
	w := newKube(t, "")
	w.apply(oneOfEach)
	w.rolled("deployment/web")
	s := w.Cockpit(160, 45, "kube ●", "3", "Workloads", "name:web", "web")
	s.Plan("R", program.Question)
	w.kubectl("delete", "deployment/web")
	w.apply(oneOfEach)
	w.rolled("deployment/web")
	sent := w.count()
	s.Yes()
	s.WaitText(program.Patience, "nothing was sent")
	sent.want(0)
}

// TestAClippedPlanIsNotConfirmed: what cannot be read cannot be confirmed.
func TestAClippedPlanIsNotConfirmed(t *testing.T) {
	w := newKube(t, "")
	w.apply(oneOfEach)
	w.rolled("deployment/web")
	s := w.Cockpit(160, 45, "kube ●", "3", "Workloads", "name:web", "web")
	s.Plan("R", program.Question)
	sent := w.count()
	s.Resize(44, 10)
	s.WaitFor(func(v string) bool { return !strings.Contains(v, program.Question) }, program.Patience)
	s.WaitIdle(400*time.Millisecond, program.Patience)
	s.Send("y", "enter", "y")
	s.WaitIdle(400*time.Millisecond, program.Patience)
	sent.want(0)
	s.Resize(160, 45)
	s.Yes()
	s.Healthy()
	sent.want(1)
}
