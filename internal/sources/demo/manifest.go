package demo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Manifest returns the object's definition as YAML. There are no secrets in
// this world: variables that would hold one are redacted, as they would be.
func (s *Source) Manifest(ctx context.Context, ref core.Ref) (core.Document, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	defer done()
	return core.Document{Title: text.Clean(ref.Path()), Syntax: "yaml", Lines: text.Document(define(o))}, nil
}

// define writes the definition of an object.
func define(o object) string {
	var y sketch
	switch o := o.(type) {
	case *deployment:
		y.head("apps/v1", "Deployment", o.ref(), o.rev(), o.created)
		y.line(1, "generation", o.generation)
		y.labels(1, "labels", o.allLabels())
		y.line(0, "spec", nil)
		if o.paused {
			y.line(1, "paused", true)
		}
		y.line(1, "replicas", o.replicas)
		y.line(1, "selector", nil)
		y.labels(2, "matchLabels", o.service.selector())
		y.raw(1, "strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}")
		y.template(o.current)
		y.line(0, "status", nil)
		y.line(1, "replicas", len(o.live()))
		y.line(1, "readyReplicas", o.ready())
		y.line(1, "updatedReplicas", len(o.current.live()))
	case *replicaSet:
		y.head("apps/v1", "ReplicaSet", o.ref(), strconv.Itoa(o.revision), o.created)
		y.owner("Deployment", o.dep.ref())
		y.line(0, "spec", nil)
		y.line(1, "replicas", len(o.live()))
		y.template(o)
		y.line(0, "status", nil)
		y.line(1, "readyReplicas", o.ready())
	case *pod:
		_, why, _ := o.status()
		y.head("v1", "Pod", o.ref(), strconv.Itoa(o.step), o.created)
		y.labels(1, "labels", o.rs.dep.service.selector())
		y.owner("ReplicaSet", o.rs.ref())
		y.line(0, "spec", nil)
		y.line(1, "nodeName", o.nodeName())
		y.containers(1, o.rs)
		y.line(0, "status", nil)
		y.line(1, "phase", why)
		y.line(1, "podIP", o.ip)
		y.line(1, "restartCount", o.restarts)
	case *endpoint:
		y.head("v1", "Service", o.ref(), "1", o.created)
		y.line(0, "spec", nil)
		y.line(1, "clusterIP", o.ip)
		y.labels(1, "selector", o.dep.service.selector())
		y.raw(1, fmt.Sprintf("ports: [{name: http, port: 80, targetPort: %d, protocol: TCP}]", o.dep.service.port))
	case *node:
		y.head("v1", "Node", o.ref(), strconv.Itoa(o.spec), o.created)
		if o.cordoned {
			y.line(0, "spec", nil)
			y.line(1, "unschedulable", true)
		}
		y.line(0, "status", nil)
		y.raw(1, fmt.Sprintf("capacity: {cpu: %.0fm, memory: %.0fMi}", o.cpu, o.mem/mebi))
	case *happening:
		y.head("v1", "Event", o.ref(), strconv.Itoa(o.count), o.first)
		y.line(0, "reason", o.reason)
		y.line(0, "message", o.message)
		y.line(0, "count", o.count)
		y.line(0, "involvedObject", nil)
		y.line(1, "kind", o.about.Kind)
		y.line(1, "name", o.about.Name)
	case *run:
		y.pipeline(o)
	case *job:
		y.pipeline(o.run)
	case *workflow:
		y.workflow(o)
	case *target:
		y.line(0, "name", o.place.scope)
		y.line(0, "protected", o.place.scope == Prod)
		y.line(0, "deployed", o.rev())
	case *application:
		y.application(o)
	case *canary:
		y.canary(o)
	case *container:
		y.compose(o)
	case *project:
		y.line(0, "name", o.name)
		y.line(0, "services", nil)
		for _, c := range o.containers {
			y.line(1, c.service, nil)
			y.line(2, "image", c.image)
			if c.limit > 0 {
				y.line(2, "mem_limit", fmt.Sprintf("%.0fm", c.limit/mebi))
			}
		}
	case *picture:
		y.line(0, "name", o.name)
		y.line(0, "id", o.digest)
		y.line(0, "size", int(o.size))
		y.line(0, "created", stamp(o.created))
	case *settings:
		y.settings(o)
	case *cronjob:
		y.cronjob(o)
	case *host:
		y.line(0, "Name", o.name())
		y.line(0, "ServerVersion", hostVersion)
	}
	return y.String()
}

// sketch writes block YAML. Strings are quoted where they could be misread.
type sketch struct{ strings.Builder }

func (y *sketch) raw(depth int, s string) {
	y.WriteString(strings.Repeat("  ", depth) + s + "\n")
}

func (y *sketch) line(depth int, key string, value any) {
	switch v := value.(type) {
	case nil:
		y.raw(depth, key+":")
	case string:
		y.raw(depth, key+": "+quoted(v))
	default:
		y.raw(depth, fmt.Sprintf("%s: %v", key, v))
	}
}

// quoted quotes all that is not plainly a word.
func quoted(s string) string {
	plain := s != ""
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || !(r >= '0' && r <= '9') && !strings.ContainsRune("-_./", r)) {
			plain = false
		}
	}
	if plain && s != "true" && s != "false" && s != "null" && s != "yes" && s != "no" {
		return s
	}
	return strconv.Quote(s)
}

func (y *sketch) labels(depth int, key string, m map[string]string) {
	y.line(depth, key, nil)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		y.line(depth+1, k, m[k])
	}
}

func (y *sketch) head(api, kind string, ref core.Ref, rev string, created time.Time) {
	y.line(0, "apiVersion", api)
	y.line(0, "kind", kind)
	y.line(0, "metadata", nil)
	y.line(1, "name", ref.Name)
	if ref.Namespace != "" {
		y.line(1, "namespace", ref.Namespace)
	}
	y.line(1, "uid", ref.UID)
	y.line(1, "resourceVersion", rev)
	y.line(1, "creationTimestamp", stamp(created))
}

func (y *sketch) owner(kind string, ref core.Ref) {
	y.raw(1, "ownerReferences:")
	y.raw(1, "- controller: true")
	y.line(2, "kind", kind)
	y.line(2, "name", ref.Name)
	y.line(2, "uid", ref.UID)
}

func (y *sketch) template(rs *replicaSet) {
	y.line(1, "template", nil)
	y.line(2, "metadata", nil)
	y.labels(3, "labels", rs.dep.service.selector())
	y.line(3, "annotations", nil)
	y.line(4, "org.opencontainers.image.revision", rs.build.commit.sha)
	if !rs.restarted.IsZero() {
		y.line(4, "kubectl.kubernetes.io/restartedAt", stamp(rs.restarted))
	}
	y.line(2, "spec", nil)
	y.containers(3, rs)
}

func (y *sketch) containers(depth int, rs *replicaSet) {
	s := rs.dep.service
	for _, c := range s.containers {
		if isInit(c) {
			y.raw(depth, "initContainers:")
			y.raw(depth, "- name: "+c[len("init:"):])
			y.line(depth+1, "image", "registry.acme.example/flyway:11.3")
		}
	}
	y.raw(depth, "containers:")
	for _, c := range s.containers {
		if isInit(c) {
			continue
		}
		y.raw(depth, "- name: "+c)
		if c != "app" {
			y.line(depth+1, "image", proxyImage)
			continue
		}
		y.line(depth+1, "image", rs.build.image)
		y.raw(depth+1, "env:")
		y.raw(depth+1, "- name: DB_PASSWORD")
		y.raw(depth+1, "  value: <redacted>")
		y.raw(depth+1, "resources:")
		y.raw(depth+2, fmt.Sprintf("limits: {cpu: %.0fm, memory: %.0fMi}", s.cpuLimit, s.memLimit/mebi))
		y.raw(depth+2, fmt.Sprintf("requests: {cpu: %.0fm, memory: %.0fMi}", s.cpuRequest, s.memRequest/mebi))
	}
}

func (y *sketch) pipeline(r *run) {
	y.line(0, "name", r.flow.name)
	y.line(0, "on", r.event)
	y.line(0, "run", r.number)
	y.line(0, "branch", r.build.commit.branch)
	y.line(0, "commit", r.build.commit.sha)
	y.line(0, "message", r.build.commit.message)
	y.line(0, "stages", nil)
	for _, s := range r.flow.stages {
		y.raw(0, "- stage: "+s)
		y.raw(1, "jobs:")
		for _, j := range r.jobs {
			if j.stage == s {
				y.raw(1, "- name: "+j.name)
				y.line(2, "status", j.status.String())
			}
		}
	}
}

func (y *sketch) compose(c *container) {
	y.line(0, "Name", c.name())
	y.line(0, "Id", c.uid)
	y.line(0, "Image", c.image)
	y.line(0, "Created", stamp(c.created))
	y.line(0, "State", nil)
	y.line(1, "Running", c.state == up)
	y.line(1, "ExitCode", c.last().exit)
	y.line(1, "OOMKilled", c.last().reason == "OOMKilled")
	y.line(1, "StartedAt", stamp(c.last().start))
	y.line(0, "RestartCount", c.restarts)
	y.line(0, "Ports", c.ports)
	y.labels(0, "Labels", map[string]string{"com.docker.compose.project": c.project.name})
}
