package kube

import (
	"fmt"
	"strings"
)

func (p *page) pod(o tree) {
	p.section("Placement")
	p.field("Node", o.str("spec", "nodeName"))
	p.field("Pod IP", o.str("status", "podIP"))
	p.field("QoS class", o.str("status", "qosClass"))
	p.field("Service account", o.str("spec", "serviceAccountName"))
	p.field("Priority class", o.str("spec", "priorityClassName"))
	p.field("Restart policy", o.str("spec", "restartPolicy"))
	p.containers(o.sub("spec"), o.sub("status"))
	if vols := o.items("spec", "volumes"); len(vols) > 0 {
		p.section("Volumes")
		for _, v := range vols {
			p.line("  %-24s %s", v.str("name"), volumeText(v))
		}
	}
	if list := o.items("spec", "tolerations"); len(list) > 0 {
		p.section("Tolerations")
		for _, t := range list {
			p.line("  %s", strings.TrimSpace(strings.Join([]string{t.str("key"), t.str("operator"), t.str("value"), t.str("effect")}, " ")))
		}
	}
}

func volumeText(v tree) string {
	for _, k := range v.keys() {
		if k == "name" {
			continue
		}
		for _, id := range []string{"claimName", "secretName", "name", "path", "driver"} {
			if s := v.str(k, id); s != "" {
				return k + " " + s
			}
		}
		return k
	}
	return ""
}

// containers writes every container of a pod spec with its state, if the
// status is given.
func (p *page) containers(spec, status tree) {
	for _, group := range []struct{ title, spec, status string }{
		{"Init container", "initContainers", "initContainerStatuses"},
		{"Container", "containers", "containerStatuses"},
		{"Ephemeral container", "ephemeralContainers", "ephemeralContainerStatuses"},
	} {
		states := map[string]tree{}
		for _, s := range status.items(group.status) {
			states[s.str("name")] = s
		}
		for _, c := range spec.items(group.spec) {
			p.section(group.title + " " + c.str("name"))
			if s := states[c.str("name")]; s != nil {
				p.containerState(s)
			}
			p.container(c)
		}
	}
}

func (p *page) containerState(s tree) {
	p.field("State", p.stateText(s.sub("state")))
	p.field("Last state", p.stateText(s.sub("lastState")))
	p.field("Ready", s.str("ready"))
	p.field("Restarts", s.str("restartCount"))
	p.field("Image ID", s.str("imageID"))
}

// stateText says a container state, which has one of its three members set.
func (p *page) stateText(s tree) string {
	if len(s) == 0 {
		return ""
	}
	k := s.keys()[0]
	m := s.sub(k)
	parts := []string{k}
	if r := m.str("reason"); r != "" {
		parts = append(parts, r)
	}
	if k == "terminated" {
		parts = append(parts, "exit code "+m.str("exitCode"))
		if n := m.num("signal"); n != 0 {
			parts = append(parts, fmt.Sprintf("signal %d", n))
		}
		if at := m.time("finishedAt"); !at.IsZero() {
			parts = append(parts, ago(p.now.Sub(at))+" ago, ran "+ago(at.Sub(m.time("startedAt"))))
		}
	} else if at := m.time("startedAt"); !at.IsZero() {
		parts = append(parts, "since "+ago(p.now.Sub(at)))
	}
	if msg := m.str("message"); msg != "" {
		parts = append(parts, msg)
	}
	return strings.Join(parts, ", ")
}

func (p *page) container(c tree) {
	p.field("Image", c.str("image"))
	p.field("Pull policy", c.str("imagePullPolicy"))
	p.field("Command", joined(c.at("command")))
	p.field("Arguments", joined(c.at("args")))
	for _, port := range c.items("ports") {
		p.field("Port", strings.TrimSpace(port.str("containerPort")+"/"+port.str("protocol")+" "+port.str("name")))
	}
	for _, part := range []string{"requests", "limits"} {
		m := c.sub("resources", part)
		var list []string
		for _, k := range m.keys() {
			list = append(list, k+" "+scalar(m[k]))
		}
		p.field(strings.ToUpper(part[:1])+part[1:], strings.Join(list, ", "))
	}
	for _, kind := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
		p.field(strings.ToUpper(kind[:1])+strings.TrimSuffix(kind[1:], "Probe")+" probe", probeText(c.sub(kind)))
	}
	for _, e := range c.items("envFrom") {
		for _, k := range []string{"configMapRef", "secretRef"} {
			if n := e.str(k, "name"); n != "" {
				p.field("Environment from", strings.TrimSuffix(k, "Ref")+" "+n)
			}
		}
	}
	for _, e := range c.items("env") {
		v := e.str("value")
		for _, from := range []struct{ kind, what string }{{"secretKeyRef", "secret"}, {"configMapKeyRef", "config map"}} {
			if n := e.str("valueFrom", from.kind, "name"); n != "" {
				v = fmt.Sprintf("(key %s of %s %s)", e.str("valueFrom", from.kind, "key"), from.what, n)
			}
		}
		if f := e.str("valueFrom", "fieldRef", "fieldPath"); f != "" {
			v = "(" + f + ")"
		}
		p.field("Environment", e.str("name")+"="+v)
	}
	for _, m := range c.items("volumeMounts") {
		ro := ""
		if m.str("readOnly") == "true" {
			ro = " (read-only)"
		}
		p.field("Mount", m.str("mountPath")+" from "+m.str("name")+ro)
	}
}

func joined(v any) string {
	list, _ := v.([]any)
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = scalar(x)
	}
	return strings.Join(parts, " ")
}

func probeText(m tree) string {
	if m == nil {
		return ""
	}
	what := "exec " + joined(m.at("exec", "command"))
	switch {
	case m.sub("httpGet") != nil:
		what = "http :" + m.str("httpGet", "port") + m.str("httpGet", "path")
	case m.sub("tcpSocket") != nil:
		what = "tcp :" + m.str("tcpSocket", "port")
	case m.sub("grpc") != nil:
		what = "grpc :" + m.str("grpc", "port")
	}
	return fmt.Sprintf("%s every %ss, %s failures, time-out %ss", what, m.str("periodSeconds"), m.str("failureThreshold"), m.str("timeoutSeconds"))
}

func (p *page) workload(o tree) {
	p.section("Workload")
	p.field("Replicas", o.str("spec", "replicas"))
	p.field("Strategy", o.str("spec", "strategy", "type")+o.str("spec", "updateStrategy", "type"))
	for _, part := range []string{"strategy", "updateStrategy"} {
		m := o.sub("spec", part, "rollingUpdate")
		for _, k := range m.keys() {
			p.field("  "+k, scalar(m[k]))
		}
	}
	p.field("Min ready", o.str("spec", "minReadySeconds"))
	p.field("Deadline", o.str("spec", "progressDeadlineSeconds"))
	p.field("Paused", o.str("spec", "paused"))
	p.pairs("Selector", o.sub("spec", "selector", "matchLabels"))
	p.containers(o.sub("spec", "template", "spec"), nil)
}

func (p *page) node(o tree) {
	p.section("System")
	info := o.sub("status", "nodeInfo")
	for _, k := range []string{"kubeletVersion", "containerRuntimeVersion", "osImage", "kernelVersion", "architecture"} {
		p.field(k, info.str(k))
	}
	for _, a := range o.items("status", "addresses") {
		p.field(a.str("type"), a.str("address"))
	}
	for _, part := range []string{"capacity", "allocatable"} {
		p.pairs(strings.ToUpper(part[:1])+part[1:], o.sub("status", part))
	}
	if taints := o.items("spec", "taints"); len(taints) > 0 {
		p.section("Taints")
		for _, t := range taints {
			p.line("  %s=%s:%s", t.str("key"), t.str("value"), t.str("effect"))
		}
	}
}
