package kube

import (
	"bytes"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"devops-tui/internal/core"
)

func meta(age time.Duration) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: "x", Namespace: "ns", UID: "u", Generation: 2, CreationTimestamp: before(age)}
}

func dep(desired, updated, available, total int32, change ...func(*appsv1.Deployment)) *appsv1.Deployment {
	d := &appsv1.Deployment{
		ObjectMeta: meta(time.Hour), Spec: appsv1.DeploymentSpec{Replicas: &desired},
		Status: appsv1.DeploymentStatus{ObservedGeneration: 2, UpdatedReplicas: updated, AvailableReplicas: available, ReadyReplicas: available, Replicas: total},
	}
	for _, f := range change {
		f(d)
	}
	return d
}

func node(change func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{ObjectMeta: meta(time.Hour), Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}}}
	if change != nil {
		change(n)
	}
	return n
}

func job(c ...batchv1.JobCondition) *batchv1.Job {
	t := before(time.Minute)
	return &batchv1.Job{ObjectMeta: meta(time.Hour), Status: batchv1.JobStatus{StartTime: &t, Active: 1, Conditions: c}}
}

func TestStatusOfKinds(t *testing.T) {
	x := testReducer()
	zero, three, ten := int32(0), int32(3), int32(10)
	yes := true
	gone := before(10 * time.Minute)
	hpa := func(current int32, c ...autoscalingv2.HorizontalPodAutoscalerCondition) *autoscalingv2.HorizontalPodAutoscaler {
		return &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: meta(time.Hour), Spec: autoscalingv2.HorizontalPodAutoscalerSpec{MinReplicas: &three, MaxReplicas: ten}, Status: autoscalingv2.HorizontalPodAutoscalerStatus{CurrentReplicas: current, Conditions: c}}
	}
	for _, c := range []struct {
		name  string
		row   *core.Resource
		word  string
		phase core.Phase
	}{
		{"deployment available", reduceDeployment(x, dep(3, 3, 3, 3)), "Available", core.Running},
		{"deployment rolling out", reduceDeployment(x, dep(3, 1, 3, 4)), "RollingOut", core.Pending},
		{"deployment not seen by its controller", reduceDeployment(x, dep(3, 3, 3, 3, func(d *appsv1.Deployment) { d.Generation = 3 })), "RollingOut", core.Pending},
		{"deployment 1 of 3", reduceDeployment(x, dep(3, 3, 1, 3)), "Degraded", core.Degraded},
		{"deployment 0 of 3", reduceDeployment(x, dep(3, 3, 0, 3)), "Unavailable", core.Failed},
		{"deployment made a moment ago", reduceDeployment(x, dep(3, 3, 0, 3, func(d *appsv1.Deployment) { d.CreationTimestamp = before(5 * time.Second) })), "Starting", core.Pending},
		{"deployment scaled to zero", reduceDeployment(x, dep(0, 0, 0, 0)), "ScaledToZero", core.Running},
		{"deployment paused", reduceDeployment(x, dep(3, 1, 3, 3, func(d *appsv1.Deployment) { d.Spec.Paused = true })), "Paused", core.Running},
		{"deployment stuck", reduceDeployment(x, dep(3, 1, 2, 3, func(d *appsv1.Deployment) {
			d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded", Message: "has timed out"}}
		})), "ProgressDeadlineExceeded", core.Failed},
		{"deployment may make no pods", reduceDeployment(x, dep(3, 0, 0, 0, func(d *appsv1.Deployment) {
			d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: "exceeded quota"}}
		})), "ReplicaFailure", core.Failed},
		{"deployment deleted", reduceDeployment(x, dep(3, 3, 3, 3, func(d *appsv1.Deployment) { d.DeletionTimestamp = &gone })), "Terminating", core.Pending},
		{"stateful set updating", reduceStatefulSet(x, &appsv1.StatefulSet{ObjectMeta: meta(time.Hour), Spec: appsv1.StatefulSetSpec{Replicas: &three}, Status: appsv1.StatefulSetStatus{ObservedGeneration: 2, Replicas: 3, UpdatedReplicas: 1, AvailableReplicas: 3, UpdateRevision: "b", CurrentRevision: "a"}}), "RollingOut", core.Pending},
		{"stateful set at rest", reduceStatefulSet(x, &appsv1.StatefulSet{ObjectMeta: meta(time.Hour), Spec: appsv1.StatefulSetSpec{Replicas: &three}, Status: appsv1.StatefulSetStatus{ObservedGeneration: 2, Replicas: 3, ReadyReplicas: 3, AvailableReplicas: 3, UpdateRevision: "a", CurrentRevision: "a"}}), "Available", core.Running},
		{"daemon set behind", reduceDaemonSet(x, &appsv1.DaemonSet{ObjectMeta: meta(time.Hour), Status: appsv1.DaemonSetStatus{ObservedGeneration: 2, DesiredNumberScheduled: 3, CurrentNumberScheduled: 3, UpdatedNumberScheduled: 3, NumberAvailable: 2}}), "Degraded", core.Degraded},
		{"replica set old", reduceReplicaSet(x, &appsv1.ReplicaSet{ObjectMeta: meta(time.Hour), Spec: appsv1.ReplicaSetSpec{Replicas: &zero}, Status: appsv1.ReplicaSetStatus{ObservedGeneration: 2}}), "ScaledToZero", core.Running},
		{"job running", reduceJob(x, job()), "Running", core.Running},
		{"job complete", reduceJob(x, job(batchv1.JobCondition{Type: batchv1.JobComplete, Status: corev1.ConditionTrue})), "Complete", core.Succeeded},
		{"job failed", reduceJob(x, job(batchv1.JobCondition{Type: batchv1.JobFailureTarget, Status: corev1.ConditionTrue}, batchv1.JobCondition{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: "BackoffLimitExceeded"})), "BackoffLimitExceeded", core.Failed},
		{"job suspended", reduceJob(x, job(batchv1.JobCondition{Type: batchv1.JobSuspended, Status: corev1.ConditionTrue})), "Suspended", core.Pending},
		{"cron job suspended", reduceCronJob(x, &batchv1.CronJob{ObjectMeta: meta(time.Hour), Spec: batchv1.CronJobSpec{Suspend: &yes}}), "Suspended", core.Pending},
		{"node ready", reduceNode(x, node(nil)), "Ready", core.Running},
		{"node cordoned", reduceNode(x, node(func(n *corev1.Node) { n.Spec.Unschedulable = true })), "Ready,SchedulingDisabled", core.Degraded},
		{"node under pressure", reduceNode(x, node(func(n *corev1.Node) {
			n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionTrue})
		})), "Ready,MemoryPressure", core.Degraded},
		{"node lost", reduceNode(x, node(func(n *corev1.Node) { n.Status.Conditions[0].Status = corev1.ConditionUnknown })), "NotReady", core.Failed},
		{"claim pending", reducePVC(x, &corev1.PersistentVolumeClaim{ObjectMeta: meta(time.Hour), Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending}}), "Pending", core.Pending},
		{"claim lost", reducePVC(x, &corev1.PersistentVolumeClaim{ObjectMeta: meta(time.Hour), Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimLost}}), "Lost", core.Failed},
		{"autoscaler at rest", reduceHPA(x, hpa(5)), "Active", core.Running},
		{"autoscaler at max", reduceHPA(x, hpa(10, autoscalingv2.HorizontalPodAutoscalerCondition{Type: autoscalingv2.ScalingLimited, Status: corev1.ConditionTrue, Reason: "TooManyReplicas"})), "AtMax", core.Degraded},
		{"autoscaler blind", reduceHPA(x, hpa(5, autoscalingv2.HorizontalPodAutoscalerCondition{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionFalse, Reason: "FailedGetResourceMetric"})), "FailedGetResourceMetric", core.Degraded},
		{"namespace terminating", reduceNamespace(x, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "x", UID: "u", DeletionTimestamp: &gone}, Status: corev1.NamespaceStatus{Phase: corev1.NamespaceTerminating}}), "Terminating", core.Degraded},
		{"service", reduceService(x, &corev1.Service{ObjectMeta: meta(time.Hour)}), "Active", core.Running},
		{"load balancer pending", reduceService(x, &corev1.Service{ObjectMeta: meta(time.Hour), Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer}}), "Pending", core.Pending},
		{"event", reduceEvent(x, &corev1.Event{ObjectMeta: meta(time.Hour), Type: "Warning", Reason: "BackOff"}), "Warning", core.Degraded},
	} {
		if c.row.Reason.String() != c.word || c.row.Phase != c.phase {
			t.Errorf("%s: %s (%s), want %s (%s)", c.name, c.row.Reason, c.row.Phase, c.word, c.phase)
		}
		if n := len(builtinByName[c.row.Ref.Kind].Columns); len(c.row.Cells) != n {
			t.Errorf("%s: %d cells for %d columns", c.name, len(c.row.Cells), n)
		}
	}
}

// TestSecretsAreNotRead is promise 30 for lists: neither the data nor kubectl's
// copy of it reaches a row.
func TestSecretsAreNotRead(t *testing.T) {
	const canary = "canary-3f9a"
	s := &corev1.Secret{ObjectMeta: meta(time.Hour), Type: corev1.SecretTypeOpaque, Data: map[string][]byte{"password": []byte(canary), "user": []byte("me")}}
	s.Annotations = map[string]string{lastApplied: canary}
	raw, err := s.Marshal()
	if err != nil || !bytes.Contains(raw, []byte(canary)) {
		t.Fatal("the test is broken", err)
	}
	r, err := reduceSecret(testReducer(), raw)
	if err != nil {
		t.Fatal(err)
	}
	var cells []string
	for _, c := range r.Cells {
		cells = append(cells, c.Text.String())
	}
	if got := strings.Join(cells[:5], "|"); got != "x|Opaque|2|13 B|password,user" {
		t.Error(got)
	}
	if strings.Contains(strings.Join(cells, " "), canary) {
		t.Error("the canary is in the row")
	}
}

func TestRedact(t *testing.T) {
	o, err := parseTree([]byte(`{"kind":"Secret","metadata":{"name":"s","managedFields":[{}],"annotations":{"` + lastApplied + `":"canary"}},"data":{"a":"Y2FuYXJ5"},"stringData":{"b":"canary"}}`))
	if err != nil {
		t.Fatal(err)
	}
	redact(o)
	y, err := toYAML(o)
	if err != nil || bytes.Contains(y, []byte("canary")) || bytes.Contains(y, []byte("Y2Fu")) || bytes.Contains(y, []byte("managedFields")) || !bytes.Contains(y, []byte("(hidden, 6 B)")) {
		t.Errorf("%v\n%s", err, y)
	}
	o, _ = parseTree([]byte(`{"kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":3,"template":{"spec":{"containers":[{"env":[{"name":"DB_PASSWORD","value":"canary"},{"name":"MODE","value":"fast"}]}]}}}}`))
	redact(o)
	y, _ = toYAML(o)
	if bytes.Contains(y, []byte("canary")) || !bytes.Contains(y, []byte("fast")) || !bytes.Contains(y, []byte("replicas: 3")) {
		t.Errorf("%s", y)
	}
}

func TestKindNames(t *testing.T) {
	for _, c := range [][3]string{
		{"apps/v1", "ReplicaSet", "replicaset"}, {"v1", "Pod", "pod"}, {"serving.knative.dev/v1", "Service", "service.serving.knative.dev"}, {"argoproj.io/v1alpha1", "Rollout", "rollout"},
	} {
		if got := kindName(c[0], c[1]); got != c[2] {
			t.Errorf("%s %s is %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

// TestPathsCannotEscape is promise 31: no name reaches another path or host.
func TestPathsCannotEscape(t *testing.T) {
	src := newScripted(1, true).source(t)
	for _, name := range []string{"..", ".", "", "a/b", "%2e%2e", "a\r\nHost: evil", "a%2fb"} {
		if u, err := src.client.url(request{path: []string{"api", "v1", "namespaces", name}}); err == nil {
			t.Errorf("%q makes %s", name, u)
		}
	}
	u, err := src.client.url(request{path: []string{"api", "v1", "namespaces", "a?b#c d"}})
	if err != nil || u.Host != "scripted" || u.RawQuery != "" || u.Fragment != "" || u.EscapedPath() != "/api/v1/namespaces/a%3Fb%23c%20d" {
		t.Errorf("%v, %v", u, err)
	}
}
