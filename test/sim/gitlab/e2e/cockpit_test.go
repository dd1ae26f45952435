package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/test/sim"
	"devops-tui/test/sim/gitlab"
)

const (
	shop   = "acme/shop"
	canary = "glpat-canary-0123456789abcdef"
)

// cockpit is the built program with a configuration for one simulated server.
type cockpit struct {
	t      *testing.T
	w      *gitlab.World
	s      *sim.Server
	dir    string
	token  string
	config string
}

func start(t *testing.T) *cockpit {
	t.Helper()
	w := gitlab.New(gitlab.Options{Empty: true})
	w.AddUser("kim", "Kim Sato")
	w.SetToken(canary, gitlab.Token{User: "kim", Scopes: []string{"api"}, Expires: time.Now().AddDate(0, 2, 0)})
	w.AddProject(shop).CIYAML = "variables:\n  TARGET: {description: Where, value: eu, options: [eu, us]}\n"
	c := &cockpit{t: t, w: w, s: sim.Start(t, w, sim.Options{}), dir: t.TempDir(), token: canary}
	c.config = filepath.Join(c.dir, "config.yaml")
	conf := fmt.Sprintf("sources:\n  gitlab:\n    hosts:\n      - {name: sim, url: %q, projects: [%q], token_env: SIM_TOKEN}\n", c.s.URL, shop)
	if err := os.WriteFile(c.config, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// run runs the program; want is its exit code.
func (c *cockpit) run(want int, args ...string) string {
	c.t.Helper()
	binary := testkit.Binary(c.t) // built before the clock runs
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, append([]string{"--config", c.config, "--source", "gitlab"}, args...)...)
	cmd.Dir = c.dir
	cmd.Env = []string{"HOME=" + c.dir, "PATH=" + os.Getenv("PATH"), "SIM_TOKEN=" + c.token, "TERM=dumb"}
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		c.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	if code != want {
		c.t.Errorf("%v ended with %d, want %d:\n%s", args, code, want, out)
	}
	if c.token != "" && strings.Contains(string(out), c.token) {
		c.t.Errorf("%v shows the token:\n%s", args, out)
	}
	return string(out)
}

func (c *cockpit) says(out string, words ...string) {
	c.t.Helper()
	for _, w := range words {
		if !strings.Contains(out, w) {
			c.t.Errorf("it does not say %q:\n%s", w, out)
		}
	}
}

func ref(kind, rest string) string { return "gitlab:sim/" + kind + "/" + shop + "/" + rest }

// pipeline is one that has come to its manual job.
func (c *cockpit) pipeline() int {
	id := c.w.Push(shop, gitlab.Spec{Title: "Sell bread", Jobs: []gitlab.JobSpec{
		{Name: "build", Stage: "build"}, {Name: "production", Stage: "deploy", Manual: true, Environment: "production"},
	}})
	job := c.w.JobID(id, "build")
	c.w.SetJob(job, "running", "")
	c.w.Log(job, "section_start:1700000000:step_script\r\x1b[0KThe script\n$ make\n\x1b[31mred\x1b[0m\nsection_end:1700000002:step_script\r\x1b[0K\n")
	c.w.SetJob(job, "success", "")
	return id
}

// ends lets the named jobs that are begun by others end.
func (c *cockpit) ends(status string) {
	go func() {
		for c.t.Context().Err() == nil {
			for _, id := range c.w.Pipelines(shop) {
				for _, name := range []string{"build", "production"} {
					if job := c.w.JobID(id, name); c.w.JobStatus(job) == "pending" {
						c.w.SetJob(job, status, "")
					}
				}
			}
			select {
			case <-c.t.Context().Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
}

func TestDoctorAndLists(t *testing.T) {
	c := start(t)
	id := c.pipeline()
	c.says(c.run(0, "doctor"), "GitLab 18.5.2-ee", "signed in as kim", "scopes: api", "valid until", "token from SIM_TOKEN")
	var shot struct {
		Resources []struct {
			Ref    struct{ Name, Namespace, Kind string }
			Reason string
			Cells  map[string]string
			Facts  struct {
				Commit, Repo, URL string
				Waits             []string
			}
		}
	}
	out := c.run(0, "snapshot", "run", "-o", "json")
	if err := json.Unmarshal([]byte(out), &shot); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(shot.Resources) != 1 {
		t.Fatalf("%+v", shot)
	}
	r := shot.Resources[0]
	if r.Ref.Name != strconv.Itoa(id) || r.Reason != "manual" || r.Cells["title"] != "Sell bread" || r.Cells["author"] != "kim" || !strings.Contains(r.Cells["stage"], "deploy") ||
		len(r.Facts.Waits) != 1 || r.Facts.Commit == "" || !strings.HasPrefix(r.Facts.URL, c.s.URL) {
		t.Errorf("%+v", r)
	}
	c.says(c.run(0, "snapshot", "environment", "workflow"), "ci", shop)
	out = c.run(0, "logs", ref("run", strconv.Itoa(id)))
	c.says(out, "$ make", "red")
	if strings.Contains(out, "section_") || strings.Contains(out, "\x1b[0K") {
		t.Errorf("marks of the runner are left:\n%q", out)
	}
	c.says(c.run(0, "logs", ref("job", strconv.Itoa(id)+"/build")), "$ make")
}

func TestVerbs(t *testing.T) {
	c := start(t)
	c.ends("success")
	one := c.pipeline()
	run := strconv.Itoa(one)
	c.says(c.run(3, "act", "approve", ref("run", run)), "Start production of pipeline "+run)
	c.run(0, "act", "approve", ref("run", run), "--yes", "--wait")
	if s := c.w.Status(one); s != "success" {
		t.Errorf("after approve: %s", s)
	}
	out := c.run(0, "act", "deploy", ref("workflow", "ci"), "--set", "ref=main", "--set", "input.TARGET=us", "--yes", "--wait")
	all := c.w.Pipelines(shop)
	two := all[len(all)-1]
	c.says(out, "it is pipeline "+strconv.Itoa(two))
	if v := c.w.Variables(two); v["TARGET"] != "us" {
		t.Errorf("variables: %v", v)
	}
	c.run(0, "act", "deploy", ref("job", strconv.Itoa(two)+"/production"), "--yes", "--wait")
	c.run(0, "act", "cancel", ref("run", strconv.Itoa(c.pipeline())), "--yes", "--wait")
	c.says(c.run(0, "act", "rerun", ref("job", run+"/build"), "--yes", "--wait"), "healthy")
	c.w.Commit(shop, "main", "Later", "Kim Sato")
	c.ends("success")
	three := c.pipeline()
	c.run(0, "act", "approve", ref("run", strconv.Itoa(three)), "--set", "gate=production", "--yes", "--wait")
	c.says(c.run(0, "act", "rollback", ref("environment", "production"), "--choices"), "#1", "Sell bread")
	c.says(c.run(0, "act", "rollback", ref("environment", "production"), "--yes", "--wait"), "runs again")
	c.run(0, "act", "delete", ref("environment", "production"), "--yes", "--wait")
	var verbs []string
	for _, m := range c.w.Mutations() {
		verbs = append(verbs, m.Path[strings.LastIndex(m.Path, "/")+1:])
	}
	if got := strings.Join(verbs, " "); got != "play pipeline play cancel retry play retry stop" {
		t.Errorf("changes: %s", got)
	}
	journal, err := os.ReadFile(filepath.Join(c.dir, ".local/state/devops-tui/journal.jsonl"))
	if err != nil || strings.Contains(string(journal), canary) || !strings.Contains(string(journal), "rollback") {
		t.Errorf("journal: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	for _, x := range []struct {
		name  string
		wrong func(*cockpit)
		code  int
		says  string
	}{
		{"no token", func(c *cockpit) { c.token = "" }, 69, "export SIM_TOKEN"},
		{"expired", func(c *cockpit) {
			c.w.SetToken(canary, gitlab.Token{User: "kim", Scopes: []string{"api"}, Expires: time.Now().Add(-time.Hour)})
		}, 69, "expired"},
		{"only reading", func(c *cockpit) { c.w.SetToken(canary, gitlab.Token{User: "kim", Scopes: []string{"read_api"}}) }, 1, "scope"},
		{"403", func(c *cockpit) { c.w.Deny("POST", "/projects", http.StatusForbidden) }, 1, "does not let you"},
		{"404", func(c *cockpit) { c.w.RemoveProject(shop) }, 64, "no object"},
		{"rate-limited", func(c *cockpit) { c.w.Limit(0, time.Now().Add(time.Hour)) }, 69, "wants fewer requests"},
		{"down", func(c *cockpit) { c.s.Stop() }, 69, "cannot reach"},
		{"answered already", func(c *cockpit) {
			id := c.w.Pipelines(shop)[0]
			c.w.SetJob(c.w.JobID(id, "production"), "success", "")
		}, 1, "does not wait for anybody"},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := start(t)
			id := c.pipeline()
			x.wrong(c)
			out := c.run(x.code, "act", "approve", ref("run", strconv.Itoa(id)), "--yes")
			c.says(out, x.says)
			if n := len(c.w.Mutations()); n != 0 {
				t.Errorf("%d changes were carried out", n)
			}
		})
	}
}
