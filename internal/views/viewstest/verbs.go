package viewstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// kindVerbs is what can be done to the kinds of the world.
var kindVerbs = map[string][]string{
	"deployment":  {core.VerbRestart, core.VerbRollback, core.VerbDeploy, core.VerbScale, core.VerbPause, core.VerbResume, core.VerbEdit, core.VerbDelete, core.VerbForward},
	"statefulset": {core.VerbRestart, core.VerbRollback, core.VerbDeploy, core.VerbScale, core.VerbEdit, core.VerbDelete},
	"daemonset":   {core.VerbRestart, core.VerbRollback, core.VerbDeploy, core.VerbEdit, core.VerbDelete},
	"pod":         {core.VerbRestart, core.VerbDelete, core.VerbShell, core.VerbForward},
	"service":     {core.VerbEdit, core.VerbDelete, core.VerbForward},
	"namespace":   {core.VerbEdit, core.VerbDelete},
	"node":        {core.VerbCordon, core.VerbUncordon, core.VerbDrain},
	"container":   {core.VerbRestart, core.VerbRollback, core.VerbDeploy, core.VerbStop, core.VerbStart, core.VerbKill, core.VerbPause, core.VerbResume, core.VerbDelete, core.VerbShell},
	"project":     {core.VerbRestart, core.VerbDeploy, core.VerbStop},
	"run":         {core.VerbRerun, core.VerbCancel, core.VerbApprove, core.VerbReject},
	"workflow":    {core.VerbDeploy},
	"application": {core.VerbDeploy, core.VerbRollback, core.VerbCancel},
	"rollout":     {core.VerbApprove, core.VerbCancel, core.VerbRollback},
	"job":         {core.VerbRestart, core.VerbDelete},
	"cronjob":     {core.VerbRestart, core.VerbDeploy},
}

// verbs are the verbs of the tests: like the real ones, without their systems.
func (s *Sources) verbs() []actions.Verb {
	verb := func(id, key, group string, title text.Safe, danger int, plan planner, params ...string) actions.Verb {
		v := actions.Verb{
			ID: id, Key: key, Group: group, Title: title, Danger: danger,
			Disabled: func(src sources.Source, r *core.Resource) text.Safe { return src.(system).Disabled(id, r) },
			Plan: func(_ context.Context, src sources.Source, ref core.Ref, p actions.Params) (*core.Operation, error) {
				return src.(system).operation(id, ref, p, plan)
			},
		}
		for _, p := range params {
			v.Params = append(v.Params, actions.Param{Name: p, Private: p == "before" || p == "after", Family: strings.HasSuffix(p, ".")})
		}
		if id != core.VerbEdit && len(params) > 0 {
			v.Form = func(_ context.Context, src sources.Source, ref core.Ref) (core.Form, error) {
				return src.(system).form(id, ref)
			}
		}
		return v
	}
	return []actions.Verb{
		s.restart(),
		verb(core.VerbRollback, "B", "", text.Lit("roll back"), 1, system.rollback, "to", "via"),
		verb(core.VerbDeploy, "D", "", text.Lit("deploy"), 1, system.deploy, "image", "container", "pull", "ref", "input."),
		verb(core.VerbScale, "S", "", text.Lit("scale"), 1, system.scale, "replicas"),
		verb(core.VerbStop, "", core.VerbScale, text.Lit("stop"), 1, plain("Running", "Exited")),
		verb(core.VerbStart, "", core.VerbScale, text.Lit("start"), 0, plain("Exited", "Running")),
		verb(core.VerbKill, "", core.VerbScale, text.Lit("kill"), 2, plain("Running", "Killed"), "signal"),
		verb(core.VerbPause, "P", "", text.Lit("pause"), 0, plain("Progressing", "Paused")),
		verb(core.VerbResume, "", core.VerbPause, text.Lit("resume"), 0, plain("Paused", "Progressing")),
		verb(core.VerbCordon, "", core.VerbPause, text.Lit("cordon"), 0, plain("schedulable", "unschedulable")),
		verb(core.VerbUncordon, "", core.VerbPause, text.Lit("uncordon"), 0, plain("unschedulable", "schedulable")),
		verb(core.VerbDrain, "", core.VerbPause, text.Lit("drain"), 1, system.drain, "grace", "delete-emptydir", "force"),
		verb(core.VerbEdit, "E", "", text.Lit("edit"), 1, system.edit, "before", "after"),
		verb(core.VerbRerun, "", core.VerbRestart, text.Lit("rerun"), 0, plain("failure", "queued"), "failed-only"),
		verb(core.VerbCancel, "C", "", text.Lit("cancel"), 1, plain("in_progress", "cancelled")),
		verb(core.VerbApprove, "A", "", text.Lit("approve"), 1, plain("waiting", "approved"), "gate", "comment"),
		verb(core.VerbReject, "", core.VerbApprove, text.Lit("reject"), 1, plain("waiting", "rejected"), "gate", "comment"),
		verb(core.VerbDelete, "X", "", text.Lit("delete"), 2, system.remove, "cascade", "grace"),
		verb(core.VerbShell, "s", "", text.Lit("shell into"), 0, system.shell, "container", "command"),
		verb(core.VerbForward, "f", "", text.Lit("port-forward"), 0, system.forward, "port"),
	}
}

// planner makes the plan of one verb; what it leaves out is filled.
type planner func(y system, ref core.Ref, p actions.Params) (*core.Operation, error)

func plain(before, after string) planner {
	return func(y system, _ core.Ref, _ actions.Params) (*core.Operation, error) {
		w := y.s.w
		return &core.Operation{Plan: core.Plan{
			Changes:  []core.FieldChange{{Field: w.safe("field", "state"), Before: w.safe("before", before), After: w.safe("after", after)}},
			Impact:   []text.Safe{w.safe("impact", "1 object")},
			UndoHint: w.safe("undo", "U takes it back"), Inverse: &core.Inverse{Verb: core.VerbRestart},
		}}, nil
	}
}

// operation plans a verb and fills what all of them have.
func (y system) operation(verb string, ref core.Ref, params actions.Params, plan planner) (*core.Operation, error) {
	s, w := y.s, y.s.w
	s.mu.Lock()
	if core.Opens(verb) {
		s.opens++
	} else {
		s.plans++
	}
	s.asked = append(s.asked, fmt.Sprintf("%s %s %v", verb, ref.Name, map[string]string(params)))
	hold := s.hold
	s.mu.Unlock()
	if s.Refuse != nil {
		return nil, s.Refuse
	}
	op, err := plan(y, ref, params)
	if err != nil {
		return nil, err
	}
	p := &op.Plan
	p.Verb, p.Target = verb, ref
	if p.Title.Empty() {
		p.Title = text.Sprintf("%s %s", text.Clean(verb), text.Clean(ref.Path()))
	}
	if p.Command.Empty() {
		p.Command = w.safe("command", fmt.Sprintf("kubectl --context %s -n %s %s %s/%s", ref.Scope, ref.Namespace, verb, ref.Kind, ref.Name))
	}
	if ref.Source == "docker" && p.Preview.Empty() {
		p.Preview = w.safe("preview", "Docker has no dry run")
	}
	if s.Dress != nil {
		s.Dress(p)
	}
	if op.Execute == nil && op.Session == nil && op.Serve == nil {
		op.Execute = func(context.Context, core.Output) error { return nil }
	}
	if run := op.Execute; run != nil {
		op.Execute = func(ctx context.Context, out core.Output) error {
			s.mu.Lock()
			s.changes = append(s.changes, ref)
			s.mu.Unlock()
			return run(ctx, out)
		}
		if op.Verify == nil {
			op.Verify = y.verify(hold)
		}
	}
	return op, nil
}

// verify reports a step, waits while the world holds, and ends as it is told.
func (y system) verify(hold chan struct{}) func(context.Context, func(core.Progress)) (core.Outcome, error) {
	return func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
		report(core.Progress{Done: 1, Total: 3, Text: y.s.w.safe("progress", "1 of 3 pods replaced")})
		if hold != nil {
			select {
			case <-hold:
			case <-ctx.Done():
				return core.OutcomeUnknown, ctx.Err()
			}
		}
		if y.s.Fail != nil {
			return core.OutcomeFailed, y.s.Fail
		}
		return core.OutcomeHealthy, nil
	}
}

func (y system) form(verb string, ref core.Ref) (core.Form, error) {
	w := y.s.w
	cells := func(words ...string) []text.Safe {
		out := make([]text.Safe, len(words))
		for i, x := range words {
			out[i] = w.safe("cell", x)
		}
		return out
	}
	choice := func(value string, words ...string) core.Choice {
		return core.Choice{Value: value, Cells: cells(words...)}
	}
	switch verb {
	case core.VerbRollback:
		now := choice("42", "42", "registry/"+ref.Name+":2.14", "bump pgx to 5.8", "4m", "1/3 ready")
		now.Current = true
		gone := choice("39", "39", "registry/"+ref.Name+":2.11", "first release", "41d", "")
		gone.Disabled = w.safe("reason", "its image is gone")
		return core.Form{Fields: []core.Field{
			{
				Name: "to", Title: text.Lit("revision"), Type: core.FieldChoice, Value: "41", Required: true,
				Columns: []text.Safe{text.Lit("REV"), text.Lit("IMAGE"), text.Lit("CHANGE CAUSE"), text.Lit("AGE"), text.Lit("HEALTH")},
				Choices: []core.Choice{now, choice("41", "41", "registry/"+ref.Name+":2.13", "pool size 200", "3d", "3/3 for 3d"), choice("40", "40", "registry/"+ref.Name+":2.12", "", "12d", "3/3 for 9d"), gone},
			},
			{Name: "via", Title: text.Lit("by"), Type: core.FieldChoice, Choices: []core.Choice{choice("", "the deployment itself"), choice("helm", "helm rollback")}},
		}}, nil
	case core.VerbScale:
		return core.Form{Fields: []core.Field{{Name: "replicas", Title: text.Lit("replicas"), Help: w.safe("help", "now 3; the HPA keeps 4 to 10"), Type: core.FieldNumber, Value: "3", Min: 0, Max: 1000, Required: true}}}, nil
	case core.VerbRerun:
		return core.Form{Fields: []core.Field{{Name: "failed-only", Title: text.Lit("only what failed"), Type: core.FieldBool, Value: "true"}}}, nil
	case core.VerbApprove, core.VerbReject:
		return core.Form{Fields: []core.Field{
			{Name: "gate", Title: w.safe("gate", "gate"), Type: core.FieldChoice, Choices: []core.Choice{choice("", "all that wait for you"), choice("production", "production"), choice("eu", "production-eu")}},
			{Name: "comment", Title: text.Lit("comment"), Type: core.FieldText},
		}}, nil
	case core.VerbDeploy:
		if ref.Kind == "workflow" {
			return w.dispatchForm(choice), nil
		}
		if ref.Kind == "project" {
			return core.Form{Fields: []core.Field{
				{Name: "pull", Title: text.Lit("pull images"), Type: core.FieldBool, Value: "false", Help: text.Lit("docker compose pull, before up")},
			}}, nil
		}
		now := choice("registry/"+ref.Name+":2.14", "registry/"+ref.Name+":2.14", "4m")
		now.Current = true
		return core.Form{Note: w.safe("note", "images of its own history, and those that run elsewhere in the cluster"), Fields: []core.Field{
			{Name: "container", Title: text.Lit("container"), Type: core.FieldChoice, Value: "app", Choices: []core.Choice{choice("app", "app"), choice("sidecar", "sidecar")}},
			{
				Name: "image", Title: text.Lit("image"), Type: core.FieldChoice, Open: true, Required: true, Columns: []text.Safe{text.Lit("IMAGE"), text.Lit("SEEN")},
				Choices: []core.Choice{now, choice("registry/"+ref.Name+":2.15-rc1", "registry/"+ref.Name+":2.15-rc1", "staging, 20m"), choice("registry/"+ref.Name+":2.13", "registry/"+ref.Name+":2.13", "3d")},
			},
		}}, nil
	case core.VerbKill:
		return core.Form{Fields: []core.Field{{Name: "signal", Title: text.Lit("signal"), Type: core.FieldChoice, Value: "KILL", Choices: []core.Choice{{Value: "KILL"}, {Value: "TERM"}, {Value: "HUP"}, {Value: "QUIT"}}}}}, nil
	case core.VerbDrain:
		return core.Form{Fields: []core.Field{
			{Name: "grace", Title: text.Lit("grace period"), Type: core.FieldNumber, Help: text.Lit("seconds; empty: each pod's own"), Max: 3600},
			{Name: "delete-emptydir", Title: text.Lit("lose local data"), Type: core.FieldBool, Value: "false", Help: text.Lit("also pods with emptyDir volumes")},
			{Name: "force", Title: text.Lit("force"), Type: core.FieldBool, Value: "false", Help: text.Lit("also pods that nothing starts again")},
		}}, nil
	case core.VerbDelete:
		return core.Form{Fields: []core.Field{
			{Name: "cascade", Title: text.Lit("dependents"), Type: core.FieldChoice, Value: "background", Choices: []core.Choice{{Value: "background"}, {Value: "foreground"}, {Value: "orphan"}}},
			{Name: "grace", Title: text.Lit("grace period"), Type: core.FieldNumber, Value: "30", Max: 3600},
		}}, nil
	case core.VerbShell:
		f := core.Field{Name: "container", Title: text.Lit("container"), Type: core.FieldChoice, Value: "app", Choices: []core.Choice{choice("app", "app")}}
		if strings.HasPrefix(ref.Name, "api") {
			f.Choices = append(f.Choices, choice("sidecar", "sidecar"))
		}
		return core.Form{Fields: []core.Field{f, {Name: "command", Title: text.Lit("command"), Type: core.FieldText, Help: text.Lit("empty: the best shell that is there")}}}, nil
	case core.VerbForward:
		return core.Form{Fields: []core.Field{{
			Name: "port", Title: text.Lit("port"), Type: core.FieldChoice, Value: "8080:80", Open: true, Required: true,
			Columns: []text.Safe{text.Lit("PORT"), text.Lit("NAME")},
			Choices: []core.Choice{choice("8080:80", "80", "http"), choice("9090:9090", "9090", "metrics")},
		}}}, nil
	}
	return core.Form{}, nil
}

func (y system) rollback(ref core.Ref, p actions.Params) (*core.Operation, error) {
	w := y.s.w
	image := map[string]string{"41": "2.13", "40": "2.12"}[p["to"]]
	if image == "" {
		return nil, w.Problem(core.Invalid, "there is no revision "+p["to"], "")
	}
	return &core.Operation{Plan: core.Plan{
		Title: text.Sprintf("roll back %s", text.Clean(ref.Path())),
		Changes: []core.FieldChange{
			{Field: w.safe("field", "revision"), Before: w.safe("before", "42"), After: w.safe("after", p["to"])},
			{Field: w.safe("field", "image of app"), Before: w.safe("before", "registry/"+ref.Name+":2.14@sha256:9f3c2e1b7a"), After: w.safe("after", "registry/"+ref.Name+":"+image+"@sha256:77aa001c3d")},
			{Field: w.safe("field", "env POOL_SIZE of app"), Before: w.safe("before", "200"), After: w.safe("after", "50")},
		},
		Impact: []text.Safe{w.safe("impact", "3 pods"), w.safe("impact", "maxUnavailable 25%"), w.safe("impact", "the PodDisruptionBudget "+ref.Name+" allows 1 disruption"), w.safe("impact", "the HPA keeps 4 to 10")},
		Warnings: []text.Safe{
			w.safe("warning", "owned by the Argo CD application payments with auto-sync: Git will put revision 42 back; roll the application back instead"),
			w.safe("warning", "a rollout is in progress: 1 of 3 pods are ready"),
		},
		Diff: w.lines("diff", "--- live", "+++ revision "+p["to"], "@@ -31,9 +31,9 @@", " spec:", "   containers:", "   - name: app",
			"-    image: registry/"+ref.Name+":2.14@sha256:9f3c2e1b7a", "+    image: registry/"+ref.Name+":"+image+"@sha256:77aa001c3d",
			"     env:", "     - name: POOL_SIZE", `-      value: "200"`, `+      value: "50"`, "     ports:", "     - containerPort: 8080"),
		Command:  w.safe("command", fmt.Sprintf("kubectl --context %s -n %s rollout undo deployment/%s --to-revision=%s", ref.Scope, ref.Namespace, ref.Name, p["to"])),
		UndoHint: w.safe("undo", "U rolls back to revision 42 again"), Danger: 1,
		Inverse: &core.Inverse{Verb: core.VerbRollback, Params: map[string]string{"to": "40"}},
	}}, nil
}

func (y system) scale(ref core.Ref, p actions.Params) (*core.Operation, error) {
	w := y.s.w
	n, err := strconv.Atoi(p["replicas"])
	if err != nil {
		return nil, w.Problem(core.Invalid, "replicas: a whole number", "")
	}
	return &core.Operation{Plan: core.Plan{
		Changes:  []core.FieldChange{{Field: w.safe("field", "replicas"), Before: w.safe("before", "3"), After: text.Int(n)}},
		Impact:   []text.Safe{w.safe("impact", fmt.Sprintf("%+d pods", n-3)), w.safe("impact", "the quota of the namespace has room for 12 more")},
		Warnings: []text.Safe{w.safe("warning", "the HorizontalPodAutoscaler "+ref.Name+" keeps 4 to 10 replicas: it will overrule this within a minute")},
		Diff:     w.lines("diff", "@@ -6,1 +6,1 @@", "-  replicas: 3", fmt.Sprintf("+  replicas: %d", n)),
		Command:  w.safe("command", fmt.Sprintf("kubectl --context %s -n %s scale %s/%s --replicas=%d --current-replicas=3", ref.Scope, ref.Namespace, ref.Kind, ref.Name, n)),
		UndoHint: w.safe("undo", "U scales back to 3"), Inverse: &core.Inverse{Verb: core.VerbScale, Params: map[string]string{"replicas": "3"}}, Danger: 1,
	}}, nil
}

func (y system) deploy(ref core.Ref, p actions.Params) (*core.Operation, error) {
	w := y.s.w
	if ref.Kind == "workflow" {
		op := &core.Operation{Plan: core.Plan{
			Title: text.Sprintf("dispatch %s", text.Clean(ref.Path())), Command: w.safe("command", "gh workflow run "+ref.Name+" --ref "+p["ref"]), UndoHint: w.safe("undo", "cannot be undone: C cancels the run"), Danger: 1,
		}}
		for name, v := range p {
			op.Plan.Changes = append(op.Plan.Changes, core.FieldChange{Field: text.Clean(strings.TrimPrefix(name, "input.")), After: w.safe("after", v)})
		}
		slices.SortFunc(op.Plan.Changes, func(a, b core.FieldChange) int {
			return strings.Compare(a.Field.String(), b.Field.String())
		})
		return op, nil
	}
	if ref.Kind == "project" {
		op := &core.Operation{Plan: core.Plan{
			Title: text.Sprintf("compose up %s", text.Clean(ref.Name)),
			Changes: []core.FieldChange{
				{Field: w.safe("field", "web"), Before: w.safe("before", "registry/web:2.12"), After: w.safe("after", "registry/web:2.13")},
				{Field: w.safe("field", "cache"), After: w.safe("after", "created: it is in the file and does not run")},
			},
			Impact: []text.Safe{w.safe("impact", "2 of 3 services"), w.safe("impact", "web is down for a few seconds")}, Warnings: []text.Safe{w.safe("warning", "web drifted: POOL_SIZE is 50 in the file and 200 in the container")},
			Command:  w.safe("command", "docker compose -p "+ref.Name+" -f /srv/"+ref.Name+"/compose.yaml up -d"),
			UndoHint: w.safe("undo", "cannot be undone: containers are replaced; B brings an earlier image back"), Danger: 1,
		}}
		op.Execute = func(_ context.Context, out core.Output) error {
			for _, l := range w.lines("output", " Network shop_default  Running", " Container shop-db-1  Running", " Container shop-cache-1  Creating", " Container shop-cache-1  Created",
				" Container shop-web-1  Recreate", " Container shop-web-1  Recreated", " Container shop-cache-1  Starting", " Container shop-web-1  Starting", " Container shop-cache-1  Started", " Container shop-web-1  Started") {
				out.Line(l)
			}
			return nil
		}
		return op, nil
	}
	title := text.Sprintf("set the image of %s", text.Clean(ref.Path()))
	warn := []text.Safe{}
	undo := w.safe("undo", "U sets the image that it runs now again")
	if ref.Source == "docker" {
		title = text.Sprintf("recreate %s", text.Clean(ref.Path()))
		warn = append(warn, w.safe("warning", "it belongs to the Compose project shop: the next compose up puts the file's image back"))
		undo = w.safe("undo", "U recreates it with the image that it runs now, which stays on the host")
	}
	return &core.Operation{Plan: core.Plan{
		Title: title,
		Changes: []core.FieldChange{
			{Field: w.safe("field", "image"), Before: w.safe("before", "registry/"+ref.Name+":2.14"), After: w.safe("after", p["image"])},
		},
		Impact: []text.Safe{w.safe("impact", "1 container is stopped and made anew"), w.safe("impact", "2 networks, 3 mounts, 14 variables, labels, limits and restart policy stay")},
		Diff:   w.lines("diff", "-image: registry/"+ref.Name+":2.14", "+image: "+p["image"]), Warnings: warn, UndoHint: undo, Danger: 1,
		Command: w.safe("command", "kubectl set image "+ref.Kind+"/"+ref.Name+" app="+p["image"]),
		Inverse: &core.Inverse{Verb: core.VerbDeploy, Params: map[string]string{"image": "registry/" + ref.Name + ":2.14"}},
	}}, nil
}

func (y system) drain(ref core.Ref, p actions.Params) (*core.Operation, error) {
	w := y.s.w
	plan := core.Plan{
		Title:   text.Sprintf("drain node %s", text.Clean(ref.Name)),
		Changes: []core.FieldChange{{Field: w.safe("field", "unschedulable"), Before: w.safe("before", "false"), After: w.safe("after", "true")}},
		Impact: []text.Safe{
			w.safe("impact", "12 pods are evicted"), w.safe("impact", "3 pods of DaemonSets stay"), w.safe("impact", "5 workloads: payments/api, payments/worker, shop/web, shop/cart, search/indexer"),
			w.safe("impact", "the disruption budget shop/web allows 0 now: its 2 pods wait"),
		},
		Warnings: []text.Safe{w.safe("warning", "search/indexer-0 loses local data (emptyDir cache, 2.1 GiB)"), w.safe("warning", "payments/debug-shell is started again by nothing")},
		Preview:  w.safe("preview", "evictions have no dry run"),
		Command:  w.safe("command", "kubectl drain "+ref.Name+" --ignore-daemonsets --delete-emptydir-data="+p["delete-emptydir"]), Danger: 1,
		UndoHint: w.safe("undo", "U lets pods onto the node again; those that moved stay where they are"), Inverse: &core.Inverse{Verb: core.VerbUncordon},
	}
	if p["delete-emptydir"] == "true" {
		plan.Danger = 2
	}
	return &core.Operation{Plan: plan}, nil
}

func (y system) edit(_ core.Ref, p actions.Params) (*core.Operation, error) {
	w := y.s.w
	if strings.Contains(p["after"], "broken") {
		return nil, w.Problem(core.Invalid, "spec.replicas: Invalid value: \"broken\"", "line 6")
	}
	var diff []string
	for _, l := range strings.Split(p["before"], "\n") {
		if !strings.Contains(p["after"], l) {
			diff = append(diff, "-"+l)
		}
	}
	for _, l := range strings.Split(p["after"], "\n") {
		if !strings.Contains(p["before"], l) {
			diff = append(diff, "+"+l)
		}
	}
	return &core.Operation{Plan: core.Plan{Diff: w.lines("diff", diff...), UndoHint: w.safe("undo", "U puts the old definition back"), Inverse: &core.Inverse{Verb: core.VerbRestart}, Danger: 1}}, nil
}

// Definition implements sources.Editor.
func (y system) Definition(_ context.Context, ref core.Ref) ([]byte, error) {
	return []byte("kind: " + ref.Kind + "\nmetadata:\n  name: " + ref.Name + "\nspec:\n  replicas: 3\n"), nil
}

// PlanEdit implements sources.Editor.
func (y system) PlanEdit(context.Context, core.Ref, []byte, []byte) (*core.Operation, error) {
	return nil, errors.New("the verb of the tests plans it")
}

func (y system) remove(ref core.Ref, p actions.Params) (*core.Operation, error) {
	w := y.s.w
	plan := core.Plan{
		Changes:  []core.FieldChange{{Field: text.Clean(ref.Kind), Before: text.Clean(ref.Name), After: w.safe("after", "deleted")}},
		Impact:   []text.Safe{w.safe("impact", "its pods end within "+p["grace"]+" s")},
		Command:  w.safe("command", fmt.Sprintf("kubectl --context %s delete %s %s --cascade=%s --grace-period=%s", ref.Scope, ref.Kind, ref.Name, p["cascade"], p["grace"])),
		UndoHint: w.safe("undo", "U makes it again from its definition; its pods are new"), Inverse: &core.Inverse{Verb: core.VerbRestart}, Danger: 2,
	}
	if ref.Kind == "namespace" {
		plan.Impact = []text.Safe{w.safe("impact", "everything in it: 4 deployments, 1 statefulset, 17 pods, 6 services, 9 configmaps, 5 secrets, 3 persistent volume claims (120 GiB)")}
		plan.Warnings = []text.Safe{w.safe("warning", "the finalizer external-dns/cleanup holds it until its controller has answered"), w.safe("warning", "2 persistent volumes have the reclaim policy Delete: their data is lost")}
		plan.UndoHint, plan.Inverse = w.safe("undo", "cannot be undone: what was in the namespace is gone"), nil
	}
	return &core.Operation{Plan: plan}, nil
}

func (y system) shell(ref core.Ref, p actions.Params) (*core.Operation, error) {
	s := y.s
	return &core.Operation{
		Plan: core.Plan{Command: s.w.safe("command", "kubectl exec -it "+ref.Name+" -c "+p["container"]+" -- sh"), UndoHint: s.w.safe("undo", "cannot be undone")},
		Session: func(_ context.Context, t core.Terminal) error {
			b, _ := io.ReadAll(t.In)
			s.mu.Lock()
			s.typed = append(s.typed, string(b))
			s.mu.Unlock()
			_, _ = io.WriteString(t.Out, "$ ")
			if n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(string(b)), "exit ")); err == nil && n != 0 {
				return &core.ExitError{Code: n}
			}
			return nil
		},
	}, nil
}

func (y system) forward(ref core.Ref, p actions.Params) (*core.Operation, error) {
	w := y.s.w
	local, remote, _ := strings.Cut(p["port"], ":")
	return &core.Operation{
		Plan: core.Plan{Command: w.safe("command", "kubectl port-forward "+ref.Name+" "+p["port"]), UndoHint: w.safe("undo", "end it")},
		Serve: func(ctx context.Context, out core.Output) error {
			out.Progress(core.Progress{Text: w.safe("progress", "127.0.0.1:"+local+" "+"→ "+ref.Name+":"+remote)})
			<-ctx.Done()
			return nil
		},
	}, nil
}

func (w *World) lines(field string, ls ...string) []text.Line {
	out := make([]text.Line, len(ls))
	for i, l := range ls {
		out[i] = text.CleanLine(w.raw(field, l))
	}
	return out
}
