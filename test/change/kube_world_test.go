package change

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"devops-tui/test/cluster"
	"devops-tui/test/program"
)

// kubeWorld is a namespace of the shared control plane and a program that
// watches it.
type kubeWorld struct {
	*program.Program
	c  *cluster.Cluster
	ns string
}

func newKube(t *testing.T, config string) *kubeWorld {
	t.Helper()
	c := cluster.Shared(t)
	w := &kubeWorld{c: c, ns: c.Namespace(t)}
	w.Program = program.New(t, config, "KUBECONFIG="+c.Kubeconfig)
	w.Args = []string{"--source", "kube", "--namespace", w.ns}
	return w
}

// kubectl runs the real one and returns its output.
func (w *kubeWorld) kubectl(args ...string) string {
	w.T.Helper()
	out, err := w.c.Kubectl(w.T.Context(), append([]string{"-n", w.ns}, args...)...)
	if err != nil {
		w.T.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// get reads one field.
func (w *kubeWorld) get(object, jsonpath string) string {
	w.T.Helper()
	return w.kubectl("get", object, "-o", "jsonpath={"+jsonpath+"}")
}

func (w *kubeWorld) want(object, jsonpath, want string) {
	w.T.Helper()
	if got := w.get(object, jsonpath); got != want {
		w.T.Errorf("%s %s is %q, want %q", object, jsonpath, got, want)
	}
}

func (w *kubeWorld) gone(object string) {
	w.T.Helper()
	if out := w.kubectl("get", object, "--ignore-not-found", "-o", "name"); out != "" {
		w.T.Errorf("%s is still there", out)
	}
}

func (w *kubeWorld) apply(yaml string) {
	w.T.Helper()
	if err := w.c.Apply(w.T.Context(), w.ns, yaml); err != nil {
		w.T.Fatal(err)
	}
}

// deployment makes a deployment with one container, main, and waits for it.
func (w *kubeWorld) deployment(name, image string, replicas int) {
	w.T.Helper()
	if err := w.c.Deploy(w.T.Context(), cluster.Workload{Namespace: w.ns, Name: name, Replicas: replicas, Image: image}); err != nil {
		w.T.Fatal(err)
	}
	if err := w.c.WaitReady(w.T.Context(), w.ns, name, replicas); err != nil {
		w.T.Fatal(err)
	}
}

// rolled waits for a rollout.
func (w *kubeWorld) rolled(object string) {
	w.T.Helper()
	w.kubectl("rollout", "status", object, "--timeout=60s")
}

// sent counts the changing requests of the program into the namespace, and to
// objects without one that it names. What the server refused because the
// object's status had moved is not a change.
func (w *kubeWorld) sent(names ...string) int {
	w.T.Helper()
	events, err := w.c.Audit(w.T.Context(), "")
	if err != nil {
		w.T.Fatal(err)
	}
	n := 0
	for _, e := range events {
		mine := e.ObjectRef.Namespace == w.ns
		for _, name := range names {
			mine = mine || e.ObjectRef.Name == name
		}
		if mine && strings.HasPrefix(e.UserAgent, "devops-tui") && e.Mutates() && !strings.Contains(e.RequestURI, "dryRun=All") && e.ResponseStatus.Code != http.StatusConflict {
			n++
		}
	}
	return n
}

// object reads a whole object.
func (w *kubeWorld) object(name string) map[string]any {
	w.T.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(w.kubectl("get", name, "-o", "json")), &o); err != nil {
		w.T.Fatal(err)
	}
	return o
}

// contexts of the users that refusals are about.
const (
	mainImage = ".spec.template.spec.containers[0].image"
	replicas  = ".spec.replicas"
)
