package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// maxStreams bounds the containers that one request follows: each is an open
// connection of a kubelet.
const maxStreams = 64

// tail is one Tail call.
type tail struct {
	s    *Source
	req  core.LogRequest
	out  *merger
	pick func(*corev1.Pod) bool // more than a selector can say; nil: all

	mu      sync.Mutex
	wg      sync.WaitGroup
	streams map[string]*stream // by pod UID/container
	full    bool               // maxStreams was told
}

// Tail reads the logs of a pod, or of all pods of a workload or a service
// merged by time. With Follow it resumes after a cut without gap or duplicate
// (the server replays from the second of the last line; what was seen is
// counted off), goes on in the next instance of a restarted container after
// the rest of the former one, and follows pods that come and go.
func (s *Source) Tail(ctx context.Context, req core.LogRequest, sink core.LogSink) error {
	t := &tail{s: s, req: req, out: newMerger(sink), streams: map[string]*stream{}}
	defer t.out.close()
	var err error
	if req.Ref.Kind == "pod" {
		err = t.ofPod(ctx)
	} else {
		err = t.ofWorkload(ctx)
	}
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return s.problem(text.Sprintf("cannot read the logs of %s %s", req.Ref.Kind, req.Ref.Name), err)
	}
	return nil
}

func (t *tail) ofPod(ctx context.Context) error {
	pod, err := t.s.pod(ctx, t.req.Ref.Namespace, t.req.Ref.Name)
	if err != nil {
		return err
	}
	if err := sameLife(t.req.Ref, string(pod.UID)); err != nil {
		return err
	}
	streams := t.add(pod)
	if len(streams) == 0 {
		return &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("pod %s has no container %s", pod.Name, t.req.Container)}
	}
	if len(streams) == 1 && t.req.Follow && !t.req.Previous {
		streams[0].follow(ctx, pod)
		return nil
	}
	if err := t.history(ctx, streams); err != nil || !t.req.Follow || t.req.Previous {
		return err
	}
	t.followAll(ctx, streams, pod)
	t.wg.Wait()
	return nil
}

// followAll starts a goroutine for each stream.
func (t *tail) followAll(ctx context.Context, streams []*stream, pod *corev1.Pod) {
	for _, st := range streams {
		t.wg.Add(1)
		own, cancel := context.WithCancel(ctx)
		st.cancel = cancel
		core.Go("kube: log", func() {
			defer t.wg.Done()
			defer cancel()
			st.follow(own, pod)
			if st.left.Load() && ctx.Err() == nil {
				st.marker("pod %s is gone", st.pod)
			}
			t.mu.Lock()
			delete(t.streams, st.key)
			t.mu.Unlock()
		})
	}
}

// add makes the streams of a pod that are asked for and not there yet.
func (t *tail) add(pod *corev1.Pod) []*stream {
	var names []string
	for i := range pod.Spec.InitContainers {
		names = append(names, pod.Spec.InitContainers[i].Name)
	}
	for i := range pod.Spec.Containers {
		names = append(names, pod.Spec.Containers[i].Name)
	}
	for i := range pod.Spec.EphemeralContainers {
		names = append(names, pod.Spec.EphemeralContainers[i].Name)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []*stream
	for _, name := range names {
		key := string(pod.UID) + "/" + name
		if t.req.Container != "" && t.req.Container != name || t.streams[key] != nil {
			continue
		}
		if len(t.streams) >= maxStreams {
			if !t.full {
				t.full = true
				t.marker(nil, text.Sprintf("more than %d containers: the others are not followed; choose a pod", maxStreams))
			}
			break
		}
		st := &stream{
			t: t, key: key, namespace: pod.Namespace, pod: pod.Name, uid: string(pod.UID),
			origin: &core.Origin{Ref: t.s.ref("pod", pod.Namespace, pod.Name, string(pod.UID)), Container: name, Label: text.Clean(pod.Name + "/" + name)},
		}
		st.restarts, st.born = restartsOf(pod, name), pod.CreationTimestamp.UnixNano()
		t.streams[key] = st
		out = append(out, st)
	}
	return out
}

// marker is a line of our own that belongs to no container.
func (t *tail) marker(origin *core.Origin, msg text.Safe) {
	if origin == nil {
		origin = &core.Origin{Ref: t.req.Ref, Label: text.Clean(t.req.Ref.Name)}
	}
	now := t.s.now().UnixNano()
	t.out.add([]core.Line{{Time: now, Origin: origin, Text: msg.Line(), Stream: core.Marker}}, []int64{now})
}

// drain is how long the kubelet may take to end the stream of a pod that was
// deleted; usually it has ended before.
const drain = 2 * time.Second

// gone ends the streams of a pod that was deleted.
func (t *tail) gone(uid string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, st := range t.streams {
		if st.uid == uid && st.cancel != nil {
			after(drain, "kube: log of a deleted pod", func() {
				st.left.Store(true)
				st.cancel()
			})
		}
	}
}

// pod reads one pod.
func (s *Source) pod(ctx context.Context, namespace, name string) (*corev1.Pod, error) {
	k := builtinByName["pod"]
	b, err := s.client.do(ctx, request{path: k.object(core.Ref{Namespace: namespace, Name: name}), accept: acceptProto}, nil)
	if err != nil {
		return nil, err
	}
	_, raw, err := unwrap(b)
	if err != nil {
		return nil, err
	}
	p := &corev1.Pod{}
	return p, p.Unmarshal(raw)
}

// statusOfContainer finds a container's status, nil if there is none yet.
func statusOfContainer(p *corev1.Pod, name string) *corev1.ContainerStatus {
	for _, list := range [][]corev1.ContainerStatus{p.Status.ContainerStatuses, p.Status.InitContainerStatuses, p.Status.EphemeralContainerStatuses} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

func restartsOf(p *corev1.Pod, name string) int {
	if c := statusOfContainer(p, name); c != nil {
		return int(c.RestartCount)
	}
	return 0
}

// selector finds the label selector that says which pods belong to ref.
func (t *tail) selector(ctx context.Context) (string, error) {
	_, o, err := t.s.fetch(ctx, t.req.Ref)
	if err != nil {
		return "", err
	}
	switch t.req.Ref.Kind {
	case "service":
		if set := o.sub("spec", "selector"); len(set) > 0 {
			return formatSelector(set, nil), nil
		}
		return "", &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("service %s selects no pods", t.req.Ref.Name)}
	case "cronjob":
		t.pick = t.jobsOf(ctx, o.str("metadata", "uid"))
		return "batch.kubernetes.io/job-name", nil
	}
	sel := o.sub("spec", "selector")
	if set := o.str("status", "selector"); len(sel) == 0 && t.req.Ref.Kind == kindRollout && set != "" { // of the workload that it refers to
		set, _, _ = strings.Cut(set, ","+argo.RolloutHash+"=") // of both sides
		return set, nil
	}
	if len(sel) == 0 {
		return "", &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("a %s has no logs of its own", t.req.Ref.Kind)}
	}
	if t.req.Ref.Kind == "replicaset" || t.req.Ref.Kind == "statefulset" || t.req.Ref.Kind == "daemonset" || t.req.Ref.Kind == "job" {
		uid := o.str("metadata", "uid")
		t.pick = func(p *corev1.Pod) bool { c := metav1.GetControllerOf(p); return c == nil || string(c.UID) == uid }
	}
	return formatSelector(sel.sub("matchLabels"), sel.items("matchExpressions")), nil
}

func formatSelector(labels tree, expressions []tree) string {
	s := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	for k, v := range labels {
		s.MatchLabels[k] = scalar(v)
	}
	for _, e := range expressions {
		var values []string
		if list, ok := e.at("values").([]any); ok {
			for _, v := range list {
				values = append(values, scalar(v))
			}
		}
		s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{Key: e.str("key"), Operator: metav1.LabelSelectorOperator(e.str("operator")), Values: values})
	}
	return metav1.FormatLabelSelector(s)
}

// jobsOf tells the pods of a cron job's jobs; which jobs those are is asked
// once for each.
func (t *tail) jobsOf(ctx context.Context, uid string) func(*corev1.Pod) bool {
	mine := map[string]bool{}
	return func(p *corev1.Pod) bool {
		c := metav1.GetControllerOf(p)
		if c == nil || c.Kind != "Job" {
			return false
		}
		yes, known := mine[string(c.UID)]
		if !known {
			_, job, err := t.s.fetch(ctx, t.s.ref("job", p.Namespace, c.Name, string(c.UID)))
			if err != nil {
				return false
			}
			yes = slices.ContainsFunc(job.items("metadata", "ownerReferences"), func(o tree) bool { return o.str("uid") == uid })
			mine[string(c.UID)] = yes
		}
		return yes
	}
}

// previousGone reports that a container has no former instance (any more).
func previousGone(err error) bool {
	var s *statusError
	return errors.As(err, &s) && (s.Code == http.StatusBadRequest || s.Code == http.StatusNotFound)
}

// endText says how a container ended.
func endText(t *corev1.ContainerStateTerminated) string {
	if t == nil {
		return "ended"
	}
	why := t.Reason
	if why == "" {
		why = "ended"
	}
	return fmt.Sprintf("%s, exit code %d", why, t.ExitCode)
}
