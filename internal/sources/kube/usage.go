package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const (
	usageEvery   = 12 * time.Second // metrics-server scrapes every 15 s by default
	summaryEvery = 30 * time.Second // a kubelet's summary is dear: 100 kB a node
	usageRetry   = time.Minute      // while there is none
	maxSummaries = 100              // nodes
)

// meter polls usage while somebody looks.
type meter struct {
	r    *session
	told bool // UsageState was called with a problem
	sent map[core.Ref]int64
}

// usage polls the metrics API, else the kubelets, while the screen shows usage.
func (r *session) usage(ctx context.Context) {
	m := &meter{r: r, sent: map[core.Ref]int64{}}
	for ctx.Err() == nil {
		rung := r.src.bell.wait()
		i := r.src.interest.Load()
		pods, nodes := wantsUsage(i)
		if !pods && !nodes {
			pause(ctx, time.Second, rung)
			continue
		}
		if pods && m.trackerLate("pod") || nodes && m.trackerLate("node") {
			pause(ctx, 200*time.Millisecond, rung) // samples need the rows for their UIDs and limits
			continue
		}
		every, err := m.poll(ctx, i, pods, nodes)
		if ctx.Err() != nil {
			return
		}
		switch {
		case err != nil && !m.told:
			m.told = true
			r.sink.UsageState(m.problem(err))
		case err == nil && m.told:
			m.told = false
			r.sink.UsageState(nil)
		}
		switch {
		case isStatus(err, http.StatusForbidden):
			every = forbiddenDelay
		case err != nil:
			every = usageRetry
		}
		var s *statusError
		if errors.As(err, &s) && s.RetryAfter > every {
			every = s.RetryAfter
		}
		pause(ctx, every, rung)
	}
}

func wantsUsage(i *core.Interest) (pods, nodes bool) {
	kinds := i.Kinds
	if kinds == nil {
		kinds = defaults
	}
	if i.Usage {
		pods = slices.ContainsFunc(kinds, func(k string) bool { return k == "pod" || summed(k) })
		nodes = slices.Contains(kinds, "node")
	}
	for _, ref := range i.UsageOf {
		pods = pods || ref.Source == ID && (ref.Kind == "pod" || summed(ref.Kind))
		nodes = nodes || ref.Source == ID && ref.Kind == "node"
	}
	return pods, nodes
}

// summed tells the kinds whose usage is the sum of their pods'.
func summed(kind string) bool {
	switch kind {
	case "deployment", "statefulset", "daemonset", "replicaset", "job", kindRollout:
		return true
	}
	return false
}

// trackerLate reports that kind is watched but nothing of it is known yet.
func (m *meter) trackerLate(kind string) bool {
	t := m.r.tracker(kind)
	if t == nil {
		return false
	}
	late := true
	t.each(func(string, seen) bool { late = false; return false })
	m.r.mu.Lock()
	defer m.r.mu.Unlock()
	return late && time.Since(m.r.began) < 5*time.Second
}

// known is what a sample needs of its object.
type known struct {
	ref  core.Ref
	need needs
}

// index finds the objects of a kind by namespace/name.
func (m *meter) index(kind string, i *core.Interest) map[string]known {
	out := map[string]known{}
	for _, ref := range i.UsageOf {
		if ref.Kind == kind && ref.UID != "" {
			out[ref.Namespace+"/"+ref.Name] = known{ref: ref}
		}
	}
	if t := m.r.tracker(kind); t != nil {
		t.each(func(uid string, s seen) bool {
			k := known{ref: m.r.src.ref(kind, s.namespace, s.name, uid)}
			if s.hasNeed {
				k.need = s.need.Value()
			}
			out[s.namespace+"/"+s.name] = k
			return true
		})
	}
	return out
}

func (m *meter) poll(ctx context.Context, i *core.Interest, pods, nodes bool) (time.Duration, error) {
	err := m.metricsAPI(ctx, i, pods, nodes)
	if err == nil || ctx.Err() != nil {
		return usageEvery, nil
	}
	if !isStatus(err, http.StatusNotFound, http.StatusServiceUnavailable, http.StatusForbidden) {
		return usageEvery, err
	}
	if kerr := m.kubelets(ctx, i); kerr != nil {
		return 0, &noMetrics{api: err, kubelet: kerr}
	}
	return summaryEvery, nil
}

// noMetrics is why there is no usage: both ways failed.
type noMetrics struct{ api, kubelet error }

func (e *noMetrics) Error() string { return e.api.Error() + "; " + e.kubelet.Error() }
func (e *noMetrics) Unwrap() error { return e.api }

func (m *meter) problem(err error) *core.Problem {
	var n *noMetrics
	if !errors.As(err, &n) {
		return m.r.src.problem(text.Lit("no metrics"), err)
	}
	p := &core.Problem{Kind: core.Unsupported, Cause: err}
	kubelet := m.r.src.problem(text.Safe{}, n.kubelet).Summary
	switch {
	case isStatus(n.api, http.StatusNotFound):
		p.Summary = text.Sprintf("no metrics: metrics.k8s.io is not installed, and the kubelets cannot be asked (%s)", kubelet)
		p.Hint = text.Lit("install metrics-server: https://github.com/kubernetes-sigs/metrics-server")
	case isStatus(n.api, http.StatusForbidden):
		p.Kind = core.Forbidden
		p.Summary = text.Sprintf("no metrics: metrics.k8s.io is forbidden, and so is asking the kubelets (%s)", kubelet)
		p.Hint = text.Lit("ask for get and list of pods and nodes in metrics.k8s.io")
	default:
		p.Kind = core.Unreachable
		p.Summary = text.Sprintf("no metrics: metrics.k8s.io does not answer (%s)", m.r.src.problem(text.Safe{}, n.api).Summary)
		p.Hint = text.Lit("kubectl get apiservice v1beta1.metrics.k8s.io -o yaml says why")
	}
	return p
}

// metricsAPI reads PodMetrics and NodeMetrics.
func (m *meter) metricsAPI(ctx context.Context, i *core.Interest, pods, nodes bool) error {
	base := []string{"apis", "metrics.k8s.io", "v1beta1"}
	if nodes {
		var list metricsv1beta1.NodeMetricsList
		if err := m.get(ctx, append(base[:3:3], "nodes"), "NodeMetricsList", &list); err != nil {
			return err
		}
		var out []core.Usage
		index := m.index("node", i)
		for j := range list.Items {
			n := &list.Items[j]
			out = m.add(out, index["/"+n.Name], n.Timestamp.Time, n.Usage)
		}
		m.send(out)
	}
	if !pods {
		return nil
	}
	index := m.index("pod", i)
	for _, ns := range m.namespaces(i) {
		path := append(base[:3:3], "pods")
		if ns != "" {
			path = append(base[:3:3], "namespaces", ns, "pods")
		}
		var list metricsv1beta1.PodMetricsList
		if err := m.get(ctx, path, "PodMetricsList", &list); err != nil {
			return err
		}
		out := make([]core.Usage, 0, len(list.Items))
		for j := range list.Items {
			p := &list.Items[j]
			sum := corev1.ResourceList{}
			for _, c := range p.Containers {
				for name, q := range c.Usage {
					total := sum[name]
					total.Add(q)
					sum[name] = total
				}
			}
			out = m.add(out, index[p.Namespace+"/"+p.Name], p.Timestamp.Time, sum)
		}
		m.send(append(out, m.workloads(list.Items, index, i)...))
	}
	return nil
}

// workloads adds up the pods of the workloads that are looked at. PodMetrics
// carry the labels of their pods.
func (m *meter) workloads(pods []metricsv1beta1.PodMetrics, index map[string]known, i *core.Interest) []core.Usage {
	byNamespace := map[string][]*metricsv1beta1.PodMetrics{}
	for j := range pods {
		byNamespace[pods[j].Namespace] = append(byNamespace[pods[j].Namespace], &pods[j])
	}
	wanted := map[string]bool{}
	for _, ref := range i.UsageOf {
		wanted[ref.UID] = true
	}
	var out []core.Usage
	for _, k := range builtin {
		t := m.r.tracker(k.Name)
		if t == nil || !summed(k.Name) {
			continue
		}
		t.each(func(uid string, s seen) bool {
			if !i.Usage && !wanted[uid] || len(s.selector) == 0 {
				return true
			}
			if u, ok := total(m.r.src.ref(k.Name, s.namespace, s.name, uid), s.selector, byNamespace[s.namespace], index); ok {
				out = append(out, u)
			}
			return true
		})
	}
	return out
}

// total is the sum over the pods that the selector matches; the limit is only
// known if every pod has one.
func total(ref core.Ref, selector map[string]string, pods []*metricsv1beta1.PodMetrics, index map[string]known) (core.Usage, bool) {
	var at time.Time
	var cpu, mem float64
	var sum needs
	n, noCPU, noMem := 0, false, false
	for _, p := range pods {
		if !within(selector, p.Labels) {
			continue
		}
		n++
		if p.Timestamp.After(at) {
			at = p.Timestamp.Time
		}
		for _, c := range p.Containers {
			cpu += float64(c.Usage.Cpu().MilliValue())
			mem += float64(c.Usage.Memory().Value())
		}
		need := index[p.Namespace+"/"+p.Name].need
		sum.cpuRequest += need.cpuRequest
		sum.memRequest += need.memRequest
		sum.cpuLimit += need.cpuLimit
		sum.memLimit += need.memLimit
		noCPU, noMem = noCPU || need.cpuLimit == 0, noMem || need.memLimit == 0
	}
	if noCPU {
		sum.cpuLimit = 0
	}
	if noMem {
		sum.memLimit = 0
	}
	return sample(known{ref, sum}, at, cpu, mem), n > 0
}

// within reports whether labels have everything the selector asks for.
func within(selector, labels map[string]string) bool {
	for k, v := range selector {
		if got, ok := labels[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// namespaces to ask for pod metrics: the fewest requests that cover the interest.
func (m *meter) namespaces(i *core.Interest) []string {
	m.r.mu.Lock()
	defer m.r.mu.Unlock()
	if w := m.r.watched["pod"]; w != nil && w.instead != nil {
		return w.instead
	}
	if !i.Usage && m.r.src.pinned == nil && i.Namespaces == nil {
		var out []string
		for _, ref := range i.UsageOf {
			if (ref.Kind == "pod" || summed(ref.Kind)) && !slices.Contains(out, ref.Namespace) {
				out = append(out, ref.Namespace)
			}
		}
		if len(out) <= 3 {
			return out
		}
	}
	return m.r.namespaces(builtinByName["pod"], *i)
}

// get reads a list as protobuf, or as JSON where the server has no other.
func (m *meter) get(ctx context.Context, path []string, kind string, v interface{ Unmarshal([]byte) error }) error {
	b, err := m.r.src.client.do(ctx, request{path: path, accept: acceptProto}, nil)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(b, magic) {
		return json.Unmarshal(b, v)
	}
	got, raw, err := unwrap(b)
	if err != nil {
		return err
	}
	if got != kind {
		return errWire
	}
	return v.Unmarshal(raw)
}

func (m *meter) add(out []core.Usage, k known, at time.Time, usage corev1.ResourceList) []core.Usage {
	if k.ref.UID == "" {
		return out
	}
	return append(out, sample(k, at, float64(usage.Cpu().MilliValue()), float64(usage.Memory().Value())))
}

func sample(k known, at time.Time, cpu, mem float64) core.Usage {
	u := core.NewUsage(k.ref, at.UnixNano())
	u.Values[core.CPUUsed], u.Values[core.MemUsed] = cpu, mem
	u.Values[core.CPULimit], u.Values[core.MemLimit] = k.need.cpuLimit, k.need.memLimit
	u.Values[core.CPURequest], u.Values[core.MemRequest] = k.need.cpuRequest, k.need.memRequest
	return u
}

// send passes on the samples that are new.
func (m *meter) send(out []core.Usage) {
	fresh := out[:0]
	for _, u := range out {
		if m.sent[u.Ref] != u.At {
			m.sent[u.Ref] = u.At
			fresh = append(fresh, u)
		}
	}
	if len(m.sent) > 4*len(out)+1000 {
		clear(m.sent) // objects come and go
	}
	if len(fresh) > 0 {
		m.r.sink.Usage(fresh)
	}
}

// summary is the part of a kubelet's answer that is used
// (k8s.io/kubelet/pkg/apis/stats/v1alpha1).
type summary struct {
	Node summaryStats `json:"node"`
	Pods []struct {
		Ref struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"podRef"`
		summaryStats
	} `json:"pods"`
}

type summaryStats struct {
	CPU struct {
		Time      time.Time `json:"time"`
		NanoCores *float64  `json:"usageNanoCores"`
	} `json:"cpu"`
	Memory struct {
		WorkingSet *float64 `json:"workingSetBytes"`
	} `json:"memory"`
}

func (s *summaryStats) values() (cpu, mem float64) {
	cpu, mem = math.NaN(), math.NaN()
	if s.CPU.NanoCores != nil {
		cpu = *s.CPU.NanoCores / 1e6
	}
	if s.Memory.WorkingSet != nil {
		mem = *s.Memory.WorkingSet
	}
	return cpu, mem
}

// kubelets asks every node's kubelet through the API server.
func (m *meter) kubelets(ctx context.Context, i *core.Interest) error {
	var nodes struct {
		Items []struct {
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
		} `json:"items"`
	}
	if err := m.r.src.client.json(ctx, request{path: []string{"api", "v1", "nodes"}, accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}, &nodes); err != nil {
		return err
	}
	if len(nodes.Items) == 0 {
		return errors.New("there are no nodes")
	}
	names := make([]string, 0, len(nodes.Items))
	for _, n := range nodes.Items {
		names = append(names, n.Metadata.Name)
	}
	names = names[:min(len(names), maxSummaries)]
	pods, machines := m.index("pod", i), m.index("node", i)
	// The first node shows whether it is worth asking the others.
	first, err := m.summary(ctx, names[0])
	if err != nil {
		return err
	}
	m.send(m.summaryUsage(first, names[0], pods, machines))
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, listsAtOnce)
	for _, name := range names[1:] {
		slots <- struct{}{}
		wg.Add(1)
		core.Go("kube: kubelet summary", func() {
			defer func() { <-slots; wg.Done() }()
			s, err := m.summary(ctx, name)
			if err != nil {
				return // one node that is away does not hide the others
			}
			mu.Lock()
			defer mu.Unlock()
			m.send(m.summaryUsage(s, name, pods, machines))
		})
	}
	wg.Wait()
	return nil
}

func (m *meter) summary(ctx context.Context, node string) (*summary, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var s summary
	if err := m.r.src.client.json(ctx, request{path: strings.Split("api/v1/nodes/"+node+"/proxy/stats/summary", "/")}, &s); err != nil {
		return nil, err
	}
	return &s, nil
}

func (m *meter) summaryUsage(s *summary, node string, pods, machines map[string]known) []core.Usage {
	var out []core.Usage
	add := func(k known, st *summaryStats) {
		if k.ref.UID != "" && !st.CPU.Time.IsZero() {
			cpu, mem := st.values()
			out = append(out, sample(k, st.CPU.Time, cpu, mem))
		}
	}
	add(machines["/"+node], &s.Node)
	for j := range s.Pods {
		p := &s.Pods[j]
		add(pods[p.Ref.Namespace+"/"+p.Ref.Name], &p.summaryStats)
	}
	return out
}
