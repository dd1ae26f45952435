package argocd

import (
	"context"
	"slices"
	"strings"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Disabled implements sources.Permitter from what the last list has told.
func (s *Source) Disabled(verb string, r *core.Resource) text.Safe {
	if r == nil || r.Ref.Kind != kind {
		return text.Lit("Argo CD cannot do that to it")
	}
	x, ok := s.standing(r.Ref)
	if !ok {
		return text.Safe{} // the plan tells
	}
	s.mu.Lock()
	right, asked := s.rights["sync "+x.project+"/"+r.Ref.Name]
	s.mu.Unlock()
	if asked && !right.ok {
		return text.Lit("the user may not sync it")
	}
	switch verb {
	case core.VerbDeploy:
		if x.busy {
			return text.Lit("a sync goes on: cancel it first")
		}
	case core.VerbRollback:
		switch {
		case x.busy:
			return text.Lit("a sync goes on: cancel it first")
		case !x.back:
			return text.Lit("there is no earlier deployment")
		}
	case core.VerbCancel:
		if !x.busy {
			return text.Lit("no sync goes on")
		}
	case core.VerbRerun:
		switch {
		case x.busy:
			return text.Lit("a sync goes on: cancel it first")
		case !x.ran:
			return text.Lit("it has not been synced yet")
		}
	default:
		return text.Lit("Argo CD cannot do that to it")
	}
	return text.Safe{}
}

// The names of the forms' fields.
const (
	fieldRevision = "revision"
	fieldPrune    = "prune"
	fieldForce    = "force"
	fieldTo       = "to"
	fieldAuto     = "auto-sync"
)

// Form implements sources.Former.
func (s *Source) Form(ctx context.Context, verb string, ref core.Ref) (core.Form, error) {
	if verb != core.VerbDeploy && verb != core.VerbRollback {
		return core.Form{}, wrongKind(ref)
	}
	a, err := s.read(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	var f core.Form
	if w, err := s.windows(ctx, s.ref(a)); err == nil {
		f.Note = text.Join(text.Lit("; "), append(w.words(), w.closed())...)
		if w.closed().Empty() {
			f.Note = text.Join(text.Lit("; "), w.words()...)
		}
	}
	if verb == core.VerbRollback {
		s.rollbackForm(ctx, a, &f)
		return f, nil
	}
	revision := core.Field{
		Name: fieldRevision, Title: text.Lit("revision"), Help: text.Lit("a branch, tag or commit; empty: what the application targets"), Open: true, Type: core.FieldChoice,
		Columns: argo.EntryColumns(), Choices: []core.Choice{{Value: "", Cells: []text.Safe{{}, targets(a), text.Lit("what it targets")}, Current: true}},
	}
	if a.Multi() {
		revision.Type, revision.Choices, revision.Columns = core.FieldText, nil, nil
		revision.Help = text.Lit("it has several sources: only what they target can be synced")
	}
	for _, e := range a.Entries(s.about(ctx, a)) {
		if a.Multi() || slices.ContainsFunc(revision.Choices, func(c core.Choice) bool { return c.Value == e.HistoryEntry.Revision }) {
			continue
		}
		c := core.Choice{Value: e.HistoryEntry.Revision, Cells: e.Cells(s.now())}
		if a.AutoSync() {
			c.Disabled = text.Lit("auto-sync would sync back")
		}
		revision.Choices = append(revision.Choices, c)
	}
	f.Fields = []core.Field{
		revision,
		{Name: fieldPrune, Title: text.Lit("prune"), Help: text.Lit("delete what is not in Git any more"), Type: core.FieldBool, Value: "false"},
		{Name: fieldForce, Title: text.Lit("force"), Help: text.Lit("delete and make anew what cannot be changed in place"), Type: core.FieldBool, Value: "false"},
	}
	return f, nil
}

// targets are the revisions that an application's sources target.
func targets(a *argo.Application) text.Safe {
	var all []string
	for _, src := range a.AllSources() {
		rev := src.TargetRevision
		if rev == "" {
			rev = "HEAD"
		}
		all = append(all, rev)
	}
	return text.Clean(strings.Join(all, ", "))
}

// deployed is the revision that the cluster has, as drawn.
func deployed(a *argo.Application) text.Safe {
	all := a.Entries(nil)
	if len(all) == 0 {
		return text.Lit("nothing")
	}
	return text.Clean(all[0].Revision())
}

// allowed refuses a plan that the server would refuse, and returns warnings.
func (s *Source) allowed(ctx context.Context, a *argo.Application) ([]text.Safe, error) {
	ref := s.ref(a)
	if a.Busy() {
		return nil, busy(a)
	}
	if !s.may(ctx, "sync", ref, a.Spec.Project) {
		return nil, &core.Problem{Kind: core.Forbidden, Summary: text.Sprintf("this user may not sync %s/%s", a.Spec.Project, a.Meta.Name), Hint: text.Lit("the roles are in argocd-rbac-cm and in the project")}
	}
	w, err := s.windows(ctx, ref)
	if err != nil {
		return nil, err
	}
	if why := w.closed(); !why.Empty() {
		return nil, &core.Problem{Kind: core.Refused, Summary: text.Sprintf("application %s cannot be synced now: %s", a.Meta.Name, why), Hint: text.Lit("wait until the window ends, or have the project changed")}
	}
	return w.words(), nil
}

func busy(a *argo.Application) *core.Problem {
	return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("a sync of %s goes on", a.Meta.Name), Hint: text.Lit("wait for its end, or cancel it first")}
}

// recheck reads an application again before a change is sent, and refuses when
// it is not any more what the plan was made for.
func (s *Source) recheck(ctx context.Context, planned *argo.Application) (*argo.Application, error) {
	a, err := s.read(ctx, s.ref(planned))
	if err != nil {
		return nil, err
	}
	stale := func(why text.Safe) error {
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("nothing was sent: %s", why), Hint: text.Lit("plan it again")}
	}
	switch {
	case a.Busy():
		return nil, stale(text.Sprintf("a sync of %s has begun meanwhile", a.Meta.Name))
	case !slices.Equal(a.Status.Sync.All(), planned.Status.Sync.All()):
		return nil, stale(text.Lit("Git has moved on since it was planned"))
	case len(a.Entries(nil)) > 0 && (planned.Deployed() == nil || a.Deployed().ID != planned.Deployed().ID):
		return nil, stale(text.Sprintf("%s was deployed meanwhile", a.Meta.Name))
	case a.AutoSync() != planned.AutoSync():
		return nil, stale(text.Lit("auto-sync was switched meanwhile"))
	}
	return a, nil
}

// command is a line for the argocd command.
func (s *Source) command(words ...string) text.Safe {
	if s.server.context != "" {
		words = append(words, "--argocd-context", s.server.context)
	} else {
		words = append(words, "--server", s.client.Base().Host)
		if root := strings.Trim(s.client.Base().Path, "/"); root != "" {
			words = append(words, "--grpc-web-root-path", root)
		}
		if s.client.Base().Scheme == "http" {
			words = append(words, "--plaintext")
		}
	}
	all := append([]string{"argocd"}, words...)
	for i, w := range all {
		all[i] = quote(w)
	}
	return text.CleanLong(strings.Join(all, " "))
}

func quote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+~:@%=,", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// name is the application as the argocd command takes it.
func name(a *argo.Application) string {
	if a.Meta.Namespace == "" {
		return a.Meta.Name
	}
	return a.Meta.Namespace + "/" + a.Meta.Name
}
