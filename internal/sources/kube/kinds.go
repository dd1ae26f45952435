package kube

import (
	"net/url"
	"strings"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// kind is how one kind of object is read. Built-in kinds have reduce; all
// others are read as the server's own table.
type kind struct {
	core.Kind
	group, version, resource string
	gvkKind                  string // "ReplicaSet"
	// reduce makes a row of one encoded object; nil: read as a table.
	reduce func(*reducer, []byte) (*core.Resource, error)
	// custom is reduce for custom resources, whose encoding is JSON: decode reads
	// the object. The metadata come with an error too, as far as they could be read.
	custom   func(x *reducer, decode func(any) error) (*core.Resource, *argo.Meta, error)
	selector string // labels of the objects that are listed; "": all
	bare     bool   // without a status subresource
	list     bool   // false: no list or no watch verb (discovered kinds)
	watch    bool
}

// path is the collection's address; namespace "" is all of them.
func (k *kind) path(namespace string) []string {
	p := []string{"api", k.version}
	if k.group != "" {
		p = []string{"apis", k.group, k.version}
	}
	if namespace != "" && k.Namespaced {
		p = append(p, "namespaces", namespace)
	}
	return append(p, k.resource)
}

// chosen is the query that lists the kind's objects only.
func (k *kind) chosen() url.Values {
	q := url.Values{}
	if k.selector != "" {
		q.Set("labelSelector", k.selector)
	}
	return q
}

// object is one object's address.
func (k *kind) object(r core.Ref, sub ...string) []string {
	return append(append(k.path(r.Namespace), r.Name), sub...)
}

func (k *kind) apiVersion() string {
	if k.group == "" {
		return k.version
	}
	return k.group + "/" + k.version
}

var builtin = []*kind{
	{
		Kind: core.Kind{Name: "pod", Plural: "pods", Aliases: []string{"po"}, Title: text.Lit("Pods"), Namespaced: true, Logs: true, Rank: 10, Columns: []core.Column{
			nameCol, col("ready", "READY", core.Text), statusCol, col("restarts", "RESTARTS", core.Number),
			{ID: "cpu", Title: text.Lit("CPU"), Type: core.CPU, Usage: core.CPUUsed, Min: 5},
			{ID: "mem", Title: text.Lit("MEM"), Type: core.Bytes, Usage: core.MemUsed, Min: 6},
			// A Percent column of a measure shows its share of the limit.
			{ID: "cpu%", Title: text.Lit("%CPU/L"), Type: core.Percent, Usage: core.CPUUsed},
			{ID: "mem%", Title: text.Lit("%MEM/L"), Type: core.Percent, Usage: core.MemUsed},
			wide(col("ip", "IP", core.Text)), col("node", "NODE", core.Text), ageCol,
		}},
		version: "v1", resource: "pods", gvkKind: "Pod", reduce: pruned(prunePod, reducePod),
	},
	{
		Kind: core.Kind{Name: "deployment", Plural: "deployments", Aliases: []string{"deploy"}, Title: text.Lit("Deployments"), Namespaced: true, Logs: true, Workload: true, Rank: 20, Columns: []core.Column{
			nameCol, col("ready", "READY", core.Text), statusCol, col("up-to-date", "UP-TO-DATE", core.Number), col("available", "AVAILABLE", core.Number), imagesCol, wide(selectorCol), ageCol,
		}},
		group: "apps", version: "v1", resource: "deployments", gvkKind: "Deployment", reduce: typed(reduceDeployment),
	},
	{
		Kind: core.Kind{Name: "statefulset", Plural: "statefulsets", Aliases: []string{"sts"}, Title: text.Lit("StatefulSets"), Namespaced: true, Logs: true, Workload: true, Rank: 21, Columns: []core.Column{
			nameCol, col("ready", "READY", core.Text), statusCol, col("up-to-date", "UP-TO-DATE", core.Number), col("available", "AVAILABLE", core.Number), imagesCol, ageCol,
		}},
		group: "apps", version: "v1", resource: "statefulsets", gvkKind: "StatefulSet", reduce: typed(reduceStatefulSet),
	},
	{
		Kind: core.Kind{Name: "daemonset", Plural: "daemonsets", Aliases: []string{"ds"}, Title: text.Lit("DaemonSets"), Namespaced: true, Logs: true, Workload: true, Rank: 22, Columns: []core.Column{
			nameCol, col("ready", "READY", core.Text), statusCol, col("up-to-date", "UP-TO-DATE", core.Number), col("available", "AVAILABLE", core.Number), wide(col("node-selector", "NODE SELECTOR", core.Text)), imagesCol, ageCol,
		}},
		group: "apps", version: "v1", resource: "daemonsets", gvkKind: "DaemonSet", reduce: typed(reduceDaemonSet),
	},
	{
		Kind: core.Kind{Name: "replicaset", Plural: "replicasets", Aliases: []string{"rs"}, Title: text.Lit("ReplicaSets"), Namespaced: true, Logs: true, Workload: true, Rank: 23, Columns: []core.Column{
			nameCol, col("ready", "READY", core.Text), statusCol, col("revision", "REVISION", core.Number), imagesCol, ageCol,
		}},
		group: "apps", version: "v1", resource: "replicasets", gvkKind: "ReplicaSet", reduce: typed(reduceReplicaSet),
	},
	{
		Kind: core.Kind{Name: "job", Plural: "jobs", Title: text.Lit("Jobs"), Namespaced: true, Logs: true, Workload: true, Rank: 24, Columns: []core.Column{
			nameCol, statusCol, col("completions", "COMPLETIONS", core.Text), col("duration", "DURATION", core.Duration), imagesCol, ageCol,
		}},
		group: "batch", version: "v1", resource: "jobs", gvkKind: "Job", reduce: typed(reduceJob),
	},
	{
		Kind: core.Kind{Name: "cronjob", Plural: "cronjobs", Aliases: []string{"cj"}, Title: text.Lit("CronJobs"), Namespaced: true, Logs: true, Workload: true, Rank: 25, Columns: []core.Column{
			nameCol, col("schedule", "SCHEDULE", core.Text), wide(col("timezone", "TIMEZONE", core.Text)), statusCol, col("active", "ACTIVE", core.Number), col("last", "LAST SCHEDULE", core.Age), imagesCol, ageCol,
		}},
		group: "batch", version: "v1", resource: "cronjobs", gvkKind: "CronJob", reduce: typed(reduceCronJob),
	},
	{
		Kind: core.Kind{Name: "node", Plural: "nodes", Aliases: []string{"no"}, Title: text.Lit("Nodes"), Rank: 30, Columns: []core.Column{
			nameCol, statusCol, col("roles", "ROLES", core.Text), col("version", "VERSION", core.Text),
			{ID: "cpu", Title: text.Lit("CPU"), Type: core.CPU, Usage: core.CPUUsed, Min: 5},
			{ID: "mem", Title: text.Lit("MEM"), Type: core.Bytes, Usage: core.MemUsed, Min: 6},
			{ID: "cpu%", Title: text.Lit("%CPU"), Type: core.Percent, Usage: core.CPUUsed},
			{ID: "mem%", Title: text.Lit("%MEM"), Type: core.Percent, Usage: core.MemUsed},
			col("pods", "PODS", core.Number), wide(col("ip", "INTERNAL-IP", core.Text)), wide(col("external-ip", "EXTERNAL-IP", core.Text)),
			wide(col("os", "OS-IMAGE", core.Text)), wide(col("kernel", "KERNEL", core.Text)), wide(col("runtime", "RUNTIME", core.Text)), wide(col("arch", "ARCH", core.Text)), ageCol,
		}},
		version: "v1", resource: "nodes", gvkKind: "Node", reduce: typed(reduceNode),
	},
	{
		Kind: core.Kind{Name: "service", Plural: "services", Aliases: []string{"svc"}, Title: text.Lit("Services"), Namespaced: true, Logs: true, Rank: 40, Columns: []core.Column{
			nameCol, col("type", "TYPE", core.Text), col("cluster-ip", "CLUSTER-IP", core.Text), col("external-ip", "EXTERNAL-IP", core.Text), col("ports", "PORT(S)", core.Text), statusCol, wide(selectorCol), ageCol,
		}},
		version: "v1", resource: "services", gvkKind: "Service", reduce: typed(reduceService),
	},
	{
		Kind: core.Kind{Name: "ingress", Plural: "ingresses", Aliases: []string{"ing"}, Title: text.Lit("Ingresses"), Namespaced: true, Rank: 41, Columns: []core.Column{
			nameCol, col("class", "CLASS", core.Text), flex(col("hosts", "HOSTS", core.Text)), col("address", "ADDRESS", core.Text), col("ports", "PORTS", core.Text), statusCol, ageCol,
		}},
		group: "networking.k8s.io", version: "v1", resource: "ingresses", gvkKind: "Ingress", reduce: typed(reduceIngress),
	},
	{
		Kind: core.Kind{Name: "event", Plural: "events", Aliases: []string{"ev"}, Title: text.Lit("Events"), Namespaced: true, Rank: 60, Columns: []core.Column{
			col("last", "LAST SEEN", core.Age), statusCol, col("reason", "REASON", core.Text), col("object", "OBJECT", core.Text), flex(col("message", "MESSAGE", core.Text)), col("count", "COUNT", core.Number), wide(col("from", "FROM", core.Text)), wide(nameCol),
		}},
		version: "v1", resource: "events", gvkKind: "Event", reduce: typed(reduceEvent),
	},
	{
		Kind: core.Kind{Name: "configmap", Plural: "configmaps", Aliases: []string{"cm"}, Title: text.Lit("ConfigMaps"), Namespaced: true, Rank: 50, Columns: []core.Column{
			nameCol, col("data", "DATA", core.Number), col("size", "SIZE", core.Bytes), wide(flex(col("keys", "KEYS", core.Text))), ageCol,
		}},
		version: "v1", resource: "configmaps", gvkKind: "ConfigMap", reduce: reduceConfigMap,
	},
	{
		Kind: core.Kind{Name: "secret", Plural: "secrets", Title: text.Lit("Secrets"), Namespaced: true, Rank: 51, Columns: []core.Column{
			nameCol, col("type", "TYPE", core.Text), col("data", "DATA", core.Number), col("size", "SIZE", core.Bytes), wide(flex(col("keys", "KEYS", core.Text))), ageCol,
		}},
		version: "v1", resource: "secrets", gvkKind: "Secret", reduce: reduceSecret,
	},
	{
		Kind: core.Kind{Name: "persistentvolumeclaim", Plural: "persistentvolumeclaims", Aliases: []string{"pvc"}, Title: text.Lit("Volume claims"), Namespaced: true, Rank: 52, Columns: []core.Column{
			nameCol, statusCol, col("volume", "VOLUME", core.Text), col("capacity", "CAPACITY", core.Bytes), col("access", "ACCESS MODES", core.Text), col("class", "STORAGECLASS", core.Text), wide(col("mode", "VOLUMEMODE", core.Text)), ageCol,
		}},
		version: "v1", resource: "persistentvolumeclaims", gvkKind: "PersistentVolumeClaim", reduce: typed(reducePVC),
	},
	{
		Kind: core.Kind{Name: "namespace", Plural: "namespaces", Aliases: []string{"ns"}, Title: text.Lit("Namespaces"), Rank: 31, Columns: []core.Column{
			nameCol, statusCol, ageCol,
		}},
		version: "v1", resource: "namespaces", gvkKind: "Namespace", reduce: typed(reduceNamespace),
	},
	{
		Kind: core.Kind{Name: "horizontalpodautoscaler", Plural: "horizontalpodautoscalers", Aliases: []string{"hpa"}, Title: text.Lit("Autoscalers"), Namespaced: true, Rank: 42, Columns: []core.Column{
			nameCol, col("reference", "REFERENCE", core.Text), flex(col("targets", "TARGETS", core.Text)), statusCol, col("min", "MINPODS", core.Number), col("max", "MAXPODS", core.Number), col("replicas", "REPLICAS", core.Number), ageCol,
		}},
		group: "autoscaling", version: "v2", resource: "horizontalpodautoscalers", gvkKind: "HorizontalPodAutoscaler", reduce: typed(reduceHPA),
	},
}

// defaults are watched when nothing special is asked for.
var defaults = []string{"deployment", "pod"}

var (
	nameCol     = core.Column{ID: "name", Title: text.Lit("NAME"), Type: core.Name, Flex: true}
	statusCol   = core.Column{ID: "status", Title: text.Lit("STATUS"), Type: core.Status}
	ageCol      = core.Column{ID: "age", Title: text.Lit("AGE"), Type: core.Age, Min: 4}
	imagesCol   = core.Column{ID: "images", Title: text.Lit("IMAGES"), Type: core.Text, Flex: true}
	selectorCol = core.Column{ID: "selector", Title: text.Lit("SELECTOR"), Type: core.Text}
)

func col(id, title string, t core.ColumnType) core.Column {
	return core.Column{ID: id, Title: text.Clean(title), Type: t}
}

func wide(c core.Column) core.Column { c.Wide = true; return c }
func flex(c core.Column) core.Column { c.Flex = true; return c }

// The built-in kinds by group/Kind and by name. They are filled by init: the
// reducers in builtin name the kinds of owners.
var (
	builtinByGVK  = map[string]*kind{}
	builtinByName = map[string]*kind{}
)

func init() {
	builtin = append(builtin, releaseKind)
	for _, k := range builtin {
		k.list, k.watch = true, true
		k.Verbs = verbsOf(k.Name)
		if k != releaseKind { // its objects are secrets
			builtinByGVK[k.group+"/"+k.gvkKind] = k
		}
		builtinByName[k.Name] = k
	}
}

// kindName names the kind of an owner reference or of any object as our rows
// do: the lower-case singular, with its group when it would be mistaken for a
// built-in kind.
func kindName(apiVersion, gvkKind string) string {
	group, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		group = ""
	}
	if k := builtinByGVK[group+"/"+gvkKind]; k != nil {
		return k.Name
	}
	name := strings.ToLower(gvkKind)
	if builtinByName[name] != nil || reserved[name] != "" && reserved[name] != group {
		return name + "." + group
	}
	return name
}
