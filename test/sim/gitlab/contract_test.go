package gitlab_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"devops-tui/test/sim"
	"devops-tui/test/sim/contract"
	"devops-tui/test/sim/gitlab"
)

// full is a world with one of everything.
func full(t *testing.T) (*gitlab.World, *sim.Server, int) {
	t.Helper()
	w := gitlab.New(gitlab.Options{})
	p := w.AddProject("acme/shop")
	p.CIYAML = "variables:\n  TARGET: {description: Where, value: eu}\n"
	w.Schedule("acme/shop", "nightly", "main", map[string]string{"NIGHT": "1"})
	w.Environment("acme/shop", "production", "https://shop.example.com")
	w.Block("acme/shop", "production", 1)
	w.Tag("acme/shop", "v1")
	old := w.Push("acme/shop", gitlab.Spec{Title: "Old", Jobs: []gitlab.JobSpec{{Name: "staging", Stage: "deploy", Environment: "staging"}}})
	w.SetJob(w.JobID(old, "staging"), "running", "")
	w.Log(w.JobID(old, "staging"), "deploying\n")
	w.SetJob(w.JobID(old, "staging"), "success", "")
	id := w.Push("acme/shop", gitlab.Spec{Title: "New", Variables: map[string]string{"A": "b"}, Jobs: []gitlab.JobSpec{
		{Name: "build", Stage: "build"},
		{Name: "child", Stage: "test", Trigger: &gitlab.Spec{Jobs: []gitlab.JobSpec{{Name: "inner"}}}},
		{Name: "deploy", Stage: "test", Manual: true, Environment: "production"},
	}})
	w.SetJob(w.JobID(id, "build"), "running", "")
	w.Log(w.JobID(id, "build"), "building\n")
	w.SetJob(w.JobID(id, "build"), "success", "")
	w.Report(id, "TestPrice")
	return w, sim.Start(t, w, sim.Options{}), id
}

func ask(t *testing.T, s *sim.Server, method, path, body string, header ...string) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("PRIVATE-TOKEN", gitlab.DefaultToken)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, b
}

const root = "/api/v4/projects/acme%2Fshop"

// described are the endpoints that the official description has.
func described(w *gitlab.World, project, id int) []struct{ method, path, body string } {
	n := strconv.Itoa
	job := n(w.JobID(id, "build"))
	// The description takes only numbers here; the documentation says that paths do as well.
	jobs := "/api/v4/projects/" + n(project) + "/jobs/"
	return []struct{ method, path, body string }{
		{"GET", "/api/v4/version", ""},
		{"GET", "/api/v4/projects?membership=true&per_page=5&order_by=id&sort=asc&archived=false&simple=true", ""},
		{"GET", "/api/v4/groups/acme/projects?include_subgroups=true&with_shared=false&archived=false&simple=true&per_page=100&order_by=id&sort=asc", ""},
		{"GET", root, ""},
		{"GET", root + "/pipelines?order_by=updated_at&sort=desc&per_page=40&updated_after=2020-01-01T00:00:00.000Z", ""},
		{"GET", root + "/pipelines?ref=main&status=success&order_by=id&sort=desc&per_page=20&source=push", ""},
		{"GET", root + "/pipelines/" + n(id), ""},
		{"GET", root + "/pipelines/latest", ""},
		{"GET", root + "/pipelines/" + n(id) + "/jobs?include_retried=true&per_page=100", ""},
		{"GET", root + "/pipelines/" + n(id) + "/bridges?per_page=100", ""},
		{"GET", root + "/pipelines/" + n(id) + "/variables", ""},
		{"GET", root + "/pipelines/" + n(id) + "/test_report", ""},
		{"GET", root + "/jobs?per_page=20", ""},
		{"GET", jobs + job, ""},
		{"GET", root + "/environments?states=available&per_page=100", ""},
		{"GET", root + "/environments?name=production", ""},
		{"GET", root + "/deployments?environment=staging&status=success&order_by=id&sort=desc&per_page=50", ""},
		{"GET", root + "/deployments/" + n(w.DeploymentID("acme/shop", "production")), ""},
		{"GET", root + "/repository/commits?all=true&per_page=100", ""},
		{"GET", root + "/repository/commits/main", ""},
		{"GET", root + "/pipeline_schedules?per_page=5", ""},
		{"POST", jobs + job + "/retry", ""},
		{"POST", root + "/deployments/" + n(w.DeploymentID("acme/shop", "production")) + "/approval", `{"status":"approved","comment":"go"}`},
		{"POST", jobs + n(w.JobID(id, "deploy")) + "/play", `{"job_variables_attributes":[{"key":"A","value":"b"}]}`},
		{"POST", jobs + n(w.JobID(id, "deploy")) + "/cancel", `{}`},
		{"POST", root + "/pipelines/" + n(id) + "/cancel", ""},
		{"POST", root + "/pipelines/" + n(id) + "/retry", ""},
		{"POST", root + "/pipeline", `{"ref":"main","variables":[{"key":"A","value":"b"}]}`},
		{"POST", root + "/environments/" + n(w.EnvironmentID("acme/shop", "staging")) + "/stop", `{}`},
	}
}

func TestPathsParametersAndStatusesAreGitLabs(t *testing.T) {
	spec := contract.Swagger2(t, "gitlab/openapi-v2-trimmed.json")
	w, s, id := full(t)
	for _, e := range described(w, w.ProjectID("acme/shop"), id) {
		if e.method == "POST" {
			spec.Request(t, e.method, e.path, []byte(e.body))
		}
		status, header, body := ask(t, s, e.method, e.path, e.body)
		if status >= 400 {
			t.Errorf("%s %s: %d %s", e.method, e.path, status, body)
			continue
		}
		spec.Validate(t, e.method, e.path, status, header, body)
	}
}

// samples are the recorded answers to one test of the official client.
func samples(t *testing.T, file string, only ...string) [][]byte {
	t.Helper()
	var all []struct {
		Test string          `json:"test"`
		JSON json.RawMessage `json:"json"`
	}
	if err := json.Unmarshal(contract.Sample(t, "gitlab/client-go-samples/"+file), &all); err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for _, x := range all {
		for _, name := range only {
			if x.Test == name {
				b := []byte(x.JSON)
				if b[0] != '[' { // one: as a list of it
					b = append(append([]byte("["), b...), ']')
				}
				out = append(out, b)
			}
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s has none of %v", file, only)
	}
	return out
}

func TestShapesAreThoseOfTheOfficialClient(t *testing.T) {
	_, s, _ := full(t)
	for _, c := range []struct {
		path, file string
		tests      []string
		open       []string
	}{
		{root + "/jobs", "jobs.json", []string{"TestJobsService_ListProjectJobs"}, nil},
		{root + "/deployments", "deployments.json", []string{"TestDeploymentsService_ListProjectDeployments"}, nil},
		{root + "/environments", "environments.json", []string{"TestListEnvironments"}, nil},
		{root + "/protected_environments", "protected_environments.json", []string{"TestListProtectedEnvironments"}, nil},
		{root + "/repository/commits", "commits.json", []string{"TestCommitsService_ListCommits"}, nil},
		{root + "/pipeline_schedules", "pipeline_schedules.json", []string{"TestPipelineSchedules_ListPipelineSchedules"}, nil},
	} {
		_, _, body := ask(t, s, "GET", c.path, "")
		compare(t, c.path, body, samples(t, c.file, c.tests...))
	}
	_, _, body := ask(t, s, "GET", root+"/pipelines", "")
	compare(t, "pipelines", body, samples(t, "pipeline_schedules.json", "TestPipelineSchedules_ListPipelinesTriggeredBySchedule"))
}

// compare checks that a member which both have is of the same type in both: the
// samples are cut down, so neither has all of the other's members.
func compare(t *testing.T, what string, body []byte, samples [][]byte) {
	t.Helper()
	var got []any
	if err := json.Unmarshal(body, &got); err != nil || len(got) == 0 {
		t.Fatalf("%s: %v %s", what, err, body)
	}
	shared := 0
	for _, s := range samples {
		var want []any
		if err := json.Unmarshal(s, &want); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			shared += alike(t, what, got[0], w)
		}
	}
	if shared < 4 {
		t.Errorf("%s has only %d members of the samples", what, shared)
	}
}

func alike(t *testing.T, at string, a, b any) (shared int) {
	t.Helper()
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			if b != nil {
				t.Errorf("%s: an object here, %T in the sample", at, b)
			}
			return 0
		}
		for k, v := range x {
			if w, ok := y[k]; ok && v != nil && w != nil {
				shared += 1 + alike(t, at+"."+k, v, w)
			}
		}
	case []any:
		y, ok := b.([]any)
		if !ok && b != nil {
			t.Errorf("%s: a list here, %T in the sample", at, b)
		}
		if len(x) > 0 && len(y) > 0 {
			shared += alike(t, at+"[]", x[0], y[0])
		}
	case string:
		if _, ok := b.(string); !ok && b != nil {
			t.Errorf("%s: text here, %T in the sample", at, b)
		}
	case float64:
		if _, ok := b.(float64); !ok && b != nil {
			t.Errorf("%s: a number here, %T in the sample", at, b)
		}
	case bool:
		if _, ok := b.(bool); !ok && b != nil {
			t.Errorf("%s: a boolean here, %T in the sample", at, b)
		}
	}
	return shared
}

func TestTheReportIsTheRecordedOne(t *testing.T) {
	_, s, id := full(t)
	_, _, body := ask(t, s, "GET", root+"/pipelines/"+strconv.Itoa(id)+"/test_report", "")
	compare(t, "test_report", []byte("["+string(body)+"]"), [][]byte{[]byte("[" + string(contract.Sample(t, "gitlab/get_pipeline_testreport.json")) + "]")})
}

func TestPagesETagsRangesAndLimits(t *testing.T) {
	w, s, id := full(t)
	for i := range 25 {
		w.Push("acme/shop", gitlab.Spec{Title: "n" + strconv.Itoa(i), Jobs: []gitlab.JobSpec{{Name: "a"}}})
	}
	status, h, body := ask(t, s, "GET", root+"/pipelines?per_page=10", "")
	var page []map[string]any
	if err := json.Unmarshal(body, &page); err != nil || status != 200 || len(page) != 10 || h.Get("X-Total") != "27" || h.Get("X-Next-Page") != "2" {
		t.Errorf("the first page: %d %v %v", len(page), h, err)
	}
	link := h.Get("Link")
	if !strings.Contains(link, s.URL+root+"/pipelines?page=2&per_page=10>; rel=\"next\"") {
		t.Errorf("Link: %s", link)
	}
	if status, _, _ := ask(t, s, "GET", root+"/pipelines?per_page=10", "", "If-None-Match", h.Get("ETag")); status != http.StatusNotModified {
		t.Errorf("with its tag: %d", status)
	}
	_, h, _ = ask(t, s, "GET", root+"/jobs?pagination=keyset&per_page=5", "")
	if h.Get("X-Total") != "" || !strings.Contains(h.Get("Link"), "cursor=5") {
		t.Errorf("keyset: %v", h)
	}
	trace := root + "/jobs/" + strconv.Itoa(w.JobID(id, "build")) + "/trace"
	if status, _, body := ask(t, s, "GET", trace, "", "Range", "bytes=3-"); status != 200 || string(body) != "building\n" {
		t.Errorf("Range where it is not known: %d %q", status, body)
	}
	w.Ranges(true)
	if status, _, body := ask(t, s, "GET", trace, "", "Range", "bytes=3-"); status != 206 || string(body) != "lding\n" {
		t.Errorf("Range: %d %q", status, body)
	}
	if status, _, _ := ask(t, s, "GET", root+"/jobs/"+strconv.Itoa(w.JobID(id, "deploy"))+"/trace", ""); status != 404 {
		t.Errorf("before the first byte: %d", status)
	}
	w.Limit(1, time.Now().Add(time.Minute))
	if status, h, _ := ask(t, s, "GET", root, ""); status != 200 || h.Get("RateLimit-Remaining") != "0" {
		t.Errorf("the last of the budget: %d %v", status, h)
	}
	if status, h, body := ask(t, s, "GET", root, ""); status != 429 || h.Get("Retry-After") == "" || string(body) != "Retry later\n" {
		t.Errorf("over the budget: %d %v %s", status, h, body)
	}
}

func TestMovedAndForbidden(t *testing.T) {
	w, s, _ := full(t)
	w.Rename("acme/shop", "acme/store")
	status, h, _ := ask(t, s, "GET", root+"/pipelines?per_page=3", "")
	u, err := url.Parse(h.Get("Location"))
	if status != http.StatusMovedPermanently || err != nil || !strings.HasSuffix(u.Path, "/pipelines") || u.RawQuery != "per_page=3" {
		t.Errorf("moved: %d %v", status, h)
	}
	if status, _, _ := ask(t, s, "POST", root+"/pipeline", `{"ref":"main"}`); status != http.StatusMethodNotAllowed {
		t.Errorf("a change of a moved project: %d", status)
	}
	w.SetToken("reads", gitlab.Token{User: "kim", Scopes: []string{"read_api"}})
	if status, _, body := ask(t, s, "POST", "/api/v4/projects/acme%2Fstore/pipeline", `{"ref":"main"}`, "PRIVATE-TOKEN", "reads"); status != 403 || !strings.Contains(string(body), "insufficient_scope") {
		t.Errorf("a token that may only read: %d %s", status, body)
	}
	if status, _, body := ask(t, s, "GET", "/api/v4/user", "", "PRIVATE-TOKEN", "unknown"); status != 401 || string(body) != `{"message":"401 Unauthorized"}` {
		t.Errorf("an unknown token: %d %s", status, body)
	}
}
