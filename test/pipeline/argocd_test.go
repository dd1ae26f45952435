package pipeline

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"devops-tui/internal/testkit"
	"devops-tui/test/program"
	"devops-tui/test/sim/argocd"
)

// argocdWorld is a simulated API server of Argo CD with three applications.
type argocdWorld struct {
	service
	sim *argocd.World
}

func newArgoCD(t *testing.T) *argocdWorld {
	t.Helper()
	w := &argocdWorld{sim: argocd.New(argocd.Options{Token: canary, User: "kim"})}
	w.sim.Add(argocd.Spec{Name: "shop", Images: []string{"registry.example/shop:v1"}})
	w.sim.Add(argocd.Spec{Name: "auto", AutoSync: true})
	w.sim.Add(argocd.Spec{Name: "calm"})
	w.serve(t, "argocd", w.sim, func(url string) string {
		return fmt.Sprintf("  argocd:\n    servers:\n      - {name: cd, url: %q, token_env: SIM_TOKEN}\n", url)
	}, "", "SIM_TOKEN="+canary)
	return w
}

// push lets Git move on.
func (w *argocdWorld) push(name, message string) (commit string) {
	return w.sim.Push(name, "alex", message, "registry.example/"+name+":"+strings.ReplaceAll(strings.ToLower(message), " ", "-"))
}

func (w *argocdWorld) history(name string) int {
	w.T.Helper()
	a, ok := w.sim.Application(name)
	if !ok {
		w.T.Fatalf("no application %s", name)
	}
	return len(a.Status.History)
}

func TestArgoCDListAndPage(t *testing.T) {
	w := newArgoCD(t)
	commit := w.push("shop", "Fix the cart")
	w.sim.SetHealth("calm", "Degraded", "crash loop")
	all := rows(w.Program, "application")
	if len(all) != 3 {
		t.Fatalf("%d applications: %+v", len(all), all)
	}
	if r := find(t, all, "shop"); r.Reason != "OutOfSync" || r.Phase != "degraded" || r.Ref.Namespace != "argocd" || r.Ref.Scope != "cd" || !strings.HasPrefix(commit, r.Cells["commit"]) || r.Cells["commit"] == "" {
		t.Errorf("%+v", r)
	}
	if r := find(t, all, "calm"); r.Phase != "failed" && r.Phase != "degraded" {
		t.Errorf("%+v", r)
	}
	if r := find(t, all, "auto"); !strings.HasPrefix(r.Cells["auto"], "on") || r.Phase != "running" {
		t.Errorf("%+v", r)
	}
	s := w.Cockpit(140, 45, "argocd ●", "2", "Builds", "", "shop")
	s.Find("name:shop")
	s.Send("enter")
	s.WaitText(program.Patience, "Overview", "Deployment", "OutOfSync", "History", "Diff")
	tabTo(s, "fix-the-cart", "shop:v1")
	tabTo(s, "registry.example/shop:v1")
	w.tap.none(t)
	clean(w.Program, canary)
}

func TestArgoCDVerbs(t *testing.T) {
	w := newArgoCD(t)
	w.push("shop", "Fix the cart")
	const shop, auto = "application/argocd/shop", "application/argocd/auto"

	t.Run("sync", func(t *testing.T) {
		plan := w.Act("deploy", shop)
		if !strings.Contains(strings.Join(plan.Diff, "\n"), "shop:fix-the-cart") || !strings.HasPrefix(plan.Command, "argocd app sync ") {
			t.Errorf("%+v", plan)
		}
		w.tap.once(t, "POST /applications/shop/sync")
		if r := find(t, rows(w.Program, "application"), "shop"); r.Reason != "Synced" || w.history("shop") != 2 {
			t.Errorf("%+v, %d deployments", r, w.history("shop"))
		}
	})
	t.Run("cancel", func(t *testing.T) {
		refused(w.Program, 1, "", "act", "cancel", "--yes", shop)
		w.tap.none(t)
		w.push("calm", "Too early")
		w.sim.Hold(true)
		if a := w.Run("act", "deploy", "--yes", "application/argocd/calm"); a.Code != 0 {
			t.Fatalf("exit %d\n%s%s", a.Code, a.Stdout, a.Stderr)
		}
		w.tap.once(t, "POST /applications/calm/sync")
		w.sim.Step("calm") // it is taken up
		refused(w.Program, 1, "", "act", "deploy", "--yes", "application/argocd/calm")
		w.tap.none(t)
		stop := ticking(t, func() {
			if a, _ := w.sim.Application("calm"); a.Status.State != nil && a.Status.State.Phase == "Terminating" {
				w.sim.Step("calm")
			}
		})
		w.Act("cancel", "application/argocd/calm")
		stop()
		w.sim.Hold(false)
		w.tap.once(t, "DELETE /applications/calm/operation")
		if n := w.history("calm"); n != 1 {
			t.Errorf("%d deployments", n)
		}
	})
	t.Run("roll back", func(t *testing.T) {
		if a := w.Run("act", "rollback", shop, "--choices"); a.Code != 0 || !strings.Contains(a.Stdout, "0") {
			t.Errorf("exit %d\n%s%s", a.Code, a.Stdout, a.Stderr)
		}
		w.tap.none(t)
		w.Act("rollback", shop, "--set", "to=0")
		w.tap.once(t, "POST /applications/shop/rollback")
	})
	t.Run("auto-sync on", func(t *testing.T) {
		w.push("auto", "Second")
		w.Act("deploy", auto)
		w.tap.took()
		a := refused(w.Program, 4, "auto-sync", "act", "rollback", auto, "--set", "to=0", "--yes")
		if !strings.Contains(a.Stdout+a.Stderr, "git revert") {
			t.Errorf("the refusal does not tell of the way through Git:\n%s%s", a.Stdout, a.Stderr)
		}
		w.tap.none(t)
		plan := w.Act("rollback", auto, "--set", "to=0", "--set", "auto-sync=off")
		if !strings.Contains(strings.Join(plan.Warnings, " "), "git revert") || !strings.Contains(plan.Command, "argocd app set") {
			t.Errorf("%+v", plan)
		}
		// the API takes them one by one: the policy, then the rollback
		if sent := w.tap.took(); len(sent) != 2 || !strings.HasPrefix(sent[0], "PATCH ") || !strings.HasSuffix(sent[1], "/applications/auto/rollback") {
			t.Errorf("sent %q", sent)
		}
		testkit.PollTrue(t, program.Patience, "auto-sync off", func() bool {
			return !strings.HasPrefix(find(t, rows(w.Program, "application"), "auto").Cells["auto"], "on")
		})
	})
	t.Run("may not sync", func(t *testing.T) {
		w.push("shop", "Third")
		w.sim.Deny("sync")
		defer w.sim.Allow("sync")
		refused(w.Program, 1, "may not sync default/shop", "act", "deploy", "--yes", shop)
		if n := w.history("shop"); n != 3 {
			t.Errorf("%d deployments", n)
		}
		w.tap.none(t)
	})
	t.Run("a sync window is closed", func(t *testing.T) {
		w.sim.Window(false)
		defer w.sim.NoWindow()
		refused(w.Program, 4, "a sync window forbids it", "act", "deploy", "--yes", shop)
		w.tap.none(t)
	})
	if len(w.Records()) == 0 {
		t.Error("nothing is journaled")
	}
	clean(w.Program, canary)
}

// TestArgoCDRefusals is not that of the other services: who is not signed in is
// told Argo CD's version all the same, so the server counts as reached.
func TestArgoCDRefusals(t *testing.T) {
	w := newArgoCD(t)
	w.push("shop", "Fix the cart")
	act := []string{"act", "deploy", "--yes", "application/argocd/shop"}
	untouched := func(t *testing.T) {
		t.Helper()
		w.tap.none(t)
		if a, _ := w.sim.Application("shop"); a.Operation != nil || a.Status.State != nil {
			t.Errorf("it is synced: %+v", a.Status.State)
		}
	}
	t.Run("read-only", func(t *testing.T) {
		refused(w.Program, 4, "read-only", append([]string{"--read-only"}, act...)...)
		untouched(t)
	})
	t.Run("policy", func(t *testing.T) {
		path := w.Write("deny.yaml", "sources:\n"+w.config(w.server.URL)+"environments: [{name: cd, match: {source: argocd}, policy: deny}]\n")
		refused(w.Program, 4, "", append([]string{"--config", path}, act...)...)
		untouched(t)
	})
	t.Run("expired token", func(t *testing.T) {
		w.sim.Expire()
		defer w.sim.Renew()
		a := refused(w.Program, 69, "token", act...)
		if b := w.Run("doctor"); b.Code == 0 || !strings.Contains(b.Stdout, "expired or revoked") || !strings.Contains(b.Stdout, "argocd account generate-token") || strings.Contains(a.Stdout+a.Stderr+b.Stdout, canary) {
			t.Errorf("doctor: exit %d\n%s%s", b.Code, b.Stdout, a.Stderr)
		}
		untouched(t)
	})
	t.Run("no token", func(t *testing.T) {
		env := w.Env
		defer func() { w.Env = env }()
		w.Env = append(append([]string(nil), env...), "SIM_TOKEN=")
		if a := w.Run("doctor"); !strings.Contains(a.Stdout, "SIM_TOKEN, which is not set") || !strings.Contains(a.Stdout, "nothing can be read") {
			t.Errorf("doctor: exit %d\n%s", a.Code, a.Stdout)
		}
		if a := w.Run(act...); a.Code == 0 {
			t.Errorf("it is done without a token:\n%s", a.Stdout)
		}
		untouched(t)
	})
	t.Run("no right", func(t *testing.T) {
		restore := w.tap.spoiled(func(out http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost {
				return false
			}
			out.Header().Set("Content-Type", "application/json")
			out.WriteHeader(http.StatusForbidden)
			fmt.Fprint(out, `{"error":"permission denied","code":7,"message":"permission denied"}`)
			return true
		})
		defer restore()
		refused(w.Program, 1, "permission denied", act...)
		w.tap.once(t, "POST /applications/shop/sync")
		untouched(t)
	})
	t.Run("not there", func(t *testing.T) {
		refused(w.Program, 64, "no object", "act", "deploy", "--yes", "application/argocd/nobody")
		untouched(t)
	})
	t.Run("no answer", func(t *testing.T) {
		restore := w.tap.spoiled(func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost {
				return false
			}
			w.sim.ServeHTTP(httptest.NewRecorder(), r) // it arrives
			panic(http.ErrAbortHandler)                // and no answer comes
		})
		a := w.Run(act...)
		restore()
		w.tap.once(t, "POST /applications/shop/sync") // and is not sent again
		if a.Code != 0 && a.Code != 5 {
			t.Errorf("exit %d\n%s%s", a.Code, a.Stdout, a.Stderr)
		}
		if o, _ := w.sim.Application("shop"); o.Operation == nil && o.Status.State == nil {
			t.Error("it did not arrive")
		}
	})
	t.Run("server down", func(t *testing.T) {
		w.server.Close()
		refused(w.Program, 69, "", act...)
		refused(w.Program, 69, "", "doctor")
		w.tap.none(t)
	})
	clean(w.Program, canary)
}
