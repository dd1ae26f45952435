package change

import (
	"strings"
	"testing"
)

// TestRollBackFromAnImageThatNeverBecomesReady is the third thing that the
// issue calls done: from B to verified healthy in one dialog, the journal
// verifies, U brings it back.
func TestRollBackFromAnImageThatNeverBecomesReady(t *testing.T) {
	w := newKube(t, "")
	manifest := func(image, note string) string {
		return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, annotations: {kubernetes.io/change-cause: "release ` + image + `"}}
spec:
  replicas: 3
  progressDeadlineSeconds: 5
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}, annotations: {` + note + `}}
    spec: {containers: [{name: main, image: "registry.local/api:` + image + `"}]}
`
	}
	w.apply(manifest("v1", ""))
	w.rolled("deployment/api")
	w.apply(manifest("broken", "test/fail: ImagePullBackOff"))

	s := w.cockpit(160, 45, "kube ●", "3", "Workloads", "name:api", "api")
	s.WaitText(patience, "ImagePullBackOff")
	shown := s.plan("B", goesOn, "REVISION", "release v1", "registry.local/api:v1", "rollout undo deployment/api", "diff")
	if !strings.Contains(shown, "registry.local/api:broken") {
		t.Errorf("the plan does not tell what goes:\n%s", shown)
	}
	sent := w.count()
	s.proceed()
	sent.want(0)
	s.yes()
	s.healthy()
	sent.want(1)
	w.want("deployment/api", mainImage, "registry.local/api:v1")
	w.want("deployment/api", ".status.availableReplicas", "3")
	if a := w.run("journal", "verify"); a.code != 0 {
		t.Errorf("journal verify: exit %d: %s%s", a.code, a.stdout, a.stderr)
	}

	s.plan("U", question, "registry.local/api:broken")
	s.yes()
	s.ended("failed") // it is the image that never becomes ready
	sent.want(1)
	w.want("deployment/api", mainImage, "registry.local/api:broken")
	records := w.records()
	if n := len(records); n != 4 || records[2].UndoOf == "" || !strings.HasPrefix(records[2].UndoOf, records[0].ID) {
		t.Errorf("%d records: %+v", n, records)
	}
}
