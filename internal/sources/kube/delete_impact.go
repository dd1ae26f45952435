package kube

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// acceptMeta asks for the metadata of a list alone.
const acceptMeta = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

// mayOwn are the kinds of which dependents are looked for; ownable are those that are looked through.
var (
	mayOwn  = []string{"deployment", "statefulset", "daemonset", "replicaset", "job", "cronjob"}
	ownable = []string{"replicaset", "job", "pod", "persistentvolumeclaim"}
	// what operators make for their custom resources
	customOwnable = []string{"deployment", "statefulset", "daemonset", "cronjob", "replicaset", "job", "pod", "service", "configmap", "secret", "persistentvolumeclaim", "ingress"}
)

// impact says what goes along, what keeps it and who has something to say.
func (d *removal) impact(ctx context.Context, p *core.Plan) {
	o, s := d.before, d.s
	if f := finalizers(o); len(f) > 0 {
		p.Impact = append(p.Impact, text.Sprintf("finalizers are waited for: %s", strings.Join(f, ", ")))
	}
	switch d.k.Name {
	case "pod":
		d.podImpact(ctx, p)
	case "namespace":
		d.namespaceImpact(ctx, p)
	case "persistentvolumeclaim":
		d.claimImpact(ctx, p)
	case "persistentvolume":
		d.reclaim(o, p)
	case "customresourcedefinition":
		d.definitionImpact(ctx, p)
	case "node":
		p.Warnings = append(p.Warnings, text.Lit("only the cluster's record of the node goes: its pods are deleted, the machine goes on; drain it first"))
	case "service":
		p.Warnings = append(p.Warnings, text.Lit("its name no longer resolves, its cluster IP no longer answers"))
	case kindApplication:
		applicationDeleted(o, p)
	case "statefulset":
		if o.str("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted") == "Delete" {
			p.Warnings = append(p.Warnings, text.Lit("its volume claims are deleted with it (persistentVolumeClaimRetentionPolicy)"))
		} else {
			p.Impact = append(p.Impact, text.Lit("its volume claims stay"))
		}
	}
	if slices.Contains(mayOwn, d.k.Name) || custom(d.k) {
		d.dependents(ctx, p)
	}
	if slices.Contains([]string{"configmap", "secret", "persistentvolumeclaim"}, d.k.Name) {
		if n := usedBy(d.k.Name, d.ref.Name, s.somePods(ctx, d.ref.Namespace, nil)); n > 0 {
			p.Warnings = append(p.Warnings, text.Sprintf("%d pods use it; they do not start again without it", n))
		}
	}
	if w := controller(o); w != nil {
		p.Warnings = append(p.Warnings, text.Sprintf("%s %s controls it and will make it again", w.str("kind"), w.str("name")))
	}
	for _, h := range s.autoscalersOf(ctx, d.k, d.ref) {
		p.Impact = append(p.Impact, text.Sprintf("autoscaler %s stays and has nothing to scale", h.str("metadata", "name")))
	}
	unowned := definition(o)
	if meta := unowned.sub("metadata"); meta != nil {
		delete(meta, "ownerReferences") // told above
	}
	s.managers(unowned, p, text.Lit("it makes it again unless it is gone from Git too"))
}

func (d *removal) podImpact(ctx context.Context, p *core.Plan) {
	o := d.before
	switch {
	case d.how.Force:
		p.Warnings = append(p.Warnings, text.Lit("by force: the cluster forgets the pod at once, its containers may go on running; a second one of the same name may start beside it"))
	case d.how.Grace >= 0:
		p.Impact = append(p.Impact, text.Sprintf("its containers have %d s to end", d.how.Grace))
	default:
		p.Impact = append(p.Impact, text.Sprintf("its containers have %s s to end", o.str("spec", "terminationGracePeriodSeconds")))
	}
	if controller(o) == nil {
		p.Warnings = append(p.Warnings, text.Lit("nothing makes it again: no controller owns it"))
	}
	labels := o.sub("metadata", "labels")
	for _, b := range d.s.listed(ctx, "apis", "policy", "v1", "namespaces", d.ref.Namespace, "poddisruptionbudgets") {
		if matchesLabels(b.sub("spec", "selector"), labels) {
			p.Warnings = append(p.Warnings, text.Sprintf("disruption budget %s covers it and allows %d disruptions now; a deletion does not ask it", b.str("metadata", "name"), b.num("status", "disruptionsAllowed")))
		}
	}
	for _, svc := range d.s.listed(ctx, builtinByName["service"].path(d.ref.Namespace)...) {
		selector := svc.sub("spec", "selector")
		if len(selector) == 0 || !matchesLabels(tree{"matchLabels": map[string]any(selector)}, labels) {
			continue
		}
		others := slices.ContainsFunc(d.s.somePods(ctx, d.ref.Namespace, selector), func(x tree) bool {
			return x.str("metadata", "uid") != d.ref.UID && podReady(x)
		})
		if !others {
			p.Warnings = append(p.Warnings, text.Sprintf("no other pod of service %s is ready: it has nobody to answer meanwhile", svc.str("metadata", "name")))
		}
	}
}

// somePods reads the pods of a namespace that have the labels, 500 at most: a
// plan need not count them all.
func (s *Source) somePods(ctx context.Context, namespace string, labels tree) []tree {
	q := url.Values{"limit": {"500"}}
	if len(labels) > 0 {
		pairs := make([]string, 0, len(labels))
		for _, k := range labels.keys() {
			pairs = append(pairs, k+"="+scalar(labels[k]))
		}
		q.Set("labelSelector", strings.Join(pairs, ","))
	}
	b, err := s.client.do(ctx, request{path: builtinByName["pod"].path(namespace), query: q}, nil)
	if err != nil {
		return nil
	}
	list, err := parseTree(b)
	if err != nil {
		return nil
	}
	return list.items("items")
}

func podReady(pod tree) bool {
	return pod.str("metadata", "deletionTimestamp") == "" && slices.ContainsFunc(pod.items("status", "conditions"), func(c tree) bool {
		return c.str("type") == "Ready" && c.str("status") == "True"
	})
}

// claimImpact says what happens to the data behind a claim.
func (d *removal) claimImpact(ctx context.Context, p *core.Plan) {
	name := d.before.str("spec", "volumeName")
	if name == "" {
		return
	}
	_, pv, err := d.s.fetch(ctx, d.s.ref("persistentvolume", "", name, ""))
	if err != nil {
		p.Warnings = append(p.Warnings, text.Sprintf("what happens to the data of volume %s is not known: %s", name, d.s.problem(text.Safe{}, err).Summary))
		return
	}
	d.reclaim(pv, p)
}

func (d *removal) reclaim(pv tree, p *core.Plan) {
	name, policy := pv.str("metadata", "name"), pv.str("spec", "persistentVolumeReclaimPolicy")
	switch {
	case policy == "Delete" && d.k.Name != "persistentvolume":
		p.Warnings = append(p.Warnings, text.Sprintf("the data are lost: volume %s (%s) is deleted with its claim (reclaim policy Delete)", name, pv.str("spec", "capacity", "storage")))
	case policy == "Delete":
		p.Warnings = append(p.Warnings, text.Sprintf("the data may be lost: reclaim policy Delete (%s)", pv.str("spec", "capacity", "storage")))
	default:
		p.Impact = append(p.Impact, text.Sprintf("the data of volume %s stay where they are (reclaim policy %s)", name, policy))
	}
	if claim := pv.str("spec", "claimRef", "name"); claim != "" && d.k.Name == "persistentvolume" {
		p.Warnings = append(p.Warnings, text.Sprintf("claim %s/%s uses it", pv.str("spec", "claimRef", "namespace"), claim))
	}
}

// definitionImpact counts what goes with a custom resource definition.
func (d *removal) definitionImpact(ctx context.Context, p *core.Plan) {
	for _, v := range d.before.items("spec", "versions") {
		if v.str("served") != "true" {
			continue
		}
		n, err := d.s.count(ctx, []string{"apis", d.before.str("spec", "group"), v.str("name"), d.before.str("spec", "names", "plural")})
		if err != nil {
			break
		}
		p.Warnings = append(p.Warnings, text.Sprintf("all %d objects of kind %s in the cluster are deleted with it", n, d.before.str("spec", "names", "kind")))
		return
	}
	p.Warnings = append(p.Warnings, text.Sprintf("all objects of kind %s in the cluster are deleted with it; how many cannot be told", d.before.str("spec", "names", "kind")))
}

// count asks how many objects a collection has, without reading them.
func (s *Source) count(ctx context.Context, path []string) (int, error) {
	var list struct {
		Metadata struct {
			Remaining int `json:"remainingItemCount"`
		} `json:"metadata"`
		Items []struct{} `json:"items"`
	}
	err := s.client.json(ctx, request{path: path, accept: acceptMeta, query: url.Values{"limit": {"1"}}}, &list)
	return len(list.Items) + list.Metadata.Remaining, err
}

// namespaceImpact counts the content of a namespace by kind.
func (d *removal) namespaceImpact(ctx context.Context, p *core.Plan) {
	if err := d.s.kinds.discover(ctx, d.s.client); err != nil {
		p.Warnings = append(p.Warnings, text.Sprintf("not all kinds of objects in it are known: %s", d.s.problem(text.Safe{}, err).Summary))
	}
	var mu sync.Mutex
	found, unseen := map[string]int{}, []string{}
	work := make(chan *kind)
	var done sync.WaitGroup
	for range 6 {
		done.Add(1)
		core.Go("kube: count the content of a namespace", func() {
			defer done.Done()
			for k := range work {
				n, err := d.s.count(ctx, k.path(d.ref.Name))
				mu.Lock()
				switch {
				case err != nil:
					unseen = append(unseen, k.Plural)
				case n > 0:
					found[k.Plural] = n
				}
				mu.Unlock()
			}
		})
	}
	for _, k := range d.s.kinds.namespaced() {
		work <- k
	}
	close(work)
	done.Wait()
	names := slices.Sorted(maps.Keys(found))
	slices.SortStableFunc(names, func(a, b string) int { return found[b] - found[a] })
	if len(names) == 0 {
		p.Impact = append(p.Impact, text.Lit("it is empty"))
	}
	for _, n := range names {
		p.Impact = append(p.Impact, text.Sprintf("%d %s are deleted", found[n], n))
	}
	if len(unseen) > 0 {
		slices.Sort(unseen)
		p.Warnings = append(p.Warnings, text.Sprintf("what may not be listed is deleted too: %s", strings.Join(unseen, ", ")))
	}
	for _, pvc := range d.s.listed(ctx, builtinByName["persistentvolumeclaim"].path(d.ref.Name)...) {
		if name := pvc.str("spec", "volumeName"); name != "" {
			if _, pv, err := d.s.fetch(ctx, d.s.ref("persistentvolume", "", name, "")); err == nil {
				d.reclaim(pv, p)
			}
		}
	}
}

// dependents counts what an object owns, and what that owns.
func (d *removal) dependents(ctx context.Context, p *core.Plan) {
	if d.ref.Namespace == "" {
		p.Warnings = append(p.Warnings, text.Lit("what it owns in the namespaces goes with it; how much cannot be told"))
		return
	}
	kinds := ownable
	if custom(d.k) {
		kinds = customOwnable
	}
	found, more := map[string]int{}, false
	owners := map[string]bool{d.ref.UID: true}
	for _, name := range kinds { // owners stand before what they own
		if name == d.k.Name {
			continue
		}
		b, err := d.s.client.do(ctx, request{path: builtinByName[name].path(d.ref.Namespace), accept: acceptMeta, query: url.Values{"limit": {"5000"}}}, nil)
		if err != nil {
			continue
		}
		list, err := parseTree(b)
		if err != nil {
			continue
		}
		more = more || list.str("metadata", "continue") != ""
		for _, o := range list.items("items") {
			if slices.ContainsFunc(o.items("metadata", "ownerReferences"), func(w tree) bool { return owners[w.str("uid")] }) {
				owners[o.str("metadata", "uid")] = true
				found[builtinByName[name].Plural]++
			}
		}
	}
	least := text.Safe{}
	if more {
		least = text.Lit("at least ")
	}
	for _, n := range slices.Sorted(maps.Keys(found)) {
		if d.how.Cascade == "orphan" {
			p.Impact = append(p.Impact, text.Sprintf("%s%d %s go on without it", least, found[n], n))
		} else {
			p.Impact = append(p.Impact, text.Sprintf("%s%d %s are deleted with it", least, found[n], n))
		}
	}
}

// users are the fields of a pod that name an object of a kind.
var users = map[string]map[string]string{
	"configmap":             {"configMap": "name", "configMapRef": "name", "configMapKeyRef": "name"},
	"secret":                {"secret": "secretName", "secretRef": "name", "secretKeyRef": "name"},
	"persistentvolumeclaim": {"persistentVolumeClaim": "claimName"},
}

// usedBy counts the pods that name an object.
func usedBy(kind, name string, pods []tree) int {
	n := 0
	for _, p := range pods {
		if names(p["spec"], users[kind], name) {
			n++
		}
	}
	return n
}

func names(v any, fields map[string]string, name string) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, x := range v {
			if list, ok := x.([]any); ok && key == "imagePullSecrets" && fields["secretRef"] != "" {
				for _, x := range list {
					if m, _ := x.(map[string]any); m["name"] == name {
						return true
					}
				}
			}
			if at := fields[key]; at != "" {
				m, _ := x.(map[string]any)
				if m[at] == name || m["name"] == name { // a projected secret has "name"
					return true
				}
			}
			if names(x, fields, name) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(x any) bool { return names(x, fields, name) })
	}
	return false
}
