package jenkins

import (
	"context"
	"encoding/json"
	"errors"
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

const gateLimit = 2 * time.Minute

// definitions are what an input asks, in the shape of a job's parameters.
func (in *apiInput) definitions() []apiParameter {
	var out []apiParameter
	for _, x := range in.Inputs {
		d := apiParameter{Type: x.Type, Name: x.Name, Help: x.Help, Choices: x.Definition.Choices}
		if x.Definition.Default != nil {
			d.Default = &apiValue{Name: x.Name, Value: x.Definition.Default}
		}
		out = append(out, d)
	}
	return out
}

// gates reads what a run waits for.
func (s *Source) gates(ctx context.Context, ref core.Ref, t target) (r ci.Run, inputs []apiInput, err error) {
	if t.queue > 0 || !isRun(ref) {
		return r, nil, notFound(ref)
	}
	r, j, err := s.readRun(ctx, ref, t)
	if err != nil {
		return r, nil, err
	}
	if r.Phase != core.Pending {
		return r, nil, overProblem(t, r.Reason)
	}
	if !j.isPipeline() {
		return r, nil, unsupported(text.Sprintf("%s is no Pipeline: only those wait for answers", t.full), text.Safe{})
	}
	inputs, err = s.readInputs(ctx, t.full, t.number)
	switch {
	case rest.StatusOf(err) == http.StatusNotFound:
		return r, nil, unsupported(text.Lit("this Jenkins does not tell what waits for an answer: the plugin Pipeline: REST API is missing"), text.Sprintf("answer it at %sinput", s.pageOf(t.full, t.number)))
	case err != nil:
		return r, nil, err
	case len(inputs) == 0:
		return r, nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("nothing of %s #%d waits for an answer now", t.full, t.number), Hint: text.Lit("it may have been answered already")}
	}
	return r, inputs, nil
}

// gateForm asks which input is answered, and what it asks.
func (s *Source) gateForm(ctx context.Context, verb string, ref core.Ref, t target) (core.Form, error) {
	_, inputs, err := s.gates(ctx, ref, t)
	if err != nil {
		return core.Form{}, err
	}
	var f core.Form
	if len(inputs) == 1 {
		f.Note = text.CleanLong(inputs[0].Message)
	} else {
		g := core.Field{Name: "gate", Title: text.Lit("input"), Type: core.FieldChoice, Value: inputs[0].ID, Required: true}
		for i := range inputs {
			g.Choices = append(g.Choices, core.Choice{Value: inputs[i].ID, Cells: []text.Safe{gateWords(&inputs[i])}})
		}
		f.Fields = append(f.Fields, g)
	}
	if verb == core.VerbReject {
		return f, nil
	}
	seen := map[string]bool{}
	for i := range inputs {
		defs := inputs[i].definitions()
		f.Note = joinNotes(f.Note, unasked(defs))
		for k := range defs {
			if d := &defs[k]; !d.isSecret() && !d.isFile() && !seen[d.Name] {
				seen[d.Name] = true
				f.Fields = append(f.Fields, d.field(nil))
			}
		}
	}
	return f, nil
}

// PlanApprove implements sources.Approver: an input is answered.
func (s *Source) PlanApprove(ctx context.Context, ref core.Ref, v core.Verdict) (*core.Operation, error) {
	return s.planVerdict(ctx, core.VerbApprove, ref, v)
}

// PlanReject implements sources.Approver: an input is aborted, which ends its
// run.
func (s *Source) PlanReject(ctx context.Context, ref core.Ref, v core.Verdict) (*core.Operation, error) {
	return s.planVerdict(ctx, core.VerbReject, ref, v)
}

func (s *Source) planVerdict(ctx context.Context, verb string, ref core.Ref, v core.Verdict) (*core.Operation, error) {
	ctx = urgently(ctx)
	t, ok := parse(ref)
	if !ok {
		return nil, notFound(ref)
	}
	r, inputs, err := s.gates(ctx, ref, t)
	if err != nil {
		return nil, err
	}
	in, err := choose(inputs, v.Gates)
	if err != nil {
		return nil, err
	}
	g := &gate{s: s, t: t, run: r.Ref, id: in.ID, approve: verb == core.VerbApprove}
	build := strconv.Itoa(t.number)
	p := core.Plan{
		Verb: verb, Target: r.Ref, Danger: 1, Preview: text.Lit("Jenkins cannot try an answer"),
		UndoHint: text.Lit("cannot be undone: the run goes on at once; cancel stops it"),
	}
	if r.Environment != "" {
		p.Also = []core.Ref{s.ref(ci.KindEnvironment, ref.Namespace, r.Environment, "")}
	}
	words := gateWords(in)
	if g.approve {
		defs := in.definitions()
		if g.values, err = given(text.Sprintf("the input %s", words).String(), defs, v.Inputs); err != nil {
			return nil, err
		}
		p.Also = append(p.Also, s.environments(ref.Namespace, g.values)...)
		p.Title = text.Sprintf("%s: %s", orElse(in.OK, "Proceed"), words)
		p.Impact = []text.Safe{text.Sprintf("%s #%d, which goes on", t.full, t.number)}
		p.Changes = (&dispatch{defs: defs, values: g.values}).changes(nil)
		for i := range defs {
			if d := &defs[i]; d.isSecret() || d.isFile() {
				p.Warnings = append(p.Warnings, text.Sprintf("%s cannot be given here: its default is used", d.Name))
			}
		}
		if g.path = below(t.full, build, "input", in.ID, "proceedEmpty"); len(defs) > 0 {
			g.path, g.query = below(t.full, build, "wfapi", "inputSubmit"), url.Values{"inputId": {in.ID}}
			g.form = url.Values{"json": {answer(defs, g.values)}}
		}
	} else {
		g.path = below(t.full, build, "input", in.ID, "abort")
		p.Title = text.Sprintf("Abort: %s", words)
		p.Impact = []text.Safe{text.Sprintf("%s #%d, which ends as aborted", t.full, t.number)}
		p.UndoHint = text.Lit("cannot be undone: rerun starts it from its beginning")
	}
	p.Changes = append(p.Changes, core.FieldChange{Field: text.Lit("input"), Before: text.Lit("waits"), After: text.Clean(map[bool]string{true: "approved", false: "aborted"}[g.approve])})
	switch {
	case in.Submitter != "":
		p.Warnings = append(p.Warnings, text.Sprintf("only %s may answer", in.Submitter))
	default:
		p.Warnings = append(p.Warnings, text.Lit("who may answer is up to the Pipeline (submitter): Jenkins tells it only when it refuses"))
	}
	if v.Comment != "" {
		p.Warnings = append(p.Warnings, text.Lit("Jenkins keeps no comment: it stays in the journal here"))
	}
	shown := map[string]string{}
	for k := range g.form {
		shown[k] = g.form.Get(k)
	}
	p.Command = s.curl(g.path, g.query, shown)
	return &core.Operation{Plan: p, Execute: g.execute, Verify: g.verify, VerifyLimit: gateLimit}, nil
}

func orElse(s, other string) text.Safe {
	if s == "" {
		s = other
	}
	return text.Clean(s)
}

// choose is the one input that is answered: a change is one request.
func choose(inputs []apiInput, gates []string) (*apiInput, error) {
	var ids []string
	for i := range inputs {
		ids = append(ids, inputs[i].ID)
	}
	switch {
	case len(gates) == 0 && len(inputs) == 1:
		return &inputs[0], nil
	case len(gates) != 1:
		return nil, &core.Problem{
			Kind: core.Invalid, Summary: text.Sprintf("%d inputs wait: they are answered one at a time", len(inputs)), Hint: text.Sprintf("--set gate=%s", strings.Join(ids, " or gate=")),
		}
	}
	for i := range inputs {
		if inputs[i].ID == gates[0] || gateWords(&inputs[i]).String() == gates[0] {
			return &inputs[i], nil
		}
	}
	return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("no input %s waits now", gates[0]), Hint: text.Sprintf("what waits: %s", strings.Join(ids, ", "))}
}

// answer is the form that an input takes.
func answer(defs []apiParameter, values map[string]string) string {
	type one struct {
		Name  string `json:"name"`
		Value any    `json:"value"`
	}
	list := []one{}
	for i := range defs {
		v, ok := values[defs[i].Name]
		if !ok {
			continue
		}
		x := one{defs[i].Name, v}
		if defs[i].kind() == "Boolean" {
			x.Value = v == "true"
		}
		list = append(list, x)
	}
	b, _ := json.Marshal(map[string]any{"parameter": list}) // strings and truths: no error
	return string(b)
}

// gate is the answer to one input.
type gate struct {
	s       *Source
	t       target
	run     core.Ref
	id      string
	approve bool
	values  map[string]string
	path    []string
	query   url.Values
	form    url.Values
	lost    bool // no answer came
}

// pending reports whether the input still waits.
func (g *gate) pending(ctx context.Context) (bool, error) {
	inputs, err := g.s.readInputs(ctx, g.t.full, g.t.number)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(inputs, func(in apiInput) bool { return in.ID == g.id }), nil
}

func (g *gate) execute(ctx context.Context, _ core.Output) error {
	ctx = urgently(ctx)
	if _, _, err := g.s.readRun(ctx, g.run, g.t); err != nil {
		return err
	}
	switch waits, err := g.pending(ctx); {
	case err != nil:
		return err
	case !waits:
		return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("the input was answered already, or its run has ended; nothing was sent"), Hint: text.Lit("look at the run again")}
	}
	_, err := g.s.post(ctx, g.path, g.query, g.form)
	g.lost = errors.Is(err, core.ErrOutcomeUnknown)
	if err == nil || g.lost {
		g.s.poke(g.t.full)
	}
	if rest.StatusOf(err) == http.StatusNotFound {
		return &core.Problem{Kind: core.Conflict, Summary: text.Lit("the input is gone: it was answered in this moment"), Cause: err}
	}
	return err
}

// verify reads back whether the input is gone, and what that did to the run.
func (g *gate) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	ctx = urgently(ctx)
	for try := 0; ; try++ {
		waits, err := g.pending(ctx)
		var b apiBuild
		if err == nil {
			_, err = g.s.get(ctx, below(g.t.full, strconv.Itoa(g.t.number)), "number,building,result", &b)
		}
		aborted := !b.Building && b.Result == "ABORTED"
		switch {
		case err != nil && ctx.Err() != nil:
			return core.OutcomeUnknown, ctx.Err()
		case err != nil && !passing(g.s.Problem(err)):
			return core.OutcomeUnknown, err
		case err != nil:
		case waits && g.lost && try >= looks:
			return core.OutcomeRefused, &core.Problem{Kind: core.Unreachable, Summary: text.Lit("the answer did not arrive: the input still waits")}
		case waits:
			report(core.Progress{Text: text.Lit("the input still waits")})
		case g.approve && aborted:
			return core.OutcomeFailed, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s #%d was aborted", g.t.full, g.t.number)}
		case g.approve:
			report(core.Progress{Text: text.Lit("the run goes on")})
			return core.OutcomeHealthy, nil
		case aborted:
			return core.OutcomeHealthy, nil
		case !b.Building && b.Result != "":
			return core.OutcomeFailed, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s #%d ended as %s", g.t.full, g.t.number, strings.ToLower(b.Result))}
		default:
			report(core.Progress{Text: text.Lit("it is ending")})
		}
		if !sleep(ctx, g.s.pace) {
			return core.OutcomeUnknown, ctx.Err()
		}
	}
}
