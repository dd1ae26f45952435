package change

import (
	"strings"
	"testing"

	"devops-tui/test/program"
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

	s := w.Cockpit(160, 45, "kube ●", "3", "Workloads", "name:api", "api")
	s.WaitText(program.Patience, "ImagePullBackOff")
	shown := s.Plan("B", program.GoesOn, "REVISION", "release v1", "registry.local/api:v1", "rollout undo deployment/api", "diff")
	if !strings.Contains(shown, "registry.local/api:broken") {
		t.Errorf("the plan does not tell what goes:\n%s", shown)
	}
	sent := w.count()
	s.Proceed()
	sent.want(0)
	s.Yes()
	s.Healthy()
	sent.want(1)
	w.want("deployment/api", mainImage, "registry.local/api:v1")
	w.want("deployment/api", ".status.availableReplicas", "3")
	if a := w.Run("journal", "verify"); a.Code != 0 {
		t.Errorf("journal verify: exit %d: %s%s", a.Code, a.Stdout, a.Stderr)
	}

	s.Plan("U", program.Question, "registry.local/api:broken")
	s.Yes()
	s.Ended("failed") // it is the image that never becomes ready
	sent.want(1)
	w.want("deployment/api", mainImage, "registry.local/api:broken")
	records := w.Records()
	if n := len(records); n != 4 || records[2].UndoOf == "" || !strings.HasPrefix(records[2].UndoOf, records[0].ID) {
		t.Errorf("%d records: %+v", n, records)
	}
}
