package kube

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// acceptDiscovery asks for everything in one answer
// (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery),
// else for the list of groups.
const acceptDiscovery = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"

// rediscover is how often new kinds are looked for while somebody watches.
const rediscover = 10 * time.Minute

// kindTable knows all kinds: built in, and found by discovery.
type kindTable struct {
	mu     sync.RWMutex
	byName map[string]*kind
	names  map[string]string // group/resource -> the name it was given, for good
	asking sync.Mutex
}

func (t *kindTable) init() {
	t.byName, t.names = map[string]*kind{}, map[string]string{}
	for _, k := range builtin {
		t.byName[k.Name] = k
		if k != releaseKind {
			t.names[k.group+"/"+k.resource] = k.Name
		}
	}
}

func (t *kindTable) get(name string) *kind {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byName[name]
}

// byGVK finds a kind by the group and kind of an owner reference.
func (t *kindTable) byGVK(apiVersion, gvk string) *kind {
	group, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		group = ""
	}
	if k := builtinByGVK[group+"/"+gvk]; k != nil {
		return k
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, k := range t.byName {
		if k.group == group && k.gvkKind == gvk {
			return k
		}
	}
	return nil
}

// found returns the kinds that are not built in, by name.
func (t *kindTable) found() []core.Kind {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var out []core.Kind
	for _, name := range slices.Sorted(maps.Keys(t.byName)) {
		if k := t.byName[name]; k.reduce == nil {
			out = append(out, k.Kind)
		}
	}
	return out
}

// namespaced returns the kinds of which a namespace can have objects, without events.
func (t *kindTable) namespaced() []*kind {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var out []*kind
	for _, name := range slices.Sorted(maps.Keys(t.byName)) {
		if k := t.byName[name]; k.Namespaced && k.list && name != "event" {
			out = append(out, k)
		}
	}
	return out
}

// setColumns remembers the columns that the server's table has.
func (t *kindTable) setColumns(name string, columns []core.Column) (core.Kind, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.byName[name]
	if k == nil || slices.Equal(k.Columns, columns) {
		return core.Kind{}, false
	}
	c := *k // others may be reading the old one
	c.Columns = columns
	t.byName[name] = &c
	return c.Kind, true
}

// apiResource is one resource of a discovery answer.
type apiResource struct {
	Resource     string `json:"resource"`
	Singular     string `json:"singularResource"`
	Scope        string `json:"scope"`
	ResponseKind struct {
		Kind string `json:"kind"`
	} `json:"responseKind"`
	Verbs      []string  `json:"verbs"`
	ShortNames []string  `json:"shortNames"`
	Parts      []apiPart `json:"subresources"`

	group, version string
	scale          bool // it has a scale subresource
}

// discover asks the server for its kinds and adds what is new.
func (t *kindTable) discover(ctx context.Context, c *client) error {
	t.asking.Lock()
	defer t.asking.Unlock()
	var all []apiResource
	for _, root := range []string{"api", "apis"} {
		list, err := discoverRoot(ctx, c, root)
		if err != nil {
			return err
		}
		all = append(all, list...)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	gone := map[string]bool{}
	for name, k := range t.byName {
		gone[name] = k.reduce == nil
	}
	for i := range all {
		a := &all[i]
		id := a.group + "/" + a.Resource
		if name := t.names[id]; name != "" {
			gone[name] = false
			if k := t.byName[name]; k != nil && (k.reduce != nil || k.version == a.version) {
				continue
			}
		}
		k := a.kind()
		if own := ownKinds[id]; own != nil {
			k = own.served(a)
		} else if reserved[k.Name] != "" {
			k.Name += "." + a.group
		}
		if name := t.names[id]; name != "" {
			k.Name = name
		} else if t.byName[k.Name] != nil {
			k.Name += "." + a.group
		}
		t.names[id] = k.Name
		t.byName[k.Name] = k
	}
	for name, is := range gone {
		if is {
			delete(t.byName, name) // its CRD was removed
		}
	}
	return nil
}

type apiPart struct {
	Name string `json:"subresource"`
}

func (a *apiResource) kind() *kind {
	name := a.Singular
	if name == "" {
		name = strings.ToLower(a.ResponseKind.Kind)
	}
	verbs := verbsOf(name)
	for _, p := range a.Parts {
		a.scale = a.scale || p.Name == "scale"
	}
	if a.scale && !slices.Contains(verbs, core.VerbScale) {
		verbs = append(verbs, core.VerbScale)
	}
	return &kind{
		Kind: core.Kind{
			Name: name, Plural: a.Resource, Aliases: a.ShortNames, Title: text.Clean(a.ResponseKind.Kind), Namespaced: a.Scope == "Namespaced",
			Rank: 100, Columns: []core.Column{nameCol, ageCol}, Verbs: verbs,
		},
		group: a.group, version: a.version, resource: a.Resource, gvkKind: a.ResponseKind.Kind,
		list: true, watch: slices.Contains(a.Verbs, "watch"), bare: !slices.ContainsFunc(a.Parts, func(p apiPart) bool { return p.Name == "status" }),
	}
}

// hidden kinds are views on others.
func hidden(group, resource string) bool {
	return group == "events.k8s.io" || group == "metrics.k8s.io" || group == "" && (resource == "componentstatuses" || resource == "bindings")
}

func discoverRoot(ctx context.Context, c *client, root string) ([]apiResource, error) {
	var answer struct {
		Kind  string `json:"kind"`
		Items []struct {
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
			Versions []struct {
				Version   string        `json:"version"`
				Resources []apiResource `json:"resources"`
			} `json:"versions"`
		} `json:"items"`
		Versions []string `json:"versions"` // of an APIVersions answer
		Groups   []struct {
			Preferred struct {
				GroupVersion string `json:"groupVersion"`
			} `json:"preferredVersion"`
		} `json:"groups"`
	}
	if err := c.json(ctx, request{path: []string{root}, accept: acceptDiscovery}, &answer); err != nil {
		return nil, err
	}
	var out []apiResource
	if answer.Kind == "APIGroupDiscoveryList" {
		for _, g := range answer.Items {
			seen := map[string]bool{} // the preferred version comes first
			for _, v := range g.Versions {
				for _, a := range v.Resources {
					if seen[a.Resource] || hidden(g.Metadata.Name, a.Resource) || !slices.Contains(a.Verbs, "list") {
						continue
					}
					seen[a.Resource] = true
					a.group, a.version = g.Metadata.Name, v.Version
					out = append(out, a)
				}
			}
		}
		return out, nil
	}
	// Before Kubernetes 1.27: one request for each group.
	versions := answer.Versions
	for _, g := range answer.Groups {
		versions = append(versions, g.Preferred.GroupVersion)
	}
	for _, gv := range versions {
		list, err := discoverGroup(ctx, c, root, gv)
		if isStatus(err, http.StatusNotFound, http.StatusServiceUnavailable) {
			continue // an extension server that is away takes its own kinds with it, no others
		}
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func discoverGroup(ctx context.Context, c *client, root, gv string) ([]apiResource, error) {
	var answer struct {
		Resources []struct {
			Name       string   `json:"name"`
			Singular   string   `json:"singularName"`
			Namespaced bool     `json:"namespaced"`
			Kind       string   `json:"kind"`
			Verbs      []string `json:"verbs"`
			ShortNames []string `json:"shortNames"`
		} `json:"resources"`
	}
	if err := c.json(ctx, request{path: append([]string{root}, strings.Split(gv, "/")...)}, &answer); err != nil {
		return nil, err
	}
	group, version, ok := strings.Cut(gv, "/")
	if !ok {
		group, version = "", gv
	}
	parts := map[string][]apiPart{}
	for _, r := range answer.Resources {
		if of, part, ok := strings.Cut(r.Name, "/"); ok {
			parts[of] = append(parts[of], apiPart{part})
		}
	}
	var out []apiResource
	for _, r := range answer.Resources {
		if strings.Contains(r.Name, "/") || hidden(group, r.Name) || !slices.Contains(r.Verbs, "list") {
			continue
		}
		a := apiResource{Resource: r.Name, Singular: r.Singular, Verbs: r.Verbs, ShortNames: r.ShortNames, group: group, version: version, Parts: parts[r.Name]}
		a.ResponseKind.Kind = r.Kind
		if r.Namespaced {
			a.Scope = "Namespaced"
		}
		out = append(out, a)
	}
	return out, nil
}

// discover tells the sink about the kinds that are there, now and then.
func (r *session) discover(ctx context.Context) {
	var wait backoff
	for ctx.Err() == nil {
		rung := r.src.bell.wait()
		err := r.src.kinds.discover(ctx, r.src.client)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			d := wait.next(err)
			if isStatus(err, http.StatusForbidden) {
				d = forbiddenDelay
			}
			pause(ctx, d, rung)
			continue
		}
		wait.reset()
		if found := r.src.kinds.found(); len(found) > 0 {
			r.sink.Kinds(found)
		}
		select {
		case r.src.wanted <- struct{}{}: // a kind asked for may be known now
		default:
		}
		pause(ctx, rediscover, rung)
	}
}
