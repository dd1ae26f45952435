package tasks

import (
	"maps"
	"slices"

	"devops-tui/internal/text"
)

// lines are the whole of an entry, to read.
func (e *entry) lines() []text.Line {
	var out []text.Line
	add := func(label, value text.Safe) {
		if !value.Empty() {
			out = append(out, text.Sprintf(" %s %s", label.Pad(12), value).Line())
		}
	}
	r := &e.first
	add(text.Lit("what"), text.Sprintf("%s %s", e.verb(), e.object()))
	if r.Plan != nil {
		add(text.Lit("plan"), text.Clean(r.Plan.Title))
	}
	add(text.Lit("where"), text.Sprintf("%s %s", r.Instance, text.Clean(r.Policy.Environment)))
	add(text.Lit("asked for"), text.Clean(r.From))
	add(text.Lit("uid"), text.Clean(r.UID))
	add(text.Lit("when"), text.Clean(r.Time.Local().Format("2006-01-02 15:04:05 -07:00")))
	add(text.Lit("who"), text.Sprintf("%s on %s", r.User, text.Clean(r.Host)))
	add(text.Lit("id"), text.Clean(r.ID))
	add(text.Lit("undoes"), text.Clean(r.UndoOf))
	if r.Policy.Level != "" {
		add(text.Lit("policy"), text.Sprintf("%s, confirmed by %s", r.Policy.Level, orDash(r.Policy.Confirmed)))
	}
	if r.Glass != nil {
		add(text.Lit("break-glass"), text.Sprintf("%s (until %s)", r.Glass.Reason, r.Glass.Until.Local().Format("15:04")))
	}
	_, word, _ := e.outcome()
	add(text.Lit("outcome"), word)
	if e.result != nil && e.result.Result != nil {
		add(text.Lit("says"), text.CleanLong(e.result.Result.Message))
		add(text.Lit("took"), text.Duration(e.result.Time.Sub(r.Time)))
	}
	p := r.Plan
	if p == nil {
		return out
	}
	for i, c := range p.Changes {
		add(first(i, text.Lit("changes")), text.Sprintf("%s  %s → %s", c.Field, orDash(c.Before), orDash(c.After)))
	}
	for i, k := range slices.Sorted(maps.Keys(p.Params)) {
		add(first(i, text.Lit("parameters")), text.Sprintf("%s=%s", k, p.Params[k]))
	}
	for i, s := range p.Impact {
		add(first(i, text.Lit("touches")), text.CleanLong(s))
	}
	for i, s := range p.Warnings {
		add(first(i, text.Lit("warnings")), text.CleanLong(s))
	}
	if p.Preview != "" {
		add(text.Lit("no preview"), text.CleanLong(p.Preview))
	}
	add(text.Lit("same as"), text.CleanLong(p.Command))
	add(text.Lit("undo"), text.CleanLong(p.Undo))
	if len(p.Diff) > 0 {
		out = append(out, text.Lit("").Line())
		for _, l := range p.Diff {
			out = append(out, text.CleanLong(l).Line())
		}
	}
	return out
}

func first(i int, label text.Safe) text.Safe {
	if i > 0 {
		return text.Safe{}
	}
	return label
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
