package pipeline

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"devops-tui/test/program"
	"devops-tui/test/sim/gitlab"
	"devops-tui/test/sim/jenkins"
)

// finding is a line of doctor -o json.
type finding struct{ Source, Scope, Level, Text, Fix string }

// doctor runs doctor in both of its forms and checks that both say the same,
// and that no credential is in either.
func doctor(p *program.Program, secrets ...string) (all []finding, code int) {
	p.T.Helper()
	told, asked := p.Run("doctor"), p.Run("doctor", "-o", "json")
	var doc struct {
		Schema   string
		Findings []finding
	}
	if err := json.Unmarshal([]byte(asked.Stdout), &doc); err != nil || doc.Schema != "devops-tui/doctor/v1" {
		p.T.Fatalf("doctor -o json: exit %d, %v\n%s%s", asked.Code, err, asked.Stdout, asked.Stderr)
	}
	if told.Code != asked.Code {
		p.T.Errorf("exit %d as text, %d as JSON", told.Code, asked.Code)
	}
	for _, f := range doc.Findings {
		// counters and times move on between the two
		if !strings.ContainsAny(f.Text, "0123456789") && !strings.Contains(told.Stdout, f.Text) || !strings.Contains(told.Stdout, f.Fix) {
			p.T.Errorf("the text does not say %q → %q:\n%s", f.Text, f.Fix, told.Stdout)
		}
	}
	for _, s := range secrets {
		for _, a := range []program.Answer{told, asked} {
			if strings.Contains(a.Stdout+a.Stderr, s) {
				p.T.Errorf("doctor tells a credential:\n%s%s", a.Stdout, a.Stderr)
			}
		}
	}
	return doc.Findings, asked.Code
}

// says checks that a finding of a level tells something and names the fix.
func says(t *testing.T, all []finding, level, text, fix string) {
	t.Helper()
	for _, f := range all {
		if f.Level == level && strings.Contains(f.Text, text) && strings.Contains(f.Fix, fix) {
			return
		}
	}
	t.Errorf("doctor has no %s %q → %q:\n%+v", level, text, fix, all)
}

func TestDoctorOnGitHub(t *testing.T) {
	w := newGitHub(t, "")
	w.history()
	all, code := doctor(w.Program, canary)
	if code != 0 {
		t.Errorf("exit %d", code)
	}
	says(t, all, "ok", "token from SIM_TOKEN", "")
	says(t, all, "ok", "answers at "+w.server.URL, "")
	says(t, all, "ok", "signed in as kim", "")
	says(t, all, "ok", "the token's scopes: repo, workflow", "")
	says(t, all, "ok", "of 5000 left until", "")
	says(t, all, "ok", "acme/shop: can be read", "")

	const poor = "ghp_p00rp00rp00rp00rp00rp00rp00rp0000002"
	w.sim.AddToken(poor, "kim", "gist", "read:org")
	w.Env = append(w.Env, "SIM_TOKEN="+poor)
	all, code = doctor(w.Program, poor, canary)
	if code == 0 {
		t.Error("a token without the scope that is needed is fine")
	}
	says(t, all, "problem", "gist, read:org", "gh auth refresh --hostname github.test --scopes repo,workflow")

	w.sim.Exhaust(poor, 100, time.Hour)
	all, _ = doctor(w.Program, poor)
	says(t, all, "problem", "of 5000 left until", "lists rest until then")
	w.tap.none(t)
	clean(w.Program, canary, poor)
}

func TestDoctorOnGitLab(t *testing.T) {
	w := newGitLab(t)
	w.push("First commit", "kim", "")
	w.sim.Limit(600, time.Now().Add(time.Hour))
	all, code := doctor(w.Program, canary)
	if code != 0 {
		t.Errorf("exit %d", code)
	}
	says(t, all, "ok", "GitLab ", "")
	says(t, all, "ok", "at "+w.server.URL, "")
	says(t, all, "ok", "signed in as kim (Kim Sato), token from SIM_TOKEN", "")
	says(t, all, "ok", "scopes: api", "")
	says(t, all, "ok", "of 600 requests left until", "")

	w.sim.SetToken(canary, gitlab.Token{User: "kim", Scopes: []string{"read_api"}, Expires: time.Now().AddDate(0, 1, 0)})
	all, _ = doctor(w.Program, canary)
	says(t, all, "info", "read_api: enough to look, not to change anything", "make a token with scope api at "+w.server.URL)
	w.sim.SetToken(canary, gitlab.Token{User: "kim", Scopes: []string{"read_user"}, Expires: time.Now().AddDate(0, 1, 0)})
	all, code = doctor(w.Program, canary)
	if code == 0 {
		t.Error("a token without the scope that is needed is fine")
	}
	says(t, all, "problem", "", "scope")
	w.tap.none(t)
	clean(w.Program, canary)
}

func TestDoctorOnJenkins(t *testing.T) {
	w := newJenkins(t)
	w.build("1.0", "SUCCESS")
	all, code := doctor(w.Program, canary)
	if code != 0 {
		t.Errorf("exit %d", code)
	}
	says(t, all, "ok", "Jenkins 2.", "")
	says(t, all, "ok", "at "+w.server.URL+"/jenkins: 1 jobs", "")
	says(t, all, "ok", "signed in as kim (Kim)", "")
	says(t, all, "info", "Jenkins has no request budget", "")
	says(t, all, "ok", "stages and inputs are served by the plugin Pipeline: REST API", "")

	w.sim.SetUser(jenkins.User{ID: "kim", Name: "Kim", Token: "another"})
	if all, code = doctor(w.Program, canary); code == 0 {
		t.Error("a token that is not taken is fine")
	}
	says(t, all, "problem", "token", w.server.URL+"/jenkins/me/security")
	w.Env = append(w.Env, "SIM_TOKEN=")
	if all, code = doctor(w.Program, canary); code == 0 {
		t.Error("no token at all is fine")
	}
	says(t, all, "problem", "SIM_TOKEN, which is not set", "export SIM_TOKEN=")
	says(t, all, "missing", "no API token", w.server.URL+"/jenkins/me/security")
	w.tap.none(t)
	clean(w.Program, canary)
}

func TestDoctorOnArgoCD(t *testing.T) {
	w := newArgoCD(t)
	all, code := doctor(w.Program, canary)
	if code != 0 {
		t.Errorf("exit %d", code)
	}
	says(t, all, "ok", "token from SIM_TOKEN", "")
	says(t, all, "ok", "Argo CD v3.2.11+sim at "+w.server.URL, "")
	says(t, all, "ok", "signed in as kim", "")
	says(t, all, "ok", "applications: 3; of the first 3 it may sync 3", "")
	says(t, all, "ok", "no quota", "")
	w.sim.Deny("sync")
	all, _ = doctor(w.Program, canary)
	says(t, all, "ok", "applications: 3; of the first 3 it may sync 0", "")
	w.sim.Deny("get")
	all, _ = doctor(w.Program, canary)
	says(t, all, "info", "no application that this user may see", "argocd account can-i get applications")
	w.tap.none(t)
	clean(w.Program, canary)
}

// TestDoctorOnArgoInACluster: what is there, and for a user without rights the
// line that gives them.
func TestDoctorOnArgoInACluster(t *testing.T) {
	w := newArgo(t)
	w.apply(application(w.ns, "shop", "", ""))
	w.apply(rollout("web", "registry.local/web:v1"))
	w.sent()
	all, _ := doctor(w.Program, w.c.Token)
	says(t, all, "ok", "Argo CD is installed; 1 applications in "+w.ns, "")
	says(t, all, "ok", "Argo Rollouts is installed; 1 rollouts in "+w.ns, "")
	says(t, all, "ok", "may sync, terminate and roll back applications in "+w.ns, "")
	says(t, all, "ok", "may promote, abort and retry rollouts in "+w.ns, "")

	w.apply(`
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: look}
rules: [{apiGroups: [argoproj.io], resources: [applications, rollouts], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: look}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: look}
subjects: [{kind: User, name: eve}]
`)
	eve, err := w.c.KubeconfigFor("eve")
	if err != nil {
		t.Fatal(err)
	}
	w.Env = append(w.Env, "KUBECONFIG="+eve)
	all, _ = doctor(w.Program, w.c.Token)
	says(t, all, "ok", "Argo CD is installed; 1 applications in "+w.ns, "")
	says(t, all, "info", "may not sync, terminate and roll back applications in "+w.ns,
		"kubectl create role devops-tui-applications -n "+w.ns+" --verb=get,list,watch,patch --resource=applications.argoproj.io && kubectl create rolebinding devops-tui-applications -n "+w.ns+" --role=devops-tui-applications --user=eve")
	says(t, all, "info", "may not promote, abort and retry rollouts in "+w.ns, "--resource=rollouts.argoproj.io,rollouts.argoproj.io/status")
	w.none()
}

// TestDoctorOnAServerThatIsDown: each system says which address does not answer.
func TestDoctorOnAServerThatIsDown(t *testing.T) {
	for name, world := range map[string]func(*testing.T) *service{
		"github":  func(t *testing.T) *service { return &newGitHub(t, "").service },
		"gitlab":  func(t *testing.T) *service { return &newGitLab(t).service },
		"jenkins": func(t *testing.T) *service { return &newJenkins(t).service },
		"argocd":  func(t *testing.T) *service { return &newArgoCD(t).service },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := world(t)
			s.server.Close()
			all, code := doctor(s.Program, canary)
			if code != 69 {
				t.Errorf("exit %d", code)
			}
			says(t, all, "problem", strings.TrimPrefix(s.server.URL, "http://"), "")
		})
	}
}
