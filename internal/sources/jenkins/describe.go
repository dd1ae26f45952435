package jenkins

import (
	"context"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// page is a document being written.
type page struct{ lines []text.Line }

func (p *page) head(title string) {
	if len(p.lines) > 0 {
		p.lines = append(p.lines, text.CleanLine(""))
	}
	p.lines = append(p.lines, text.CleanLine(title))
}

// pair adds a line; an empty value adds none.
func (p *page) pair(name, value string) {
	if value == "" {
		return
	}
	const width = 14
	p.lines = append(p.lines, text.CleanLine(name+strings.Repeat(" ", max(width-len(name), 1))+oneLine(value)))
}

func (p *page) line(s string) { p.lines = append(p.lines, text.CleanLine("  "+oneLine(s))) }

// oneLine keeps foreign text in its line.
func oneLine(s string) string { return text.CleanLong(s).String() }

func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// Describe implements sources.Describer.
func (s *Source) Describe(ctx context.Context, ref core.Ref) (core.Document, error) {
	ctx = urgently(ctx)
	t, ok := parse(ref)
	switch {
	case !ok:
		return core.Document{}, notFound(ref)
	case ref.Kind == ci.KindWorkflow:
		return s.describeJob(ctx, ref, t)
	case t.queue > 0:
		return s.describeItem(ctx, ref, t)
	}
	runRef := ref
	if ref.Kind == ci.KindJob {
		runRef = s.runRef(ref.Namespace, t)
		if _, err := s.getStage(ctx, ref, t); err != nil {
			return core.Document{}, err
		}
	}
	j, b, err := s.readBuild(ctx, runRef, t)
	if err != nil {
		return core.Document{}, err
	}
	r := s.run(j, b)
	var p page
	p.pair("Job", t.full)
	p.pair("Build", strconv.Itoa(t.number))
	p.pair("Status", r.Reason.String())
	p.pair("Started", at(r.Started))
	if r.Finished() {
		p.pair("Took", text.Duration(r.Took()).String())
	}
	if r.Usual > 0 {
		p.pair("Usual", text.Duration(r.Usual).String())
	}
	for _, a := range b.Actions {
		for _, c := range a.Causes {
			p.pair("Cause", c.Text)
		}
	}
	p.pair("Branch", r.Branch)
	p.pair("Commit", r.Commit)
	p.pair("Repository", r.Repo)
	p.pair("Environment", r.Environment)
	p.pair("Description", b.Description)
	p.pair("Page", r.URL)
	if params := parameters(b.Actions); len(params) > 0 {
		p.head("Parameters")
		p.values(params)
	}
	if commits := b.commits(); len(commits) > 0 {
		p.head("Changes")
		for _, c := range commits {
			p.line(ci.Short(c.ID) + "  " + c.Message + by(c.Author.Name))
		}
	}
	return core.Document{Title: text.Sprintf("%s #%d", t.full, t.number), Lines: p.lines}, nil
}

// values lists parameters; what may be secret has none.
func (p *page) values(params []apiValue) {
	for i := range params {
		v, ok := params[i].text()
		switch {
		case params[i].isPassword(), secretName.MatchString(params[i].Name):
			v = "(hidden)"
		case !ok:
			v = "(not told)"
		}
		p.line(params[i].Name + " = " + v)
	}
}

func (s *Source) describeItem(ctx context.Context, ref core.Ref, t target) (core.Document, error) {
	_, q, err := s.readItem(ctx, ref, t)
	if err != nil {
		return core.Document{}, err
	}
	var p page
	p.pair("Job", t.full)
	p.pair("Queue item", strconv.FormatInt(t.queue, 10))
	p.pair("Waits for", q.Why)
	p.pair("Since", at(fromMillis(q.Since)))
	p.pair("Cause", cause(q.Actions).Text)
	if params := parameters(q.Actions); len(params) > 0 {
		p.head("Parameters")
		p.values(params)
	}
	return core.Document{Title: text.Clean(ref.Path()), Lines: p.lines}, nil
}

func (s *Source) describeJob(ctx context.Context, ref core.Ref, t target) (core.Document, error) {
	it, err := s.readDefinition(ctx, ref, t.full)
	if err != nil {
		return core.Document{}, err
	}
	var p page
	p.pair("Job", t.full)
	p.pair("Kind", it.Class[strings.LastIndexByte(it.Class, '.')+1:])
	p.pair("Description", it.About)
	p.pair("Next build", strconv.Itoa(it.Next))
	if it.Buildable != nil && !*it.Buildable {
		p.pair("Status", "disabled")
	}
	p.pair("Page", s.pageOf(t.full, 0))
	if defs := it.parameters(); len(defs) > 0 {
		p.head("Parameters")
		for i := range defs {
			d := &defs[i]
			line := d.Name + " (" + strings.ToLower(d.kind()) + ")"
			if v, ok := d.value(); ok && v != "" && !secretName.MatchString(d.Name) {
				line += " = " + v
			}
			if d.Help != "" {
				line += ": " + words([]byte(d.Help))
			}
			p.line(line)
		}
	}
	return core.Document{Title: text.Clean(t.full), Lines: p.lines}, nil
}

// History implements sources.Historian: the builds of a job.
func (s *Source) History(ctx context.Context, ref core.Ref) (core.Document, error) {
	t, ok := parse(ref)
	if !ok || ref.Kind != ci.KindWorkflow {
		return core.Document{}, notFound(ref)
	}
	ctx = urgently(ctx)
	j, err := s.readWorkflow(ctx, ref, t)
	if err != nil {
		return core.Document{}, err
	}
	builds, err := s.readBuilds(ctx, t.full, lookBack)
	if err != nil {
		return core.Document{}, missing(ref, err)
	}
	var p page
	for i := range builds {
		r := s.run(j, &builds[i])
		p.lines = append(p.lines, text.CleanLine("#"+r.Number+"  "+at(r.Started)+"  "+r.Reason.String()+"  "+oneLine(strings.Join([]string{ci.Short(r.Commit), r.Author, r.Title}, "  "))))
	}
	if len(p.lines) == 0 {
		p.lines = append(p.lines, text.CleanLine("it was never built"))
	}
	return core.Document{Title: text.Sprintf("builds of %s", t.full), Lines: p.lines}, nil
}

// Events implements sources.Eventer: what is known of how a run went. A
// controller keeps no events of its own.
func (s *Source) Events(ctx context.Context, ref core.Ref) ([]core.Event, error) {
	t, ok := parse(ref)
	if !ok {
		return nil, notFound(ref)
	}
	if ref.Kind == ci.KindWorkflow || t.queue > 0 {
		_, err := s.Get(ctx, ref)
		return nil, err
	}
	ctx = urgently(ctx)
	runRef := ref
	if ref.Kind == ci.KindJob {
		runRef = s.runRef(ref.Namespace, t)
	}
	j, b, err := s.readBuild(ctx, runRef, t)
	if err != nil {
		return nil, err
	}
	r := s.run(j, b)
	event := func(at time.Time, warning bool, reason, message text.Safe) core.Event {
		return core.Event{At: at.UnixNano(), Count: 1, Warning: warning, Reason: reason, Message: message, From: text.Lit("Jenkins"), Ref: r.Ref}
	}
	var out []core.Event
	if r.Finished() {
		out = append(out, event(r.Ended, r.Phase.IsProblem(), r.Reason, text.Sprintf("it took %s", text.Duration(r.Took()))))
	}
	if j.isPipeline() {
		if d, err := s.describe(ctx, t); err == nil {
			for i := len(d.Stages) - 1; i >= 0; i-- {
				x := &d.Stages[i]
				if x.Start == 0 {
					continue
				}
				says := text.Clean(x.Name)
				if x.Error != nil {
					says = text.Sprintf("%s: %s", x.Name, x.Error.Message)
				}
				out = append(out, event(fromMillis(x.Start), stagePhase(x.Status).IsProblem(), text.Clean("stage "+strings.ToLower(x.Status)), says))
			}
		}
	}
	return append(out, event(r.Started, false, text.Lit("started"), text.Clean(cause(b.Actions).Text))), nil
}
