package github

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// month is how long a run can be run again.
const month = 30 * 24 * time.Hour

func (c *call) decode(v any) (answer, bool) {
	d := json.NewDecoder(c.r.Body)
	if err := d.Decode(v); err != nil && err.Error() != "EOF" {
		return refused(http.StatusBadRequest, "Problems parsing JSON"), true
	}
	return answer{}, false
}

func (c *call) dispatch() answer {
	wf := c.repo.workflow(c.r.PathValue("id"))
	if wf == nil {
		return notFound()
	}
	var in struct {
		Ref              string         `json:"ref"`
		Inputs           map[string]any `json:"inputs"`
		ReturnRunDetails *bool          `json:"return_run_details"`
	}
	if a, bad := c.decode(&in); bad {
		return a
	}
	branch := strings.TrimPrefix(in.Ref, "refs/heads/")
	k := c.repo.resolve(in.Ref)
	switch {
	case in.Ref == "":
		return refused(http.StatusUnprocessableEntity, "Invalid request.\n\n\"ref\" wasn't supplied.")
	case k == nil || c.repo.branches[branch] == "":
		return refused(http.StatusUnprocessableEntity, "No ref found for: "+in.Ref)
	case in.ReturnRunDetails != nil && c.w.o.NoRunDetails:
		return refused(http.StatusUnprocessableEntity, "Invalid request.\n\n\"return_run_details\" is not a permitted key.")
	case wf.State != "active":
		return refused(http.StatusUnprocessableEntity, "Cannot trigger a 'workflow_dispatch' on a disabled workflow")
	}
	declared, can := dispatchable(wf.at(branch))
	if !can {
		return refused(http.StatusUnprocessableEntity, "Workflow does not have 'workflow_dispatch' trigger")
	}
	inputs := map[string]string{}
	for name, v := range in.Inputs {
		d, known := declared[name]
		s, isString := v.(string)
		switch {
		case !known:
			return refused(http.StatusUnprocessableEntity, `Unexpected inputs provided: ["`+name+`"]`)
		case !isString && !c.w.o.NoRunDetails && d.Type != "number" && d.Type != "boolean", !isString && c.w.o.NoRunDetails:
			return refused(http.StatusUnprocessableEntity, "For 'inputs', values must be strings.")
		case d.Type == "choice" && !slices.Contains(d.Options, s):
			return refused(http.StatusUnprocessableEntity, "Provided value '"+s+"' for input '"+name+"' not in the list of allowed values")
		}
		inputs[name] = s
	}
	for name, d := range declared {
		if _, given := inputs[name]; d.Required && !given && d.Default == nil {
			return refused(http.StatusUnprocessableEntity, "Required input '"+name+"' not provided")
		}
	}
	run := c.repo.start(Spec{Workflow: wf.Path, Branch: branch, Event: "workflow_dispatch", Actor: c.token.login, Inputs: inputs})
	if in.ReturnRunDetails == nil || !*in.ReturnRunDetails {
		return answer{status: http.StatusNoContent}
	}
	return ok(map[string]any{
		"workflow_run_id": run.ID, "run_url": c.base + "/repos/" + c.repo.FullName() + "/actions/runs/" + itoa(run.ID),
		"html_url": c.web + "/" + c.repo.FullName() + "/actions/runs/" + itoa(run.ID),
	})
}

// admit lets a run of a pull request from outside begin.
func (c *call) admit(r *Run) answer {
	if r.conclusion != "action_required" {
		return refused(http.StatusForbidden, "This run is not from a fork pull request")
	}
	r.status, r.conclusion, r.updated = "queued", "", c.w.now()
	return answer{status: http.StatusCreated, body: map[string]any{}}
}

func (c *call) cancel(r *Run) answer {
	if r.status == "completed" {
		return refused(http.StatusConflict, "Cannot cancel a workflow run that is completed.")
	}
	if !r.stuck {
		r.cancel()
	}
	return answer{status: http.StatusAccepted, body: map[string]any{}}
}

func (c *call) forceCancel(r *Run) answer {
	if r.status == "completed" {
		return refused(http.StatusConflict, "Cannot cancel a workflow run that is completed.")
	}
	r.cancel()
	return answer{status: http.StatusAccepted, body: map[string]any{}}
}

// rerun makes an attempt; again says which jobs go again, nil: all.
func (c *call) rerun(r *Run, again func(*Job) bool) answer {
	var in struct {
		Debug bool `json:"enable_debug_logging"`
	}
	if a, bad := c.decode(&in); bad {
		return a
	}
	switch {
	case r.status != "completed":
		return refused(http.StatusForbidden, "This workflow is already running")
	case c.w.now().Sub(r.created) > month:
		return refused(http.StatusForbidden, "Unable to retry this workflow run because it was created over a month ago")
	}
	before := r.current().jobs
	from := len(before)
	for i, j := range before {
		if again == nil || again(j) {
			from = min(from, i)
		}
	}
	r.approvals = nil
	r.begin(c.token.login, func(s JobSpec) *Job {
		for i, j := range before {
			// a job and what comes after it go again; what ended well before stays
			if j.Name == s.Name && again != nil && (i < from || !again(j) && j.conclusion == "success") {
				return j
			}
		}
		return nil
	})
	r.current().debug = in.Debug
	return answer{status: http.StatusCreated, body: map[string]any{}}
}

func (c *call) rerunFailed(r *Run) answer {
	failed := func(j *Job) bool { return j.conclusion == "failure" || j.conclusion == "cancelled" }
	if r.status == "completed" && !slices.ContainsFunc(r.current().jobs, failed) {
		return refused(http.StatusForbidden, "This workflow run cannot be retried: it has no failed jobs")
	}
	return c.rerun(r, failed)
}

func (c *call) rerunJob(j *Job) answer {
	return c.rerun(j.run, func(x *Job) bool { return x.Name == j.Name })
}

func (c *call) pending(r *Run) answer {
	out := []any{}
	for _, j := range r.current().jobs {
		if j.status != "waiting" {
			continue
		}
		e := c.repo.environment(j.environment, 0, nil)
		out = append(out, map[string]any{
			"environment": map[string]any{
				"id": e.id, "node_id": "EN_1", "name": e.name, "url": c.base + "/repos/" + c.repo.FullName() + "/environments/" + e.name,
				"html_url": c.web + "/" + c.repo.FullName() + "/deployments/activity_log?environments_filter=" + e.name,
			},
			"wait_timer": int(e.wait / time.Minute), "wait_timer_started_at": stamp(j.waiting),
			"current_user_can_approve": c.canApprove(e), "reviewers": c.reviewers(e),
		})
	}
	return ok(out)
}

func (c *call) canApprove(e *environment) bool {
	return c.token != nil && slices.ContainsFunc(e.reviewers, func(l string) bool { return strings.EqualFold(l, c.token.login) })
}

func (c *call) review(r *Run) answer {
	var in struct {
		Environments []int64 `json:"environment_ids"`
		State        string  `json:"state"`
		Comment      *string `json:"comment"`
	}
	if a, bad := c.decode(&in); bad {
		return a
	}
	if in.State != "approved" && in.State != "rejected" || in.Comment == nil || len(in.Environments) == 0 {
		return refused(http.StatusUnprocessableEntity, "Invalid request.")
	}
	var jobs []*Job
	for _, id := range in.Environments {
		found := false
		for _, j := range r.current().jobs {
			if j.status != "waiting" {
				continue
			}
			e := c.repo.environment(j.environment, 0, nil)
			if e.id != id {
				continue
			}
			if !c.canApprove(e) {
				return refused(http.StatusForbidden, "You are not authorized to approve or reject this deployment")
			}
			jobs = append(jobs, j)
			found = true
		}
		if !found {
			return refused(http.StatusUnprocessableEntity, "There are no pending deployment requests to approve or reject")
		}
	}
	out := []any{}
	for _, j := range jobs {
		r.approvals = append(r.approvals, approval{j.environment, c.token.login, in.State, *in.Comment})
		if in.State == "approved" {
			j.status = "queued"
		} else {
			now := c.w.now()
			j.status, j.conclusion, j.started, j.ended, j.steps = "completed", "failure", now, now, nil
			j.deployed("failure")
			r.skipRest()
		}
		out = append(out, c.deployment(j.deployment))
	}
	r.settle()
	return ok(out)
}

func (c *call) approvals(r *Run) answer {
	out := []any{}
	for _, a := range r.approvals {
		if a.user == "" {
			continue
		}
		e := c.repo.environment(a.env, 0, nil)
		out = append(out, map[string]any{
			"state": a.state, "comment": a.comment, "user": c.user(a.user),
			"environments": []any{map[string]any{
				"id": e.id, "node_id": "EN_1", "name": e.name, "url": c.base + "/repos/" + c.repo.FullName() + "/environments/" + e.name,
				"html_url": c.web + "/" + c.repo.FullName(), "created_at": stamp(e.created), "updated_at": stamp(e.created),
			}},
		})
	}
	return ok(out)
}

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}
