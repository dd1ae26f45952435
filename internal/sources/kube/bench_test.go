package kube

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// bigPod is as large as pods of a real cluster are (about 8 KB of JSON).
func bigPod(i int) *corev1.Pod {
	yes := true
	work := i / 20
	p := build(func(o *corev1.Pod) {
		o.Name, o.Namespace = fmt.Sprintf("service-%d-7d9f8b6c5d-%05x", work, i), fmt.Sprintf("team-%d", work%10)
		o.UID, o.ResourceVersion = types.UID(fmt.Sprintf("6f1e2d3c-4b5a-4c7d-8e9f-%012x", i)), strconv.Itoa(100+i)
		o.Labels = map[string]string{"app.kubernetes.io/name": fmt.Sprintf("service-%d", work), "app.kubernetes.io/instance": "prod", "pod-template-hash": "7d9f8b6c5d", "team": fmt.Sprintf("team-%d", work%10)}
		o.Annotations = map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8080", "kubectl.kubernetes.io/restartedAt": "2026-11-20T08:00:00Z"}
		o.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: fmt.Sprintf("service-%d-7d9f8b6c5d", work), UID: types.UID(fmt.Sprintf("aaaa%d", work)), Controller: &yes}}
		fields := strings.Repeat(`{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:image":{}}}}}`, 12)
		o.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kube-controller-manager", FieldsV1: metav1.NewFieldsV1(fields)}, {Manager: "kubelet", Subresource: "status", FieldsV1: metav1.NewFieldsV1(fields)}}
		o.Spec.NodeName = fmt.Sprintf("node-%d", i%50)
		o.Status.PodIP = fmt.Sprintf("10.%d.%d.%d", 64+i>>16, i>>8&255, i&255)
		o.Status.ContainerStatuses = nil
		o.Spec.Containers = nil
		for _, name := range []string{"main", "proxy"} {
			c := corev1.Container{
				Name: name, Image: fmt.Sprintf("registry.example.com/team/service-%d:%s-v1.2.%d", work, name, work), Ports: []corev1.ContainerPort{{ContainerPort: 8080}},
				Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("128Mi")}, Limits: corev1.ResourceList{"cpu": resource.MustParse("1"), "memory": resource.MustParse("256Mi")},
				},
				VolumeMounts: []corev1.VolumeMount{{Name: "kube-api-access", MountPath: "/var/run/secrets/kubernetes.io/serviceaccount"}},
			}
			for e := range 12 {
				c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprintf("SETTING_%d", e), Value: strings.Repeat("value", 4)})
			}
			o.Spec.Containers = append(o.Spec.Containers, c)
			o.Status.ContainerStatuses = append(o.Status.ContainerStatuses, corev1.ContainerStatus{
				Name: name, Ready: true, State: running0(time.Hour), Image: c.Image, ImageID: fmt.Sprintf("registry.example.com/team/service-%d@sha256:%064x", work, work), ContainerID: fmt.Sprintf("containerd://%064x", i),
			})
		}
	})
	return p
}

// pages serves n pods in pages of 500, encoded beforehand.
type pages struct{ bodies [][]byte }

func newPages(tb testing.TB, n int) *pages {
	p := &pages{}
	for at := 0; at < n; at += pageSize {
		l := &corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "100000"}}
		for i := at; i < min(at+pageSize, n); i++ {
			l.Items = append(l.Items, *bigPod(i))
		}
		if at+pageSize < n {
			l.Continue = strconv.Itoa(len(p.bodies) + 1)
		}
		raw, err := l.Marshal()
		if err != nil {
			tb.Fatal(err)
		}
		p.bodies = append(p.bodies, envelope("PodList", raw))
	}
	return p
}

func (p *pages) RoundTrip(r *http.Request) (*http.Response, error) {
	i, _ := strconv.Atoi(r.URL.Query().Get("continue"))
	return answer(200, p.bodies[i], nil), nil
}

// kept keeps rows as the store does.
type kept struct{ rows map[string]*core.Resource }

func (k *kept) Begin(string, string) {}
func (k *kept) Apply(_ string, changes []core.Change) {
	for _, c := range changes {
		k.rows[c.Ref.UID] = c.Resource
	}
}
func (k *kept) End(string, string)          {}
func (k *kept) Drop(string)                 {}
func (k *kept) State(string, *core.Problem) {}
func (k *kept) Kinds([]core.Kind)           {}
func (k *kept) Usage([]core.Usage)          {}
func (k *kept) UsageState(*core.Problem)    {}
func (k *kept) Alive()                      {}
func (k *kept) Version(text.Safe)           {}

func listAll(ctx context.Context, tb testing.TB, src *Source) (*kept, *tracker) {
	sink := &kept{rows: map[string]*core.Resource{}}
	run := newSession(src, sink)
	k := builtinByName["pod"]
	x := newReducer("bench", time.Now)
	t := newTracker("bench", "pod", sink)
	f := &reflector{s: run, k: k, t: t, x: x, codec: &protoCodec{k, x}}
	if _, err := f.list(ctx); err != nil {
		tb.Fatal(err)
	}
	return sink, t
}

func pagesSource(tb testing.TB, p *pages) *Source {
	src := newScripted(1, true).source(tb)
	src.client = &client{base: &url.URL{Scheme: "https", Host: "pages"}, http: &http.Client{Transport: p}, conns: newConnTracker(nil), timeout: time.Minute}
	return src
}

// Benchmark10kPods is the data path from encoded pages to rows; "kept-B/pod"
// is what stays in memory of each.
func Benchmark10kPods(b *testing.B) {
	const n = 10_000
	p := newPages(b, n)
	size := 0
	for _, body := range p.bodies {
		size += len(body)
	}
	src := pagesSource(b, p)
	kept, tracker, bytes := retained(b, src)
	runtime.KeepAlive(kept)
	runtime.KeepAlive(tracker)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		listAll(b.Context(), b, src)
	}
	b.ReportMetric(float64(bytes)/n, "kept-B/pod")
}

// TestPruningLosesNothing: rows of pruned and of whole objects are equal.
func TestPruningLosesNothing(t *testing.T) {
	yes := true
	pods := []*corev1.Pod{
		bigPod(1), build(deleted(10*time.Minute), func(o *corev1.Pod) { o.Finalizers = []string{"a/b"} }),
		build(inits(corev1.ContainerStatus{State: running0(time.Hour), Started: &yes, Ready: true, RestartCount: 2}), sidecar),
		build(main0(waiting("CrashLoopBackOff", "back-off"), terminated("OOMKilled", 137, 0), 3)), build(scheduled("Unschedulable", "no room")),
		build(phase(corev1.PodFailed), func(o *corev1.Pod) { o.Status.Reason, o.Status.Message = "Evicted", "low on memory" }),
		build(func(o *corev1.Pod) {
			o.Spec.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "shell", Image: "x"}}}
		}),
	}
	for i, p := range pods {
		raw, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		whole, part := testReducer(), testReducer()
		a, err1 := typed(reducePod)(whole, raw)
		b, err2 := pruned(prunePod, reducePod)(part, raw)
		if err1 != nil || err2 != nil || !reflect.DeepEqual(a, b) || whole.need != part.need || whole.recheck != part.recheck {
			t.Errorf("pod %d: %v, %v\n%+v\n%+v", i, err1, err2, a, b)
		}
		if len(part.pruned) >= len(raw) && i == 0 {
			t.Errorf("%d of %d bytes are left", len(part.pruned), len(raw))
		}
	}
}

// FuzzWire: whatever the server sends, nothing panics.
func FuzzWire(f *testing.F) {
	raw, err := bigPod(1).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(envelope("PodList", raw))
	f.Fuzz(func(_ *testing.T, b []byte) {
		c := &protoCodec{builtinByName["pod"], testReducer()}
		_, _ = c.reduce(b)
		_, _ = c.page(b, func(row) {})
		_ = c.events(bufio.NewReader(bytes.NewReader(b)), func(string, row, error) error { return nil })
		_, _ = reduceSecret(testReducer(), b)
	})
}

func retained(tb testing.TB, src *Source) (*kept, *tracker, int64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	sink, tracker := listAll(tb.Context(), tb, src)
	runtime.GC()
	runtime.ReadMemStats(&after)
	return sink, tracker, int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// TestRowsStaySmall: an object of 8 KB may not leave more than 2.5 KB behind,
// else 10,000 pods do not fit the memory that is promised.
func TestRowsStaySmall(t *testing.T) {
	const n = 2000
	sink, tracker, bytes := retained(t, pagesSource(t, newPages(t, n)))
	if len(sink.rows) != n {
		t.Fatalf("%d rows", len(sink.rows))
	}
	if per := bytes / n; per > 2500 {
		t.Errorf("%d bytes a pod", per)
	}
	runtime.KeepAlive(tracker)
}

// BenchmarkWatchEvent is what one change of a pod costs.
func BenchmarkWatchEvent(b *testing.B) {
	raw, err := bigPod(1).Marshal()
	if err != nil {
		b.Fatal(err)
	}
	for name, reduce := range map[string]func(*reducer, []byte) (*core.Resource, error){"whole": typed(reducePod), "pruned": pruned(prunePod, reducePod)} {
		b.Run(name, func(b *testing.B) {
			x := newReducer("bench", time.Now)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := reduce(x, raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
