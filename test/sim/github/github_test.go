package github_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/test/sim"
	"devops-tui/test/sim/contract"
	"devops-tui/test/sim/github"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const secret = "canary-token-1"

// populated is a world with something at every endpoint.
func populated(o github.Options) *github.World {
	w := github.New(o)
	w.AddToken(secret, "kim", "repo", "workflow")
	r := w.AddRepo("acme/shop")
	r.AddEnvironment("production", 10*time.Minute, "kim")
	r.AddWorkflow("ci.yml", github.CI)
	r.AddWorkflow("deploy.yml", github.Deploy)
	r.Commit("main", "Second", "lee")
	r.Start(github.Spec{Workflow: "ci.yml"}).Finish()
	r.Commit("main", "Third\n\nwith a body", "lee")
	bad := r.Start(github.Spec{Workflow: "ci.yml"})
	bad.Job("build").Succeed()
	bad.Job("test").Annotate(github.Annotation{Level: "failure", Path: "sum_test.go", Line: 7, Title: "TestSum", Message: "want 3"})
	bad.Job("test").Fail("go test", "--- FAIL: TestSum")
	r.Start(github.Spec{Workflow: "deploy.yml", Event: "workflow_dispatch"}).Finish()
	return w
}

type client struct {
	t    *testing.T
	base string
}

// do sends a request, without following redirects, and returns its answer.
func (c client) do(method, path, body string, header ...string) (*http.Response, []byte) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			r.Header.Del(header[i])
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp, b
}

// TestContract sends a request to every endpoint and holds the answers against
// GitHub's own description.
func TestContract(t *testing.T) {
	spec := contract.OpenAPI3(t, "github/openapi-trimmed.json")
	for _, enterprise := range []string{"", "3.14.2"} {
		w := populated(github.Options{Enterprise: enterprise})
		prefix := ""
		if enterprise != "" {
			prefix = "/api/v3"
		}
		c := client{t, sim.Start(t, w, sim.Options{}).URL}
		runs := w.Repo("acme/shop").Runs()
		green, red, gated := id(runs[0].ID), id(runs[1].ID), id(runs[2].ID)
		job := id(runs[1].Jobs()[1].ID)
		outside := w.Repo("acme/shop").Start(github.Spec{Workflow: "ci.yml", Event: "pull_request", Actor: "stranger"})
		outside.SetStatus("completed", "action_required")
		stranger := id(outside.ID)
		repo := "/repos/acme/shop"
		var deployments []struct {
			ID int64 `json:"id"`
		}
		_, b := c.do("GET", prefix+repo+"/deployments", "")
		if err := json.Unmarshal(b, &deployments); err != nil || len(deployments) == 0 {
			t.Fatalf("no deployments: %s", b)
		}
		var gates []struct {
			Environment struct {
				ID int64 `json:"id"`
			} `json:"environment"`
		}
		_, b = c.do("GET", prefix+repo+"/actions/runs/"+gated+"/pending_deployments", "")
		if err := json.Unmarshal(b, &gates); err != nil || len(gates) != 1 {
			t.Fatalf("no gate: %s", b)
		}
		for _, x := range []struct {
			method, path, body string
			status             int
		}{
			{"GET", "/user", "", 200},
			{"GET", "/rate_limit", "", 200},
			{"GET", "/orgs/acme/repos", "", 200},
			{"GET", "/user/repos", "", 200},
			{"GET", repo, "", 200},
			{"GET", "/repos/acme/none", "", 404},
			{"GET", repo + "/branches", "", 200},
			{"GET", repo + "/commits", "", 200},
			{"GET", repo + "/commits/main", "", 200},
			{"GET", repo + "/compare/" + runs[0].SHA + "..." + runs[1].SHA, "", 200},
			{"GET", repo + "/actions/workflows", "", 200},
			{"GET", repo + "/actions/workflows/ci.yml", "", 200},
			{"GET", repo + "/actions/workflows/ci.yml/runs?per_page=1", "", 200},
			{"GET", repo + "/actions/runs?per_page=2&status=success", "", 200},
			{"GET", repo + "/actions/runs/" + red, "", 200},
			{"GET", repo + "/actions/runs/" + red + "/attempts/1", "", 200},
			{"GET", repo + "/actions/runs/" + red + "/attempts/1/jobs", "", 200},
			{"GET", repo + "/actions/runs/" + red + "/jobs", "", 200},
			{"GET", repo + "/actions/runs/" + red + "/logs", "", 302},
			{"GET", repo + "/actions/runs/" + red + "/artifacts", "", 200},
			{"GET", repo + "/actions/jobs/" + job, "", 200},
			{"GET", repo + "/actions/jobs/" + job + "/logs", "", 302},
			{"GET", repo + "/check-runs/" + job + "/annotations", "", 200},
			{"GET", repo + "/environments", "", 200},
			{"GET", repo + "/environments/production", "", 200},
			{"GET", repo + "/deployments?environment=production", "", 200},
			{"GET", repo + "/deployments/" + id(deployments[0].ID), "", 200},
			{"GET", repo + "/deployments/" + id(deployments[0].ID) + "/statuses", "", 200},
			{"GET", repo + "/actions/runs/" + gated + "/pending_deployments", "", 200},
			{"POST", repo + "/actions/runs/" + gated + "/pending_deployments", `{"environment_ids":[` + id(gates[0].Environment.ID) + `],"state":"approved","comment":"go"}`, 200},
			{"GET", repo + "/actions/runs/" + gated + "/approvals", "", 200},
			{"POST", repo + "/actions/runs/" + gated + "/cancel", "", 202},
			{"POST", repo + "/actions/runs/" + green + "/approve", "", 403},
			{"POST", repo + "/actions/runs/" + stranger + "/approve", "", 201},
			{"POST", repo + "/actions/runs/" + green + "/cancel", "", 409},
			{"POST", repo + "/actions/runs/" + green + "/force-cancel", "", 409},
			{"POST", repo + "/actions/runs/" + red + "/rerun-failed-jobs", "", 201},
			{"POST", repo + "/actions/runs/" + green + "/rerun", `{"enable_debug_logging":true}`, 201},
			{"POST", repo + "/actions/jobs/" + job + "/rerun", "", 403},
			{"POST", repo + "/actions/workflows/ci.yml/dispatches", `{"ref":"main","return_run_details":true}`, 200},
			{"POST", repo + "/actions/workflows/ci.yml/dispatches", `{"ref":"main"}`, 204},
		} {
			path, _, _ := strings.Cut(x.path, "?")
			if x.method != "GET" {
				if err := spec.CheckRequest(x.method, path, []byte(x.body)); err != nil {
					t.Errorf("%s %s: the request: %v", x.method, x.path, err)
				}
			}
			resp, b := c.do(x.method, prefix+x.path, x.body)
			if resp.StatusCode != x.status {
				t.Errorf("%s %s: %d, want %d: %.300s", x.method, x.path, resp.StatusCode, x.status, b)
			}
			if err := spec.Check(x.method, path, resp.StatusCode, resp.Header, b); err != nil {
				t.Errorf("%s %s: %v", x.method, x.path, err)
			}
			if bytes.Contains(b, []byte("api.github.com")) {
				t.Errorf("%s %s: an address of somebody else's server", x.method, x.path)
			}
		}
	}
}

func id(n int64) string { b, _ := json.Marshal(n); return string(b) }

func TestConditionalRequestsAreFree(t *testing.T) {
	w := populated(github.Options{Limit: 10})
	c := client{t, sim.Start(t, w, sim.Options{}).URL}
	resp, _ := c.do("GET", "/repos/acme/shop/actions/runs", "")
	tag := resp.Header.Get("Etag")
	if tag == "" || resp.Header.Get("X-Ratelimit-Remaining") != "9" {
		t.Fatalf("etag %q, remaining %s", tag, resp.Header.Get("X-Ratelimit-Remaining"))
	}
	for range 20 {
		resp, b := c.do("GET", "/repos/acme/shop/actions/runs", "", "If-None-Match", tag)
		if resp.StatusCode != 304 || len(b) != 0 || resp.Header.Get("X-Ratelimit-Remaining") != "9" {
			t.Fatalf("%d, %d bytes, remaining %s", resp.StatusCode, len(b), resp.Header.Get("X-Ratelimit-Remaining"))
		}
	}
	w.Repo("acme/shop").Start(github.Spec{Workflow: "ci.yml"})
	if resp, _ := c.do("GET", "/repos/acme/shop/actions/runs", "", "If-None-Match", tag); resp.StatusCode != 200 {
		t.Errorf("%d after a change", resp.StatusCode)
	}
	for range 8 {
		c.do("GET", "/repos/acme/shop", "")
	}
	resp, b := c.do("GET", "/repos/acme/shop", "")
	if resp.StatusCode != 403 || !bytes.Contains(b, []byte("rate limit exceeded")) || resp.Header.Get("X-Ratelimit-Remaining") != "0" {
		t.Errorf("over the limit: %d %s", resp.StatusCode, b)
	}
	if resp, _ := c.do("GET", "/rate_limit", ""); resp.StatusCode != 200 {
		t.Errorf("the limit itself: %d", resp.StatusCode)
	}
}

func TestWhoMayWhat(t *testing.T) {
	w := populated(github.Options{})
	w.AddToken("noscope", "lee")
	w.AddFineGrained("reader", "lee", false)
	w.AddFineGrained("other", "lee", true, "acme/else")
	w.Repo("acme/shop").SetPrivate(true)
	c := client{t, sim.Start(t, w, sim.Options{}).URL}
	green := "/repos/acme/shop/actions/runs/" + id(w.Repo("acme/shop").Runs()[0].ID)
	for _, x := range []struct {
		token, method, path string
		status              int
	}{
		{"", "GET", "/repos/acme/shop", 404},
		{"wrong", "GET", "/repos/acme/shop", 401},
		{"noscope", "GET", "/repos/acme/shop", 404},
		{"reader", "GET", "/repos/acme/shop", 200},
		{"reader", "POST", green + "/rerun", 403},
		{"other", "GET", "/repos/acme/shop", 404},
		{secret, "POST", green + "/rerun", 201},
	} {
		auth := "Bearer " + x.token
		if x.token == "" {
			auth = ""
		}
		resp, b := c.do(x.method, x.path, "", "Authorization", auth)
		if resp.StatusCode != x.status {
			t.Errorf("%s %s with %q: %d, want %d: %s", x.method, x.path, x.token, resp.StatusCode, x.status, b)
		}
		if _, scopes := resp.Header["X-Oauth-Scopes"]; scopes && x.token == "reader" {
			t.Error("a fine-grained token tells scopes")
		}
	}
	w.Expire(secret, true)
	if resp, _ := c.do("GET", "/user", ""); resp.StatusCode != 401 {
		t.Errorf("an expired token: %d", resp.StatusCode)
	}
}

func TestLogsAreElsewhereAndShortLived(t *testing.T) {
	clock := testkit.NewClock(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	w := populated(github.Options{Now: clock.Now})
	blobs := sim.Start(t, w.Blobs(), sim.Options{})
	w.SetBlobs(blobs.URL)
	c := client{t, sim.Start(t, w, sim.Options{}).URL}
	job := w.Repo("acme/shop").Runs()[1].Job("test")
	path := "/repos/acme/shop/actions/jobs/" + id(job.ID) + "/logs"
	resp, _ := c.do("GET", path, "")
	at := resp.Header.Get("Location")
	if !strings.HasPrefix(at, blobs.URL) {
		t.Fatalf("the log is at %q", at)
	}
	if resp, _ := (client{t, ""}).do("GET", at, ""); resp.StatusCode != 401 {
		t.Errorf("with a credential: %d", resp.StatusCode)
	}
	resp, b := (client{t, ""}).do("GET", at, "", "Authorization", "")
	if resp.StatusCode != 200 || !bytes.Contains(b, []byte("--- FAIL: TestSum")) || !bytes.Contains(b, []byte("##[group]Run go test")) {
		t.Errorf("%d %s", resp.StatusCode, b)
	}
	clock.Advance(2 * time.Minute)
	if resp, _ := (client{t, ""}).do("GET", at, "", "Authorization", ""); resp.StatusCode != 403 {
		t.Errorf("two minutes later: %d", resp.StatusCode)
	}
}

func TestPages(t *testing.T) {
	w := populated(github.Options{})
	for range 20 {
		w.Repo("acme/shop").Start(github.Spec{Workflow: "ci.yml"})
	}
	c := client{t, sim.Start(t, w, sim.Options{}).URL}
	resp, b := c.do("GET", "/repos/acme/shop/actions/runs?per_page=10&page=2", "")
	var page struct {
		Total int               `json:"total_count"`
		Runs  []json.RawMessage `json:"workflow_runs"`
	}
	if err := json.Unmarshal(b, &page); err != nil || page.Total != 23 || len(page.Runs) != 10 {
		t.Errorf("%d of %d runs, %v", len(page.Runs), page.Total, err)
	}
	link := resp.Header.Get("Link")
	if !strings.Contains(link, c.base+"/repos/acme/shop/actions/runs?page=3") || !strings.Contains(link, `rel="next"`) || !strings.Contains(link, `rel="prev"`) {
		t.Errorf("link %q", link)
	}
}
