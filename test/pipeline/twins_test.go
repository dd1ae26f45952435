package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"devops-tui/test/program"
	"devops-tui/test/sim/argocd"
)

// TestAnApplicationSeenTwice: through the cluster and through Argo CD's own
// server, an application is one row, and its name means one object.
func TestAnApplicationSeenTwice(t *testing.T) {
	c := newArgo(t)
	c.apply(application(c.ns, "shop", "", ""))
	c.apply(application(c.ns, "alone", "", ""))
	uid, err := c.c.Kubectl(t.Context(), "get", "applications.argoproj.io", "shop", "-n", c.ns, "-o", "jsonpath={.metadata.uid}")
	if err != nil || len(uid) < 30 {
		t.Fatal(string(uid), err)
	}

	w := &argocdWorld{sim: argocd.New(argocd.Options{Token: canary, User: "kim"})}
	w.sim.Add(argocd.Spec{Name: "shop", Namespace: c.ns})
	w.sim.Edit("shop", func(a *argocd.Application) { a.Metadata.UID = string(uid) })
	w.serve(t, "argocd", w.sim, func(url string) string {
		return fmt.Sprintf("  argocd:\n    servers:\n      - {name: cd, url: %q, token_env: SIM_TOKEN}\n", url)
	}, "", "SIM_TOKEN="+canary, "KUBECONFIG="+c.c.Kubeconfig)
	w.Args = []string{"--source", "kube", "--source", "argocd", "-n", c.ns}

	all := rows(w.Program, "application")
	if len(all) != 2 || find(t, all, "alone").Ref.Source != "kube" || find(t, all, "shop").Ref.Source != "argocd" {
		t.Errorf("%+v", all)
	}
	for ref, source := range map[string]string{"application/shop": "argocd", "application/alone": "kube", "kube/application/" + c.ns + "/shop": "kube"} {
		a := w.Run("act", "deploy", "--dry-run", "-o", "json", ref)
		if want := fmt.Sprintf(`"source":"%s"`, source); a.Code != 0 || !strings.Contains(strings.ReplaceAll(a.Stdout, " ", ""), want) {
			t.Errorf("%s: exit %d\n%s%s", ref, a.Code, a.Stdout, a.Stderr)
		}
	}

	s := w.Cockpit(160, 45, "argocd ●", "2", "Builds", "", "shop")
	s.WaitFor(func(screen string) bool {
		return strings.Contains(screen, "kube ●") && strings.Count(screen, "▲ alone ") == 1 && strings.Count(screen, "● shop ") == 1
	}, program.Patience)
	w.tap.none(t)
	c.none()
}
