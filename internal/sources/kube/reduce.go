package kube

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// reducer makes compact rows of full objects. It belongs to one goroutine.
// What repeats from row to row is stored once.
type reducer struct {
	scope  string
	now    func() time.Time
	safe   map[string]text.Safe
	sets   map[string]map[string]string
	lists  map[string][]string
	key    []byte
	pruned []byte // the object at hand, without what is not looked at

	// saw takes the state of a workload's present revision; nil: nobody asks.
	saw func(uid string, template uint64, settled, gaveUp bool)

	// Set by reduce functions for the object at hand:
	recheck time.Time            // when time alone will change the row; zero: never
	need    unique.Handle[needs] // a pod's requests and limits
	hasNeed bool
}

// needs are a pod's or node's requests and limits (units of core.Measure).
type needs struct{ cpuRequest, cpuLimit, memRequest, memLimit float64 }

// maxInterned bounds each of the reducer's tables.
const maxInterned = 8192

func newReducer(scope string, now func() time.Time) *reducer {
	return &reducer{scope: scope, now: now, safe: map[string]text.Safe{}, sets: map[string]map[string]string{}, lists: map[string][]string{}}
}

// object is what the generated protobuf types can do.
type object[T any] interface {
	*T
	Unmarshal([]byte) error
}

func typed[T any, P object[T]](f func(*reducer, P) *core.Resource) func(*reducer, []byte) (*core.Resource, error) {
	return pruned(nil, f)
}

// pruned decodes only the parts of an object that p keeps.
func pruned[T any, P object[T]](p prune, f func(*reducer, P) *core.Resource) func(*reducer, []byte) (*core.Resource, error) {
	return func(x *reducer, raw []byte) (*core.Resource, error) {
		var o T
		if p != nil {
			var err error
			if x.pruned, err = p.apply(x.pruned[:0], raw); err != nil {
				return nil, err
			}
			raw = x.pruned
		}
		if err := P(&o).Unmarshal(raw); err != nil {
			return nil, err
		}
		x.recheck, x.hasNeed = time.Time{}, false
		return f(x, &o), nil
	}
}

func intern(s string) string {
	if s == "" {
		return ""
	}
	return unique.Make(s).Value()
}

// clean is text.Clean of a word that repeats.
func (x *reducer) clean(s string) text.Safe {
	if s == "" {
		return text.Safe{}
	}
	t, ok := x.safe[s]
	if !ok {
		if len(x.safe) > maxInterned {
			clear(x.safe)
		}
		s = intern(s)
		t = text.Clean(s)
		x.safe[s] = t
	}
	return t
}

// set shares equal label sets. keep chooses; nil keeps all.
func (x *reducer) set(m map[string]string, keep func(string) bool) map[string]string {
	if len(m) == 0 {
		return nil
	}
	keys := make([]string, 0, 16)
	for k := range m {
		if keep == nil || keep(k) {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	slices.Sort(keys)
	x.key = x.key[:0]
	for _, k := range keys {
		x.key = append(append(append(append(x.key, k...), 0), m[k]...), 0)
	}
	if s, ok := x.sets[string(x.key)]; ok {
		return s
	}
	if len(x.sets) > maxInterned {
		clear(x.sets)
	}
	s := make(map[string]string, len(keys))
	for _, k := range keys {
		s[intern(k)] = intern(m[k])
	}
	x.sets[string(x.key)] = s
	return s
}

// list shares equal lists.
func (x *reducer) list(l []string) []string {
	if len(l) == 0 {
		return nil
	}
	x.key = x.key[:0]
	for _, s := range l {
		x.key = append(append(x.key, s...), 0)
	}
	if s, ok := x.lists[string(x.key)]; ok {
		return s
	}
	if len(x.lists) > maxInterned {
		clear(x.lists)
	}
	s := make([]string, len(l))
	for i := range l {
		s[i] = intern(l[i])
	}
	x.lists[string(x.key)] = s
	return s
}

// start makes the row of an object from its metadata.
func (x *reducer) start(kind string, m *metav1.ObjectMeta) *core.Resource {
	r := &core.Resource{
		Ref:     core.Ref{Source: ID, Scope: x.scope, Kind: kind, Namespace: intern(m.Namespace), Name: m.Name, UID: string(m.UID)},
		Phase:   core.Running,
		Started: unixNano(m.CreationTimestamp),
		Rev:     m.ResourceVersion,
		Facts:   &core.Facts{},
	}
	for i := range m.OwnerReferences {
		if o := &m.OwnerReferences[i]; o.Controller != nil && *o.Controller {
			r.Owner = core.Ref{Source: ID, Scope: x.scope, Kind: intern(kindName(o.APIVersion, o.Kind)), Namespace: r.Ref.Namespace, Name: intern(o.Name), UID: intern(string(o.UID))}
			if r.Owner.Kind == "node" {
				r.Owner.Namespace = ""
			}
			break
		}
	}
	f := r.Facts
	f.Service = intern(first(m.Labels, m.Annotations, "tags.datadoghq.com/service", "app.kubernetes.io/name", "app", "k8s-app", "app.kubernetes.io/instance"))
	f.Commit = intern(first(m.Annotations, m.Labels, "org.opencontainers.image.revision", "git-commit", "git/commit", "commit", "commit-sha", "vcs-ref", "tags.datadoghq.com/git.commit.sha"))
	f.Repo = intern(first(m.Annotations, m.Labels, "org.opencontainers.image.source", "git-repo", "git/repo", "repository", "a8r.io/repository", "tags.datadoghq.com/git.repository_url"))
	f.Environment = intern(first(m.Labels, m.Annotations, "tags.datadoghq.com/env", "app.kubernetes.io/environment", "environment", "env", "stage"))
	if kind == "pod" {
		f.Labels = x.set(m.Labels, podLabel)
	} else {
		f.Labels = x.set(m.Labels, matters)
	}
	if m.DeletionTimestamp != nil && kind != "pod" {
		r.Phase, r.Reason = core.Pending, text.Lit("Terminating")
		if len(m.Finalizers) > 0 {
			r.Message = text.Sprintf("waits for %s", strings.Join(m.Finalizers, ", "))
		}
	}
	return r
}

// terminating reports whether start found the object on its way out; its
// state then says so and nothing else.
func terminating(m *metav1.ObjectMeta) bool { return m.DeletionTimestamp != nil }

// podLabel keeps all labels of a pod that a selector may name; not those that
// are different on every pod.
func podLabel(k string) bool {
	switch k {
	case "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "batch.kubernetes.io/controller-uid", "controller-uid", "batch.kubernetes.io/job-completion-index":
		return false
	}
	return true
}

// matters tells the labels that views and joins look at.
func matters(k string) bool {
	switch k {
	case "app", "k8s-app", "name", "component", "tier", "team", "environment", "env", "stage", "version", "release", "chart", "helm.sh/chart",
		"argocd.argoproj.io/instance", "pod-template-hash", "topology.kubernetes.io/zone", "node.kubernetes.io/instance-type", "batch.kubernetes.io/job-name":
		return true
	}
	return strings.HasPrefix(k, "app.kubernetes.io/") || strings.HasPrefix(k, "tags.datadoghq.com/") || strings.HasPrefix(k, "kustomize.toolkit.fluxcd.io/") || strings.HasPrefix(k, "helm.toolkit.fluxcd.io/")
}

func first(a, b map[string]string, keys ...string) string {
	for _, k := range keys {
		if v := a[k]; v != "" {
			return v
		}
		if v := b[k]; v != "" {
			return v
		}
	}
	return ""
}

func unixNano(t metav1.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// ageCell is drawn by the view from the instant.
func ageCell(t metav1.Time) core.Cell {
	if t.IsZero() {
		return core.Cell{}
	}
	return core.Cell{Num: float64(t.Unix())}
}

func (x *reducer) word(s string) core.Cell { return core.Cell{Text: x.clean(s)} }

func (x *reducer) number(n int) core.Cell {
	return core.Cell{Text: x.clean(strconv.Itoa(n)), Num: float64(n)}
}

// nameCell shares the bytes of the name.
func nameCell(r *core.Resource) core.Cell { return core.Cell{Text: text.Clean(r.Ref.Name)} }

// tidy drops facts that say nothing.
func tidy(r *core.Resource) *core.Resource {
	f := r.Facts
	if f.Image == nil && f.Digest == nil && f.Commit == "" && f.Repo == "" && f.Environment == "" && f.Service == "" && f.Node == "" && f.Containers == nil && f.Labels == nil && f.Selector == nil {
		r.Facts = nil
	}
	return r
}

// ago says an age for messages.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return strconv.Itoa(max(int(d.Seconds()), 0)) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + "m"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + "h"
	}
	return strconv.Itoa(int(d.Hours()/24)) + "d"
}
