package cluster

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// GitHead is what Git says to every application that the [Cluster.ActAsArgoCD]
// of a test acts on.
const GitHead = "a15c8d5c8fb16f744f922db97853c442f2379f7f"

// ActAsArgoCD acts on the applications of a namespace as the recorded Argo CD
// did, until the test ends: an operation begins with a state beside it, ends with
// its result in the state and the history while the operation goes, and only then
// the application is looked at again. Annotations of the application say otherwise:
// test/hold keeps an operation running, test/fail lets it fail. It deploys nothing.
func (c *Cluster) ActAsArgoCD(tb testing.TB, namespace string) {
	tb.Helper()
	x := &actingArgo{c, namespace}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				x.reconcile(ctx)
			}
		}
	}()
	tb.Cleanup(func() { cancel(); <-done })
}

type actingArgo struct {
	c  *Cluster
	ns string
}

// object is JSON of any shape.
type object map[string]any

func (o object) at(path ...string) any {
	var v any = map[string]any(o)
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

func (o object) str(path ...string) string { s, _ := o.at(path...).(string); return s }

func (o object) sub(path ...string) object { m, _ := o.at(path...).(map[string]any); return m }

func (x *actingArgo) reconcile(ctx context.Context) {
	var list struct{ Items []object }
	if x.c.Get(ctx, "/apis/argoproj.io/v1alpha1/namespaces/"+x.ns+"/applications", &list) != nil {
		return
	}
	for _, o := range list.Items {
		patch := x.next(o)
		if patch == nil {
			continue
		}
		patch["metadata"] = object{"resourceVersion": o.str("metadata", "resourceVersion")}
		b, _ := json.Marshal(patch)
		// a conflict is seen again
		_, _ = x.c.Do(ctx, "PATCH", "/apis/argoproj.io/v1alpha1/namespaces/"+x.ns+"/applications/"+o.str("metadata", "name"), "application/merge-patch+json", b)
	}
}

// next is what the controller does to an application now; nil: nothing.
func (x *actingArgo) next(o object) object {
	now := time.Now().UTC().Format(time.RFC3339)
	state := o.sub("status", "operationState")
	switch op := o.sub("operation"); {
	case op != nil && state == nil:
		return object{"status": object{"operationState": object{"operation": op, "phase": "Running", "message": "waiting for healthy state", "startedAt": now}}}
	case op != nil && state.str("phase") == "Running" && o.str("metadata", "annotations", "test/hold") == "":
		return x.finish(o, op, state, now)
	case state.str("phase") == "Terminating":
		return object{"operation": nil, "status": object{"operationState": object{"phase": "Failed", "message": "Operation terminated", "finishedAt": now}}}
	case op == nil && state.str("finishedAt") > o.str("status", "reconciledAt"):
		return object{"status": object{"reconciledAt": now, "health": object{"status": "Healthy"}}}
	}
	return nil
}

// finish ends an operation.
func (x *actingArgo) finish(o, op, state object, now string) object {
	rev := op.str("sync", "revision")
	if rev == "" || rev == "main" {
		rev = GitHead
	}
	resource := object{"group": "apps", "version": "v1", "kind": "Deployment", "namespace": x.ns, "name": "web", "status": "Synced", "message": "deployment.apps/web configured", "hookPhase": "Running", "syncPhase": "Sync"}
	end := object{"phase": "Succeeded", "message": "successfully synced (all tasks run)", "finishedAt": now, "syncResult": object{"revision": rev, "source": o.at("spec", "source"), "resources": []any{resource}}}
	status := object{"operationState": end}
	if o.str("metadata", "annotations", "test/fail") != "" {
		resource["status"], resource["message"], resource["hookPhase"] = "SyncFailed", "admission webhook denied the request", "Failed"
		end["phase"], end["message"] = "Failed", "one or more objects failed to apply"
		return object{"operation": nil, "status": status}
	}
	history, _ := o.at("status", "history").([]any)
	source := op.at("sync", "source")
	if source == nil {
		source = o.at("spec", "source")
	}
	status["history"] = append(slices.Clone(history), object{"id": len(history), "revision": rev, "deployedAt": now, "deployStartedAt": state.str("startedAt"), "source": source, "initiatedBy": op.at("initiatedBy")})
	word := "Synced"
	if rev != GitHead { // Git says otherwise
		word = "OutOfSync"
	}
	status["sync"] = object{"status": word, "revision": GitHead, "comparedTo": object{"source": o.at("spec", "source"), "destination": o.at("spec", "destination")}}
	status["resources"] = []any{object{"group": "apps", "version": "v1", "kind": "Deployment", "namespace": x.ns, "name": "web", "status": word, "health": object{"status": "Healthy"}}}
	return object{"operation": nil, "status": status}
}
