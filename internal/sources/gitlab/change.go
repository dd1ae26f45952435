package gitlab

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

// followLimit is how long a pipeline is followed after a change.
const followLimit = 2 * time.Hour

// change is one planned request.
type change struct {
	s       *Source
	path    string // of the project
	run     int    // that is looked at afterwards; 0: the project
	request rest.Request
	out     any // takes the answer
	// check looks again whether what was planned for still holds; its error keeps
	// the request in.
	check  func(ctx context.Context) error
	verify func(ctx context.Context, report func(core.Progress)) (core.Outcome, error)
	limit  time.Duration
	sent   func() // the answer has come
	no     func(error) error
}

// operation binds a plan to its change.
func (c *change) operation(p core.Plan) *core.Operation {
	c.request.Method, c.request.Urgent = "POST", true
	if p.Command.Empty() {
		p.Command = c.s.command(c.request)
	}
	if p.Preview.Empty() {
		p.Preview = text.Lit("GitLab cannot try it without doing it")
	}
	return &core.Operation{Plan: p, Execute: c.execute, Verify: c.verify, VerifyLimit: c.limit}
}

func (c *change) execute(ctx context.Context, _ core.Output) error {
	if c.check != nil {
		if err := c.check(ctx); err != nil {
			return err
		}
	}
	defer func() { c.s.nudge(c.path, c.run) }()
	if _, err := c.s.get(ctx, c.request, c.out); err != nil {
		var e *rest.Error
		if c.no == nil || errors.Is(err, core.ErrOutcomeUnknown) || errors.As(err, &e) && c.s.refusal(e) != nil {
			return err
		}
		return c.no(err)
	}
	if c.sent != nil {
		c.sent()
	}
	return nil
}

// command is the same request as a line for a shell. The token is in the
// environment of whoever pastes it.
func (s *Source) command(r rest.Request) text.Safe {
	header := `"PRIVATE-TOKEN: $GITLAB_TOKEN"`
	if s.server.oauth {
		header = `"Authorization: Bearer $GITLAB_TOKEN"`
	}
	words := []string{"curl", "-fsS", "-X", "POST", "-H", header}
	if r.Body != nil {
		words = append(words, "-H", "'Content-Type: application/json'", "-d", shellJSON(r.Body))
	}
	address := s.client.Base().String()
	for _, p := range r.Path {
		address += "/" + strings.ReplaceAll(escape(p), "+", "%20")
	}
	return text.CleanLong(strings.Join(append(words, quote(address)), " "))
}

var secretName = regexp.MustCompile(`(?i)(token|passw(or)?d|passphrase|secret|api_?key|private_?key|access_?key|credential|auth)`)

// isSecret reports whether a variable's value is likely to be a secret: it is
// sent, and shown nowhere.
func isSecret(name string) bool { return secretName.MatchString(name) }

// shellName is a name that a shell can have as a variable.
var shellName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// shellJSON writes a body for a shell. Values of variables that are likely secrets
// come from the environment there.
func shellJSON(body any) string {
	b, err := json.Marshal(hide(body))
	if err != nil {
		return "'{}'"
	}
	out := quoteAlways(string(b))
	return placeholder.ReplaceAllStringFunc(out, func(m string) string {
		name := placeholder.FindStringSubmatch(m)[1]
		return `'"$` + name + `"'`
	})
}

var placeholder = regexp.MustCompile(`__value_of_([A-Za-z_][A-Za-z0-9_]*)__`)

// hide is a body without the values of secrets.
func hide(body any) any {
	m, ok := body.(map[string]any)
	if !ok {
		return body
	}
	out := map[string]any{}
	for k, v := range m {
		if list, ok := v.([]apiVariable); ok {
			list = slices.Clone(list)
			for i := range list {
				switch {
				case isSecret(list[i].Key) && shellName.MatchString(list[i].Key):
					list[i].Value = "__value_of_" + list[i].Key + "__"
				case isSecret(list[i].Key):
					list[i].Value = "…"
				}
			}
			v = list
		}
		out[k] = v
	}
	return out
}

func quoteAlways(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// escape writes a name as one segment of an address.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

// variablesOf is a map as the API takes it, in the order of the names.
func variablesOf(m map[string]string) []apiVariable {
	var out []apiVariable
	for _, k := range sorted(m) {
		out = append(out, apiVariable{Key: k, Value: m[k]})
	}
	return out
}

// shown are the lines of a plan about variables.
func shown(m map[string]string) []core.FieldChange {
	var out []core.FieldChange
	for _, k := range sorted(m) {
		v := text.CleanLong(m[k])
		if isSecret(k) {
			v = text.Lit("(given, not shown)")
		}
		out = append(out, core.FieldChange{Field: text.Sprintf("variable %s", k), After: v})
	}
	return out
}

// followRun follows a pipeline until it ends or waits for somebody. An end that
// was there before the change (was: when the pipeline had changed last) is none.
func (s *Source) followRun(ctx context.Context, path string, id int, was time.Time, report func(core.Progress)) (core.Outcome, error) {
	last := ""
	for {
		p, err := s.fresh(ctx, path, id)
		switch {
		case ctx.Err() != nil:
			return core.OutcomeUnknown, nil
		case err != nil && !patient(err):
			return core.OutcomeUnknown, err
		case err == nil && p.Status != last:
			last = p.Status
			report(core.Progress{Text: text.Sprintf("pipeline %d is %s", id, p.Status)})
		}
		if err == nil && !p.Updated.Equal(was) {
			switch p.Status {
			case "success", "skipped":
				return core.OutcomeHealthy, nil
			case "manual":
				report(core.Progress{Text: text.Sprintf("pipeline %d waits for somebody to start a job", id)})
				return core.OutcomeHealthy, nil
			case "scheduled":
				report(core.Progress{Text: text.Sprintf("pipeline %d waits for a job that starts later", id)})
				return core.OutcomeHealthy, nil
			case "failed", "canceled":
				return core.OutcomeFailed, nil
			}
		}
		s.nudge(path, id)
		if !pause(ctx, s.server.pace.verify) {
			return core.OutcomeUnknown, nil
		}
	}
}

// followJob follows a job until it ends.
func (s *Source) followJob(ctx context.Context, path string, id int, report func(core.Progress)) (core.Outcome, error) {
	last := ""
	for {
		j, err := s.jobByID(ctx, path, id)
		switch {
		case ctx.Err() != nil:
			return core.OutcomeUnknown, nil
		case err != nil && !patient(err):
			return core.OutcomeUnknown, err
		case err == nil && j.Status != last:
			last = j.Status
			report(core.Progress{Text: text.Sprintf("%s is %s", j.Name, j.Status)})
		}
		if err == nil {
			s.nudge(path, j.Pipeline.ID)
			switch j.Status {
			case "success":
				return core.OutcomeHealthy, nil
			case "failed":
				report(core.Progress{Text: text.Sprintf("%s: %s", j.Name, failure(&j))})
				if j.AllowFailure {
					report(core.Progress{Text: text.Sprintf("%s may fail: the pipeline goes on", j.Name)})
				}
				return core.OutcomeFailed, nil
			case "canceled", "skipped":
				return core.OutcomeFailed, nil
			}
		}
		if !pause(ctx, s.server.pace.verify) {
			return core.OutcomeUnknown, nil
		}
	}
}

func (s *Source) jobByID(ctx context.Context, path string, id int) (apiJob, error) {
	var j apiJob
	_, err := s.get(ctx, rest.Request{Path: project(path, "jobs", strconv.Itoa(id)), Urgent: true}, &j)
	return j, err
}

// followState waits until a state is reached: want says so of what read returns.
func (s *Source) followState(ctx context.Context, report func(core.Progress), read func() (state string, err error), want func(string) core.Outcome) (core.Outcome, error) {
	last := ""
	for {
		state, err := read()
		switch {
		case ctx.Err() != nil:
			return core.OutcomeUnknown, nil
		case err != nil && !patient(err):
			return core.OutcomeUnknown, err
		case err == nil && state != last:
			last = state
			report(core.Progress{Text: text.Sprintf("it is %s", state)})
		}
		if err == nil {
			if o := want(state); o != core.OutcomeUnknown {
				return o, nil
			}
		}
		if !pause(ctx, s.server.pace.verify) {
			return core.OutcomeUnknown, nil
		}
	}
}

// mayChange refuses what the user's role does not allow, before it is planned.
func (s *Source) mayChange(info *apiProject) error {
	if l := info.level(); l > 0 && l < developer {
		return &core.Problem{
			Kind: core.Forbidden, Summary: text.Sprintf("your role in %s is %s: it may look, not change", info.Path, role(l)),
			Hint: text.Lit("ask a maintainer for the role Developer"),
		}
	}
	if info.Archived {
		return &core.Problem{Kind: core.Forbidden, Summary: text.Sprintf("%s is archived: nothing runs there", info.Path)}
	}
	return nil
}
