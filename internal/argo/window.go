package argo

import (
	"path"
	"slices"
	"time"

	"devops-tui/internal/text"
)

// Project is what is read of an AppProject.
type Project struct {
	Meta Meta `json:"metadata"`
	Spec struct {
		SyncWindows []Window `json:"syncWindows"`
	} `json:"spec"`
}

// DecodeProject reads an AppProject's JSON.
func DecodeProject(b []byte) (*Project, error) {
	var p Project
	if err := decode("project", b, &p); err != nil {
		return nil, err
	}
	return &p, nil
}

// Window is one sync window:
// https://argo-cd.readthedocs.io/en/stable/user-guide/sync_windows/
type Window struct {
	Kind         string   `json:"kind"`     // allow, deny
	Schedule     string   `json:"schedule"` // cron
	Duration     string   `json:"duration"`
	TimeZone     string   `json:"timeZone"`
	ManualSync   bool     `json:"manualSync"` // also where it forbids, a human may sync
	Applications []string `json:"applications"`
	Namespaces   []string `json:"namespaces"`
	Clusters     []string `json:"clusters"`
	AndOperator  bool     `json:"andOperator"`
	Description  string   `json:"description"`
}

// covers reports whether the window is about the application: one of its lists
// fits, or all that are given do.
func (w *Window) covers(a *Application) bool {
	d := a.Spec.Destination
	lists := []struct{ patterns, values []string }{
		{w.Applications, []string{a.Meta.Name}}, {w.Namespaces, []string{d.Namespace}}, {w.Clusters, []string{d.Server, d.Name}},
	}
	given, fit := 0, 0
	for _, l := range lists {
		if len(l.patterns) == 0 {
			continue
		}
		given++
		if slices.ContainsFunc(l.patterns, func(p string) bool {
			return slices.ContainsFunc(l.values, func(v string) bool { return v != "" && glob(p, v) })
		}) {
			fit++
		}
	}
	if w.AndOperator {
		return given > 0 && fit == given
	}
	return fit > 0
}

// glob knows *, ? and [..]; * goes over slashes, as it does in projects.
func glob(pattern, v string) bool {
	if pattern == "*" || pattern == v {
		return true
	}
	swap := func(s string) string {
		b := []byte(s)
		for i := range b {
			if b[i] == '/' {
				b[i] = 1
			}
		}
		return string(b)
	}
	ok, err := path.Match(swap(pattern), swap(v))
	return err == nil && ok
}

// active reports whether the window is open at t, and until when.
func (w *Window) active(t time.Time) (bool, time.Time, error) {
	s, length, zone, err := w.parse()
	if err != nil {
		return false, time.Time{}, err
	}
	t = t.In(zone)
	start := s.next(t.Add(-length))
	if start.IsZero() || start.After(t) {
		return false, time.Time{}, nil
	}
	for { // a later start makes it last longer
		later := s.next(start)
		if later.IsZero() || later.After(t) {
			break
		}
		start = later
	}
	return true, start.Add(length), nil
}

func (w *Window) parse() (schedule, time.Duration, *time.Location, error) {
	s, err := parseSchedule(w.Schedule)
	if err != nil {
		return s, 0, nil, err
	}
	length, err := time.ParseDuration(w.Duration)
	if err != nil {
		return s, 0, nil, err
	}
	zone := time.UTC
	if w.TimeZone != "" {
		if zone, err = time.LoadLocation(w.TimeZone); err != nil {
			return s, 0, nil, err
		}
	}
	return s, length, zone, nil
}

// SyncAllowed says whether the project's windows let the application sync at t: by
// itself, or because a human asks (manual). why names the window that does not; it
// may also say what holds, when syncing is allowed. A window that cannot be read
// is told and left out: Argo CD refuses such a project itself.
//
// As in Argo CD: an open deny window forbids; if there are allow windows, one of
// them must be open; manualSync lets a human through where it is set on the windows
// that forbid.
func SyncAllowed(a *Application, p *Project, t time.Time, manual bool) (ok bool, why text.Safe) {
	if p == nil {
		return true, text.Safe{}
	}
	var allows, open, denies []*Window
	var opens, until time.Time
	for i := range p.Spec.SyncWindows {
		w := &p.Spec.SyncWindows[i]
		if !w.covers(a) {
			continue
		}
		active, end, err := w.active(t)
		if err != nil {
			why = text.Sprintf("a sync window of project %s cannot be read: %s", p.Meta.Name, err.Error())
			continue
		}
		switch {
		case w.Kind == "deny" && active:
			denies = append(denies, w)
			if end.After(until) {
				until = end
			}
		case w.Kind == "allow":
			allows = append(allows, w)
			if active {
				open = append(open, w)
			} else if s, _, zone, err := w.parse(); err == nil {
				if n := s.next(t.In(zone)); !n.IsZero() && (opens.IsZero() || n.Before(opens)) {
					opens = n
				}
			}
		}
	}
	by := func(l []*Window) bool {
		return manual && !slices.ContainsFunc(l, func(w *Window) bool { return !w.ManualSync })
	}
	name := func(w *Window) text.Safe {
		if w.Description != "" {
			return text.Sprintf("%s (%s for %s)", w.Description, w.Schedule, w.Duration)
		}
		return text.Sprintf("%s for %s", w.Schedule, w.Duration)
	}
	switch {
	case len(denies) > 0 && !by(denies):
		return false, text.Concat(text.Sprintf("project %s forbids syncs until %s: deny window ", p.Meta.Name, clock(until)), name(denies[0]))
	case len(denies) > 0:
		return true, text.Concat(text.Sprintf("project %s forbids syncs by themselves until %s; by hand it is allowed: ", p.Meta.Name, clock(until)), name(denies[0]))
	case len(allows) > 0 && len(open) == 0 && !by(allows):
		if opens.IsZero() {
			return false, text.Concat(text.Sprintf("project %s allows syncs only in windows, and none is open: ", p.Meta.Name), name(allows[0]))
		}
		return false, text.Concat(text.Sprintf("project %s allows syncs only in windows; the next opens at %s: ", p.Meta.Name, clock(opens)), name(allows[0]))
	}
	return true, why
}

func clock(t time.Time) string { return t.Format("Mon 2 Jan 15:04 MST") }
