package object

import (
	"context"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/pane"
)

// Events is the tab of what the system says happened, newest first.
func Events(ref core.Ref, now func() time.Time) *Doc {
	return NewDoc(text.Lit("Events"), ref, func(ctx context.Context, b pane.Backend, ref core.Ref) (core.Document, error) {
		events, err := b.Events(ctx, ref)
		if err != nil {
			return core.Document{}, err
		}
		return EventsDocument(events, now()), nil
	})
}

// EventsDocument writes events as text: age, count, reason, message.
func EventsDocument(events []core.Event, now time.Time) core.Document {
	d := core.Document{Title: text.Lit("Events"), Syntax: "events"}
	if len(events) == 0 {
		d.Lines = []text.Line{text.Lit("no events: the system keeps them for an hour or so").Line()}
		return d
	}
	reason := 0
	for _, e := range events {
		reason = max(reason, min(e.Reason.Width(), 28))
	}
	for _, e := range events {
		mark := text.Lit("  ")
		if e.Warning {
			mark = text.Lit("! ")
		}
		times := text.Lit("      ")
		if e.Count > 1 {
			times = text.Sprintf("×%-5d", e.Count)
		}
		line := text.Sprintf("%s%s ago  %s %s  %s", mark, text.Age(now.Sub(time.Unix(0, e.At))).PadLeft(4), times, e.Reason.Truncate(28).Pad(reason), e.Message)
		if !e.From.Empty() {
			line = text.Sprintf("%s  (%s)", line, e.From)
		}
		d.Lines = append(d.Lines, line.Line())
	}
	return d
}
