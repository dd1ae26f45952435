package kube

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// maxEvents bounds what is read of an object's history; the server keeps an hour of it.
const maxEvents = 1000

// Events returns what the cluster says happened to ref, newest first.
func (s *Source) Events(ctx context.Context, ref core.Ref) ([]core.Event, error) {
	if ref.Kind == kindRelease {
		return nil, nil // Helm writes none
	}
	k, err := s.kindOf(ctx, ref.Kind)
	if err != nil {
		return nil, err
	}
	selector := "involvedObject.name=" + ref.Name + ",involvedObject.kind=" + k.gvkKind
	if ref.UID != "" {
		selector = "involvedObject.uid=" + ref.UID
		if ref.Kind == "node" { // the kubelet writes the name there, controllers the UID
			selector = "involvedObject.kind=Node,involvedObject.name=" + ref.Name
		}
	}
	ev := builtinByName["event"]
	b, err := s.client.do(ctx, request{path: ev.path(ref.Namespace), accept: acceptProto, query: url.Values{
		"fieldSelector": {selector}, "limit": {strconv.Itoa(maxEvents)},
	}}, nil)
	if err != nil {
		return nil, s.problem(text.Sprintf("cannot read the events of %s %s", k.Name, ref.Name), err)
	}
	_, raw, err := unwrap(b)
	if err != nil {
		return nil, s.problem(text.Safe{}, err)
	}
	var out []core.Event
	_, err = splitList(raw, func(item []byte) error {
		var e corev1.Event
		if err := e.Unmarshal(item); err != nil {
			return err
		}
		out = append(out, s.event(&e))
		return nil
	})
	if err != nil {
		return nil, s.problem(text.Safe{}, err)
	}
	slices.SortStableFunc(out, func(a, b core.Event) int { return cmp.Compare(b.At, a.At) })
	return out, nil
}

func (s *Source) event(e *corev1.Event) core.Event {
	count := max(int(e.Count), 1)
	if e.Series != nil {
		count = max(count, int(e.Series.Count))
	}
	from := e.Source.Component
	if from == "" {
		from = e.ReportingController
	}
	began := unixNano(e.FirstTimestamp)
	if began == 0 && !e.EventTime.IsZero() {
		began = e.EventTime.UnixNano()
	}
	o := &e.InvolvedObject
	return core.Event{
		At: eventTime(e), First: began, Count: count, Warning: e.Type == corev1.EventTypeWarning,
		Reason: text.Clean(e.Reason), Message: text.CleanLong(e.Message), From: text.Clean(from),
		Ref: s.ref(kindName(o.APIVersion, o.Kind), o.Namespace, o.Name, string(o.UID)),
	}
}
