package app

import (
	"fmt"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// actWriter prints a plan, the steps and the result: for people, or one JSON
// object a line.
type actWriter struct {
	r    *run
	json bool
	told map[int]told // by target
}

// told is what was printed of a target so far.
type told struct {
	step     actions.Step
	progress core.Progress
	lines    int
}

func newActWriter(r *run, json bool) *actWriter {
	return &actWriter{r: r, json: json, told: map[int]told{}}
}

// actJSON is one line of `act -o json`: event plan, skipped, step, output or result.
type actJSON struct {
	Event string   `json:"event"`
	Verb  string   `json:"verb"`
	Ref   core.Ref `json:"ref"`
	ID    string   `json:"id,omitempty"`

	Title    text.Safe     `json:"title,omitzero"`
	Changes  []fieldChange `json:"changes,omitempty"`
	Diff     []text.Safe   `json:"diff,omitempty"`
	Impact   []text.Safe   `json:"impact,omitempty"`
	Warnings []text.Safe   `json:"warnings,omitempty"`
	Preview  text.Safe     `json:"preview,omitzero"` // why there is none
	Command  text.Safe     `json:"command,omitzero"`
	Undo     text.Safe     `json:"undo,omitzero"`
	Danger   *int          `json:"danger,omitempty"`
	Confirm  string        `json:"confirm,omitempty"`

	Environment text.Safe `json:"environment,omitzero"`
	From        *core.Ref `json:"from,omitempty"`    // the object asked for, when ref is another
	UndoOf      string    `json:"undo_of,omitempty"` // the change that this one takes back

	Step    string    `json:"step,omitempty"`
	Done    int       `json:"done,omitempty"`
	Total   int       `json:"total,omitempty"`
	Text    text.Safe `json:"text,omitzero"`
	Outcome string    `json:"outcome,omitempty"`
	Problem text.Safe `json:"problem,omitzero"`
	Hint    text.Safe `json:"hint,omitzero"`
}

type fieldChange struct {
	Field  text.Safe `json:"field"`
	Before text.Safe `json:"before"`
	After  text.Safe `json:"after"`
}

func (w *actWriter) line(l actJSON) {
	if err := writeJSON(w.r.stdout, l, false); err != nil {
		w.r.complain(err)
	}
}

// plan shows what would be done.
func (w *actWriter) plan(p *actions.Proposal) {
	for _, t := range p.Targets {
		if w.json {
			w.line(planJSON(p, t))
			continue
		}
		w.planText(p, t)
	}
	for _, s := range p.Skipped {
		if w.json {
			w.line(actJSON{Event: "skipped", Verb: p.Verb.ID, Ref: s.Ref, ID: p.ID, Problem: s.Problem.Summary, Hint: s.Problem.Hint})
			continue
		}
		fmt.Fprintf(w.r.stdout, "left out %s: %s\n", cleanRef(s.Ref), s.Problem.Summary)
	}
}

func planJSON(p *actions.Proposal, t actions.Target) actJSON {
	out := actJSON{
		Event: "plan", Verb: p.Verb.ID, Ref: t.Ref, ID: p.ID, Title: t.Plan.Title, Impact: t.Plan.Impact, Warnings: t.Plan.Warnings,
		Preview: t.Plan.Preview, Command: t.Plan.Command, Undo: t.Plan.UndoHint, Danger: &t.Plan.Danger, Confirm: p.Level.String(),
		Environment: t.Policy.Environment, UndoOf: p.UndoOf,
	}
	if !t.Plan.From.IsZero() {
		out.From = &t.Plan.From
	}
	for _, c := range t.Plan.Changes {
		out.Changes = append(out.Changes, fieldChange{c.Field, c.Before, c.After})
	}
	for _, l := range t.Plan.Diff {
		out.Diff = append(out.Diff, l.Safe())
	}
	return out
}

func (w *actWriter) planText(p *actions.Proposal, t actions.Target) {
	o := w.r.stdout
	fmt.Fprintf(o, "%s", t.Plan.Title)
	if !t.Policy.Environment.Empty() {
		fmt.Fprintf(o, "  [%s]", t.Policy.Environment)
	}
	fmt.Fprintf(o, "  confirm: %s\n", p.Level)
	for _, c := range t.Plan.Changes {
		fmt.Fprintf(o, "  %s: %s → %s\n", c.Field, c.Before, c.After)
	}
	for _, s := range t.Plan.Impact {
		fmt.Fprintf(o, "  touches %s\n", s)
	}
	for _, s := range t.Plan.Warnings {
		fmt.Fprintf(o, "  warning: %s\n", s)
	}
	for _, l := range t.Plan.Diff {
		fmt.Fprintf(o, "  %s\n", l)
	}
	if !t.Plan.Preview.Empty() {
		fmt.Fprintf(o, "  no preview: %s\n", t.Plan.Preview)
	}
	if !t.Plan.Command.Empty() {
		fmt.Fprintf(o, "  same as: %s\n", t.Plan.Command)
	}
	if !t.Plan.UndoHint.Empty() {
		fmt.Fprintf(o, "  undo: %s\n", t.Plan.UndoHint)
	}
}

// steps reports how far a task is, and what its programs said meanwhile.
func (w *actWriter) steps(t actions.Task, output func(id string, target int) []text.Line) {
	for i, x := range t.Targets {
		was := w.told[i]
		now := told{x.Step, x.Progress, was.lines}
		if x.Lines > was.lines {
			now.lines = w.output(t, i, was.lines, output(t.ID, i))
		}
		w.told[i] = now
		if now.step == was.step && now.progress == was.progress || x.Step == actions.Queued || x.Step == actions.Finished {
			continue
		}
		if w.json {
			w.line(actJSON{
				Event: "step", Verb: t.Verb.ID, Ref: x.Ref, ID: t.ID, Step: x.Step.String(),
				Done: x.Progress.Done, Total: x.Progress.Total, Text: x.Progress.Text,
			})
			continue
		}
		line := text.Sprintf("%s: %s", cleanRef(x.Ref), x.Step.String())
		if !x.Progress.Text.Empty() {
			line = text.Sprintf("%s, %s", line, x.Progress.Text)
		}
		if x.Progress.Total > 0 {
			line = text.Sprintf("%s (%d of %d)", line, x.Progress.Done, x.Progress.Total)
		}
		if x.Step == actions.Serving && !x.Progress.Text.Empty() { // the address that it listens at
			fmt.Fprintln(w.r.stdout, x.Progress.Text.String())
			continue
		}
		fmt.Fprintln(w.r.stderr, line.String())
	}
}

// output prints what a program said since the last time and returns how many
// lines that makes in all. Beyond those that are kept it can only count.
func (w *actWriter) output(t actions.Task, target, before int, kept []text.Line) int {
	x := t.Targets[target]
	total := max(x.Lines, len(kept))
	fresh := total - before
	if fresh > len(kept) {
		kept = append([]text.Line{text.Sprintf("… %d lines left out", fresh-len(kept)).Line()}, kept...)
		fresh = len(kept)
	}
	for _, l := range kept[len(kept)-fresh:] {
		if w.json {
			w.line(actJSON{Event: "output", Verb: t.Verb.ID, Ref: x.Ref, ID: t.ID, Text: l.Safe()})
			continue
		}
		fmt.Fprintln(w.r.stdout, "    "+l.String())
	}
	return total
}

// result reports how each target ended. sentOnly: nobody followed.
func (w *actWriter) result(t actions.Task, sentOnly bool) {
	for _, x := range t.Targets {
		outcome := x.Outcome.String()
		problem := x.Problem
		if sentOnly && x.Outcome == core.OutcomeUnknown {
			outcome, problem = "sent", nil
		}
		if w.json {
			l := actJSON{Event: "result", Verb: t.Verb.ID, Ref: x.Ref, ID: t.ID, Outcome: outcome}
			if problem != nil {
				l.Problem, l.Hint = problem.Summary, problem.Hint
			}
			w.line(l)
			continue
		}
		line := text.Sprintf("%s %s: %s", t.Verb.Title, cleanRef(x.Ref), outcome)
		if problem != nil {
			line = text.Sprintf("%s: %s", line, problem.Summary)
		}
		fmt.Fprintln(w.r.stdout, line.String())
		if problem != nil && !problem.Hint.Empty() {
			fmt.Fprintln(w.r.stdout, "  "+problem.Hint.String())
		}
		if x.Journal != nil {
			w.r.complain(x.Journal)
		}
	}
}
