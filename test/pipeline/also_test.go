package pipeline

import (
	"strings"
	"testing"

	"devops-tui/test/program"
)

// An application lives in Argo CD's namespace and fills another one: what guards
// that one guards every change of the application, on the command line and on
// the screen.
func TestAnApplicationOfAGuardedNamespace(t *testing.T) {
	w := newArgo(t)
	// the world's namespace is not one of production by its name
	w.Write("config/devops-tui/config.yaml", "environments:\n  - {name: prod, match: {namespace: [prod-*]}, policy: name}\n  - {name: rest, match: {source: [kube]}, policy: confirm}\n")
	w.apply("apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: default}\nspec: {sourceRepos: ['*']}")
	for name, to := range map[string]string{"shop": "prod-shop", "calm": w.ns} {
		w.apply(strings.ReplaceAll(application(w.ns, name, "", ""), "namespace: "+w.ns, "namespace: "+to))
	}
	w.apply(strings.ReplaceAll(application(w.ns, "abroad", "", ""), `server: "https://kubernetes.default.svc", namespace: `+w.ns, "name: eu-west, namespace: prod-shop"))
	w.c.ActAsArgoCD(t, w.ns)
	w.reach("application", "shop", "OutOfSync")
	w.sent()

	for verb, more := range map[string][]string{"deploy": nil, "rollback": {"--set", "to=0"}, "resume": nil, "delete": nil} {
		for name, want := range map[string]string{"shop": "name", "calm": "confirm", "abroad": "confirm"} {
			args := append([]string{"act", verb, "--dry-run", "-o", "json", "application/" + w.ns + "/" + name}, more...)
			if plan := w.Run(args...).Plan(t); plan.Confirm != want {
				t.Errorf("%s of %s is confirmed by %q, want %q", verb, name, plan.Confirm, want)
			}
		}
	}
	w.none()

	s := w.Cockpit(140, 45, "kube ●", "2", "Builds", "", "shop")
	s.Find("name:shop")
	s.Plan("D", program.GoesOn, "Prune")
	s.Again(program.GoesOn, "enter")
	s.WaitText(program.Patience, "prod")
	w.none()
	byName(s, w.ns+"/shop")
	s.Healthy()
	w.once("applications")
}
