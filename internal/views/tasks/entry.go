package tasks

import (
	"strings"
	"time"

	"devops-tui/internal/actions"
	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// entry is one change of the journal: its intent and its outcome. Records that
// are no change (broken glass, an opened definition) are entries too.
type entry struct {
	first  journal.Record
	result *journal.Record // nil: none, or not yet
}

// entries joins records, oldest first, to entries, newest first.
func entries(records []journal.Record) []entry {
	out := make([]entry, 0, len(records)/2+1)
	at := make(map[string]int, len(records)/2+1)
	for i := range records {
		r := &records[i]
		if r.Event == journal.Outcome {
			if k, ok := at[r.ID]; ok {
				out[k].result = r
				continue
			}
		}
		if r.Event == journal.Intent {
			at[r.ID] = len(out)
		}
		out = append(out, entry{first: *r})
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// verb is what was done, in a word.
func (e *entry) verb() text.Safe {
	if e.first.Event == journal.Intent || e.first.Event == journal.Outcome {
		return text.Clean(e.first.Verb)
	}
	return text.Clean(e.first.Event)
}

// object is what it was done to.
func (e *entry) object() text.Safe {
	switch {
	case e.first.Ref != "":
		return text.Clean(e.first.Ref)
	case e.first.Glass != nil:
		return text.Clean(e.first.Glass.Reason)
	}
	return text.Safe{}
}

// place is the environment, or the instance where none is named.
func (e *entry) place() text.Safe {
	if e.first.Policy.Environment != "" {
		return text.Clean(e.first.Policy.Environment)
	}
	_, scope, _ := strings.Cut(e.first.Instance, ":")
	return text.Clean(scope)
}

// outcome is how it ended; known: it is known.
func (e *entry) outcome() (o core.Outcome, word text.Safe, known bool) {
	if e.result != nil && e.result.Result != nil {
		for _, o := range []core.Outcome{core.OutcomeHealthy, core.OutcomeFailed, core.OutcomeRefused, core.OutcomeUnknown} {
			if o.String() == e.result.Result.Outcome {
				return o, text.Clean(o.String()), true
			}
		}
		return core.OutcomeUnknown, text.Clean(e.result.Result.Outcome), true
	}
	if e.first.Event == journal.Intent {
		return core.OutcomeUnknown, text.Lit("open"), false
	}
	return core.OutcomeUnknown, text.Safe{}, false
}

func (e *entry) flagged() bool {
	return e.first.Glass != nil || e.first.Event == journal.BreakGlass
}

// words is everything of the entry that a filter looks at.
func (e *entry) words() string {
	_, o, _ := e.outcome()
	w := strings.Join([]string{
		e.first.User, e.verb().String(), e.first.Ref, e.first.Instance, e.first.Policy.Environment, o.String(), e.first.ID, e.first.Time.Local().Format("2006-01-02"),
	}, " ")
	if e.flagged() {
		w += " break-glass " + e.object().String()
	}
	return w
}

// when is the time of an entry: of today's without the day.
func when(t, now time.Time) text.Safe {
	t, now = t.Local(), now.Local()
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return text.Clean(t.Format("15:04:05"))
	}
	if t.Year() == now.Year() {
		return text.Clean(t.Format("Jan 02 15:04"))
	}
	return text.Clean(t.Format("2006-01-02"))
}

// State says in a few words where a task is.
func State(t actions.Task) text.Safe {
	if t.Done() {
		return text.Clean(t.Outcome.String())
	}
	if len(t.Targets) == 1 {
		return targetState(&t.Targets[0])
	}
	done := 0
	for _, x := range t.Targets {
		if x.Step == actions.Finished {
			done++
		}
	}
	return text.Sprintf("%d of %d done", done, len(t.Targets))
}

func targetState(x *actions.TaskTarget) text.Safe {
	s := text.Clean(x.Step.String())
	if x.Step == actions.Serving && !x.Progress.Text.Empty() {
		return x.Progress.Text
	}
	if x.Progress.Total > 0 {
		s = text.Sprintf("%s %d/%d", s, x.Progress.Done, x.Progress.Total)
	}
	if !x.Progress.Text.Empty() {
		s = text.Sprintf("%s: %s", s, x.Progress.Text)
	}
	return s
}
