package kube

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
	"devops-tui/test/cluster"
)

// helmOf puts the real helm on the PATH of a source and returns a way to run it
// as a user would.
func helmOf(t *testing.T, c *cluster.Cluster, src *Source) func(args ...string) string {
	t.Helper()
	binary, err := cluster.BuildHelm(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(dir, "helm")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", t.TempDir())               // helm's caches
	t.Setenv("HELM_KUBEAPISERVER", "https://x") // must not lead it elsewhere
	src.helm.getenv = func(string) string { return dir }
	return func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), binary, args...)
		cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig, "HELM_KUBEAPISERVER=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
}

// chart writes a chart with one deployment and a secret.
func chart(t *testing.T, version, image string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"Chart.yaml":  fmt.Sprintf("apiVersion: v2\nname: shop\nversion: %s\nappVersion: app-%s\n", version, version),
		"values.yaml": "password: hunter2-" + version + "\n",
		"templates/all.yaml": appYAML("Deployment", "web", image, "", 1) + `---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {password: "{{ .Values.password }}"}
`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// helmSays is an Output that keeps the lines.
type helmSays struct {
	mu    sync.Mutex
	lines []string
}

func (*helmSays) Progress(core.Progress) {}

func (h *helmSays) Line(l text.Line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, l.String())
}

// TestHelmReleases are listed, followed, rolled back by the user's helm, and
// rolled forward again; nothing of their values is seen.
func TestHelmReleases(t *testing.T) {
	c, src, _, ns := verbWorld(t)
	helm := helmOf(t, c, src)
	m := start(t, src, core.Interest{Kinds: []string{kindRelease}, Namespaces: []string{ns}})
	shows := func(want string) {
		t.Helper()
		m.await(t, want, 30*time.Second, func() bool {
			r := m.row(kindRelease, ns, "shop")
			if want == "" || r == nil {
				return want == "" && r == nil
			}
			cells := make([]string, 0, 5)
			for _, cell := range r.Cells[:5] {
				cells = append(cells, cell.Text.String())
			}
			return strings.Join(cells, " ") == want && len(m.rows[kindRelease]) == 1
		})
	}
	old, bad := chart(t, "1.0.0", "r.local/shop:v1"), chart(t, "2.0.0", "r.local/shop:v2")
	helm("install", "shop", old, "-n", ns, "--wait")
	shows("shop deployed 1 shop-1.0.0 app-1.0.0")
	helm("upgrade", "shop", bad, "-n", ns, "--wait")
	shows("shop deployed 2 shop-2.0.0 app-2.0.0")
	m.mu.Lock()
	ref := m.row(kindRelease, ns, "shop").Ref
	m.mu.Unlock()
	row, err := src.Get(t.Context(), ref)
	if err != nil || row.Ref != ref || row.Phase != core.Running {
		t.Errorf("%v, %+v", err, row)
	}
	if why := src.Disabled(core.VerbRollback, row); !why.Empty() {
		t.Errorf("disabled: %s", why)
	}
	form, err := src.Form(t.Context(), core.VerbRollback, ref)
	if err != nil || form.Fields[0].Value != "1" || len(form.Fields[0].Choices) != 2 || form.Fields[0].Choices[1].Cells[3].String() != "r.local/shop:v1" {
		t.Errorf("%v, %+v", err, form)
	}
	op, err := src.PlanRollback(t.Context(), ref, core.Rollback{})
	if err != nil {
		t.Fatal(err)
	}
	mentions(t, op.Plan, "chart: shop-2.0.0 → shop-1.0.0", "images: r.local/shop:v2 → r.local/shop:v1", "2 objects change, 0 come back, 0 go away")
	shown := spoken(op.Plan) + fmt.Sprint(op.Plan.Diff) + fmt.Sprint(form)
	manifest, err := src.Manifest(t.Context(), ref)
	if err != nil || !strings.Contains(fmt.Sprint(manifest.Lines), "r.local/shop:v2") {
		t.Errorf("%v, %v", err, manifest.Lines)
	}
	page, err := src.Describe(t.Context(), ref)
	if err != nil || !strings.Contains(fmt.Sprint(page.Lines), "shop-1.0.0") {
		t.Errorf("%v, %v", err, page.Lines)
	}
	if shown += fmt.Sprint(manifest.Lines, page.Lines); strings.Contains(shown, "hunter2") || strings.Contains(shown, "aHVudGVy") {
		t.Errorf("a value is shown:\n%s", shown)
	}
	if op.Plan.Blind || !strings.Contains(fmt.Sprint(op.Plan.Diff), "r.local/shop:v1") {
		t.Errorf("%s; %v", op.Plan.Preview, op.Plan.Diff)
	}
	// Not without the gate, whatever leads there.
	if err := op.Execute(t.Context(), sources.Quiet); err == nil {
		t.Error("helm ran without a permit")
	}
	src.helm.gate.SetReadOnly(true)
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); err == nil {
		t.Error("helm ran while read-only")
	}
	src.helm.gate.SetReadOnly(false)
	if out, _ := op.Verify(t.Context(), func(core.Progress) {}); out != core.OutcomeRefused {
		t.Errorf("never sent: %v", out)
	}
	said := &helmSays{}
	if err := op.Execute(sources.Permit(t.Context()), said); err != nil {
		t.Fatal(err)
	}
	if out, err := op.Verify(t.Context(), func(core.Progress) {}); err != nil || out != core.OutcomeHealthy {
		t.Fatalf("%v, %v", out, err)
	}
	if !strings.Contains(strings.Join(said.lines, "\n"), "Rollback was a success") {
		t.Errorf("helm said %q", said.lines)
	}
	shows("shop deployed 3 shop-1.0.0 app-1.0.0")
	if got := image(t, c, ns, "deployment/web"); got != "r.local/shop:v1" {
		t.Errorf("runs %s", got)
	}
	takeBack(t, src, op.Plan)
	if got := image(t, c, ns, "deployment/web"); got != "r.local/shop:v2" {
		t.Errorf("undone, it runs %s", got)
	}
	// By the workload that it owns: the revision with the same image.
	kubectl(t, c, "-n", ns, "set", "image", "deployment/web", "main=r.local/shop:v3") // somebody's hand
	op, err = src.PlanRollback(t.Context(), at(src, "deployment", ns, "web"), core.Rollback{To: "r.local/shop:v1", Via: "helm"})
	if err != nil || op.Plan.From.Kind != "deployment" || op.Plan.Target.Kind != kindRelease || !strings.Contains(op.Plan.Command.String(), "helm rollback shop 3 ") {
		t.Fatalf("%v, %+v", err, op)
	}
	if _, err := src.PlanRollback(t.Context(), at(src, "deployment", ns, "web"), core.Rollback{To: "r.local/shop:v2", Via: "helm"}); !isProblem(err, core.Refused) {
		t.Errorf("to what Helm believes in already: %v", err)
	}
	set, err := src.PlanDeploy(t.Context(), at(src, "deployment", ns, "web"), core.Deploy{Image: "r.local/shop:v4"})
	if err != nil {
		t.Fatal(err)
	}
	mentions(t, set.Plan, "applied server-side by helm", "release shop")
	helm("upgrade", "shop", old, "-n", ns, "--wait", "--force-conflicts")
	if err := op.Execute(sources.Permit(t.Context()), sources.Quiet); !isProblem(err, core.Conflict) {
		t.Errorf("upgraded meanwhile: %v", err)
	}
	// The line that is said does the same.
	if op, err = src.PlanRollback(t.Context(), ref, core.Rollback{To: "2"}); err != nil {
		t.Fatal(err)
	}
	helm(strings.Fields(strings.TrimPrefix(op.Plan.Command.String(), "helm "))...)
	if got := image(t, c, ns, "deployment/web"); got != "r.local/shop:v2" {
		t.Errorf("the command brings %s", got)
	}
	// A release that was uninstalled and one of the same name are two.
	helm("uninstall", "shop", "-n", ns, "--wait")
	shows("")
	if _, err := src.PlanRollback(t.Context(), ref, core.Rollback{}); !isProblem(err, core.Conflict, core.NotFound) {
		t.Errorf("uninstalled: %v", err)
	}
	helm("install", "shop", old, "-n", ns, "--wait")
	shows("shop deployed 1 shop-1.0.0 app-1.0.0")
	if _, err := src.PlanRollback(t.Context(), ref, core.Rollback{}); !isProblem(err, core.Conflict) {
		t.Errorf("the old one's life: %v", err)
	}
}

// TestHelmThatIsNotThere says how to get it.
func TestHelmThatIsNotThere(t *testing.T) {
	src := over(t, cluster.Shared(t).Kubeconfig, &sources.Gate{})
	src.helm.getenv = func(string) string { return t.TempDir() }
	_, missing := src.helm.find()
	if missing == nil || !strings.Contains(missing.Hint.String(), "https://helm.sh") {
		t.Fatalf("%+v", missing)
	}
	if why := src.Disabled(core.VerbRollback, &core.Resource{Ref: at(src, kindRelease, "x", "shop")}); why.Empty() {
		t.Error("not disabled")
	}
	found := false
	for _, f := range src.Diagnose(t.Context()) {
		found = found || strings.Contains(f.Text.String(), "no helm")
	}
	if !found {
		t.Error("doctor does not say that helm is missing")
	}
}

// TestHelmThatFails is a failure with helm's own words, and asked for once.
func TestHelmThatFails(t *testing.T) {
	c, src, _, ns := verbWorld(t)
	helm := helmOf(t, c, src)
	for _, version := range []string{"1.0.0", "2.0.0"} {
		helm("upgrade", "--install", "shop", chart(t, version, "r.local/shop:v1"), "-n", ns)
	}
	op, err := src.PlanRollback(t.Context(), at(src, kindRelease, ns, "shop"), core.Rollback{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	calls := filepath.Join(dir, "calls")
	script := "#!/bin/sh\necho \"$@\" >> " + calls + "\necho 'Error: the cluster said no' >&2\nexit 1\n"
	if err := os.WriteFile(filepath.Join(dir, "helm"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	src.helm.mu.Lock()
	src.helm.at = time.Time{}
	src.helm.mu.Unlock()
	src.helm.getenv = func(string) string { return dir }
	blind, err := src.PlanRollback(t.Context(), op.Plan.Target, core.Rollback{})
	if err != nil || !blind.Plan.Blind || !strings.Contains(blind.Plan.Preview.String(), "said no") {
		t.Fatalf("%v, %+v", err, blind)
	}
	before, _ := os.ReadFile(calls)
	err = blind.Execute(sources.Permit(t.Context()), sources.Quiet)
	if !isProblem(err, core.Refused) || !strings.Contains(err.Error(), "the cluster said no") {
		t.Errorf("%v", err)
	}
	after, _ := os.ReadFile(calls)
	if n := bytes.Count(after[len(before):], []byte("\n")); n != 1 {
		t.Errorf("helm ran %d times: %s", n, after)
	}
}

// TestHelmReleaseWithALongHistory shows the newest, whatever the order they come in.
func TestHelmReleaseWithALongHistory(t *testing.T) {
	src := over(t, cluster.Shared(t).Kubeconfig, &sources.Gate{})
	c := &releaseCodec{s: src, releases: map[releaseName]*releaseState{}, lookups: make(chan releaseName, 1)}
	secret := func(version int) *tableMeta {
		return &tableMeta{
			Name: fmt.Sprintf("%sshop.v%d", helmPrefix, version), Namespace: "x", UID: fmt.Sprint(version), ResourceVersion: fmt.Sprint(version),
			Labels: map[string]string{"name": "shop", "version": fmt.Sprint(version), "status": "superseded"},
		}
	}
	const last = 3 * maxReleaseRev
	for _, i := range rand.Perm(last) {
		if kind, r, ok := c.event(evAdded, secret(i+1)); !ok || kind != evModified || r.Ref.Name != "shop" {
			t.Fatalf("%s, %v, %v", kind, r, ok)
		}
	}
	st := c.releases[releaseName{"x", "shop"}]
	if all := st.sorted(); len(all) != maxReleaseRev || all[0].version != last || st.rev != fmt.Sprint(last) {
		t.Errorf("%d kept, the newest %d, at %s", len(all), all[0].version, st.rev)
	}
	if _, _, ok := c.event(evAdded, &tableMeta{Name: "keys", Namespace: "x", Labels: map[string]string{"name": "shop", "version": "1"}}); ok {
		t.Error("a secret that is no release was taken for one")
	}
}

func TestUnpackReleaseIsBounded(t *testing.T) {
	pack := func(body string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(body))
		_ = z.Close()
		return []byte(base64.StdEncoding.EncodeToString(b.Bytes()))
	}
	r, err := unpackRelease(pack(`{"name":"a","version":3,"chart":{"metadata":{"name":"c","version":"1"}},"config":{"password":"x"},"manifest":"kind: Secret\n---\n- no object\n---\nkind: ConfigMap\n"}`))
	if err != nil || r.Version != 3 || r.Chart.Metadata.label() != "c-1" || len(r.objects()) == 0 {
		t.Errorf("%v, %+v", err, r)
	}
	for name, packed := range map[string][]byte{
		"too much": pack(`{"manifest":"` + strings.Repeat("a", maxRelease) + `"}`), "no base64": []byte("%"), "no JSON": pack("hello"), "half": pack(`{"name"`)[:20], "nothing": nil,
	} {
		if _, err := unpackRelease(packed); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}
