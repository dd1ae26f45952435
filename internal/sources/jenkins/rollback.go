package jenkins

import (
	"context"
	"regexp"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// versionName is how parameters are called that say what is deployed.
var versionName = regexp.MustCompile(`(?i)(version|tag|image|release|commit|sha|rev(ision)?|digest|artifact|build_?(no|num|number|id)|(^|_)(ref|branch|build)$)`)

// versions are the parameters of a job that say which version it brings.
func versions(defs []apiParameter) []string {
	var out []string
	for i := range defs {
		d := &defs[i]
		if versionName.MatchString(d.Name) && !d.isPassword() && !d.isFile() && d.kind() != "Boolean" && !secretName.MatchString(d.Name) {
			out = append(out, d.Name)
		}
	}
	return out
}

// wayBack is what a job can go back to.
type wayBack struct {
	d       *dispatch
	item    *apiItem
	names   []string  // of the parameters that say the version
	from    *apiBuild // what holds now
	choices []apiBuild
}

// waysBack reads the earlier good builds of a job, for the same place as the
// build that holds now: of a run, that run; of a job, its last good build.
func (s *Source) waysBack(ctx context.Context, ref core.Ref, t target) (*wayBack, error) {
	if t.queue > 0 || ref.Kind == ci.KindJob {
		return nil, notFound(ref)
	}
	d, it, err := s.newDispatch(ctx, ref, t)
	if err != nil {
		return nil, err
	}
	w := &wayBack{d: d, item: it, names: versions(d.defs)}
	if len(w.names) == 0 {
		var all []string
		for i := range d.defs {
			all = append(all, d.defs[i].Name)
		}
		summary := text.Sprintf("%s takes no parameter that says which version it brings: a build of it brings what its branch has now", t.full)
		if len(all) > 0 {
			summary = text.Sprintf("none of the parameters of %s (%s) says which version it brings: a build brings what its branch has now", t.full, strings.Join(all, ", "))
		}
		hint := text.Lit("revert the commit, or give the job a parameter for the version")
		if d.job.isPipeline() {
			hint = text.Lit("rerun the good build with replay=true (a multibranch project checks out the same commit then), or revert the commit")
		}
		return nil, unsupported(summary, hint)
	}
	builds, err := s.readBuilds(ctx, t.full, lookBack)
	if err != nil {
		return nil, missing(ref, err)
	}
	for i := range builds {
		if b := &builds[i]; t.number == b.Number || t.number == 0 && b.Result == "SUCCESS" {
			w.from = b
			break
		}
	}
	if t.number > 0 && w.from == nil {
		_, b, err := s.readBuild(ctx, ref, t)
		if err != nil {
			return nil, err
		}
		w.from = b
	}
	if w.from == nil {
		return nil, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("no build of %s has gone well among the last %d: there is nothing to go back to", t.full, lookBack)}
	}
	if ref.UID != "" && isRun(ref) && ref.UID != w.from.uid() {
		return nil, replaced(ref)
	}
	for i := range builds {
		if b := &builds[i]; b.Number < w.from.Number && b.Result == "SUCCESS" && samePlace(b, w.from) {
			w.choices = append(w.choices, *b)
		}
	}
	return w, nil
}

// samePlace reports whether two builds were for the same environment.
func samePlace(a, b *apiBuild) bool {
	x, y := valuesOf(a.Actions), valuesOf(b.Actions)
	for name, v := range y {
		if placeName.MatchString(name) && x[name] != v {
			return false
		}
	}
	return true
}

// values are the parameters of an earlier build; where the job takes a commit
// and the build was given none, the one that it checked out.
func (w *wayBack) values(s *Source, b *apiBuild) (map[string]string, []text.Safe) {
	values, lost := again(w.d.defs, valuesOf(b.Actions))
	r := s.run(w.d.job, b)
	for _, name := range w.names {
		if commitName.MatchString(name) && values[name] == "" && r.Commit != "" {
			values[name] = r.Commit
		}
	}
	return values, lost
}

// differs reports whether going back to b would bring anything else.
func (w *wayBack) differs(s *Source, b *apiBuild) bool {
	now, _ := w.values(s, w.from)
	then, _ := w.values(s, b)
	for _, name := range w.names {
		if now[name] != then[name] {
			return true
		}
	}
	return false
}

func (w *wayBack) brief(s *Source, b *apiBuild) text.Safe {
	values, _ := w.values(s, b)
	var parts []text.Safe
	for _, name := range w.names {
		if v := values[name]; v != "" {
			parts = append(parts, text.Sprintf("%s=%s", name, cut(v, 60)))
		}
	}
	return text.Join(text.Lit(" "), parts...)
}

func (s *Source) rollbackForm(ctx context.Context, ref core.Ref, t target) (core.Form, error) {
	w, err := s.waysBack(ctx, ref, t)
	if err != nil {
		return core.Form{}, err
	}
	f := core.Field{
		Name: "to", Title: text.Lit("build"), Type: core.FieldChoice,
		Columns: []text.Safe{text.Lit("BUILD"), text.Lit("VERSION"), text.Lit("COMMIT"), text.Lit("AGE"), text.Lit("BY")},
	}
	add := func(b *apiBuild, current bool) {
		r := s.run(w.d.job, b)
		c := core.Choice{Value: r.Number, Current: current, Cells: []text.Safe{
			text.Sprintf("#%d", b.Number), w.brief(s, b), text.Clean(ci.Short(r.Commit)), text.Age(s.serverTime().Sub(b.began()).Truncate(time.Second)), text.Clean(r.Author),
		}}
		switch {
		case current:
			c.Disabled = text.Lit("it is what was built last")
		case !w.differs(s, b):
			c.Disabled = text.Lit("it brings the same version")
		case f.Value == "":
			f.Value = r.Number
		}
		f.Choices = append(f.Choices, c)
	}
	add(w.from, true)
	for i := range w.choices {
		add(&w.choices[i], false)
	}
	return core.Form{Fields: []core.Field{f}, Note: text.Lit("a new build with the parameters of an earlier one that went well")}, nil
}

// PlanRollback implements sources.Roller: the job once more, with the
// parameters of an earlier build that went well.
func (s *Source) PlanRollback(ctx context.Context, ref core.Ref, to core.Rollback) (*core.Operation, error) {
	ctx = urgently(ctx)
	t, ok := parse(ref)
	if !ok {
		return nil, notFound(ref)
	}
	if to.Via != "" {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("Jenkins has no way back by %s", to.Via)}
	}
	w, err := s.waysBack(ctx, ref, t)
	if err != nil {
		return nil, err
	}
	b, err := w.choose(ctx, s, ref, t, to.To)
	if err != nil {
		return nil, err
	}
	d := w.d
	var lost []text.Safe
	d.values, lost = w.values(s, b)
	now, _ := w.values(s, w.from)
	r := s.run(d.job, b)
	d.usual = r.Usual
	target := s.run(d.job, w.from).Ref
	if ref.Kind == ci.KindWorkflow {
		target = s.ref(ci.KindWorkflow, ref.Namespace, ref.Name, t.full)
	}
	p := core.Plan{
		Verb: core.VerbRollback, Target: target, Title: text.Sprintf("Roll back %s to what #%d brought", t.full, b.Number),
		Changes: d.changes(now), Warnings: append(lost, d.warnings(ctx)...), Command: s.curl(d.path(), nil, d.shown()),
		Impact: []text.Safe{
			text.Sprintf("build #%d, or the next free number", w.item.Next),
			text.Sprintf("what #%d brought, which went well %s ago%s", b.Number, text.Age(s.serverTime().Sub(b.began()).Truncate(time.Second)), by(r.Author)),
		},
		UndoHint: text.Lit("cannot be undone: the build before it did not go well; deploy brings another version"),
	}
	if w.from.Result == "SUCCESS" {
		p.UndoHint = text.Sprintf("roll back to #%d, which brings the version of now again", w.from.Number)
		p.Inverse = &core.Inverse{Verb: core.VerbRollback, Target: s.ref(ci.KindWorkflow, ref.Namespace, d.job.name, ""), Params: map[string]string{"to": s.run(d.job, w.from).Number}}
	}
	if !commitKnown(w.names) {
		p.Warnings = append(p.Warnings, text.Lit("the job itself and its scripts are those of now, not of then"))
	}
	return d.operation(p), nil
}

func commitKnown(names []string) bool {
	for _, n := range names {
		if commitName.MatchString(n) {
			return true
		}
	}
	return false
}

// choose is the build that is gone back to.
func (w *wayBack) choose(ctx context.Context, s *Source, ref core.Ref, t target, to string) (*apiBuild, error) {
	if to == "" {
		for i := range w.choices {
			if b := &w.choices[i]; w.differs(s, b) {
				return b, nil
			}
		}
		return nil, &core.Problem{
			Kind: core.NotFound, Summary: text.Sprintf("no earlier build of %s that went well brought another version, among the last %d", t.full, lookBack),
			Hint: text.Lit("name a build: --set to=42"),
		}
	}
	n := number(to)
	if n <= 0 {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%q is no number of a build", to), Hint: text.Lit("--set to=42")}
	}
	for i := range w.choices {
		if w.choices[i].Number == n {
			return &w.choices[i], nil
		}
	}
	_, name := split(t.full)
	_, b, err := s.readBuild(ctx, s.ref(ci.KindRun, ref.Namespace, name+"/"+to, ""), target{full: t.full, number: n})
	switch {
	case err != nil:
		return nil, err
	case b.Result != "SUCCESS":
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s #%d did not go well: %s", t.full, n, strings.ToLower(b.Result)), Hint: text.Lit("choose one that did")}
	case !samePlace(b, w.from):
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s #%d was for another environment", t.full, n), Hint: text.Lit("choose one of the same")}
	}
	return b, nil
}
