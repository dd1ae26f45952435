package argocd

import (
	"slices"
	"testing"

	"devops-tui/internal/core"
)

// What guards the namespaces that an application fills guards it: every plan
// names them.
func TestPlansNameTheNamespacesThatAreFilled(t *testing.T) {
	w := newWorld(t)
	op, err := w.src.PlanDeploy(t.Context(), ref("shop"), core.Deploy{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(op.Plan.Also, func(r core.Ref) bool { return r.Kind == "namespace" && r.Name != "" && r.Source == ID }) {
		t.Errorf("%v", op.Plan.Also)
	}
}
