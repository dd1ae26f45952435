package app

import (
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/views/list"
)

// snapshotSchema names the format. Fields may be added, never renamed.
const snapshotSchema = "devops-tui/snapshot/v1"

type snapshotJSON struct {
	Schema    string         `json:"schema"`
	Taken     time.Time      `json:"taken"`
	Demo      bool           `json:"demo,omitempty"`
	Sources   []sourceJSON   `json:"sources"`
	Lists     []listJSON     `json:"lists"`
	Resources []resourceJSON `json:"resources"`
}

// sourceJSON is one source instance.
type sourceJSON struct {
	ID         string    `json:"id"`
	Scope      string    `json:"scope"`
	State      string    `json:"state"` // live, stale, down
	AgeSeconds *float64  `json:"age_seconds"`
	Problem    text.Safe `json:"problem"`
	Hint       text.Safe `json:"hint,omitzero"`
	Version    text.Safe `json:"version,omitzero"`
}

// listJSON is one list that was asked for: an empty one and one that may not
// be read are not the same.
type listJSON struct {
	Source   string    `json:"source"`
	Scope    string    `json:"scope"`
	Kind     string    `json:"kind"`
	Complete bool      `json:"complete"`
	Count    int       `json:"count"`
	Problem  text.Safe `json:"problem,omitzero"`
}

type resourceJSON struct {
	Ref     core.Ref             `json:"ref"`
	Owner   *core.Ref            `json:"owner,omitempty"`
	Phase   core.Phase           `json:"phase"`
	Reason  text.Safe            `json:"reason"`
	Message text.Safe            `json:"message,omitzero"`
	Cells   map[string]text.Safe `json:"cells"`
	Usage   map[string]float64   `json:"usage,omitempty"` // cpu in millicores, mem in bytes, rates per second
	Started *time.Time           `json:"started,omitempty"`
	Changed *time.Time           `json:"changed,omitempty"`
	Facts   *core.Facts          `json:"facts,omitempty"`
}

// document is the snapshot as it is printed.
func (s state) document(w *world, snap *store.Snapshot) snapshotJSON {
	now := time.Now()
	d := snapshotJSON{Schema: snapshotSchema, Taken: now.UTC(), Demo: w.demo, Sources: []sourceJSON{}, Lists: []listJSON{}, Resources: []resourceJSON{}}
	for _, i := range w.infos {
		d.Sources = append(d.Sources, w.source(snap, i.Instance(), now))
	}
	for _, t := range s.tables {
		l := listJSON{Source: t.Key.Instance.Source, Scope: t.Key.Instance.Scope, Kind: t.Key.Kind, Complete: t.State.Listed, Count: len(t.rows)}
		if t.State.Problem != nil {
			l.Problem = t.State.Problem.Summary
		}
		d.Lists = append(d.Lists, l)
		for _, r := range t.rows {
			d.Resources = append(d.Resources, resourceOf(snap, t.Kind, r, now))
		}
	}
	return d
}

func (w *world) source(snap *store.Snapshot, i core.Instance, now time.Time) sourceJSON {
	h, _ := snap.HealthOf(i)
	out := sourceJSON{ID: i.Source, Scope: i.Scope, State: h.State.String(), Version: h.Version}
	if h.State == core.Connecting {
		out.State, out.Problem = core.Down.String(), text.Lit("no answer yet")
	}
	if seen := w.store.LastSeen(i); !seen.IsZero() {
		age := max(now.Sub(seen).Seconds(), 0)
		out.AgeSeconds = &age
	}
	if h.Problem != nil {
		out.Problem, out.Hint = h.Problem.Summary, h.Problem.Hint
	}
	return out
}

func resourceOf(snap *store.Snapshot, k *core.Kind, r *core.Resource, now time.Time) resourceJSON {
	out := resourceJSON{
		Ref: r.Ref, Phase: r.Phase, Reason: r.Reason, Message: r.Message, Cells: map[string]text.Safe{},
		Started: instant(r.Started), Changed: instant(r.Changed), Facts: r.Facts,
	}
	if !r.Owner.IsZero() {
		out.Owner = &r.Owner
	}
	if k != nil {
		for i, c := range k.Columns {
			if c.Usage == core.MeasureNone && i < len(r.Cells) {
				out.Cells[c.ID] = list.Value(&r.Cells[i], c.Type, now)
			}
		}
	}
	if u := snap.Usage(r.Ref); u != nil {
		out.Usage = usageOf(u)
	}
	return out
}

// usageOf are the values that are known.
func usageOf(u *core.Usage) map[string]float64 {
	out := map[string]float64{}
	for m := core.MeasureNone + 1; m < core.NumMeasures; m++ {
		if v := u.Values[m]; v == v && (v != 0 || m == core.CPUUsed || m == core.MemUsed) { // not NaN
			out[m.String()] = v
		}
	}
	return out
}

func instant(nanoseconds int64) *time.Time {
	if nanoseconds == 0 {
		return nil
	}
	t := time.Unix(0, nanoseconds).UTC()
	return &t
}
