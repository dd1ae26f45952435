package kube

import (
	"cmp"
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// defaultContainer is the annotation that kubectl reads too.
const defaultContainer = "kubectl.kubernetes.io/default-container"

// podsBehind lists the pods of a pod, workload, job or service, the best one to
// talk to first; those that have ended or are ending are left out.
func (s *Source) podsBehind(ctx context.Context, ref core.Ref) ([]*corev1.Pod, error) {
	if ref.Kind == "pod" {
		p, err := s.pod(ctx, ref.Namespace, ref.Name)
		if err != nil {
			return nil, s.problem(text.Sprintf("cannot read pod %s", ref.Name), err)
		}
		if err := sameLife(ref, string(p.UID)); err != nil {
			return nil, err
		}
		return []*corev1.Pod{p}, nil
	}
	t := &tail{s: s, req: core.LogRequest{Ref: ref}}
	selector, err := t.selector(ctx)
	if err != nil {
		return nil, err
	}
	pods, _, err := t.listPods(ctx, selector)
	if err != nil {
		return nil, s.problem(text.Sprintf("cannot list the pods of %s %s", ref.Kind, ref.Name), err)
	}
	pods = slices.DeleteFunc(pods, func(p *corev1.Pod) bool {
		return p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
	})
	slices.SortFunc(pods, func(a, b *corev1.Pod) int {
		return cmp.Or(cmp.Compare(usefulness(b), usefulness(a)), b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return pods, nil
}

func usefulness(p *corev1.Pod) int {
	switch {
	case isReady(p):
		return 2
	case p.Status.Phase == corev1.PodRunning:
		return 1
	}
	return 0
}

func isReady(p *corev1.Pod) bool {
	return p.DeletionTimestamp == nil && slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// podBehind is the pod that a shell or a copy means.
func (s *Source) podBehind(ctx context.Context, ref core.Ref) (*corev1.Pod, error) {
	pods, err := s.podsBehind(ctx, ref)
	if err != nil {
		return nil, err
	}
	if len(pods) == 0 {
		return nil, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("%s %s has no pod that runs", ref.Kind, ref.Name)}
	}
	return pods[0], nil
}

func (s *Source) podRef(p *corev1.Pod) core.Ref {
	return s.ref("pod", p.Namespace, p.Name, string(p.UID))
}

// box is one container of a pod.
type box struct {
	name, image string
	role        text.Safe // empty: one of the pod's own
	running     bool
	state       text.Safe
	privileged  bool
}

// boxes are a pod's containers: its own, then side cars and init containers,
// then those that were added for debugging.
func boxes(p *corev1.Pod) []box {
	var out []box
	add := func(name, image string, role text.Safe, sec *corev1.SecurityContext) {
		b := box{name: name, image: image, role: role, state: text.Lit("not started"), privileged: sec != nil && sec.Privileged != nil && *sec.Privileged}
		if st := statusOfContainer(p, name); st != nil {
			switch {
			case st.State.Running != nil:
				b.running, b.state = true, text.Lit("running")
			case st.State.Terminated != nil:
				b.state = text.Clean(endText(st.State.Terminated))
			case st.State.Waiting != nil:
				b.state = text.Clean(st.State.Waiting.Reason)
			}
		}
		out = append(out, b)
	}
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		add(c.Name, c.Image, text.Safe{}, c.SecurityContext)
	}
	for i := range p.Spec.InitContainers {
		c := &p.Spec.InitContainers[i]
		role := text.Lit("init")
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			role = text.Lit("sidecar")
		}
		add(c.Name, c.Image, role, c.SecurityContext)
	}
	for i := range p.Spec.EphemeralContainers {
		c := &p.Spec.EphemeralContainers[i]
		add(c.Name, c.Image, text.Lit("debug"), c.SecurityContext)
	}
	return out
}

// defaultBox is the container that is meant when none is named: that of the
// annotation, else the first of the pod's own that runs, else the first.
func defaultBox(p *corev1.Pod) string {
	name := p.Annotations[defaultContainer]
	first := ""
	for _, b := range boxes(p) {
		switch {
		case b.name == name:
			return name
		case b.role.Empty() && (first == "" && b.running):
			first = b.name
		}
	}
	if first == "" && len(p.Spec.Containers) > 0 {
		first = p.Spec.Containers[0].Name
	}
	return first
}

// boxOf finds a container by name; "" is the default one.
func boxOf(p *corev1.Pod, name string) (box, error) {
	if name == "" {
		name = defaultBox(p)
	}
	for _, b := range boxes(p) {
		if b.name == name {
			return b, nil
		}
	}
	return box{}, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("pod %s has no container %s", p.Name, name), Hint: text.Sprintf("it has %s", boxNames(p))}
}

// runningBox is a container in which something can be started.
func runningBox(p *corev1.Pod, name string) (box, error) {
	b, err := boxOf(p, name)
	if err == nil && !b.running {
		err = &core.Problem{Kind: core.Refused, Summary: text.Concat(text.Sprintf("container %s of pod %s does not run: ", b.name, p.Name), b.state), Hint: text.Lit("its log says more (l)")}
	}
	return b, err
}

func boxNames(p *corev1.Pod) text.Safe {
	var names []text.Safe
	for _, b := range boxes(p) {
		names = append(names, text.Clean(b.name))
	}
	return text.Join(text.Lit(", "), names...)
}

// containerField lets one choose among several containers; none: there is one.
func containerField(p *corev1.Pod) []core.Field {
	all := boxes(p)
	if len(all) < 2 {
		return nil
	}
	f := core.Field{
		Name: "container", Title: text.Lit("Container"), Type: core.FieldChoice, Value: defaultBox(p), Required: true,
		Columns: []text.Safe{text.Lit("NAME"), text.Lit("KIND"), text.Lit("STATE"), text.Lit("IMAGE")},
	}
	for _, b := range all {
		c := core.Choice{Value: b.name, Cells: []text.Safe{text.Clean(b.name), b.role, b.state, text.Clean(b.image)}, Current: b.name == f.Value}
		if !b.running {
			c.Disabled = text.Concat(text.Lit("it does not run: "), b.state)
		}
		f.Choices = append(f.Choices, c)
	}
	return []core.Field{f}
}
