package argo

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/internal/text"
	"devops-tui/internal/text/texttest"
)

// poison is what somebody who may write an object can put into its fields.
const poison = "a\x1b]0;owned\x07\x1b[2J\x1b[31m\u202edexot\u2066\r\nsecond\x00\u009b5m\u200b end"

const hostileApplication = `{"metadata":{"name":"shop","namespace":"argocd","uid":"u","resourceVersion":"7","creationTimestamp":"2026-01-02T03:04:05Z","annotations":{"a":"b"},"labels":{"l":"m"}},
"spec":{"project":"default","source":{"repoURL":"https://git.test/shop.git","path":"deploy","targetRevision":"main","chart":"c"},"destination":{"server":"https://kubernetes.default.svc","name":"","namespace":"shop"},"syncPolicy":{"automated":{"prune":true},"syncOptions":["CreateNamespace=true"]}},
"operation":{"initiatedBy":{"username":"kim"},"sync":{"revision":"main"},"info":[{"name":"n","value":"v"}]},
"status":{"sync":{"status":"OutOfSync","revision":"a099976ad1b3a968bfa8af414561fb7aae44c220","comparedTo":{"source":{"repoURL":"https://git.test/shop.git"},"destination":{"namespace":"shop"}}},"health":{"status":"Degraded","message":"broken"},
"conditions":[{"type":"SyncError","message":"cannot sync","lastTransitionTime":"2026-01-02T03:04:05Z"}],
"resources":[{"group":"apps","version":"v1","kind":"Deployment","namespace":"shop","name":"web","status":"OutOfSync","health":{"status":"Degraded","message":"no pods"}}],
"history":[{"id":0,"revision":"b099976ad1b3a968bfa8af414561fb7aae44c220","deployedAt":"2026-01-02T03:04:05Z","source":{"repoURL":"https://git.test/shop.git","targetRevision":"main"},"initiatedBy":{"username":"kim","automated":true}}],
"operationState":{"phase":"Failed","message":"one failed","startedAt":"2026-01-02T03:04:05Z","finishedAt":"2026-01-02T03:05:05Z","operation":{"initiatedBy":{"username":"alex"},"sync":{"revision":"main"}},"syncResult":{"revision":"a099976ad1b3a968bfa8af414561fb7aae44c220","resources":[{"group":"apps","version":"v1","kind":"Deployment","namespace":"shop","name":"web","status":"SyncFailed","message":"denied","hookPhase":"Failed","syncPhase":"Sync"}]}},
"summary":{"images":["registry.test/web:1"],"externalURLs":["https://shop.test"]},"reconciledAt":"2026-01-02T03:04:05Z"}}`

const hostileRollout = `{"metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7","creationTimestamp":"2026-01-02T03:04:05Z","annotations":{"rollout.argoproj.io/revision":"3"},"labels":{"app":"web"}},
"spec":{"replicas":4,"workloadRef":{"kind":"Deployment","name":"web"},"template":{"spec":{"containers":[{"name":"main","image":"registry.test/web:1"}]}},"strategy":{"canary":{"canaryService":"c","stableService":"s","steps":[{"setWeight":25},{"pause":{"duration":"10m"}},{"analysis":{"templates":[{"templateName":"rate"}]}},{"setHeaderRoute":{"name":"r"}}]}}},
"status":{"phase":"Degraded","message":"it waits","abort":true,"currentStepIndex":1,"stableRS":"abc","currentPodHash":"def","pauseConditions":[{"reason":"CanaryPauseStep","startTime":"2026-01-02T03:04:05Z"}],"conditions":[{"type":"Progressing","status":"False","reason":"RolloutAborted","message":"aborted"}],"canary":{"weights":{"canary":{"weight":25,"serviceName":"c","podTemplateHash":"def"}}},"blueGreen":{"activeSelector":"abc","previewSelector":"def"},"replicas":4,"readyReplicas":1}}`

const hostileAnalysis = `{"metadata":{"name":"web-rate","namespace":"shop","uid":"u","creationTimestamp":"2026-01-02T03:04:05Z"},"spec":{"metrics":[{"name":"rate","successCondition":"result < 1"}]},
"status":{"phase":"Failed","message":"metric rate failed","startedAt":"2026-01-02T03:04:05Z","metricResults":[{"name":"rate","phase":"Failed","message":"too many","measurements":[{"phase":"Failed","value":"7","message":"7 errors","startedAt":"2026-01-02T03:04:05Z","finishedAt":"2026-01-02T03:04:06Z"}]}]}}`

// leaves calls f with a copy of the object for every string in it, that string
// poisoned, and last with all of them.
func leaves(t *testing.T, sample string, f func(what string, object []byte)) {
	t.Helper()
	var paths []string
	var walk func(v any, path string, poisoned func(string) bool) any
	walk = func(v any, path string, poisoned func(string) bool) any {
		switch v := v.(type) {
		case map[string]any:
			out := map[string]any{}
			for k, x := range v {
				out[k] = walk(x, path+"."+k, poisoned)
			}
			return out
		case []any:
			out := make([]any, len(v))
			for i, x := range v {
				out[i] = walk(x, fmt.Sprintf("%s[%d]", path, i), poisoned)
			}
			return out
		case string:
			if poisoned == nil {
				paths = append(paths, path)
			} else if poisoned(path) {
				return v + poison
			}
		}
		return v
	}
	var object any
	if err := json.Unmarshal([]byte(sample), &object); err != nil {
		t.Fatal(err)
	}
	walk(object, "", nil)
	for _, p := range append(paths, "all") {
		b, err := json.Marshal(walk(object, "", func(at string) bool { return p == at || p == "all" }))
		if err != nil {
			t.Fatal(err)
		}
		f(p, b)
	}
}

// Every string of every object, poisoned, through everything that is made of it.
func TestPromise1PoisonedObjects(t *testing.T) {
	now := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	ref := core.Ref{Source: "kube", Scope: "c", Kind: "application", Namespace: "argocd", Name: "shop"}
	hits := 0
	check := func(kind, what string, made ...any) {
		t.Helper()
		for _, v := range made {
			for _, s := range sourcetest.Drawn(v) {
				if bad := texttest.Violations(s); bad != nil || strings.ContainsAny(s, "\r\n") {
					t.Errorf("%s %s: %q: %v", kind, what, s, bad)
				}
				if strings.Contains(s, "dexot") {
					hits++
				}
			}
		}
	}
	failed := func(kind, what string, err error) bool {
		if err != nil {
			check(kind, what, text.Error(err))
		}
		return err != nil
	}
	leaves(t, hostileApplication, func(what string, b []byte) {
		a, err := DecodeApplication(b)
		if failed("application", what, err) {
			return
		}
		about := func(string) CommitInfo { return CommitInfo{} }
		check("application", what, ApplicationRow(a, ref), a.Outline(nil, nil), a.Explain(nil, now), a.History(about, now))
		for _, e := range a.Entries(about) {
			check("application", what, e.Cells(now))
		}
	})
	leaves(t, hostileRollout, func(what string, b []byte) {
		o, err := DecodeRollout(b)
		if failed("rollout", what, err) {
			return
		}
		check("rollout", what, RolloutRow(o, ref), o.Outline(nil, nil), o.Explain(nil), o.Waits(), o.Where())
	})
	leaves(t, hostileAnalysis, func(what string, b []byte) {
		a, err := DecodeAnalysisRun(b)
		if failed("analysis", what, err) {
			return
		}
		check("analysis", what, AnalysisRow(a, ref), a.Outline(), a.Explain(), a.Nodes(ref, 0))
	})
	if hits < 100 {
		t.Errorf("only %d poisoned texts came through: the test has lost its way", hits)
	}
	t.Logf("%d poisoned texts, all harmless", hits)
}
