package kube

import (
	"fmt"
	"strings"
	"time"
	"unique"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const (
	startGrace   = time.Minute      // a pod may be not ready that long after its start
	recentOOM    = 10 * time.Minute // an OOM kill is news that long
	stuckAfter   = 30 * time.Second // a pod should be gone that soon after its grace period
	recheckSlack = time.Second
)

// podStatus is the answer to "what is with this pod".
type podStatus struct {
	word         string // kubectl's STATUS, or a truer word where kubectl says Running or Pending
	phase        core.Phase
	message      string
	ready, total int
	restarts     int
	changed      time.Time
	recheck      time.Time
}

func reducePod(x *reducer, p *corev1.Pod) *core.Resource {
	r := x.start("pod", &p.ObjectMeta)
	s := statusOfPod(p, x.now())
	x.recheck = s.recheck
	r.Phase, r.Reason = s.phase, x.clean(s.word)
	if s.message != "" {
		r.Message = text.CleanLong(s.message).Truncate(300)
	}
	if !s.changed.IsZero() {
		r.Changed = s.changed.UnixNano()
	}
	if p.Status.StartTime != nil {
		r.Started = unixNano(p.CreationTimestamp)
	}
	x.podFacts(r.Facts, p)
	x.need, x.hasNeed = podNeeds(&p.Spec), true
	r.Cells = []core.Cell{
		nameCell(r),
		{Text: x.clean(fmt.Sprintf("%d/%d", s.ready, s.total)), Num: ratio(s.ready, s.total)},
		{Text: r.Reason},
		x.number(s.restarts),
		{},
		{},
		{},
		{},
		{Text: text.Clean(p.Status.PodIP)},
		x.word(p.Spec.NodeName),
		ageCell(p.CreationTimestamp),
	}
	return r
}

func ratio(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// statusOfPod follows kubectl's printer word by word, then says more where
// that has no word: not ready, killed for memory, unschedulable, stuck.
func statusOfPod(p *corev1.Pod, now time.Time) podStatus {
	st := &p.Status
	s := podStatus{word: string(st.Phase), total: len(p.Spec.Containers)}
	if st.Reason != "" {
		s.word = st.Reason
	}
	s.message = st.Message
	var scheduled, ready *corev1.PodCondition
	initialized := false
	for i := range st.Conditions {
		c := &st.Conditions[i]
		switch c.Type {
		case corev1.PodScheduled:
			scheduled = c
			if c.Reason == corev1.PodReasonSchedulingGated {
				s.word = corev1.PodReasonSchedulingGated
			}
		case corev1.PodReady:
			ready = c
			s.changed = c.LastTransitionTime.Time
		case corev1.PodInitialized:
			initialized = c.Status == corev1.ConditionTrue
		}
	}
	sidecars := map[string]bool{}
	for i := range p.Spec.InitContainers {
		c := &p.Spec.InitContainers[i]
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			sidecars[c.Name] = true
			s.total++
		}
	}
	sidecarRestarts, initializing := s.initStatus(p, sidecars)
	if !initializing || initialized {
		s.restarts = sidecarRestarts
		s.mainStatus(p, ready)
	}
	switch {
	case p.DeletionTimestamp != nil && st.Reason == "NodeLost":
		s.word = "Unknown"
	case p.DeletionTimestamp != nil && st.Phase != corev1.PodFailed && st.Phase != corev1.PodSucceeded:
		s.word = "Terminating"
	}
	s.phase = podPhase(s.word)
	s.sharpen(p, scheduled, ready, now)
	return s
}

// initStatus looks at the init containers up to the first that is not done.
func (s *podStatus) initStatus(p *corev1.Pod, sidecars map[string]bool) (sidecarRestarts int, initializing bool) {
	for i := range p.Status.InitContainerStatuses {
		c := &p.Status.InitContainerStatuses[i]
		s.restarts += int(c.RestartCount)
		side := sidecars[c.Name]
		if side {
			sidecarRestarts += int(c.RestartCount)
		}
		t, w := c.State.Terminated, c.State.Waiting
		switch {
		case t != nil && t.ExitCode == 0:
			continue
		case side && c.Started != nil && *c.Started:
			if c.Ready {
				s.ready++
			}
			continue
		case t != nil:
			s.word = "Init:" + exitWord(t)
			s.message = fmt.Sprintf("init container %s: %s", c.Name, exitText(t))
		case w != nil && w.Reason != "" && w.Reason != "PodInitializing":
			s.word = "Init:" + w.Reason
			s.message = waitingText("init container "+c.Name, c)
		default:
			s.word = fmt.Sprintf("Init:%d/%d", i, len(p.Spec.InitContainers))
		}
		return sidecarRestarts, true
	}
	return sidecarRestarts, false
}

func (s *podStatus) mainStatus(p *corev1.Pod, ready *corev1.PodCondition) {
	running := false
	for i := len(p.Status.ContainerStatuses) - 1; i >= 0; i-- {
		c := &p.Status.ContainerStatuses[i]
		s.restarts += int(c.RestartCount)
		t, w := c.State.Terminated, c.State.Waiting
		switch {
		case w != nil && w.Reason != "":
			s.word, s.message = w.Reason, waitingText(c.Name, c)
		case t != nil:
			s.word = exitWord(t)
			if s.message == "" || t.ExitCode != 0 {
				s.message = c.Name + ": " + exitText(t)
			}
			if t.FinishedAt.Time.After(s.changed) {
				s.changed = t.FinishedAt.Time
			}
		case c.Ready && c.State.Running != nil:
			running = true
			s.ready++
		}
	}
	if s.word == "Completed" && running {
		s.word = "NotReady"
		if ready != nil && ready.Status == corev1.ConditionTrue {
			s.word = "Running"
		}
	}
}

// sharpen says what kubectl's one word does not.
func (s *podStatus) sharpen(p *corev1.Pod, scheduled, ready *corev1.PodCondition, now time.Time) {
	switch s.word {
	case "Running":
		s.sharpenRunning(p, ready, now)
	case "Pending":
		if scheduled != nil && scheduled.Status == corev1.ConditionFalse && scheduled.Reason == corev1.PodReasonUnschedulable {
			s.word, s.phase, s.message = "Unschedulable", core.Failed, scheduled.Message
			s.changed = scheduled.LastTransitionTime.Time
		}
	case "SchedulingGated":
		if scheduled != nil {
			s.message = scheduled.Message
		}
	case "Terminating":
		due := p.DeletionTimestamp.Add(stuckAfter) // the timestamp includes the grace period
		if now.Before(due) {
			s.recheck, s.message = due.Add(recheckSlack), ""
			return
		}
		s.phase = core.Degraded
		s.message = fmt.Sprintf("stuck: should have been gone %s ago", ago(now.Sub(p.DeletionTimestamp.Time)))
		if len(p.Finalizers) > 0 {
			s.message += "; waits for " + strings.Join(p.Finalizers, ", ")
		}
	case "CrashLoopBackOff", "Completed", "Unknown":
	}
}

func (s *podStatus) sharpenRunning(p *corev1.Pod, ready *corev1.PodCondition, now time.Time) {
	s.message = ""
	for i := range p.Status.ContainerStatuses {
		c := &p.Status.ContainerStatuses[i]
		t := c.LastTerminationState.Terminated
		if t == nil || c.RestartCount == 0 {
			continue
		}
		if until := t.FinishedAt.Add(recentOOM); t.Reason == "OOMKilled" && now.Before(until) {
			s.word, s.phase = "OOMKilled", core.Degraded
			s.message = fmt.Sprintf("%s ran out of memory and was restarted (%d restarts)", c.Name, c.RestartCount)
			s.changed, s.recheck = t.FinishedAt.Time, until.Add(recheckSlack)
			return
		}
	}
	if ready == nil || ready.Status == corev1.ConditionTrue {
		return
	}
	s.word, s.message = "NotReady", ready.Message
	began := p.CreationTimestamp.Time
	for i := range p.Status.ContainerStatuses {
		if run := p.Status.ContainerStatuses[i].State.Running; run != nil && run.StartedAt.After(began) {
			began = run.StartedAt.Time
		}
	}
	if ready.LastTransitionTime.Sub(began) > startGrace {
		began = ready.LastTransitionTime.Time.Add(-startGrace) // it was ready and no longer is
	}
	if until := began.Add(startGrace); now.Before(until) {
		s.phase, s.recheck = core.Pending, until.Add(recheckSlack)
		return
	}
	s.phase = core.Degraded
}

// podPhase maps kubectl's word.
func podPhase(word string) core.Phase {
	switch word {
	case "Running":
		return core.Running
	case "Succeeded", "Completed":
		return core.Succeeded
	case "Pending", "ContainerCreating", "PodInitializing", "SchedulingGated", "Terminating":
		return core.Pending
	case "NotReady":
		return core.Degraded
	case "Unknown", "NodeLost", "":
		return core.Unknown
	}
	if rest, ok := strings.CutPrefix(word, "Init:"); ok && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
		return core.Pending
	}
	return core.Failed
}

func exitWord(t *corev1.ContainerStateTerminated) string {
	switch {
	case t.Reason != "":
		return t.Reason
	case t.Signal != 0:
		return fmt.Sprintf("Signal:%d", t.Signal)
	}
	return fmt.Sprintf("ExitCode:%d", t.ExitCode)
}

func exitText(t *corev1.ContainerStateTerminated) string {
	msg := fmt.Sprintf("exit code %d", t.ExitCode)
	if t.Reason != "" && t.Reason != "Error" && t.Reason != "Completed" {
		msg = t.Reason + ", " + msg
	}
	if t.Message != "" {
		msg += ": " + t.Message
	}
	return msg
}

// waitingText says why a container waits: how it ended last is worth more than
// how long the back-off is.
func waitingText(name string, c *corev1.ContainerStatus) string {
	if t := c.LastTerminationState.Terminated; t != nil && c.State.Waiting.Reason == "CrashLoopBackOff" {
		return fmt.Sprintf("%s: last ended with %s", name, exitText(t))
	}
	if c.State.Waiting.Message == "" {
		return ""
	}
	return name + ": " + c.State.Waiting.Message
}

func (x *reducer) podFacts(f *core.Facts, p *corev1.Pod) {
	f.Node = intern(p.Spec.NodeName)
	var buf [16]string
	names, images := buf[:0], make([]string, 0, 4)
	for i := range p.Spec.InitContainers {
		names = append(names, "init:"+p.Spec.InitContainers[i].Name)
	}
	for i := range p.Spec.Containers {
		names = append(names, p.Spec.Containers[i].Name)
		images = append(images, p.Spec.Containers[i].Image)
	}
	for i := range p.Spec.EphemeralContainers {
		names = append(names, "debug:"+p.Spec.EphemeralContainers[i].Name)
	}
	f.Containers, f.Image = x.list(names), x.list(images)
	digests := images[:0]
	for i := range p.Status.ContainerStatuses {
		if _, d, ok := strings.Cut(p.Status.ContainerStatuses[i].ImageID, "sha256:"); ok {
			digests = append(digests, "sha256:"+d)
		}
	}
	f.Digest = x.list(digests)
}

// podNeeds adds up requests and limits the way the scheduler does: the main
// containers and sidecars together, or the largest init container. A limit
// counts only when every container has one.
func podNeeds(spec *corev1.PodSpec) unique.Handle[needs] {
	var n, largest needs
	noCPU, noMem := false, false
	one := func(res *corev1.ResourceRequirements) needs {
		return needs{
			cpuRequest: float64(res.Requests.Cpu().MilliValue()), cpuLimit: float64(res.Limits.Cpu().MilliValue()),
			memRequest: float64(res.Requests.Memory().Value()), memLimit: float64(res.Limits.Memory().Value()),
		}
	}
	add := func(c needs) {
		n.cpuRequest += c.cpuRequest
		n.cpuLimit += c.cpuLimit
		n.memRequest += c.memRequest
		n.memLimit += c.memLimit
		noCPU, noMem = noCPU || c.cpuLimit == 0, noMem || c.memLimit == 0
	}
	for i := range spec.Containers {
		add(one(&spec.Containers[i].Resources))
	}
	for i := range spec.InitContainers {
		c := &spec.InitContainers[i]
		v := one(&c.Resources)
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			add(v)
			continue
		}
		largest.cpuRequest, largest.memRequest = max(largest.cpuRequest, v.cpuRequest), max(largest.memRequest, v.memRequest)
	}
	n.cpuRequest, n.memRequest = max(n.cpuRequest, largest.cpuRequest), max(n.memRequest, largest.memRequest)
	if noCPU {
		n.cpuLimit = 0
	}
	if noMem {
		n.memLimit = 0
	}
	return unique.Make(n)
}

// latest is the youngest of the instants, in Unix nanoseconds.
func latest(ts ...metav1.Time) int64 {
	var out int64
	for _, t := range ts {
		out = max(out, unixNano(t))
	}
	return out
}
