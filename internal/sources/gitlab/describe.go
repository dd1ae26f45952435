package gitlab

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// facts are the lines of a description.
type facts struct{ lines []text.Line }

func (f *facts) add(name text.Safe, value text.Safe) {
	if !value.Empty() {
		f.lines = append(f.lines, text.Sprintf("%-14s %s", name, value).Line())
	}
}

func (f *facts) raw(name text.Safe, value string) { f.add(name, text.CleanLong(value)) }

func (f *facts) at(name text.Safe, t time.Time) {
	if !t.IsZero() {
		f.raw(name, t.Local().Format(time.DateTime))
	}
}

func (f *facts) head(title text.Safe) {
	f.lines = append(f.lines, text.Line{}, title.Styled(text.Style{Attr: text.Bold}))
}

// Describe implements sources.Describer.
func (s *Source) Describe(ctx context.Context, ref core.Ref) (core.Document, error) {
	switch ref.Kind {
	case ci.KindRun:
		return s.describeRun(ctx, ref)
	case ci.KindJob:
		return s.describeJob(ctx, ref)
	case ci.KindWorkflow:
		return s.describeProject(ctx, ref)
	case ci.KindEnvironment:
		return s.describeEnvironment(ctx, ref)
	}
	return core.Document{}, notFound(text.Clean(ref.Kind), ref.Namespace)
}

func (s *Source) describeRun(ctx context.Context, ref core.Ref) (core.Document, error) {
	r, x, jobs, err := s.run(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	p := &x.p
	f := &facts{}
	f.raw(text.Lit("project"), r.path)
	f.raw(text.Lit("pipeline"), strconv.Itoa(p.ID)+" (no. "+strconv.Itoa(p.IID)+" of the project)")
	f.raw(text.Lit("name"), p.Name)
	f.raw(text.Lit("status"), p.Status)
	f.raw(text.Lit("configuration"), p.YAMLErrors)
	f.raw(text.Lit("ref"), branch(p.Ref))
	f.raw(text.Lit("commit"), p.SHA)
	f.raw(text.Lit("title"), x.d.title)
	f.raw(text.Lit("commit by"), x.d.author)
	f.raw(text.Lit("started by"), p.User.name())
	f.raw(text.Lit("because of"), p.Source)
	f.at(text.Lit("created"), p.Created)
	f.at(text.Lit("started"), p.Started)
	f.at(text.Lit("ended"), p.Finished)
	if p.Finished.After(p.Started) && !p.Started.IsZero() {
		f.add(text.Lit("duration"), text.Duration(p.Finished.Sub(p.Started)))
	}
	f.raw(text.Lit("coverage"), p.Coverage)
	f.raw(text.Lit("page"), webURL(p.WebURL))
	for _, w := range x.d.waits {
		f.add(text.Lit("waits for"), w)
	}
	f.head(text.Lit("Jobs"))
	for _, a := range attempts(jobs) {
		f.lines = append(f.lines, text.Sprintf("  %-14s %-30s %s %s", text.Clean(a.Stage), text.Clean(a.Name), text.Clean(a.Status), failure(&a.apiJob)).Line())
	}
	s.describeVariables(ctx, ref.Namespace, p.ID, f)
	return core.Document{Title: text.Sprintf("Pipeline %d of %s", p.ID, r.path), Lines: f.lines}, nil
}

// describeVariables names what a pipeline was given. Values can be secrets, and
// the API does not say which are: they are not shown.
func (s *Source) describeVariables(ctx context.Context, path string, id int, f *facts) {
	var list []apiVariable
	if _, err := s.get(ctx, rest.Request{Path: project(path, "pipelines", strconv.Itoa(id), "variables"), Urgent: true}, &list); err != nil || len(list) == 0 {
		return // only who may change the pipeline may see them
	}
	var names []string
	for _, v := range list {
		names = append(names, v.Key)
	}
	slices.Sort(names)
	f.head(text.Lit("Variables that it was given (values are not shown)"))
	for _, n := range names {
		f.lines = append(f.lines, text.Sprintf("  %s", n).Line())
	}
}

func (s *Source) describeJob(ctx context.Context, ref core.Ref) (core.Document, error) {
	j, _, blocked, err := s.job(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	f := &facts{}
	f.raw(text.Lit("project"), ref.Namespace)
	f.raw(text.Lit("job"), j.Name+" ("+strconv.Itoa(j.ID)+")")
	f.raw(text.Lit("stage"), j.Stage)
	f.raw(text.Lit("status"), j.Status)
	f.add(text.Lit("why"), failure(&j))
	if j.AllowFailure {
		f.raw(text.Lit("may fail"), "yes: the pipeline goes on without it")
	}
	if d, ok := blocked[j.ID]; ok {
		f.raw(text.Lit("waits for"), approvalFor+d.Environment.Name)
	}
	f.raw(text.Lit("pipeline"), strconv.Itoa(j.Pipeline.ID))
	f.raw(text.Lit("ref"), branch(j.Ref))
	if j.Commit != nil {
		f.raw(text.Lit("commit"), j.Commit.ID)
		f.raw(text.Lit("title"), j.Commit.Title)
	}
	f.raw(text.Lit("started by"), j.User.name())
	if j.Runner != nil {
		f.raw(text.Lit("runner"), j.Runner.Description)
	}
	f.raw(text.Lit("runner tags"), strings.Join(j.Tags, ", "))
	if j.Queued > 0 {
		f.add(text.Lit("queued for"), text.Duration(time.Duration(j.Queued*float64(time.Second)).Truncate(time.Second)))
	}
	f.at(text.Lit("created"), j.Created)
	f.at(text.Lit("started"), j.Started)
	f.at(text.Lit("ended"), j.Finished)
	f.raw(text.Lit("page"), webURL(j.WebURL))
	return core.Document{Title: text.Sprintf("Job %s of pipeline %d", j.Name, j.Pipeline.ID), Lines: f.lines}, nil
}

func (s *Source) describeProject(ctx context.Context, ref core.Ref) (core.Document, error) {
	info, err := s.project(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	f := &facts{}
	f.raw(text.Lit("project"), info.Path)
	f.raw(text.Lit("runs on"), info.DefaultBranch)
	f.raw(text.Lit("defined in"), orElse(info.ConfigPath, definition))
	if l := info.level(); l > 0 {
		f.raw(text.Lit("your role"), role(l))
	}
	f.raw(text.Lit("page"), webURL(info.WebURL))
	vars, problem := s.declared(ctx, ref.Namespace, info.DefaultBranch, orElse(info.ConfigPath, definition))
	if problem.Empty() && len(vars) > 0 {
		f.head(text.Lit("Variables of its definition"))
		for _, v := range vars {
			f.lines = append(f.lines, text.Sprintf("  %-20s %s", text.Clean(v.name), text.CleanLong(v.description)).Line())
		}
	}
	return core.Document{Title: text.Sprintf("CI of %s", info.Path), Lines: f.lines}, nil
}

// role names an access level (docs.gitlab.com/api/access_requests).
func role(level int) string {
	switch {
	case level >= 50:
		return "Owner"
	case level >= 40:
		return "Maintainer"
	case level >= developer:
		return "Developer"
	case level >= 20:
		return "Reporter"
	}
	return "Guest"
}

func (s *Source) describeEnvironment(ctx context.Context, ref core.Ref) (core.Document, error) {
	e, err := s.environment(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	f := &facts{}
	f.raw(text.Lit("project"), ref.Namespace)
	f.raw(text.Lit("environment"), e.Name)
	f.raw(text.Lit("tier"), e.Tier)
	f.raw(text.Lit("state"), e.State)
	f.raw(text.Lit("address"), webURL(e.URL))
	f.at(text.Lit("created"), e.Created)
	f.at(text.Lit("stops at"), e.AutoStop)
	if d := e.Last; d != nil {
		f.raw(text.Lit("deployed"), "#"+strconv.Itoa(d.IID)+" "+ci.Short(d.SHA)+" of "+branch(d.Ref)+" by "+d.User.name())
		f.at(text.Lit("at"), d.Created)
	}
	rules, err := s.protectedOf(ctx, ref.Namespace, true)
	switch {
	case absent(err):
		f.raw(text.Lit("protection"), "not told: it is a feature of the Premium tier, for maintainers")
	case err == nil:
		for _, p := range rules {
			if p.Name == e.Name {
				f.raw(text.Lit("protected"), s.ruleWords(&p))
			}
		}
	}
	return core.Document{Title: text.Sprintf("Environment %s of %s", e.Name, ref.Namespace), Lines: f.lines}, nil
}

// ruleWords says who may deploy to a protected environment.
func (s *Source) ruleWords(p *apiProtected) string {
	var who []string
	for _, d := range p.Deploy {
		who = append(who, d.Description)
	}
	says := "only " + orElse(strings.Join(who, ", "), "nobody") + " may deploy"
	if p.Required > 0 {
		says += "; approvals needed: " + strconv.Itoa(p.Required)
	}
	return says
}

// Events implements sources.Eventer: what became of the jobs of a pipeline, and
// of the deployments to an environment, newest first.
func (s *Source) Events(ctx context.Context, ref core.Ref) ([]core.Event, error) {
	switch ref.Kind {
	case ci.KindRun:
		id, err := runID(ref)
		if err != nil {
			return nil, err
		}
		jobs, _, err := s.jobsOf(ctx, ref.Namespace, id, true, true)
		if err != nil {
			return nil, err
		}
		return s.jobEvents(ref, jobs), nil
	case ci.KindJob:
		j, _, _, err := s.job(ctx, ref)
		if err != nil {
			return nil, err
		}
		return s.jobEvents(ref, []apiJob{j}), nil
	case ci.KindEnvironment:
		return s.deploymentEvents(ctx, ref)
	}
	return nil, nil
}

func (s *Source) jobEvents(ref core.Ref, jobs []apiJob) []core.Event {
	var out []core.Event
	for i := range jobs {
		j := &jobs[i]
		at := s.jobRef(ref.Namespace, j.Pipeline.ID, j, 0)
		from := text.Lit("GitLab")
		if j.Runner != nil {
			from = text.Clean(j.Runner.Description)
		}
		if !j.Started.IsZero() {
			out = append(out, core.Event{At: j.Started.UnixNano(), Count: 1, Reason: text.Lit("started"), Message: text.Sprintf("%s (%s) was started by %s", j.Name, j.Stage, j.User.name()), From: from, Ref: at})
		}
		if isOver(j.Status) && !j.Finished.IsZero() {
			says := text.Sprintf("%s (%s)", j.Name, j.Stage)
			if why := failure(j); !why.Empty() {
				says = text.Sprintf("%s: %s", says, why)
			}
			out = append(out, core.Event{At: j.Finished.UnixNano(), Count: 1, Warning: j.Status == "failed", Reason: text.Clean(j.Status), Message: says, From: from, Ref: at})
		}
	}
	slices.SortStableFunc(out, func(a, b core.Event) int { return int(min(1, max(-1, b.At-a.At))) })
	return out
}

func (s *Source) deploymentEvents(ctx context.Context, ref core.Ref) ([]core.Event, error) {
	list, err := s.deploymentsOf(ctx, ref.Namespace, url.Values{"environment": {ref.Name}, "per_page": {"30"}}, true)
	if err != nil {
		return nil, err
	}
	var out []core.Event
	for i := range list {
		d := &list[i]
		out = append(out, core.Event{
			At: stampOf(d.Updated), First: stampOf(d.Created), Count: 1, Warning: d.Status == "failed", Reason: text.Clean(d.Status),
			Message: text.Sprintf("deployment #%d of %s (%s) by %s", d.IID, branch(d.Ref), ci.Short(d.SHA), d.User.name()), From: text.Lit("GitLab"), Ref: ref,
		})
	}
	return out, nil
}
