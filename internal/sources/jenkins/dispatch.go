package jenkins

import (
	"context"
	"errors"
	"maps"
	"net/http"
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

const (
	// looks is how often the queue and the builds are looked through for a
	// request whose answer was lost, before it is taken as not arrived.
	looks = 4
	// dispatchLimit is how long a build that was started is followed at least.
	dispatchLimit = 30 * time.Minute
)

// dispatch starts a build: by its parameters, or as the replay of another.
type dispatch struct {
	s      *Source
	job    *job
	defs   []apiParameter
	values map[string]string
	replay int // the number of the build that is replayed; 0: none

	usual time.Duration
	id    int64 // of the queue item; 0: not known
	after int64 // the highest queue id before it was sent
	sent  bool
}

func (d *dispatch) path() []string {
	switch {
	case d.replay > 0:
		return below(d.job.full, strconv.Itoa(d.replay), "replay", "rebuild")
	case len(d.defs) > 0:
		return below(d.job.full, "buildWithParameters")
	}
	return below(d.job.full, "build")
}

func (d *dispatch) form() url.Values {
	out := url.Values{}
	if d.replay == 0 {
		for k, v := range d.values {
			out.Set(k, v)
		}
	}
	return out
}

// environments are what parameters name as what is deployed to: the policy of
// each holds too.
func (s *Source) environments(ns string, values map[string]string) []core.Ref {
	var out []core.Ref
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if v := values[name]; v != "" && placeName.MatchString(name) {
			out = append(out, s.ref(ci.KindEnvironment, ns, v, ""))
		}
	}
	return out
}

// changes lists the parameters, with what they were before where they differ;
// before may be nil.
func (d *dispatch) changes(before map[string]string) []core.FieldChange {
	var out []core.FieldChange
	for i := range d.defs {
		name := d.defs[i].Name
		v, ok := d.values[name]
		if !ok {
			continue
		}
		c := core.FieldChange{Field: text.Clean(name), After: text.Clean(hideSecret(name, v))}
		if was := before[name]; was != v {
			c.Before = text.Clean(hideSecret(name, was))
		}
		out = append(out, c)
	}
	return out
}

func hideSecret(name, v string) string {
	if v != "" && secretName.MatchString(name) {
		return "(hidden)"
	}
	return v
}

// shown are the values as a command line may hold them.
func (d *dispatch) shown() map[string]string {
	if d.replay > 0 {
		return nil
	}
	out := maps.Clone(d.values)
	for k, v := range out {
		if v != "" && secretName.MatchString(k) {
			out[k] = "…"
		}
	}
	return out
}

// warnings are what the state of the controller means for the build.
func (d *dispatch) warnings(ctx context.Context) []text.Safe {
	var out []text.Safe
	d.s.mu.Lock()
	quiet := d.s.quiet
	d.s.mu.Unlock()
	if quiet {
		out = append(out, text.Lit("Jenkins is about to shut down: the build stays in the queue until it is back"))
	}
	for i := range d.defs {
		p := &d.defs[i]
		if _, sent := d.values[p.Name]; p.isSecret() && !sent {
			out = append(out, text.Sprintf("%s is a password or a token: the job's default is used", p.Name))
		} else if p.isFile() {
			out = append(out, text.Sprintf("%s is a file: the build gets none", p.Name))
		}
	}
	if items, err := d.s.readQueue(ctx); err == nil && d.replay == 0 {
		for i := range items {
			if full, n := items[i].target(); full == d.job.full && n == 0 && d.same(items[i].Actions) {
				out = append(out, text.Lit("an equal build waits in the queue already: Jenkins joins this one to it"))
			}
		}
	}
	return out
}

// same reports whether a build or an item has the parameters of this one.
func (d *dispatch) same(actions []apiAction) bool {
	have := map[string]string{}
	for _, p := range parameters(actions) {
		if v, ok := p.text(); ok && !p.isPassword() {
			have[p.Name] = v
		}
	}
	for k, v := range d.values {
		if w, ok := have[k]; !ok || w != v {
			return false
		}
	}
	return true
}

func (d *dispatch) operation(p core.Plan) *core.Operation {
	p.Danger = max(p.Danger, 1)
	p.Also = d.s.environments(d.job.ns, d.values)
	p.Preview = text.Lit("Jenkins cannot try a build")
	return &core.Operation{Plan: p, Execute: d.execute, Verify: d.verify, VerifyLimit: max(dispatchLimit, 3*d.usual)}
}

// execute checks that the job is as it was planned for, and starts the build.
func (d *dispatch) execute(ctx context.Context, _ core.Output) error {
	ctx = urgently(ctx)
	it, err := d.s.readDefinition(ctx, core.Ref{Kind: "workflow", Name: d.job.full}, d.job.full)
	if err != nil {
		return err
	}
	switch {
	case it.Buildable != nil && !*it.Buildable:
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s was disabled meanwhile; nothing was sent", d.job.full)}
	case signature(it.parameters()) != signature(d.defs):
		return &core.Problem{
			Kind: core.Conflict, Summary: text.Sprintf("the parameters of %s have changed meanwhile; nothing was sent", d.job.full), Hint: text.Lit("plan it anew"),
		}
	}
	if d.after, err = d.highest(ctx); err != nil {
		return err
	}
	d.sent = true
	resp, err := d.s.post(ctx, d.path(), nil, d.form())
	if err == nil || errors.Is(err, core.ErrOutcomeUnknown) {
		defer d.s.poke(d.job.full)
	}
	if err != nil {
		return err
	}
	d.id = queueID(resp.Header)
	return nil
}

// queueID is the item that an answer names: …/queue/item/42/.
func queueID(h http.Header) int64 {
	_, after, ok := strings.Cut(h.Get("Location"), "/queue/item/")
	if !ok {
		return 0
	}
	n, _ := strconv.ParseInt(strings.Trim(after, "/"), 10, 64)
	return n
}

// highest is the highest queue id that the job has had; ids only grow.
func (d *dispatch) highest(ctx context.Context) (int64, error) {
	builds, err := d.recent(ctx)
	if err != nil {
		return 0, err
	}
	items, err := d.s.readQueue(ctx)
	if err != nil {
		return 0, err
	}
	var id int64
	for i := range builds {
		id = max(id, builds[i].QueueID)
	}
	for i := range items {
		id = max(id, items[i].ID)
	}
	return id, nil
}

func (d *dispatch) recent(ctx context.Context) ([]apiBuild, error) {
	return d.s.readBuilds(ctx, d.job.full, 10)
}

// verify follows the item to its build, and the build to its end.
func (d *dispatch) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	ctx = urgently(ctx)
	number := 0
	for try := 0; number == 0; try++ {
		var err error
		var outcome core.Outcome
		if d.id != 0 {
			number, outcome, err = d.followItem(ctx, report)
		} else {
			number, outcome, err = d.search(ctx, try)
		}
		if outcome != core.OutcomeUnknown || err != nil && (ctx.Err() != nil || !passing(d.s.Problem(err))) {
			return outcome, err
		}
		if number == 0 && !sleep(ctx, d.s.pace) {
			return core.OutcomeUnknown, ctx.Err()
		}
	}
	d.s.poke(d.job.full)
	return d.s.followBuild(ctx, d.job, number, report)
}

// passing reports whether a problem may be over soon: reading goes on.
func passing(p *core.Problem) bool { return p.Kind == core.Unreachable || p.Kind == core.Throttled }

// followItem looks at the queue item: what it waits for, or its build.
func (d *dispatch) followItem(ctx context.Context, report func(core.Progress)) (number int, o core.Outcome, err error) {
	var q apiQueueItem
	_, err = d.s.get(ctx, []string{"queue", "item", strconv.FormatInt(d.id, 10)}, "id,why,cancelled,executable[number]", &q)
	switch {
	case rest.StatusOf(err) == http.StatusNotFound: // it left the queue a while ago
		return d.byQueueID(ctx)
	case err != nil:
		return 0, core.OutcomeUnknown, err
	case q.Executable != nil && q.Executable.Number > 0:
		return q.Executable.Number, core.OutcomeUnknown, nil
	case q.Cancelled:
		return 0, core.OutcomeFailed, &core.Problem{Kind: core.Conflict, Summary: text.Lit("it was taken out of the queue before it began")}
	}
	why := text.Clean(q.Why)
	if why.Empty() {
		why = text.Lit("in the queue")
	}
	report(core.Progress{Text: why})
	return 0, core.OutcomeUnknown, nil
}

// byQueueID finds the build that says itself which queue item it was.
func (d *dispatch) byQueueID(ctx context.Context) (int, core.Outcome, error) {
	builds, err := d.recent(ctx)
	if err != nil {
		return 0, core.OutcomeUnknown, err
	}
	for i := range builds {
		if builds[i].QueueID == d.id {
			return builds[i].Number, core.OutcomeUnknown, nil
		}
	}
	return 0, core.OutcomeUnknown, &core.Problem{
		Kind: core.NotFound, Summary: text.Lit("it was started; which build it became cannot be told any more"), Hint: text.Sprintf("look at the builds of %s", d.job.full),
	}
}

// search looks for what a request became that has no answer with an id: among
// what came into the queue after it, of this user, for the same parameters. It
// is it only if there is one such.
func (d *dispatch) search(ctx context.Context, try int) (number int, o core.Outcome, err error) {
	items, err := d.s.readQueue(ctx)
	if err != nil {
		return 0, core.OutcomeUnknown, err
	}
	builds, err := d.recent(ctx)
	if err != nil {
		return 0, core.OutcomeUnknown, err
	}
	var ids []int64
	fits := func(id int64, actions []apiAction) {
		if id > d.after && d.mine(actions) && d.same(actions) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for i := range items {
		if full, n := items[i].target(); full == d.job.full && n == 0 {
			fits(items[i].ID, items[i].Actions)
		}
	}
	for i := range builds {
		fits(builds[i].QueueID, builds[i].Actions)
	}
	switch {
	case len(ids) == 1:
		d.id = ids[0]
		for i := range builds {
			if builds[i].QueueID == d.id {
				return builds[i].Number, core.OutcomeUnknown, nil
			}
		}
	case len(ids) > 1:
		return 0, core.OutcomeUnknown, &core.Problem{
			Kind: core.Conflict, Summary: text.Sprintf("started; which of the %d builds that you began since then it is cannot be told", len(ids)),
			Hint: text.Sprintf("look at the builds of %s", d.job.full),
		}
	case try >= looks:
		return 0, core.OutcomeRefused, &core.Problem{Kind: core.Unreachable, Summary: text.Lit("the request did not arrive: nothing of it is in the queue or among the builds")}
	}
	return 0, core.OutcomeUnknown, nil
}

// mine reports whether this user began it: by a click, or as the replay.
func (d *dispatch) mine(actions []apiAction) bool {
	user, replay := d.s.server.user == "", d.replay == 0
	for _, a := range actions {
		for _, c := range a.Causes {
			user = user || d.s.isMe(c.UserID)
			replay = replay || strings.Contains(c.Class, "ReplayCause") && c.Text == "Replayed #"+strconv.Itoa(d.replay)
		}
	}
	return user && replay
}

// followBuild follows a build to its end.
func (s *Source) followBuild(ctx context.Context, j *job, number int, report func(core.Progress)) (core.Outcome, error) {
	name := text.Sprintf("%s #%d", j.full, number)
	for {
		var b apiBuild
		_, err := s.get(ctx, below(j.full, strconv.Itoa(number)), "number,building,result,duration,timestamp", &b)
		switch {
		case err != nil && ctx.Err() != nil:
			return core.OutcomeUnknown, ctx.Err()
		case err != nil && !passing(s.Problem(err)):
			return core.OutcomeUnknown, err
		case err != nil: // it is restarted: builds of Pipelines go on then
			report(core.Progress{Text: text.Sprintf("%s: %s", name, s.Problem(err).Summary)})
		case !b.Building && b.Result != "":
			s.poke(j.full)
			report(core.Progress{Text: text.Sprintf("%s: %s", name, strings.ToLower(b.Result))})
			if b.Result == "SUCCESS" {
				return core.OutcomeHealthy, nil
			}
			return core.OutcomeFailed, &core.Problem{Kind: core.Internal, Summary: text.Sprintf("%s ended as %s", name, strings.ToLower(b.Result))}
		default:
			if waits, err := s.reportStage(ctx, j, number, name, report); err != nil || !waits.Empty() {
				if err == nil {
					err = &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s waits for a human: %s", name, waits), Hint: text.Lit("approve or reject it")}
				}
				return core.OutcomeUnknown, err
			}
		}
		if !sleep(ctx, s.pace) {
			return core.OutcomeUnknown, ctx.Err()
		}
	}
}

// reportStage tells where a build is; waits is what it asks a human.
func (s *Source) reportStage(ctx context.Context, j *job, number int, name text.Safe, report func(core.Progress)) (waits text.Safe, err error) {
	s.mu.Lock()
	served := s.hasStages()
	s.mu.Unlock()
	if !j.isPipeline() || !served {
		report(core.Progress{Text: text.Sprintf("%s runs", name)})
		return text.Safe{}, nil
	}
	d, err := s.describe(ctx, target{full: j.full, number: number})
	if err != nil {
		report(core.Progress{Text: text.Sprintf("%s runs", name)})
		return text.Safe{}, nil //nolint:nilerr // the stages are an extra
	}
	st := stageOf(d.Stages)
	at := core.Progress{Done: st.Done, Total: st.Total, Text: text.Sprintf("%s runs", name)}
	if st.At != "" {
		at.Text = text.Sprintf("%s: %s", name, st.At)
	}
	report(at)
	if d.Status != "PAUSED_PENDING_INPUT" {
		return text.Safe{}, nil
	}
	inputs, err := s.readInputs(ctx, j.full, number)
	if err != nil || len(inputs) == 0 {
		return text.Safe{}, nil //nolint:nilerr // asked again
	}
	return gateWords(&inputs[0]), nil
}
