package demo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// sheet is a description in the making: labels left, values right.
type sheet struct{ strings.Builder }

func (s *sheet) put(label string, format string, args ...any) {
	fmt.Fprintf(s, "%-18s%s\n", label+":", fmt.Sprintf(format, args...))
}

func (s *sheet) section(title string) { fmt.Fprintf(s, "%s:\n", title) }

func (s *sheet) item(format string, args ...any) {
	fmt.Fprintf(s, "  %s\n", fmt.Sprintf(format, args...))
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// Describe tells what a human wants to know of an object.
func (s *Source) Describe(ctx context.Context, ref core.Ref) (core.Document, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	defer done()
	var b sheet
	row := o.row()
	b.put("Name", "%s", ref.Name)
	if ref.Namespace != "" {
		b.put("Namespace", "%s", ref.Namespace)
	}
	b.put("Kind", "%s", ref.Kind)
	b.put("UID", "%s", o.ref().UID)
	b.put("State", "%s (%s)", row.Reason, row.Phase)
	if !row.Message.Empty() {
		b.put("Message", "%s", row.Message)
	}
	if row.Started != 0 {
		b.put("Started", "%s", stamp(time.Unix(0, row.Started)))
	}
	if !row.Owner.IsZero() {
		b.put("Controlled By", "%s/%s", row.Owner.Kind, row.Owner.Name)
	}
	b.facts(row.Facts)
	b.details(o)
	b.section("Events")
	n := 0
	for _, h := range slices.Backward(s.place.said) {
		if h.about == o.ref() && n < 20 {
			n++
			kind := "Normal"
			if h.warning {
				kind = "Warning"
			}
			b.item("%-8s %-20s %s  x%d  %s", kind, h.reason, stamp(h.last), h.count, h.message)
		}
	}
	if n == 0 {
		b.item("none")
	}
	return core.Document{Title: text.Clean(ref.Path()), Lines: text.Document(b.String())}, nil
}

func (s *sheet) facts(f *core.Facts) {
	if f == nil {
		return
	}
	for _, x := range []struct {
		label string
		of    []string
	}{{"Image", f.Image}, {"Image ID", f.Digest}} {
		if len(x.of) > 0 {
			s.put(x.label, "%s", strings.Join(x.of, ", "))
		}
	}
	for _, x := range []struct{ label, value string }{
		{"Commit", f.Commit}, {"Repository", f.Repo}, {"Service", f.Service}, {"Environment", f.Environment}, {"Node", f.Node},
	} {
		if x.value != "" {
			s.put(x.label, "%s", x.value)
		}
	}
	if len(f.Labels) > 0 {
		s.section("Labels")
		for _, k := range slices.Sorted(maps.Keys(f.Labels)) {
			s.item("%s=%s", k, f.Labels[k])
		}
	}
}

// details are what is particular to a kind.
func (s *sheet) details(o object) {
	switch o := o.(type) {
	case *pod:
		s.put("IP", "%s", o.ip)
		s.put("Ready", "%t", o.ready)
		s.put("Restart Count", "%d", o.restarts)
		sv := o.rs.dep.service
		s.put("Limits", "cpu %.0fm, memory %.0fMi", sv.cpuLimit, sv.memLimit/mebi)
		s.put("Requests", "cpu %.0fm, memory %.0fMi", sv.cpuRequest, sv.memRequest/mebi)
		s.section("Containers")
		for _, c := range sv.containers {
			s.item("%s", c)
		}
		s.section("Runs of app")
		for _, l := range o.instances {
			if l.end.IsZero() {
				s.item("#%d running since %s", l.number, stamp(l.start))
			} else {
				s.item("#%d %s to %s: exit %d (%s)", l.number, stamp(l.start), stamp(l.end), l.exit, l.reason)
			}
		}
	case *deployment:
		s.put("Replicas", "%d desired, %d updated, %d ready", o.replicas, len(o.current.live()), o.ready())
		s.put("Strategy", "RollingUpdate, 0 max unavailable, 1 max surge")
		s.put("Revision", "%d", o.revision)
		s.section("Revisions")
		for _, rs := range slices.Backward(o.sets) {
			c := rs.build.commit
			s.item("%d  %s  %s  %s  %q by %s", rs.revision, rs.name(), stamp(rs.created), c.short(), c.message, c.author)
		}
	case *replicaSet:
		s.put("Revision", "%d", o.revision)
		s.section("Pods")
		for _, p := range o.pods {
			_, why, _ := p.status()
			s.item("%s  %s", p.name, why)
		}
	case *endpoint:
		s.put("IP", "%s", o.ip)
		s.section("Endpoints")
		for _, p := range o.dep.live() {
			if p.ready {
				s.item("%s:%d  %s", p.ip, o.dep.service.port, p.name)
			}
		}
	case *node:
		s.put("Internal IP", "%s", o.ip)
		s.put("Zone", "%s", o.zone)
		s.put("Allocatable", "cpu %.0fm, memory %.0fMi", o.cpu, o.mem/mebi)
		s.put("Pods", "%d", o.count())
	case *run:
		c := o.build.commit
		s.put("Branch", "%s", c.branch)
		s.put("Commit message", "%s", c.message)
		s.put("Author", "%s", c.author)
		s.section("Jobs")
		for _, j := range o.jobs {
			s.item("%-8s %-16s %-12s %s", j.stage, j.name, j.status, stamp(j.started))
		}
	case *workflow:
		s.put("Title", "%s", o.flow.title)
		s.put("Stages", "%s", strings.Join(o.flow.stages, ", "))
	case *target:
		s.put("Protected", "%t", o.place.scope == Prod)
		s.put("Deployed", "%s", o.rev())
	case *application:
		s.put("Sync", "%s", o.syncWord())
		s.put("Health", "%s", o.healthWord())
		s.put("Auto-sync", "%t", o.auto)
		s.put("Target", "%s %s (%s)", o.target().short(), o.target().message, o.target().author)
	case *canary:
		s.put("Strategy", "canary, %d steps", len(canarySteps))
		s.put("Weight", "%d%%", o.weight())
		s.put("Stable", "revision %d, %s", o.stable.revision, o.stable.image)
	case *job:
		s.put("Stage", "%s", o.stage)
		s.put("Ended", "%s", stamp(o.ended))
	case *container:
		l := o.last()
		s.put("Ports", "%s", o.ports)
		s.put("Restart Count", "%d", o.restarts)
		s.put("Memory limit", "%.0fMi", o.limit/mebi)
		if !l.end.IsZero() {
			s.put("Finished", "%s", stamp(l.end))
			s.put("Exit code", "%d", l.exit)
		}
	case *project:
		s.put("Folder", "%s", o.dir)
		s.section("Containers")
		for _, c := range o.containers {
			_, why, health := c.status()
			s.item("%-20s %s %s", c.name(), why, health)
		}
	case *picture:
		s.put("Size", "%.0f MiB", o.size/mebi)
	case *happening:
		s.put("About", "%s/%s", o.about.Kind, o.about.Name)
		s.put("Count", "%d", o.count)
	}
}
