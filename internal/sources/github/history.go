package github

import (
	"context"
	"net/url"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// mostHistory is how many deployments of an environment are shown: each costs a
// request of its own.
const mostHistory = 20

// deployed is one deployment with what became of it.
type deployed struct {
	d        deployment
	statuses []deploymentStatus // newest first
	run, job int64              // of the pipeline; 0: another tool made it
}

func (d *deployed) state() string {
	if len(d.statuses) == 0 {
		return ""
	}
	return d.statuses[0].State
}

// succeeded reports whether the deployment went well, also if another one has
// taken its place since.
func (d *deployed) succeeded() bool {
	for _, st := range d.statuses {
		if st.State == "success" {
			return true
		}
	}
	return false
}

// history reads the deployments of an environment, newest first.
func (s *Source) history(ctx context.Context, ref core.Ref, n int) ([]deployed, error) {
	list, err := s.deployments(ctx, ref.Namespace, ref.Name, n)
	if rest.StatusOf(err) == 404 {
		err = notFound(kindEnvironment, ref.Namespace+"/"+ref.Name)
	}
	if err != nil {
		return nil, err
	}
	out := make([]deployed, 0, len(list))
	for _, d := range list {
		x := deployed{d: d}
		if x.statuses, err = get[[]deploymentStatus](ctx, s, in(ref.Namespace, "deployments", id(d.ID), "statuses"), url.Values{"per_page": {"30"}}); err != nil {
			return nil, err
		}
		for _, st := range x.statuses {
			for _, address := range []string{st.LogURL, st.TargetURL} {
				if run, job := runOf(address); run > 0 {
					x.run, x.job = run, job
				}
			}
		}
		out = append(out, x)
	}
	return out, nil
}

// History implements sources.Historian: the deployments of an environment.
func (s *Source) History(ctx context.Context, ref core.Ref) (core.Document, error) {
	if ref.Kind != kindEnvironment {
		return core.Document{}, unsupported(ref.Kind, "history")
	}
	list, err := s.history(ctx, ref, mostHistory)
	if err != nil {
		return core.Document{}, err
	}
	out := core.Document{Title: text.Sprintf("deployments to %s of %s", ref.Name, ref.Namespace)}
	known := byID(s.rows.runs(ref.Namespace))
	for i := range list {
		h := &list[i]
		what := text.Sprintf("%-19s  %-8s  %-20s  %-12s  %s", at(h.d.CreatedAt).String(), ci.Short(h.d.SHA), text.Clean(h.d.Ref).Truncate(20).String(), h.state(), h.d.Creator.name())
		if r, ok := known[h.run]; ok {
			what = text.Sprintf("%s  %s #%s %s", what, r.Workflow, r.Number, r.Title)
		} else if h.run > 0 {
			what = text.Sprintf("%s  run %d", what, int(h.run))
		}
		out.Lines = append(out.Lines, what.Line())
	}
	if len(list) == 0 {
		out.Lines = []text.Line{text.Lit("nothing has been deployed yet").Line()}
	}
	return out, nil
}
