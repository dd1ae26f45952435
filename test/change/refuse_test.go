package change

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"devops-tui/test/cluster"
	"devops-tui/test/docker"
	"devops-tui/test/program"
)

const viewerRights = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: change-viewer}
rules: [{apiGroups: ["*"], resources: ["*"], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: change-viewer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: change-viewer}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: viewer}]
`

const refusedObjects = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "registry.local/job:v1"}]}}}}
`

// kubeVerbs is what is tried of every verb that Kubernetes has; NS, POD and FILE
// are filled in.
var kubeVerbs = [][]string{
	{"restart", "deployment/NS/web"},
	{"restart", "pod/NS/POD"},
	{"rollback", "deployment/NS/web"},
	{"deploy", "deployment/NS/web", "--set", "image=registry.local/web:v9"},
	{"deploy", "cronjob/NS/nightly"},
	{"deploy", "namespace/NS", "--set", "file=NEW"},
	{"scale", "deployment/NS/web", "--set", "replicas=5"},
	{"pause", "deployment/NS/web"},
	{"pause", "cronjob/NS/nightly"},
	{"resume", "cronjob/NS/suspended"},
	{"cordon", "node/node-0"},
	{"uncordon", "node/cordoned"},
	{"drain", "node/node-0"},
	{"edit", "configmap/NS/settings", "--set", "file=FILE"},
	{"delete", "configmap/NS/settings"},
	{"shell", "pod/NS/POD", "--set", "command=id"},
	{"port-forward", "pod/NS/POD", "--set", "port=0:80"},
	{"copy", "pod/NS/POD", "--set", "from=FILE", "--set", "to=:/tmp/refused"},
}

// noKube are the verbs that Kubernetes does not have, with what has them.
var noKube = map[string]string{
	"stop": "docker", "start": "docker", "kill": "docker", "prune": "docker", "undo": "the journal",
	// Argo's kinds have them: see test/pipeline
	"rerun": "argo", "cancel": "argo", "approve": "argo", "reject": "argo",
}

// TestRefusedKubernetesVerbs tries every verb in every way that must not change
// anything, and asks the server's audit log.
func TestRefusedKubernetesVerbs(t *testing.T) {
	c := cluster.StartFor(t, cluster.Options{Nodes: 1, Audit: true, Users: map[string][]string{"viewer": nil, "reader": {"system:masters"}, "denied": {"system:masters"}}})
	ctx := t.Context()
	const ns = "shop"
	if err := c.CreateNamespace(ctx, ns); err != nil {
		t.Fatal(err)
	}
	for _, yaml := range []string{viewerRights, refusedObjects, strings.ReplaceAll(refusedObjects, "nightly", "suspended")} {
		if err := c.Apply(ctx, ns, yaml); err != nil {
			t.Fatal(err)
		}
	}
	for _, image := range []string{"v1", "v2"} {
		if image == "v1" {
			if err := c.Deploy(ctx, cluster.Workload{Namespace: ns, Name: "web", Replicas: 2, Image: "registry.local/web:v1"}); err != nil {
				t.Fatal(err)
			}
		} else if _, err := c.Kubectl(ctx, "-n", ns, "set", "image", "deployment/web", "main=registry.local/web:v2"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Kubectl(ctx, "-n", ns, "rollout", "status", "deployment/web", "--timeout=60s"); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.AddNode(ctx, "cordoned"); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"cordon", "cordoned"}, {"-n", ns, "patch", "cronjob/suspended", "-p", `{"spec":{"suspend":true}}`}} {
		if _, err := c.Kubectl(ctx, args...); err != nil {
			t.Fatal(err)
		}
	}
	out, err := c.Kubectl(ctx, "-n", ns, "get", "pods", "-o", "jsonpath={.items[0].metadata.name}")
	if err != nil {
		t.Fatal(err)
	}
	pod := string(out)
	out, err = c.Kubectl(ctx, "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}")
	if err != nil {
		t.Fatal(err)
	}
	node := slices.DeleteFunc(strings.Fields(string(out)), func(n string) bool { return n == "cordoned" })[0]

	for _, way := range []struct {
		name, user, config string
		args               []string
		codes              []int
		says               string // a regular expression over stderr and stdout
		dryRuns            bool   // trying is allowed
	}{
		{name: "read-only", user: "reader", args: []string{"--read-only"}, codes: []int{4}, says: "read-only"},
		{name: "a read-only environment", user: "reader", config: "environments: [{name: frozen, match: {source: [kube]}, read_only: true}]\n", codes: []int{4}, says: "read-only"},
		{name: "denied by policy", user: "denied", config: "environments: [{name: frozen, match: {source: [kube]}, policy: deny}]\n", codes: []int{4}, says: "policy denies", dryRuns: true},
		{name: "no rights", user: "viewer", codes: []int{1, 4}, says: "(?i)RBAC|forbidden|cannot|not allowed", dryRuns: true},
	} {
		t.Run(way.name, func(t *testing.T) {
			kubeconfig, err := c.KubeconfigFor(way.user)
			if err != nil {
				t.Fatal(err)
			}
			p := program.New(t, way.config, "KUBECONFIG="+kubeconfig)
			p.Args = append([]string{"--source", "kube"}, way.args...)
			file := p.Write("file.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: "+ns+"}\ndata: {color: red}\n")
			fresh := p.Write("fresh.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fresh}\ndata: {color: red}\n")
			fill := strings.NewReplacer("NEW", fresh, "NS", ns, "POD", pod, "FILE", file, "node-0", node)
			complete(p, kubeVerbs, noKube)
			says := regexp.MustCompile(way.says)
			for _, verb := range kubeVerbs {
				args := []string{"act", "--yes", "--wait", "--timeout", "20s"}
				for _, a := range verb {
					args = append(args, fill.Replace(a))
				}
				a := p.Run(args...)
				if !slices.Contains(way.codes, a.Code) || !says.MatchString(a.Stderr+a.Stdout) {
					t.Errorf("%v: exit %d, want %v and %q\n%s%s", args, a.Code, way.codes, way.says, a.Stdout, a.Stderr)
				}
			}
			if way.name == "read-only" {
				everyEntry(p, ns)
			}
			events, err := c.Audit(ctx, way.user)
			if err != nil {
				t.Fatal(err)
			}
			if len(events) == 0 {
				t.Error("the server has seen no request: nothing is shown by this test")
			}
			for _, e := range events {
				if !strings.HasPrefix(e.UserAgent, "devops-tui") || !e.Mutates() && !opensStream(e) {
					continue
				}
				tried := strings.Contains(e.RequestURI, "dryRun=All")
				if tried && way.dryRuns || way.user == "viewer" && e.ResponseStatus.Code == http.StatusForbidden {
					continue
				}
				t.Errorf("%s was sent: %s", e, e.RequestURI)
			}
			if n := len(p.Records()); n != 0 && way.user != "viewer" {
				t.Errorf("%d journal records", n)
			}
		})
	}
}

// everyEntry tries the change keys, the menu and the palette of a cockpit that
// must not change anything.
func everyEntry(p *program.Program, ns string) {
	p.T.Helper()
	s := p.Cockpit(120, 40, "kube ●", "3", "Workloads", "name:web ns:"+ns, "web")
	s.WaitText(program.Patience, "READ-ONLY")
	still := func() string {
		s.WaitIdle(400*time.Millisecond, program.Patience) // also what comes a little later
		return s.Screen()
	}
	try := func(keys ...string) {
		s.Send(keys...)
		v := still()
		if strings.Contains(v, program.Question) || strings.Contains(v, program.GoesOn) {
			p.T.Errorf("%v opens a plan that asks:\n%s", keys, v)
		}
		for range 5 { // what stands over the list is confirmed as well as can be, and closed
			if !strings.Contains(v, "esc c") && !strings.Contains(v, "esc: ") {
				return
			}
			s.Send("y", "enter")
			still()
			s.Send("esc")
			v = still()
		}
	}
	for _, key := range []string{"R", "B", "D", "S", "P", "E", "X", "C", "A", "s", "f"} {
		try(key)
	}
	s.Send("U")
	s.WaitText(program.Patience, "nothing to undo")
	s.Send("esc")
	s.WaitFor(func(v string) bool { return !strings.Contains(v, "nothing to undo") }, program.Patience)
	s.Send("a")
	s.WaitText(program.Patience, "Actions · ", "read-only")
	for range 14 { // each line of the menu
		s.Send("enter")
		v := still()
		if strings.Contains(v, program.Question) || strings.Contains(v, program.GoesOn) {
			p.T.Errorf("the menu opens a plan that asks:\n%s", v)
		}
		s.Send("down")
	}
	s.Send("esc")
	s.WaitFor(func(v string) bool { return !strings.Contains(v, "Actions · ") }, program.Patience)
	still()
	for _, verb := range []string{"restart", "roll back", "delete", "scale"} {
		s.Send(":")
		s.WaitText(program.Patience, "Go to")
		s.Type(verb)
		still()
		s.Send("enter")
		v := still()
		if strings.Contains(v, program.Question) || strings.Contains(v, program.GoesOn) {
			p.T.Errorf("the palette opens a plan that asks:\n%s", v)
		}
		for strings.Contains(v, "esc c") {
			s.Send("esc")
			v = still()
		}
	}
	s.Send("ctrl+c", "ctrl+c")
	s.WaitExit(program.Patience)
}

// opensStream reports requests that reach into a container by GET.
func opensStream(e cluster.AuditEvent) bool {
	switch e.ObjectRef.Subresource {
	case "exec", "attach", "portforward", "proxy":
		return e.ObjectRef.Resource == "pods" // a node's usage is read through its proxy
	}
	return false
}

// complete fails when the command line has a verb that a sweep does not try.
func complete(p *program.Program, tried [][]string, elsewhere map[string]string) {
	p.T.Helper()
	help := p.Run("act", "--help").Stdout
	_, list, ok := strings.Cut(help, "Verbs: ")
	if !ok {
		p.T.Fatalf("act --help has no list of verbs:\n%s", help)
	}
	list, _, _ = strings.Cut(list, ".")
	for _, verb := range strings.Fields(list) {
		if elsewhere[verb] == "" && !slices.ContainsFunc(tried, func(t []string) bool { return t[0] == verb }) {
			p.T.Errorf("the verb %s is not tried", verb)
		}
	}
}

var dockerVerbs = [][]string{
	{"restart", "container/change-refused"},
	{"restart", "project/refusedproject"},
	{"stop", "container/change-refused"},
	{"start", "container/change-refused-off"},
	{"kill", "container/change-refused"},
	{"pause", "container/change-refused"},
	{"resume", "container/change-refused-paused"},
	{"delete", "container/change-refused", "--set", "force=true"},
	{"delete", "project/refusedproject"},
	{"deploy", "container/change-refused", "--set", "image=change-refused:2"},
	{"deploy", "project/refusedproject", "--set", "pull=true"},
	{"rollback", "container/change-refused", "--set", "to=change-refused:2"},
	{"prune", "HOST", "--set", "what=containers,images,volumes,networks"},
	{"shell", "container/change-refused", "--set", "command=/app env"},
	{"copy", "container/change-refused", "--set", "from=FILE", "--set", "to=:/tmp/refused"},
}

var noDocker = map[string]string{
	"scale": "kube", "cordon": "kube", "uncordon": "kube", "drain": "kube", "edit": "kube", "port-forward": "kube", "undo": "the journal",
	"rerun": "pipelines", "cancel": "pipelines", "approve": "pipelines", "reject": "pipelines",
}

// wiretap passes an engine's API on and keeps the requests that are not reads.
type wiretap struct {
	mu   sync.Mutex
	sent []string
}

func (r *wiretap) listen(t *testing.T, e *dockertest.Engine) (host string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tap.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	target := strings.TrimPrefix(e.Host, "unix://")
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "engine"})
	proxy.FlushInterval = -1
	proxy.ErrorLog = log.New(io.Discard, "", 0) // of streams that end with the program
	proxy.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", target)
	}}
	server := &http.Server{ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method != http.MethodGet && q.Method != http.MethodHead {
			r.mu.Lock()
			r.sent = append(r.sent, q.Method+" "+q.URL.Path)
			r.mu.Unlock()
		}
		proxy.ServeHTTP(w, q)
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return "unix://" + path
}

func TestRefusedDockerVerbs(t *testing.T) {
	w := newDocker(t, "")
	w.imageWith("change-refused:2", "refused")
	for _, name := range []string{"change-refused", "change-refused-off", "change-refused-paused"} {
		w.container(name, dockertest.RunSpec{})
	}
	w.docker("stop", "-t", "1", "change-refused-off")
	w.docker("pause", "change-refused-paused")
	w.image("change-web:1")
	w.project("refusedproject", "version: \"2.4\"\nservices: {web: {image: \"change-web:1\"}}\n")
	host := w.host()
	for _, way := range []struct {
		name, config, says string
		args               []string
	}{
		{name: "read-only", args: []string{"--read-only"}, says: "read-only"},
		{name: "a read-only environment", config: "environments: [{name: frozen, match: {source: [docker]}, read_only: true}]\n", says: "read-only"},
		{name: "denied by policy", config: "environments: [{name: frozen, match: {source: [docker]}, policy: deny}]\n", says: "policy denies"},
	} {
		t.Run(way.name, func(t *testing.T) {
			tap := &wiretap{}
			p := program.New(t, way.config, "DOCKER_HOST="+tap.listen(t, w.e))
			p.Args = append([]string{"--source", "docker"}, way.args...)
			file := p.Write("file.txt", "x")
			complete(p, dockerVerbs, noDocker)
			_, hostName, _ := strings.Cut(host, "/")
			for _, verb := range dockerVerbs {
				args := []string{"act", "--yes", "--wait", "--timeout", "20s"}
				for _, a := range verb {
					if a == "HOST" {
						a = hostOf(p, hostName)
					}
					args = append(args, strings.ReplaceAll(a, "FILE", file))
				}
				a := p.Run(args...)
				if a.Code != 4 || !strings.Contains(a.Stderr+a.Stdout, way.says) {
					t.Errorf("%v: exit %d, want 4 and %q\n%s%s", args, a.Code, way.says, a.Stdout, a.Stderr)
				}
			}
			if len(tap.sent) != 0 {
				t.Errorf("sent: %v", tap.sent)
			}
			if n := len(p.Records()); n != 0 {
				t.Errorf("%d journal records", n)
			}
		})
	}
	w.want("change-refused", state, "running")
}

// hostOf is the engine's own object as this program names it.
func hostOf(p *program.Program, fallback string) string {
	p.T.Helper()
	w := dockerWorld{Program: p}
	if a := p.Run("snapshot", "host", "-o", "json"); a.Code == 0 {
		return w.host()
	}
	return "host/" + fallback
}
