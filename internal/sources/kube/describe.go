package kube

import (
	"context"
	"fmt"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// page is a description being written: titled sections of aligned fields.
type page struct {
	lines []text.Line
	now   time.Time
}

func (p *page) line(format string, args ...any) {
	for l := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
		p.lines = append(p.lines, text.CleanLine(l))
	}
}

func (p *page) section(title string) {
	if len(p.lines) > 0 {
		p.line("")
	}
	p.line("%s", title)
}

// field writes "  name   value"; nothing if there is no value.
func (p *page) field(name, value string) {
	if value == "" {
		return
	}
	first, rest, more := strings.Cut(value, "\n")
	p.line("  %-18s %s", name, first)
	for more {
		first, rest, more = strings.Cut(rest, "\n")
		p.line("  %-18s %s", "", first)
	}
}

func (p *page) when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 MST") + " (" + ago(p.now.Sub(t)) + " ago)"
}

// Describe tells what a human wants to know of an object: what it is, whose,
// its state and why, its containers, what is configured, what happened.
func (s *Source) Describe(ctx context.Context, ref core.Ref) (core.Document, error) {
	if ref.Kind == kindRelease {
		return s.describeRelease(ctx, ref)
	}
	k, o, err := s.fetch(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	redact(o)
	p := &page{now: s.now()}
	p.head(k, o)
	if r, err := s.Get(ctx, ref); err == nil {
		p.state(k, r)
	}
	p.conditions(o)
	switch k.Name {
	case "pod":
		p.pod(o)
	case "deployment", "statefulset", "daemonset", "replicaset", "job":
		p.workload(o)
	case kindRollout:
		p.workload(o)
		p.rollout(o)
	case kindApplication:
		p.application(o, s.windows(ctx, o))
	case "cronjob":
		p.section("Job template")
		p.containers(o.sub("spec", "jobTemplate", "spec", "template", "spec"), nil)
	case "node":
		p.node(o)
	case "secret", "configmap":
		p.data(o)
	case "service":
		p.service(o)
	default:
		p.rest(o)
	}
	if events, err := s.Events(ctx, ref); err != nil {
		p.section("Events")
		p.line("  %s", text.Error(err))
	} else {
		p.events(events)
	}
	return core.Document{Title: text.Sprintf("%s/%s", k.Name, ref.Name), Lines: p.lines}, nil
}

func (p *page) head(k *kind, o tree) {
	p.section(k.gvkKind + " " + o.str("metadata", "name"))
	p.field("Namespace", o.str("metadata", "namespace"))
	p.field("Created", p.when(o.time("metadata", "creationTimestamp")))
	if at := o.time("metadata", "deletionTimestamp"); !at.IsZero() {
		p.field("Deletion", p.when(at))
	}
	for _, w := range o.items("metadata", "ownerReferences") {
		p.field("Owner", w.str("kind")+"/"+w.str("name"))
	}
	p.field("API version", k.apiVersion())
	p.field("UID", o.str("metadata", "uid"))
	if f, ok := o.at("metadata", "finalizers").([]any); ok {
		for _, x := range f {
			p.field("Finalizer", scalar(x))
		}
	}
	p.pairs("Labels", o.sub("metadata", "labels"))
	p.pairs("Annotations", o.sub("metadata", "annotations"))
}

func (p *page) pairs(title string, m tree) {
	if len(m) == 0 {
		return
	}
	p.section(title)
	for _, k := range m.keys() {
		v := scalar(m[k])
		if len(v) > 400 {
			v = v[:400] + fmt.Sprintf("… +%d bytes", len(v)-400)
		}
		p.line("  %s = %s", k, v)
	}
}

func (p *page) state(k *kind, r *core.Resource) {
	p.section("State")
	p.field("Phase", r.Phase.String())
	p.field("Status", r.Reason.String())
	p.field("Why", r.Message.String())
	for i, c := range k.Columns {
		if i < len(r.Cells) && c.Type != core.Name && c.Type != core.Status && c.Type != core.Age {
			p.field(c.Title.String(), r.Cells[i].Text.String())
		}
	}
}

func (p *page) conditions(o tree) {
	list := o.items("status", "conditions")
	if len(list) == 0 {
		return
	}
	p.section("Conditions")
	for _, c := range list {
		since := c.time("lastTransitionTime")
		age := ""
		if !since.IsZero() {
			age = ago(p.now.Sub(since))
		}
		msg := c.str("reason")
		if m := c.str("message"); m != "" {
			if msg != "" {
				msg += ": "
			}
			msg += m
		}
		p.line("  %-26s %-8s %5s  %s", c.str("type"), c.str("status"), age, msg)
	}
}

func (p *page) events(events []core.Event) {
	p.section("Events")
	if len(events) == 0 {
		p.line("  none in the last hour")
	}
	for i, e := range events {
		if i == 50 {
			p.line("  … %d older ones", len(events)-i)
			break
		}
		kind := "Normal"
		if e.Warning {
			kind = "Warning"
		}
		times := ""
		if e.Count > 1 {
			times = fmt.Sprintf(" (x%d)", e.Count)
		}
		p.line("  %5s  %-7s %-22s %s%s", ago(p.now.Sub(time.Unix(0, e.At))), kind, e.Reason.String(), e.Message.String(), times)
	}
}

// rest shows the spec and status of kinds that have no page of their own.
func (p *page) rest(o tree) {
	for _, part := range []string{"spec", "status"} {
		m := o.sub(part)
		delete(m, "conditions")
		if len(m) == 0 {
			continue
		}
		b, err := toYAML(m)
		if err != nil {
			continue
		}
		p.section(strings.ToUpper(part[:1]) + part[1:])
		for l := range strings.SplitSeq(strings.TrimRight(string(b), "\n"), "\n") {
			p.line("  %s", l)
		}
	}
}

func (p *page) data(o tree) {
	for _, part := range []string{"data", "binaryData"} {
		m := o.sub(part)
		if len(m) == 0 {
			continue
		}
		p.section(strings.ToUpper(part[:1]) + part[1:])
		for _, k := range m.keys() {
			v := scalar(m[k])
			switch {
			case o.str("kind") == "Secret":
			case secretName(k) || part == "binaryData":
				v = fmt.Sprintf("(hidden, %s)", byteSize(len(v)))
			case len(v) > 4<<10:
				v = v[:4<<10] + fmt.Sprintf("\n… +%d bytes", len(v)-4<<10)
			}
			p.field(k, v)
		}
	}
}

func (p *page) service(o tree) {
	p.section("Ports")
	for _, port := range o.items("spec", "ports") {
		to := port.str("targetPort")
		if n := port.str("nodePort"); n != "" {
			to += ", node port " + n
		}
		p.line("  %s/%s → %s  %s", port.str("port"), port.str("protocol"), to, port.str("name"))
	}
	p.pairs("Selector", o.sub("spec", "selector"))
}
