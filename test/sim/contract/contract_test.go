package contract

import (
	"net/http"
	"strings"
	"testing"
)

var jsonHeader = http.Header{"Content-Type": {"application/json; charset=utf-8"}}

func TestWhatIsRecordedPasses(t *testing.T) {
	s := Swagger2(t, "argocd/swagger-trimmed.json")
	for file, path := range map[string]string{
		"application-outofsync.json": "/api/v1/applications/guestbook", "application-synced.json": "/api/v1/applications/guestbook?refresh=hard",
		"application-rolledback.json": "/api/v1/applications/guestbook", "resource-tree.json": "/api/v1/applications/guestbook/resource-tree",
		"stream-applications.ndjson": "/api/v1/stream/applications",
	} {
		s.Validate(t, "GET", path, 200, jsonHeader, Sample(t, "argocd/real-3.2.11/"+file))
	}
	if n := len(OpenAPI3(t, "github/openapi-trimmed.json").Paths("/repos/")); n < 40 {
		t.Errorf("%d operations of GitHub", n)
	}
}

func TestWhatIsWrongIsFound(t *testing.T) {
	github := OpenAPI3(t, "github/openapi-trimmed.json")
	gitlab := Swagger2(t, "gitlab/openapi-v2-trimmed.json")
	argocd := Swagger2(t, "argocd/swagger-trimmed.json")
	argocd.Strict = true
	for _, c := range []struct {
		name         string
		s            *Spec
		method, path string
		status       int
		body, want   string // want "": it is fine
	}{
		{"fine", github, "GET", "/repos/a/b/actions/workflows?per_page=100", 200, `{"total_count":0,"workflows":[]}`, ""},
		{"not modified", github, "GET", "/repos/a/b/actions/workflows", 304, "", ""},
		{"a refusal", github, "GET", "/repos/a/b/actions/workflows", 404, `{"message":"Not Found"}`, ""},
		{"no such path", github, "GET", "/repos/a/b/actions/flows", 200, `{}`, "does not know"},
		{"another method", github, "PUT", "/repos/a/b/actions/workflows", 200, `{}`, "only with GET"},
		{"no such parameter", github, "GET", "/repos/a/b/actions/workflows?perpage=1", 200, `{"total_count":0,"workflows":[]}`, "has no parameter perpage"},
		{"no value of a parameter", github, "GET", "/repos/a/b/actions/workflows?per_page=many", 200, `{"total_count":0,"workflows":[]}`, `"many" is no value`},
		{"a member is missing", github, "GET", "/repos/a/b/actions/workflows", 200, `{"workflows":[]}`, "total_count"},
		{"another type", github, "GET", "/repos/a/b/actions/workflows", 200, `{"total_count":"0","workflows":[]}`, "total_count"},
		{"a status that it never has", github, "GET", "/repos/a/b/actions/workflows", 201, `{}`, "does not answer 201"},
		{"not JSON", github, "GET", "/repos/a/b/actions/workflows", 200, `{"total`, "not JSON"},
		{"a body with 304", github, "GET", "/repos/a/b/actions/workflows", 304, `{}`, "has a body"},
		{"GitLab is fine", gitlab, "GET", "/api/v4/projects/group%2Fapp/pipelines?per_page=20", 200, `[]`, ""},
		{"GitLab: no such parameter", gitlab, "GET", "/api/v4/projects/1/pipelines?state=x", 200, `[]`, "has no parameter state"},
		{"GitLab: no such path", gitlab, "GET", "/api/v4/projects/1/runs", 200, `[]`, "does not know"},
		{"Argo CD: another type", argocd, "GET", "/api/v1/applications/x", 200, `{"metadata":{"name":7}}`, "/metadata/name"},
		{"Argo CD: a member of our own", argocd, "GET", "/api/v1/applications/x", 200, `{"metadata":{"nom":"x"}}`, ".metadata.nom"},
		{"Argo CD: a refusal is described too", argocd, "GET", "/api/v1/applications/x", 404, `{"error":1}`, "/error"},
	} {
		err := c.s.Check(c.method, c.path, c.status, jsonHeader, []byte(c.body))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if err := github.Check("GET", "/repos/a/b/actions/workflows", 200, http.Header{"Content-Type": {"text/html"}}, []byte("<html>")); err == nil {
		t.Error("HTML passes for JSON")
	}
	if err := argocd.CheckRequest("POST", "/api/v1/applications/x/sync", []byte(`{"revision":1}`)); err == nil {
		t.Error("a wrong request passes")
	}
	if err := argocd.CheckRequest("POST", "/api/v1/applications/x/sync", []byte(`{"revision":"main","prune":true}`)); err != nil {
		t.Error(err)
	}
}

func TestShapes(t *testing.T) {
	sample := []byte(`[{"id":1,"name":"x","user":{"login":"kim"},"tags":["a"],"none":null,"labels":{"a":"b"}},{"id":2,"sha":null,"name":null}]`)
	for body, want := range map[string]string{
		`[{"id":7,"user":null,"tags":[],"none":{"any":1},"labels":{"else":"x"}}]`: "",
		`[{"id":"7"}]`:              "id is string",
		`[{"user":{"name":"kim"}}]`: "user.name is in no sample",
		`[{"tags":[1]}]`:            "tags is number",
		`{"id":7}`:                  "is object",
		`[{"name":"y","number":7}]`: "number is in no sample",
	} {
		err := CheckShape([]byte(body), []string{"labels"}, sample)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
}
