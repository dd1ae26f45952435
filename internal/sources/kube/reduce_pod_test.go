package kube

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"devops-tui/internal/core"
)

var testNow = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func before(d time.Duration) metav1.Time { return metav1.NewTime(testNow.Add(-d)) }

// testReducer has a fixed clock.
func testReducer() *reducer { return newReducer("test", func() time.Time { return testNow }) }

// build makes a running, ready pod of one container and changes it.
func build(change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "ns", UID: "u", CreationTimestamp: before(time.Hour)},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "app:1"}}, RestartPolicy: corev1.RestartPolicyAlways, NodeName: "n1"},
		Status: corev1.PodStatus{
			Phase:             corev1.PodRunning,
			Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: before(50 * time.Minute)}, {Type: corev1.PodInitialized, Status: corev1.ConditionTrue}, {Type: corev1.PodScheduled, Status: corev1.ConditionTrue}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "main", Ready: true, State: running0(50 * time.Minute)}},
		},
	}
	for _, f := range change {
		f(p)
	}
	return p
}

func running0(ago time.Duration) corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: before(ago)}}
}

func waiting(reason, msg string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: msg}}
}

func terminated(reason string, code, signal int32) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code, Signal: signal, FinishedAt: before(time.Minute), StartedAt: before(2 * time.Minute)}}
}

func phase(p corev1.PodPhase) func(*corev1.Pod) { return func(o *corev1.Pod) { o.Status.Phase = p } }

func main0(s corev1.ContainerState, last corev1.ContainerState, restarts int32) func(*corev1.Pod) {
	return func(o *corev1.Pod) {
		o.Status.ContainerStatuses[0] = corev1.ContainerStatus{Name: "main", State: s, LastTerminationState: last, RestartCount: restarts, Ready: s.Running != nil}
		if s.Running == nil {
			notReady(time.Minute)(o)
		}
	}
}

func notReady(ago time.Duration) func(*corev1.Pod) {
	return func(o *corev1.Pod) {
		o.Status.Conditions[0] = corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse, Message: "containers with unready status: [main]", LastTransitionTime: before(ago)}
		o.Status.ContainerStatuses[0].Ready = false
	}
}

func scheduled(reason, msg string) func(*corev1.Pod) {
	return func(o *corev1.Pod) {
		o.Status.Phase, o.Status.ContainerStatuses, o.Spec.NodeName = corev1.PodPending, nil, ""
		o.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: reason, Message: msg, LastTransitionTime: before(time.Hour)}}
	}
}

// inits gives the pod init containers in the given states; it is not initialized.
func inits(states ...corev1.ContainerStatus) func(*corev1.Pod) {
	return func(o *corev1.Pod) {
		o.Status.Phase = corev1.PodPending
		o.Status.ContainerStatuses[0] = corev1.ContainerStatus{Name: "main", State: waiting("PodInitializing", "")}
		o.Status.Conditions[1].Status = corev1.ConditionFalse
		for i, s := range states {
			s.Name = string(rune('a' + i))
			o.Spec.InitContainers = append(o.Spec.InitContainers, corev1.Container{Name: s.Name})
			o.Status.InitContainerStatuses = append(o.Status.InitContainerStatuses, s)
		}
	}
}

func sidecar(o *corev1.Pod) {
	always := corev1.ContainerRestartPolicyAlways
	for i := range o.Spec.InitContainers {
		o.Spec.InitContainers[i].RestartPolicy = &always
	}
}

func deleted(ago time.Duration) func(*corev1.Pod) {
	return func(o *corev1.Pod) { t := before(ago); o.DeletionTimestamp = &t }
}

func TestPodStatus(t *testing.T) {
	yes := true
	for _, c := range []struct {
		name         string
		pod          *corev1.Pod
		word         string
		phase        core.Phase
		ready        string
		restarts     float64
		message      string // "" is not checked
		changesLater bool
	}{
		{"running", build(), "Running", core.Running, "1/1", 0, "", false},
		{"crash loop", build(main0(waiting("CrashLoopBackOff", "back-off 5m0s"), terminated("Error", 1, 0), 7)), "CrashLoopBackOff", core.Failed, "0/1", 7, "main: last ended with exit code 1", false},
		{"crash loop by memory", build(main0(waiting("CrashLoopBackOff", "back-off"), terminated("OOMKilled", 137, 0), 3)), "CrashLoopBackOff", core.Failed, "0/1", 3, "main: last ended with OOMKilled, exit code 137", false},
		{"image pull back-off", build(phase(corev1.PodPending), main0(waiting("ImagePullBackOff", `Back-off pulling image "nope"`), corev1.ContainerState{}, 0)), "ImagePullBackOff", core.Failed, "0/1", 0, `main: Back-off pulling image "nope"`, false},
		{"image pull error", build(phase(corev1.PodPending), main0(waiting("ErrImagePull", "not found"), corev1.ContainerState{}, 0)), "ErrImagePull", core.Failed, "0/1", 0, "main: not found", false},
		{"config error", build(phase(corev1.PodPending), main0(waiting("CreateContainerConfigError", `secret "db" not found`), corev1.ContainerState{}, 0)), "CreateContainerConfigError", core.Failed, "0/1", 0, `main: secret "db" not found`, false},
		{"creating", build(phase(corev1.PodPending), main0(waiting("ContainerCreating", ""), corev1.ContainerState{}, 0)), "ContainerCreating", core.Pending, "0/1", 0, "", false},
		{"killed for memory lately", build(main0(running0(30*time.Second), terminated("OOMKilled", 137, 0), 1)), "OOMKilled", core.Degraded, "1/1", 1, "main ran out of memory and was restarted (1 restarts)", true},
		{"killed for memory long ago", build(main0(running0(time.Hour), corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "OOMKilled", FinishedAt: before(time.Hour)}}, 1)), "Running", core.Running, "1/1", 1, "", false},
		{"killed for memory, not restarted", build(phase(corev1.PodFailed), main0(terminated("OOMKilled", 137, 0), corev1.ContainerState{}, 0)), "OOMKilled", core.Failed, "0/1", 0, "main: OOMKilled, exit code 137", false},
		{"not ready for long", build(notReady(30 * time.Minute)), "NotReady", core.Degraded, "0/1", 0, "containers with unready status: [main]", false},
		{"not ready yet", build(func(o *corev1.Pod) {
			o.CreationTimestamp = before(20 * time.Second)
			o.Status.ContainerStatuses[0].State = running0(10 * time.Second)
		}, notReady(10*time.Second)), "NotReady", core.Pending, "0/1", 0, "", true},
		{"one of two down", build(func(o *corev1.Pod) {
			o.Spec.Containers = append(o.Spec.Containers, corev1.Container{Name: "side"})
			o.Status.ContainerStatuses = append(o.Status.ContainerStatuses, corev1.ContainerStatus{Name: "side", State: waiting("CrashLoopBackOff", ""), RestartCount: 4})
		}, func(o *corev1.Pod) { o.Status.Conditions[0].Status = corev1.ConditionFalse }), "CrashLoopBackOff", core.Failed, "1/2", 4, "", false},
		{"job: one done, one runs", build(func(o *corev1.Pod) {
			o.Spec.Containers = append(o.Spec.Containers, corev1.Container{Name: "done"})
			o.Status.ContainerStatuses = append([]corev1.ContainerStatus{{Name: "done", State: terminated("Completed", 0, 0)}}, o.Status.ContainerStatuses...)
			o.Status.Conditions[0].Status = corev1.ConditionFalse
		}), "NotReady", core.Degraded, "1/2", 0, "", false},
		{"completed", build(phase(corev1.PodSucceeded), main0(terminated("Completed", 0, 0), corev1.ContainerState{}, 0)), "Completed", core.Succeeded, "0/1", 0, "", false},
		{"error", build(phase(corev1.PodFailed), main0(terminated("Error", 2, 0), corev1.ContainerState{}, 0)), "Error", core.Failed, "0/1", 0, "main: exit code 2", false},
		{"exit code without reason", build(phase(corev1.PodFailed), main0(terminated("", 3, 0), corev1.ContainerState{}, 0)), "ExitCode:3", core.Failed, "0/1", 0, "", false},
		{"signal without reason", build(phase(corev1.PodFailed), main0(terminated("", 0, 9), corev1.ContainerState{}, 0)), "Signal:9", core.Failed, "0/1", 0, "", false},
		{"evicted", build(phase(corev1.PodFailed), func(o *corev1.Pod) {
			o.Status.Reason, o.Status.Message, o.Status.ContainerStatuses = "Evicted", "The node was low on resource: memory.", nil
		}), "Evicted", core.Failed, "0/1", 0, "The node was low on resource: memory.", false},
		{"unschedulable", build(scheduled("Unschedulable", "0/3 nodes are available: 3 Insufficient cpu.")), "Unschedulable", core.Failed, "0/1", 0, "0/3 nodes are available: 3 Insufficient cpu.", false},
		{"gated", build(scheduled("SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates")), "SchedulingGated", core.Pending, "0/1", 0, "", false},
		{"pending", build(scheduled("", "")), "Pending", core.Pending, "0/1", 0, "", false},
		{"initializing 1 of 2", build(inits(corev1.ContainerStatus{State: terminated("Completed", 0, 0)}, corev1.ContainerStatus{State: running0(time.Minute)})), "Init:1/2", core.Pending, "0/1", 0, "", false},
		{"init crash loop", build(inits(corev1.ContainerStatus{State: waiting("CrashLoopBackOff", "back-off"), LastTerminationState: terminated("Error", 1, 0), RestartCount: 5})), "Init:CrashLoopBackOff", core.Failed, "0/1", 5, "init container a: last ended with exit code 1", false},
		{"init error", build(inits(corev1.ContainerStatus{State: terminated("Error", 1, 0)})), "Init:Error", core.Failed, "0/1", 0, "init container a: exit code 1", false},
		{"init exit code", build(inits(corev1.ContainerStatus{State: terminated("", 4, 0)})), "Init:ExitCode:4", core.Failed, "0/1", 0, "", false},
		{"init signal", build(inits(corev1.ContainerStatus{State: terminated("", 4, 15)})), "Init:Signal:15", core.Failed, "0/1", 0, "", false},
		{"inits done, main initializing", build(inits(corev1.ContainerStatus{State: terminated("Completed", 0, 0)})), "PodInitializing", core.Pending, "0/1", 0, "", false},
		{"sidecar runs", build(inits(corev1.ContainerStatus{State: running0(time.Hour), Started: &yes, Ready: true, RestartCount: 2}), sidecar, func(o *corev1.Pod) {
			o.Status.Phase = corev1.PodRunning
			o.Status.ContainerStatuses[0] = corev1.ContainerStatus{Name: "main", Ready: true, State: running0(time.Hour)}
			o.Status.Conditions[1].Status = corev1.ConditionTrue
		}), "Running", core.Running, "2/2", 2, "", false},
		{"sidecar not started", build(inits(corev1.ContainerStatus{State: running0(time.Second)}), sidecar), "Init:0/1", core.Pending, "0/2", 0, "", false},
		{"terminating", build(deleted(-20 * time.Second)), "Terminating", core.Pending, "1/1", 0, "", true},
		{"terminating, stuck", build(deleted(10*time.Minute), func(o *corev1.Pod) { o.Finalizers = []string{"example.com/hold"} }), "Terminating", core.Degraded, "1/1", 0, "stuck: should have been gone 10m ago; waits for example.com/hold", false},
		{"node lost", build(deleted(time.Minute), func(o *corev1.Pod) { o.Status.Reason = "NodeLost" }), "Unknown", core.Unknown, "1/1", 0, "", false},
		{"unknown", build(phase(corev1.PodUnknown), func(o *corev1.Pod) { o.Status.ContainerStatuses = nil }), "Unknown", core.Unknown, "0/1", 0, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := testReducer()
			r := reducePod(x, c.pod)
			if r.Reason.String() != c.word || r.Phase != c.phase {
				t.Errorf("%s (%s), want %s (%s); message %q", r.Reason, r.Phase, c.word, c.phase, r.Message)
			}
			if r.Cells[1].Text.String() != c.ready || r.Cells[3].Num != c.restarts {
				t.Errorf("ready %s, %v restarts, want %s, %v", r.Cells[1].Text, r.Cells[3].Num, c.ready, c.restarts)
			}
			if c.message != "" && r.Message.String() != c.message {
				t.Errorf("message %q, want %q", r.Message, c.message)
			}
			if !x.recheck.IsZero() != c.changesLater {
				t.Errorf("rechecked at %v", x.recheck)
			}
			if len(r.Cells) != len(builtinByName["pod"].Columns) {
				t.Errorf("%d cells for %d columns", len(r.Cells), len(builtinByName["pod"].Columns))
			}
		})
	}
}

func TestPodNeeds(t *testing.T) {
	res := func(cpuReq, cpuLim, memReq, memLim string) corev1.ResourceRequirements {
		out := corev1.ResourceRequirements{Requests: corev1.ResourceList{}, Limits: corev1.ResourceList{}}
		for _, e := range []struct {
			l corev1.ResourceList
			n corev1.ResourceName
			v string
		}{{out.Requests, "cpu", cpuReq}, {out.Limits, "cpu", cpuLim}, {out.Requests, "memory", memReq}, {out.Limits, "memory", memLim}} {
			if e.v != "" {
				e.l[e.n] = resource.MustParse(e.v)
			}
		}
		return out
	}
	always := corev1.ContainerRestartPolicyAlways
	spec := &corev1.PodSpec{
		Containers:     []corev1.Container{{Resources: res("100m", "1", "64Mi", "128Mi")}, {Resources: res("50m", "", "64Mi", "128Mi")}},
		InitContainers: []corev1.Container{{Resources: res("500m", "", "16Mi", "")}, {RestartPolicy: &always, Resources: res("10m", "100m", "10Mi", "20Mi")}},
	}
	want := needs{cpuRequest: 500, cpuLimit: 0, memRequest: 138 << 20, memLimit: 276 << 20}
	if got := podNeeds(spec).Value(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestPodFacts(t *testing.T) {
	yes := true
	p := build(func(o *corev1.Pod) {
		o.Labels = map[string]string{"app": "shop", "pod-template-hash": "x", "statefulset.kubernetes.io/pod-name": "p"}
		o.Annotations = map[string]string{"org.opencontainers.image.revision": "abc123"}
		o.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Other", Name: "no"}, {APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "shop-x", UID: "rs", Controller: &yes}}
		o.Spec.InitContainers = []corev1.Container{{Name: "setup"}}
		o.Spec.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "shell"}}}
		o.Status.ContainerStatuses[0].ImageID = "docker.io/library/app@sha256:abcd"
	})
	r := reducePod(testReducer(), p)
	f := r.Facts
	if want := (core.Ref{Source: ID, Scope: "test", Kind: "replicaset", Namespace: "ns", Name: "shop-x", UID: "rs"}); r.Owner != want {
		t.Errorf("owner %+v", r.Owner)
	}
	if f.Service != "shop" || f.Commit != "abc123" || f.Node != "n1" || len(f.Image) != 1 || f.Image[0] != "app:1" || len(f.Digest) != 1 || f.Digest[0] != "sha256:abcd" {
		t.Errorf("%+v", f)
	}
	if len(f.Containers) != 3 || f.Containers[0] != "init:setup" || f.Containers[2] != "debug:shell" {
		t.Errorf("containers %v", f.Containers)
	}
	if len(f.Labels) != 2 {
		t.Errorf("labels %v", f.Labels)
	}
}
