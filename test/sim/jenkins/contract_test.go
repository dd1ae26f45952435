package jenkins

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"devops-tui/internal/testkit"
	"devops-tui/test/sim"
	"devops-tui/test/sim/contract"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func get(t *testing.T, url string) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
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

// sample is a recorded answer with what newer versions of Jenkins have besides:
// the recordings are of 2014.
func sample(t *testing.T, file string, more ...map[string]any) []byte {
	t.Helper()
	var v any
	if err := json.Unmarshal(contract.Sample(t, "jenkins/"+file), &v); err != nil {
		t.Fatal(err)
	}
	for _, m := range more {
		enrich(v, m)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// enrich adds members to every object.
func enrich(v any, m map[string]any) {
	switch x := v.(type) {
	case map[string]any:
		for _, y := range x {
			enrich(y, m)
		}
		for k, y := range m {
			if _, ok := x[k]; !ok {
				x[k] = y
			}
		}
	case []any:
		for _, y := range x {
			enrich(y, m)
		}
	}
}

// newer is what today's versions answer besides what was recorded, as their
// documentation at /api has it.
var newer = map[string]any{
	"_class": "", "inProgress": true, "nextBuild": nil, "previousBuild": nil, "queueId": 1, "displayName": "", "fullName": "", "fullDisplayName": "",
	"labelExpression": nil, "disabled": true, "resumeBlocked": true, "cancelled": true, "totalExecutors": 1, "url": "", "changeSets": []any{}, "absoluteUrl": "",
	"description": nil, "userId": "", "userName": "", "shortDescription": "",
}

// described is what the plugin's description has besides what was recorded: the
// links of a run that waits, and why a stage failed.
var described = map[string]any{
	"pendingInputActions": map[string]any{"href": ""}, "nextPendingInputAction": map[string]any{"href": ""}, "error": map[string]any{"message": "", "type": ""},
}

func TestShapesAreAsRecorded(t *testing.T) {
	w := New(Options{Prefix: "/jenkins"})
	srv := sim.Start(t, w, sim.Options{})
	base := srv.URL + "/jenkins"
	free := w.Freestyle("asdf")
	free.Start(Start{}).End("SUCCESS")
	w.Freestyle("empty")
	cd := w.Pipeline("cd")
	x := cd.Start(Start{By: "kim"})
	x.Stage("Dev")
	x.Stage("QA")
	x.Fail("no")
	y := cd.Start(Start{By: "kim"})
	y.Stage("Staging")
	y.Ask(Input{ID: "Run-test-suites", Message: "Workflow Configuration", OK: "Okay", Params: []Param{
		{Name: "Run test suites?", Kind: Boolean, Default: "true"}, {Name: "Enter some text", Kind: String, Default: "Hello"}, {Name: "Take your pick", Kind: Choice, Choices: []string{"a"}},
	}})
	left := w.Freestyle("gone").Enqueue(Start{By: "kim"}, "")
	w.Work()
	q := free.Enqueue(Start{By: "kim"}, "")

	for path, files := range map[string][]string{
		"/api/json":            {"node-jenkins__jobList.json"},
		"/job/empty/api/json":  {"node-jenkins__jobGet.json", "node-jenkins__jobGetDisabled.json"},
		"/job/asdf/1/api/json": {"node-jenkins__buildGet.json"},
		"/computer/api/json":   {"node-jenkins__nodeList.json", "node-jenkins__nodeGet.json"},
		"/queue/item/" + itoa(left.ID()) + "/api/json": {"node-jenkins__queueItem.json"},
		"/queue/item/" + itoa(q.ID()) + "/api/json":    {"node-jenkins__queueItem.json", "node-jenkins__queueList.json"},
	} {
		status, h, body := get(t, base+path)
		if status != http.StatusOK || h.Get("X-Jenkins") == "" {
			t.Errorf("%s: %d %v", path, status, h)
		}
		var samples [][]byte
		for _, f := range files {
			samples = append(samples, sample(t, f, newer))
			if strings.HasSuffix(f, "List.json") { // its items stand alone too
				var v map[string]any
				if err := json.Unmarshal(samples[len(samples)-1], &v); err != nil {
					t.Fatal(err)
				}
				if items, ok := v["items"].([]any); ok {
					b, _ := json.Marshal(items[0])
					samples = append(samples, b)
				}
			}
		}
		t.Run(path, func(t *testing.T) {
			contract.Shape(t, body, []string{"monitorData", "computer.monitorData"}, samples...)
		})
	}
	var stages [][]byte
	for _, f := range []string{
		"01_rest_api_jobHistory", "02_rest_api_jobHistory", "03_rest_api_runs", "03_rest_api_runs_checkpoint_rerun", "04_rest_api_runs_failed",
		"05_rest_api_runs", "06_rest_api_runs", "07_rest_api_runs_in_progress", "08_rest_api_unstable_run",
	} {
		stages = append(stages, sample(t, "stage-view__"+f+".json", described))
	}
	_, _, body := get(t, base+"/job/cd/wfapi/runs")
	contract.Shape(t, body, nil, stages...)
	_, _, body = get(t, base+"/job/cd/2/wfapi/describe")
	contract.Shape(t, append(append([]byte("["), body...), ']'), nil, stages...)
	_, _, body = get(t, base+"/job/cd/2/wfapi/pendingInputActions")
	var inputs []json.RawMessage
	if err := json.Unmarshal(body, &inputs); err != nil || len(inputs) != 1 {
		t.Fatalf("%s: %v", body, err)
	}
	contract.Shape(t, inputs[0], nil, sample(t, "stage-view__input-model-01.json"))
	if !strings.Contains(string(inputs[0]), `"/jenkins/job/cd/2/wfapi/inputSubmit?inputId=Run-test-suites"`) {
		t.Errorf("%s", inputs[0])
	}
	console := contract.Sample(t, "jenkins/node-jenkins__consoleText.txt")
	_, _, ours := get(t, base+"/job/asdf/1/consoleText")
	first := func(b []byte) string { s, _, _ := strings.Cut(string(b), "user"); return s }
	if strings.Contains(string(ours), "\x1b") || !strings.HasSuffix(string(console), "Finished: SUCCESS\n") || !strings.HasSuffix(string(ours), "Finished: SUCCESS\n") || first(console) != "Started by " {
		t.Errorf("console:\n%s", ours)
	}
}

func TestTree(t *testing.T) {
	w := New(Options{})
	srv := sim.Start(t, w, sim.Options{})
	j := w.Pipeline("f/job", Param{Name: "A", Kind: String})
	for range 5 {
		j.Start(Start{By: "kim"}).End("SUCCESS")
	}
	for tree, want := range map[string]string{
		"builds[number]{0,2}":                    `{"_class":"org.jenkinsci.plugins.workflow.job.WorkflowJob","builds":[{"_class":"org.jenkinsci.plugins.workflow.job.WorkflowRun","number":5},{"_class":"org.jenkinsci.plugins.workflow.job.WorkflowRun","number":4}]}`,
		"builds[number]{4,}":                     `{"_class":"org.jenkinsci.plugins.workflow.job.WorkflowJob","builds":[{"_class":"org.jenkinsci.plugins.workflow.job.WorkflowRun","number":1}]}`,
		"builds[number]{1}":                      `{"_class":"org.jenkinsci.plugins.workflow.job.WorkflowJob","builds":[{"_class":"org.jenkinsci.plugins.workflow.job.WorkflowRun","number":4}]}`,
		"builds{9,12},name":                      `{"_class":"org.jenkinsci.plugins.workflow.job.WorkflowJob","builds":[],"name":"job"}`,
		"lastBuild[actions[parameters[*]]]{0,1}": `{"_class":"org.jenkinsci.plugins.workflow.job.WorkflowJob","lastBuild":{"_class":"org.jenkinsci.plugins.workflow.job.WorkflowRun","actions":[{"_class":"hudson.model.CauseAction"},{},{"_class":"hudson.model.ParametersAction","parameters":[{"_class":"hudson.model.StringParameterValue","name":"A","value":""}]}]}}`,
	} {
		status, _, body := get(t, srv.URL+"/job/f/job/job/api/json?tree="+strings.NewReplacer("[", "%5B", "]", "%5D", "{", "%7B", "}", "%7D").Replace(tree))
		if got := strings.TrimSpace(string(body)); status != 200 || got != want {
			t.Errorf("%s: %d\n%s\nwant\n%s", tree, status, got, want)
		}
	}
	for _, tree := range []string{"[", "a[b", "a{x}", "a,,b", "a]"} {
		if status, _, _ := get(t, srv.URL+"/api/json?tree="+tree); status != 500 {
			t.Errorf("%s: %d", tree, status)
		}
	}
}
