package app

import (
	"fmt"
	"strings"

	"devops-tui/internal/actions/journal"
	"devops-tui/internal/text"
)

// journalRow is what one change, or another event, left in the journal.
type journalRow struct {
	first  journal.Record
	result *journal.Result // nil: there is none, or not yet
}

// journalRows joins the records of each change, in the order of their beginnings.
func journalRows(records []journal.Record) []journalRow {
	var out []journalRow
	at := map[string]int{}
	for _, rec := range records {
		if i, ok := at[rec.ID]; ok && rec.Event == journal.Outcome {
			out[i].result = rec.Result
			continue
		}
		if rec.Event == journal.Intent || rec.Event == journal.Outcome {
			at[rec.ID] = len(out)
		}
		out = append(out, journalRow{rec, rec.Result})
	}
	return out
}

// outcome is how it ended, in words.
func (j journalRow) outcome() text.Safe {
	switch {
	case j.result == nil && j.first.Event == journal.Intent:
		return text.Lit("no outcome yet")
	case j.result == nil:
		return text.Clean(j.first.Event)
	case j.result.Message != "":
		return text.Sprintf("%s: %s", j.result.Outcome, j.result.Message)
	}
	return text.CleanLong(j.result.Outcome)
}

// note is what else is to be known of it.
func (j journalRow) note() text.Safe {
	var out []string
	if j.first.UndoOf != "" {
		out = append(out, "undoes "+j.first.UndoOf)
	}
	if j.first.From != "" {
		out = append(out, "asked for "+j.first.From)
	}
	if g := j.first.Glass; g != nil {
		out = append(out, fmt.Sprintf("break-glass: %s", g.Reason))
	}
	return text.Clean(strings.Join(out, "; "))
}

func (r *run) journalTable(changes []journalRow) {
	if len(changes) == 0 {
		fmt.Fprintln(r.stderr, "no records")
		return
	}
	rows := [][]field{headings(text.Lit("TIME"), text.Lit("ID"), text.Lit("VERB"), text.Lit("OBJECT"), text.Lit("ENV"), text.Lit("BY"), text.Lit("OUTCOME"), text.Lit("NOTE"))}
	for _, c := range changes {
		rec := c.first
		object := ""
		if rec.Ref != "" {
			object = rec.Instance + "/" + rec.Ref
		}
		rows = append(rows, []field{
			plainField(text.CleanLong(rec.Time.Local().Format("2006-01-02 15:04:05"))), plainField(text.Clean(rec.ID)), plainField(text.Clean(rec.Verb)),
			plainField(text.Clean(object)), plainField(text.Clean(rec.Policy.Environment)), plainField(text.Clean(rec.User)), plainField(c.outcome()), plainField(c.note()),
		})
	}
	painter{}.printTable(r.stdout, rows)
}
