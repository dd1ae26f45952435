package kube

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// rollout is what deployments, stateful sets and daemon sets have in common.
type rollout struct {
	desired, updated, ready, available int
	seen                               bool // the controller has seen the newest spec
	paused                             bool
	stuck                              string // why it does not progress
	failure                            string // why pods cannot be made
	total                              int    // pods that exist, old ones included
	partial                            bool   // not all are meant to be updated (OnDelete, partition)
}

func (w rollout) status() (word string, phase core.Phase, message string) {
	switch {
	case w.stuck != "":
		return "ProgressDeadlineExceeded", core.Failed, w.stuck
	case w.failure != "" && w.available < w.desired:
		return "ReplicaFailure", core.Failed, w.failure
	case w.desired == 0 && w.total == 0:
		return "ScaledToZero", core.Running, ""
	case w.paused:
		p := core.Running
		if w.available < w.desired {
			p = core.Degraded
		}
		return "Paused", p, fmt.Sprintf("%d/%d available", w.available, w.desired)
	case !w.seen || !w.partial && w.updated < w.desired || w.total > w.desired:
		return "RollingOut", core.Pending, fmt.Sprintf("%d/%d updated, %d available", w.updated, w.desired, w.available)
	case w.available < w.desired && w.available == 0:
		return "Unavailable", core.Failed, fmt.Sprintf("0/%d available", w.desired)
	case w.available < w.desired:
		return "Degraded", core.Degraded, fmt.Sprintf("%d/%d available", w.available, w.desired)
	}
	return "Available", core.Running, ""
}

// settle gives new pods their time: a workload made a moment ago is not
// failed because nothing is up yet.
func (x *reducer) settle(r *core.Resource, word string, phase core.Phase, message string, since int64) {
	if word == "Unavailable" || word == "Degraded" {
		began := time.Unix(0, max(since, r.Started))
		if until := began.Add(startGrace); x.now().Before(until) {
			phase, x.recheck = core.Pending, until.Add(recheckSlack)
			if word == "Unavailable" {
				word = "Starting"
			}
		}
	}
	if r.Reason.Empty() { // else it is being deleted
		r.Phase, r.Reason = phase, x.clean(word)
		if message != "" {
			r.Message = text.CleanLong(message).Truncate(300)
		}
	}
	r.Changed = since
}

func reduceDeployment(x *reducer, d *appsv1.Deployment) *core.Resource {
	r := x.start("deployment", &d.ObjectMeta)
	w := rollout{
		desired: replicas(d.Spec.Replicas), updated: int(d.Status.UpdatedReplicas), ready: int(d.Status.ReadyReplicas), available: int(d.Status.AvailableReplicas),
		seen: d.Status.ObservedGeneration >= d.Generation, paused: d.Spec.Paused, total: int(d.Status.Replicas),
	}
	var since int64
	for i := range d.Status.Conditions {
		c := &d.Status.Conditions[i]
		switch c.Type {
		case appsv1.DeploymentProgressing:
			if c.Status == corev1.ConditionFalse && c.Reason == "ProgressDeadlineExceeded" {
				w.stuck = c.Message
			}
		case appsv1.DeploymentReplicaFailure:
			if c.Status == corev1.ConditionTrue {
				w.failure = c.Message
			}
		case appsv1.DeploymentAvailable:
			since = unixNano(c.LastTransitionTime)
		}
	}
	word, phase, msg := w.status()
	x.witness(r, w, &d.Spec.Template)
	x.settle(r, word, phase, msg, since)
	images := x.template(r.Facts, &d.Spec.Template, d.Spec.Selector)
	r.Cells = []core.Cell{nameCell(r), x.outOf(w.ready, w.desired), {Text: r.Reason}, x.number(w.updated), x.number(w.available), images, x.word(selectorText(d.Spec.Selector)), ageCell(d.CreationTimestamp)}
	return r
}

func reduceStatefulSet(x *reducer, s *appsv1.StatefulSet) *core.Resource {
	r := x.start("statefulset", &s.ObjectMeta)
	w := rollout{
		desired: replicas(s.Spec.Replicas), updated: int(s.Status.UpdatedReplicas), ready: int(s.Status.ReadyReplicas), available: int(s.Status.AvailableReplicas),
		seen: s.Status.ObservedGeneration >= s.Generation, total: int(s.Status.Replicas),
	}
	u := s.Spec.UpdateStrategy
	w.partial = u.Type == appsv1.OnDeleteStatefulSetStrategyType || u.RollingUpdate != nil && u.RollingUpdate.Partition != nil && *u.RollingUpdate.Partition > 0
	if s.Status.UpdateRevision == s.Status.CurrentRevision && s.Status.UpdateRevision != "" {
		w.updated = max(w.updated, w.ready) // nothing is being rolled out
		w.partial = true
	}
	word, phase, msg := w.status()
	x.witness(r, w, &s.Spec.Template)
	x.settle(r, word, phase, msg, 0)
	images := x.template(r.Facts, &s.Spec.Template, s.Spec.Selector)
	r.Cells = []core.Cell{nameCell(r), x.outOf(w.ready, w.desired), {Text: r.Reason}, x.number(int(s.Status.UpdatedReplicas)), x.number(w.available), images, ageCell(s.CreationTimestamp)}
	return r
}

func reduceDaemonSet(x *reducer, d *appsv1.DaemonSet) *core.Resource {
	r := x.start("daemonset", &d.ObjectMeta)
	st := &d.Status
	w := rollout{
		desired: int(st.DesiredNumberScheduled), updated: int(st.UpdatedNumberScheduled), ready: int(st.NumberReady), available: int(st.NumberAvailable),
		seen: st.ObservedGeneration >= d.Generation, total: int(st.CurrentNumberScheduled), partial: d.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType,
	}
	word, phase, msg := w.status()
	switch {
	case word == "ScaledToZero":
		word = "NoNodes"
	case st.NumberMisscheduled > 0 && phase == core.Running:
		msg = fmt.Sprintf("%d pods run where they should not", st.NumberMisscheduled)
	}
	x.witness(r, w, &d.Spec.Template)
	x.settle(r, word, phase, msg, 0)
	images := x.template(r.Facts, &d.Spec.Template, d.Spec.Selector)
	r.Cells = []core.Cell{nameCell(r), x.outOf(w.ready, w.desired), {Text: r.Reason}, x.number(w.updated), x.number(w.available), x.word(labelText(d.Spec.Template.Spec.NodeSelector)), images, ageCell(d.CreationTimestamp)}
	return r
}

func reduceReplicaSet(x *reducer, s *appsv1.ReplicaSet) *core.Resource {
	r := x.start("replicaset", &s.ObjectMeta)
	w := rollout{
		desired: replicas(s.Spec.Replicas), ready: int(s.Status.ReadyReplicas), available: int(s.Status.AvailableReplicas),
		seen: s.Status.ObservedGeneration >= s.Generation, total: int(s.Status.Replicas), partial: true,
	}
	for i := range s.Status.Conditions {
		if c := &s.Status.Conditions[i]; c.Type == appsv1.ReplicaSetReplicaFailure && c.Status == corev1.ConditionTrue {
			w.failure = c.Message
		}
	}
	word, phase, msg := w.status()
	if word == "RollingOut" {
		word, msg = "Scaling", fmt.Sprintf("%d/%d pods", w.total, w.desired)
	}
	x.settle(r, word, phase, msg, 0)
	images := x.template(r.Facts, &s.Spec.Template, s.Spec.Selector)
	rev, _ := strconv.Atoi(first(s.Annotations, nil, revisionNote, argo.RolloutRevision))
	revision := core.Cell{}
	if rev > 0 {
		revision = x.number(rev)
	}
	r.Cells = []core.Cell{nameCell(r), x.outOf(w.ready, w.desired), {Text: r.Reason}, revision, images, ageCell(s.CreationTimestamp)}
	return r
}

func reduceJob(x *reducer, j *batchv1.Job) *core.Resource {
	r := x.start("job", &j.ObjectMeta)
	word, phase, msg := "Running", core.Running, ""
	var since int64
	if j.Status.Active == 0 && j.Status.StartTime == nil {
		word, phase = "Pending", core.Pending
	}
	if j.Status.Failed > 0 {
		msg = fmt.Sprintf("%d pods failed so far", j.Status.Failed)
	}
	for i := range j.Status.Conditions {
		c := &j.Status.Conditions[i]
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case batchv1.JobComplete:
			word, phase, msg = "Complete", core.Succeeded, ""
		case batchv1.JobFailed:
			word, phase, msg = "Failed", core.Failed, c.Message
			if c.Reason != "" {
				word = c.Reason
			}
		case batchv1.JobFailureTarget:
			if phase != core.Failed {
				word, phase, msg = "FailureTarget", core.Degraded, c.Message
			}
		case batchv1.JobSuspended:
			word, phase, msg = "Suspended", core.Pending, c.Message
		default:
			continue
		}
		since = unixNano(c.LastTransitionTime)
	}
	x.settle(r, word, phase, msg, since)
	images := x.template(r.Facts, &j.Spec.Template, j.Spec.Selector)
	done := fmt.Sprintf("%d/1", j.Status.Succeeded)
	switch {
	case j.Spec.Completions != nil:
		done = fmt.Sprintf("%d/%d", j.Status.Succeeded, *j.Spec.Completions)
	case j.Spec.Parallelism != nil && *j.Spec.Parallelism > 1:
		done = fmt.Sprintf("%d/1 of %d", j.Status.Succeeded, *j.Spec.Parallelism)
	}
	took := core.Cell{}
	if j.Status.StartTime != nil && j.Status.CompletionTime != nil {
		d := j.Status.CompletionTime.Sub(j.Status.StartTime.Time)
		took = core.Cell{Text: text.Clean(ago(d)), Num: d.Seconds()}
	}
	r.Cells = []core.Cell{nameCell(r), {Text: r.Reason}, x.word(done), took, images, ageCell(j.CreationTimestamp)}
	return r
}

func reduceCronJob(x *reducer, c *batchv1.CronJob) *core.Resource {
	r := x.start("cronjob", &c.ObjectMeta)
	word, phase := "Scheduled", core.Running
	switch {
	case c.Spec.Suspend != nil && *c.Spec.Suspend:
		word, phase = "Suspended", core.Pending
	case len(c.Status.Active) > 0:
		word = "Active"
	}
	x.settle(r, word, phase, "", 0)
	images := x.template(r.Facts, &c.Spec.JobTemplate.Spec.Template, nil)
	zone, last := "", core.Cell{}
	if c.Spec.TimeZone != nil {
		zone = *c.Spec.TimeZone
	}
	if t := c.Status.LastScheduleTime; t != nil {
		last = ageCell(*t)
		r.Changed = unixNano(*t)
	}
	r.Cells = []core.Cell{nameCell(r), x.word(c.Spec.Schedule), x.word(zone), {Text: r.Reason}, x.number(len(c.Status.Active)), last, images, ageCell(c.CreationTimestamp)}
	return r
}

// template takes the facts of a pod template and returns the images cell.
func (x *reducer) template(f *core.Facts, t *corev1.PodTemplateSpec, sel *metav1.LabelSelector) core.Cell {
	var names, images []string
	for i := range t.Spec.InitContainers {
		names = append(names, "init:"+t.Spec.InitContainers[i].Name)
	}
	for i := range t.Spec.Containers {
		names = append(names, t.Spec.Containers[i].Name)
		images = append(images, t.Spec.Containers[i].Image)
	}
	f.Containers, f.Image = x.list(names), x.list(images)
	if sel != nil {
		f.Selector = x.set(sel.MatchLabels, nil)
	}
	var digests []string
	for _, i := range images {
		if _, d, ok := strings.Cut(i, "@sha256:"); ok {
			digests = append(digests, "sha256:"+d)
		}
	}
	f.Digest = x.list(digests)
	if f.Service == "" {
		f.Service = intern(first(t.Labels, t.Annotations, "tags.datadoghq.com/service", "app.kubernetes.io/name", "app", "k8s-app", "app.kubernetes.io/instance"))
	}
	if f.Commit == "" {
		f.Commit = intern(first(t.Annotations, t.Labels, "org.opencontainers.image.revision", "git-commit", "git/commit", "commit", "commit-sha", "vcs-ref"))
	}
	return x.word(strings.Join(images, ","))
}

func (x *reducer) outOf(n, of int) core.Cell {
	return core.Cell{Text: x.clean(fmt.Sprintf("%d/%d", n, of)), Num: ratio(n, of)}
}

// witness tells who asks how the present revision fares.
func (x *reducer) witness(r *core.Resource, w rollout, t *corev1.PodTemplateSpec) {
	if x.saw == nil || w.desired == 0 || w.paused {
		return
	}
	settled := w.seen && w.updated >= w.desired && w.available >= w.desired && w.total <= w.desired
	x.saw(r.Ref.UID, hashOf(t), settled, w.seen && w.stuck != "")
}

func replicas(n *int32) int {
	if n == nil {
		return 1 // the API's default
	}
	return int(*n)
}

func labelText(m map[string]string) string {
	parts := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, k+"="+m[k])
	}
	return strings.Join(parts, ",")
}

func selectorText(s *metav1.LabelSelector) string {
	if s == nil {
		return ""
	}
	return metav1.FormatLabelSelector(s)
}
