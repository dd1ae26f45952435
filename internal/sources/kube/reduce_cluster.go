package kube

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unique"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func reduceNode(x *reducer, n *corev1.Node) *core.Resource {
	r := x.start("node", &n.ObjectMeta)
	word, phase := "Unknown", core.Unknown
	var pressures []string
	for i := range n.Status.Conditions {
		c := &n.Status.Conditions[i]
		switch {
		case c.Type == corev1.NodeReady:
			r.Changed = unixNano(c.LastTransitionTime)
			switch c.Status {
			case corev1.ConditionTrue:
				word, phase = "Ready", core.Running
			case corev1.ConditionFalse:
				word, phase = "NotReady", core.Failed
				r.Message = text.CleanLong(c.Message).Truncate(300)
			default: // the kubelet stopped reporting
				word, phase = "NotReady", core.Failed
				r.Message = text.CleanLong(c.Message).Truncate(300)
			}
		case c.Status == corev1.ConditionTrue: // MemoryPressure, DiskPressure, PIDPressure, NetworkUnavailable and what node-problem-detector adds
			pressures = append(pressures, string(c.Type))
			r.Message = text.CleanLong(c.Message).Truncate(300)
		}
	}
	if len(pressures) > 0 {
		word += "," + strings.Join(pressures, ",")
		if phase == core.Running {
			phase = core.Degraded
		}
	}
	if n.Spec.Unschedulable {
		word += ",SchedulingDisabled"
		if phase == core.Running {
			phase = core.Degraded
			r.Message = text.Lit("cordoned: takes no new pods")
		}
	}
	if terminating(&n.ObjectMeta) {
		word += ",Terminating"
	}
	r.Phase, r.Reason = phase, x.clean(word)
	var roles []string
	for k := range n.Labels {
		if role, ok := strings.CutPrefix(k, "node-role.kubernetes.io/"); ok && role != "" {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	internal, external := "", ""
	for _, a := range n.Status.Addresses {
		switch {
		case a.Type == corev1.NodeInternalIP && internal == "":
			internal = a.Address
		case a.Type == corev1.NodeExternalIP && external == "":
			external = a.Address
		}
	}
	x.need, x.hasNeed = unique.Make(needs{
		cpuLimit: float64(n.Status.Allocatable.Cpu().MilliValue()), memLimit: float64(n.Status.Allocatable.Memory().Value()),
	}), true
	info := &n.Status.NodeInfo
	r.Facts.Node = r.Ref.Name
	r.Cells = []core.Cell{
		nameCell(r),
		{Text: r.Reason},
		x.word(strings.Join(roles, ",")), x.word(info.KubeletVersion),
		{},
		{},
		{},
		{},
		x.number(int(n.Status.Allocatable.Pods().Value())), x.word(internal), x.word(external),
		x.word(info.OSImage), x.word(info.KernelVersion), x.word(info.ContainerRuntimeVersion), x.word(info.Architecture), ageCell(n.CreationTimestamp),
	}
	return tidy(r)
}

func reduceNamespace(x *reducer, n *corev1.Namespace) *core.Resource {
	r := x.start("namespace", &n.ObjectMeta)
	word := string(n.Status.Phase)
	r.Phase = core.Running
	if n.Status.Phase == corev1.NamespaceTerminating || terminating(&n.ObjectMeta) {
		word, r.Phase = "Terminating", core.Pending
		for i := range n.Status.Conditions {
			if c := &n.Status.Conditions[i]; c.Status == corev1.ConditionTrue {
				r.Message = text.CleanLong(c.Message).Truncate(300)
			}
		}
		if at := n.DeletionTimestamp; at != nil {
			if due := at.Add(startGrace); x.now().Before(due) {
				x.recheck = due.Add(recheckSlack)
			} else {
				r.Phase = core.Degraded // it hangs
			}
		}
	}
	r.Reason = x.clean(word)
	r.Cells = []core.Cell{nameCell(r), {Text: r.Reason}, ageCell(n.CreationTimestamp)}
	return tidy(r)
}

func reduceService(x *reducer, s *corev1.Service) *core.Resource {
	r := x.start("service", &s.ObjectMeta)
	external := slices.Clone(s.Spec.ExternalIPs)
	for _, i := range s.Status.LoadBalancer.Ingress {
		external = append(external, i.IP+i.Hostname)
	}
	if s.Spec.ExternalName != "" {
		external = append(external, s.Spec.ExternalName)
	}
	word, phase := "Active", core.Running
	if s.Spec.Type == corev1.ServiceTypeLoadBalancer && len(s.Status.LoadBalancer.Ingress) == 0 && len(external) == 0 {
		word, phase = "Pending", core.Pending
		external = []string{"<pending>"}
	}
	if r.Reason.Empty() {
		r.Reason, r.Phase = x.clean(word), phase
	}
	ports := make([]string, 0, len(s.Spec.Ports))
	for _, p := range s.Spec.Ports {
		t := strconv.Itoa(int(p.Port))
		if p.NodePort != 0 {
			t += ":" + strconv.Itoa(int(p.NodePort))
		}
		ports = append(ports, t+"/"+string(p.Protocol))
	}
	r.Facts.Selector = x.set(s.Spec.Selector, nil)
	r.Cells = []core.Cell{
		nameCell(r), x.word(string(s.Spec.Type)),
		{Text: text.Clean(s.Spec.ClusterIP)},
		{Text: text.Clean(strings.Join(external, ","))},
		x.word(strings.Join(ports, ",")),
		{Text: r.Reason},
		x.word(labelText(s.Spec.Selector)), ageCell(s.CreationTimestamp),
	}
	return tidy(r)
}

func reduceIngress(x *reducer, g *networkingv1.Ingress) *core.Resource {
	r := x.start("ingress", &g.ObjectMeta)
	class := g.Annotations["kubernetes.io/ingress.class"]
	if g.Spec.IngressClassName != nil {
		class = *g.Spec.IngressClassName
	}
	var hosts, addresses []string
	for _, rule := range g.Spec.Rules {
		if rule.Host == "" {
			rule.Host = "*"
		}
		hosts = append(hosts, rule.Host)
	}
	for _, i := range g.Status.LoadBalancer.Ingress {
		addresses = append(addresses, i.IP+i.Hostname)
	}
	ports := "80"
	if len(g.Spec.TLS) > 0 {
		ports = "80, 443"
	}
	if r.Reason.Empty() {
		r.Reason = text.Lit("Active")
		if len(addresses) == 0 {
			r.Reason = text.Lit("NoAddress") // many controllers never write one: not a problem as such
		}
	}
	r.Cells = []core.Cell{nameCell(r), x.word(class), {Text: text.Clean(strings.Join(hosts, ","))}, x.word(strings.Join(addresses, ",")), x.word(ports), {Text: r.Reason}, ageCell(g.CreationTimestamp)}
	return tidy(r)
}

func reduceEvent(x *reducer, e *corev1.Event) *core.Resource {
	r := x.start("event", &e.ObjectMeta)
	at := eventTime(e)
	count := max(int(e.Count), 1)
	if e.Series != nil {
		count = max(count, int(e.Series.Count))
	}
	r.Reason = x.clean(e.Type)
	if e.Type == corev1.EventTypeWarning {
		r.Phase = core.Degraded
	}
	r.Message = text.CleanLong(e.Message).Truncate(300)
	r.Changed = at
	o := &e.InvolvedObject
	if o.Name != "" {
		r.Owner = core.Ref{Source: ID, Scope: x.scope, Kind: intern(kindName(o.APIVersion, o.Kind)), Namespace: intern(o.Namespace), Name: o.Name, UID: string(o.UID)}
	}
	from := e.Source.Component
	if from == "" {
		from = e.ReportingController
	}
	r.Cells = []core.Cell{
		{Num: float64(at / 1e9)},
		{Text: r.Reason},
		x.word(e.Reason),
		{Text: text.Clean(strings.ToLower(o.Kind) + "/" + o.Name)},
		{Text: r.Message},
		x.number(count), x.word(from), nameCell(r),
	}
	r.Facts = nil
	return r
}

// eventTime is when the event happened last, in Unix nanoseconds. Which field
// says it depends on the API that wrote it.
func eventTime(e *corev1.Event) int64 {
	at := latest(e.LastTimestamp, e.FirstTimestamp)
	if e.Series != nil && !e.Series.LastObservedTime.IsZero() {
		at = max(at, e.Series.LastObservedTime.UnixNano())
	}
	if !e.EventTime.IsZero() {
		at = max(at, e.EventTime.UnixNano())
	}
	if at == 0 {
		at = unixNano(e.CreationTimestamp)
	}
	return at
}

func reducePVC(x *reducer, p *corev1.PersistentVolumeClaim) *core.Resource {
	r := x.start("persistentvolumeclaim", &p.ObjectMeta)
	if r.Reason.Empty() {
		r.Reason = x.clean(string(p.Status.Phase))
		switch p.Status.Phase {
		case corev1.ClaimBound:
		case corev1.ClaimLost:
			r.Phase, r.Message = core.Failed, text.Lit("its volume is gone")
		default:
			r.Phase = core.Pending
		}
		for i := range p.Status.Conditions {
			if c := &p.Status.Conditions[i]; c.Status == corev1.ConditionTrue {
				r.Message = text.Sprintf("%s %s", string(c.Type), c.Message)
			}
		}
	}
	modes := make([]string, 0, len(p.Spec.AccessModes))
	for _, m := range p.Spec.AccessModes {
		switch m {
		case corev1.ReadWriteOnce:
			modes = append(modes, "RWO")
		case corev1.ReadOnlyMany:
			modes = append(modes, "ROX")
		case corev1.ReadWriteMany:
			modes = append(modes, "RWX")
		case corev1.ReadWriteOncePod:
			modes = append(modes, "RWOP")
		default:
			modes = append(modes, string(m))
		}
	}
	class, mode := "", ""
	if p.Spec.StorageClassName != nil {
		class = *p.Spec.StorageClassName
	}
	if p.Spec.VolumeMode != nil {
		mode = string(*p.Spec.VolumeMode)
	}
	size := core.Cell{}
	if q, ok := p.Status.Capacity[corev1.ResourceStorage]; ok {
		size = core.Cell{Text: text.Clean(q.String()), Num: float64(q.Value())}
	}
	r.Cells = []core.Cell{nameCell(r), {Text: r.Reason}, {Text: text.Clean(p.Spec.VolumeName)}, size, x.word(strings.Join(modes, ",")), x.word(class), x.word(mode), ageCell(p.CreationTimestamp)}
	return tidy(r)
}

func reduceHPA(x *reducer, h *autoscalingv2.HorizontalPodAutoscaler) *core.Resource {
	r := x.start("horizontalpodautoscaler", &h.ObjectMeta)
	least := 1
	if h.Spec.MinReplicas != nil {
		least = int(*h.Spec.MinReplicas)
	}
	word, phase := "Active", core.Running
	if r.Reason.Empty() {
		for i := range h.Status.Conditions {
			c := &h.Status.Conditions[i]
			switch {
			case c.Type == autoscalingv2.AbleToScale && c.Status == corev1.ConditionFalse,
				c.Type == autoscalingv2.ScalingActive && c.Status == corev1.ConditionFalse && c.Reason != "ScalingDisabled":
				word, phase = c.Reason, core.Degraded
				r.Message, r.Changed = text.CleanLong(c.Message).Truncate(300), unixNano(c.LastTransitionTime)
			case c.Type == autoscalingv2.ScalingActive && c.Status == corev1.ConditionFalse:
				word = "Disabled"
			case c.Type == autoscalingv2.ScalingLimited && c.Status == corev1.ConditionTrue && c.Reason == "TooManyReplicas" && phase == core.Running:
				word, phase = "AtMax", core.Degraded
				r.Message, r.Changed = text.Sprintf("at its maximum of %d and would scale further", h.Spec.MaxReplicas), unixNano(c.LastTransitionTime)
			}
		}
		if word == "Active" && h.Status.CurrentReplicas >= h.Spec.MaxReplicas && int(h.Spec.MaxReplicas) > least {
			word, r.Message = "AtMax", text.Sprintf("at its maximum of %d", h.Spec.MaxReplicas)
		}
		r.Reason, r.Phase = x.clean(word), phase
	}
	ref := &h.Spec.ScaleTargetRef
	r.Cells = []core.Cell{
		nameCell(r),
		{Text: text.Clean(ref.Kind + "/" + ref.Name)},
		{Text: text.Clean(hpaTargets(h))},
		{Text: r.Reason},
		x.number(least), x.number(int(h.Spec.MaxReplicas)), x.number(int(h.Status.CurrentReplicas)), ageCell(h.CreationTimestamp),
	}
	return tidy(r)
}

func hpaTargets(h *autoscalingv2.HorizontalPodAutoscaler) string {
	var parts []string
	value := func(m *autoscalingv2.MetricTarget) string {
		switch {
		case m.AverageUtilization != nil:
			return fmt.Sprintf("%d%%", *m.AverageUtilization)
		case m.AverageValue != nil:
			return m.AverageValue.String()
		case m.Value != nil:
			return m.Value.String()
		}
		return "<unknown>"
	}
	current := func(i int) string {
		if i >= len(h.Status.CurrentMetrics) || h.Status.CurrentMetrics[i].Resource == nil {
			return "<unknown>"
		}
		c := h.Status.CurrentMetrics[i].Resource.Current
		return value(&autoscalingv2.MetricTarget{AverageUtilization: c.AverageUtilization, AverageValue: c.AverageValue, Value: c.Value})
	}
	for i := range h.Spec.Metrics {
		m := &h.Spec.Metrics[i]
		switch {
		case m.Resource != nil:
			parts = append(parts, fmt.Sprintf("%s: %s/%s", m.Resource.Name, current(i), value(&m.Resource.Target)))
		case m.ContainerResource != nil:
			parts = append(parts, fmt.Sprintf("%s: %s", m.ContainerResource.Name, value(&m.ContainerResource.Target)))
		case m.Pods != nil:
			parts = append(parts, fmt.Sprintf("%s: %s", m.Pods.Metric.Name, value(&m.Pods.Target)))
		case m.Object != nil:
			parts = append(parts, fmt.Sprintf("%s: %s", m.Object.Metric.Name, value(&m.Object.Target)))
		case m.External != nil:
			parts = append(parts, fmt.Sprintf("%s: %s", m.External.Metric.Name, value(&m.External.Target)))
		}
	}
	return strings.Join(parts, ", ")
}
