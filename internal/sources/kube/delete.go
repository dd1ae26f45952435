package kube

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Deleter = (*Source)(nil)

// namespaceLimit is how long the end of a namespace is followed: its content goes first.
const namespaceLimit = 15 * time.Minute

// removal is one planned deletion.
type removal struct {
	s      *Source
	k      *kind
	ref    core.Ref // with the UID that was seen
	before tree
	how    core.Removal
	sent   bool // the server said that it took the request
}

// PlanDelete plans that an object goes away, with what it takes along. The
// request names the UID that was seen, so that no other object of that name is hit
// (https://kubernetes.io/docs/concepts/architecture/garbage-collection/).
func (s *Source) PlanDelete(ctx context.Context, ref core.Ref, how core.Removal) (*core.Operation, error) {
	k, o, err := s.fetch(ctx, ref)
	if err != nil {
		return nil, err
	}
	d := &removal{s: s, k: k, before: o, how: how}
	d.ref = s.ref(k.Name, o.str("metadata", "namespace"), o.str("metadata", "name"), o.str("metadata", "uid"))
	if err := d.check(); err != nil {
		return nil, err
	}
	p := core.Plan{
		Verb: core.VerbDelete, Target: d.ref, Rev: o.str("metadata", "resourceVersion"), Danger: d.danger(), Command: d.command(),
		Title: text.Sprintf("Delete %s %s", k.Name, d.ref.Name),
		Changes: []core.FieldChange{{
			Field:  text.Sprintf("%s %s", k.Name, d.ref.Name),
			Before: text.Sprintf("there since %s", o.str("metadata", "creationTimestamp")), After: text.Lit("deleted"),
		}},
	}
	if d.ref.Namespace != "" {
		p.Title = text.Sprintf("%s in %s", p.Title, d.ref.Namespace)
	}
	err = d.send(ctx, true)
	switch {
	case err == nil:
	case isStatus(err, http.StatusNotFound, http.StatusConflict):
		return nil, s.problem(d.cannot(), err)
	default:
		p.Blind, p.Preview = true, s.problem(text.Safe{}, err).Summary
	}
	d.impact(ctx, &p)
	d.undo(&p)
	if k.Name == kindApplication {
		p.Also = s.fills(o)
	}
	op := &core.Operation{Plan: p, Execute: d.execute, Verify: d.verify}
	if k.Name == "namespace" {
		op.VerifyLimit = namespaceLimit
	}
	return op, nil
}

func (d *removal) cannot() text.Safe {
	return text.Sprintf("cannot delete %s %s", d.k.Name, d.ref.Name)
}

// check fills in what was not said and refuses what makes no sense.
func (d *removal) check() error {
	switch d.how.Cascade {
	case "":
		d.how.Cascade = "background"
	case "foreground", "background", "orphan":
	default:
		return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("cascade is foreground, background or orphan, not %q", d.how.Cascade)}
	}
	if d.how.Volumes {
		return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("the volumes of a %s are claims of their own: delete those", d.k.Name)}
	}
	if d.how.Force {
		if d.k.Name != "pod" {
			return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("only pods are deleted by force; a %s waits for nothing but its finalizers", d.k.Name)}
		}
		d.how.Grace = 0
	}
	if since := d.before.time("metadata", "deletionTimestamp"); !since.IsZero() && !d.how.Force {
		why := "its pods or dependents to end"
		if f := finalizers(d.before); len(f) > 0 {
			why = "finalizers: " + strings.Join(f, ", ")
		}
		return &core.Problem{
			Kind: core.Refused, Summary: text.Sprintf("%s %s is being deleted already; it waits for %s", d.k.Name, d.ref.Name, why),
			Hint: text.Lit("a finalizer is taken off by the controller that set it: look whether that one works"),
		}
	}
	return nil
}

// finalizers are what must happen before an object is gone.
func finalizers(o tree) []string {
	var out []string
	for _, path := range [][]string{{"metadata", "finalizers"}, {"spec", "finalizers"}} {
		list, _ := o.at(path...).([]any)
		for _, f := range list {
			if name, ok := f.(string); ok {
				out = append(out, name)
			}
		}
	}
	return out
}

// danger: 2 where data or state goes, or nothing makes it again.
func (d *removal) danger() int {
	switch d.k.Name {
	case "namespace", "persistentvolumeclaim", "persistentvolume", "customresourcedefinition", "statefulset", "secret", "node", "storageclass":
		return 2
	case "pod":
		if d.how.Force || controller(d.before) == nil {
			return 2
		}
	}
	if custom(d.k) {
		return 2 // what it stands for is known to its controller alone: a database, a cluster
	}
	return 1
}

// custom reports whether a kind was added to the cluster by somebody.
func custom(k *kind) bool {
	return strings.Contains(k.group, ".") && !strings.HasSuffix(k.group, ".k8s.io")
}

// typeName is how kubectl names an object: deployment/web, widgets.example.com/w1.
func typeName(k *kind, name string) string {
	t := k.Name
	if k.reduce == nil {
		t = k.resource
		if k.group != "" {
			t += "." + k.group
		}
	}
	return shellWord(t + "/" + name)
}

func (d *removal) command() text.Safe {
	args := []string{"delete", typeName(d.k, d.ref.Name), "--cascade=" + d.how.Cascade}
	if d.how.Grace >= 0 {
		args = append(args, "--grace-period="+text.Int(d.how.Grace).String())
	}
	if d.how.Force {
		args = append(args, "--force")
	}
	return text.Sprintf("%s %s", d.s.kubectl(d.ref.Namespace), strings.Join(args, " "))
}

// send deletes this life of the object and no other. The revision is no
// precondition: the status moves all the time.
func (d *removal) send(ctx context.Context, dry bool) error {
	policy := map[string]string{"foreground": "Foreground", "background": "Background", "orphan": "Orphan"}[d.how.Cascade]
	options := map[string]any{
		"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy,
		"preconditions": map[string]any{"uid": d.ref.UID},
	}
	if d.how.Grace >= 0 {
		options["gracePeriodSeconds"] = d.how.Grace
	}
	q := url.Values{}
	if dry {
		q.Set("dryRun", "All")
		options["dryRun"] = []string{"All"}
	}
	_, err := d.s.client.do(ctx, request{method: http.MethodDelete, path: d.k.object(d.ref), query: q, contentType: "application/json", body: jsonOf(options)}, nil)
	return err
}

func (d *removal) execute(ctx context.Context, _ core.Output) error {
	_, now, err := d.s.fetch(ctx, d.ref)
	if err != nil {
		return err
	}
	// What undo would make again must be what is deleted.
	if d.lost().Empty() && changedSince(d.before, now) {
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s %s was changed since the plan was made", d.k.Name, d.ref.Name), Hint: text.Lit("look at the plan again")}
	}
	if err := d.send(ctx, false); err != nil {
		return d.s.outcome(d.cannot(), err)
	}
	d.sent = true
	return nil
}

// verify waits until the object is gone.
func (d *removal) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	return d.s.follow(ctx, report, func() (core.Outcome, bool, error) {
		_, o, err := d.s.fetch(ctx, d.ref)
		switch {
		case isProblem(err, core.NotFound):
			report(core.Progress{Done: 1, Total: 1, Text: text.Sprintf("%s %s is gone", d.k.Name, d.ref.Name)})
			return core.OutcomeHealthy, true, nil
		case isProblem(err, core.Conflict):
			report(core.Progress{Done: 1, Total: 1, Text: text.Sprintf("it is gone; a new %s has its name", d.k.Name)})
			return core.OutcomeHealthy, true, nil
		case err != nil:
			return core.OutcomeUnknown, false, err
		case o.str("metadata", "deletionTimestamp") != "":
			report(core.Progress{Text: waitsFor(d.k, o)})
			return core.OutcomeUnknown, false, nil
		case !d.sent:
			return core.OutcomeRefused, true, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("the deletion did not arrive: %s %s is still there", d.k.Name, d.ref.Name)}
		}
		return core.OutcomeFailed, true, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s %s is still there and not being deleted", d.k.Name, d.ref.Name)}
	})
}

// waitsFor says what keeps an object that is being deleted.
func waitsFor(k *kind, o tree) text.Safe {
	if k.Name == "namespace" {
		for _, c := range o.items("status", "conditions") {
			if c.str("status") == "True" && slices.Contains([]string{"NamespaceContentRemaining", "NamespaceFinalizersRemaining", "NamespaceDeletionContentFailure"}, c.str("type")) {
				return text.CleanLong(c.str("message"))
			}
		}
		return text.Lit("its content is being deleted")
	}
	if f := finalizers(o); len(f) > 0 {
		if slices.Equal(f, []string{"foregroundDeletion"}) {
			return text.Lit("waits for its dependents to go first")
		}
		return text.Sprintf("waits for finalizer %s", strings.Join(f, ", "))
	}
	if k.Name == "pod" {
		return text.Sprintf("its containers have %s s to end", o.str("metadata", "deletionGracePeriodSeconds"))
	}
	return text.Lit("is being deleted")
}

// undo says how the deletion is taken back where that is honest.
func (d *removal) undo(p *core.Plan) {
	if why := d.lost(); !why.Empty() {
		p.UndoHint = text.Sprintf("cannot be undone: %s", why)
		return
	}
	p.UndoHint = text.Lit("U makes it again from its definition: a new object with a new UID")
	switch {
	case slices.Contains(rolled, d.k.Name):
		p.UndoHint = text.Sprintf("%s; its pods start anew and its revisions begin again at 1", p.UndoHint)
	case d.k.Name == "service":
		p.UndoHint = text.Sprintf("%s; it asks for the same cluster IP and ports; a load balancer may get another address", p.UndoHint)
	}
	p.Inverse = &core.Inverse{Verb: core.VerbRestore, Saved: jsonOf(saved{Manifest: manifestOf(d.k, d.before)})}
}

// restorable kinds have nothing behind them that a definition does not bring back.
var restorable = []string{
	"configmap", "service", "deployment", "daemonset", "statefulset", "ingress", "horizontalpodautoscaler", "cronjob",
	"poddisruptionbudget", "serviceaccount", "role", "rolebinding", "clusterrole", "clusterrolebinding", "networkpolicy",
	"resourcequota", "limitrange", "priorityclass", "ingressclass",
}

// lost says why a deletion cannot be taken back; empty: it can.
func (d *removal) lost() text.Safe {
	owners := d.before.items("metadata", "ownerReferences")
	switch {
	case d.k.Name == "secret":
		return text.Lit("secrets are not kept")
	case controller(d.before) != nil:
		return text.Sprintf("%s %s makes a new one by itself", controller(d.before).str("kind"), controller(d.before).str("name"))
	case len(owners) > 0:
		return text.Sprintf("it belongs to %s %s", owners[0].str("kind"), owners[0].str("name"))
	case d.k.Name == "namespace":
		return text.Lit("all that is in it is gone")
	case !slices.Contains(restorable, d.k.Name):
		return text.Sprintf("what a %s stands for does not come back with its definition", d.k.Name)
	case d.k.Name == "statefulset" && d.before.str("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted") == "Delete":
		return text.Lit("its volume claims are deleted with it")
	case holdsSecrets(d.before):
		return text.Lit("its definition holds secret values, which are not kept")
	}
	return text.Safe{}
}

// deleteForm asks how far a deletion goes.
func (s *Source) deleteForm(_ context.Context, k *kind, _ core.Ref) (core.Form, error) {
	var f core.Form
	if slices.Contains(append([]string{"cronjob", "job", "replicaset"}, rolled...), k.Name) || custom(k) {
		f.Fields = append(f.Fields, core.Field{
			Name: "cascade", Title: text.Lit("dependents"), Type: core.FieldChoice, Value: "background", Columns: []text.Safe{text.Lit("CASCADE"), text.Lit("WHAT IT OWNS")},
			Choices: []core.Choice{
				{Value: "background", Cells: []text.Safe{text.Lit("background"), text.Lit("is deleted after it")}},
				{Value: "foreground", Cells: []text.Safe{text.Lit("foreground"), text.Lit("is deleted first; it goes last")}},
				{Value: "orphan", Cells: []text.Safe{text.Lit("orphan"), text.Lit("goes on without an owner")}},
			},
		})
	}
	if k.Name == "pod" {
		f.Fields = append(f.Fields, graceField(), core.Field{
			Name: "force", Title: text.Lit("force"), Type: core.FieldBool, Value: "false",
			Help: text.Lit("forget the pod at once: its containers may go on running on the node"),
		})
	}
	return f, nil
}

// deleteWhy tells from the row that it is going already. Pods can still be
// deleted by force.
func deleteWhy(r *core.Resource) text.Safe {
	if r.Ref.Kind != "pod" && strings.Contains(r.Reason.String(), "Terminating") {
		return text.Sprintf("%s %s is being deleted already", r.Ref.Kind, r.Ref.Name)
	}
	return text.Safe{}
}
