package app

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"devops-tui/internal/actions/journal"
	"devops-tui/internal/text"
)

func journalCommand() *command {
	return &command{
		name: "journal", args: "list|verify|export", short: "the audit journal of all changes", words: []string{"list", "verify", "export"},
		long: "list    what was changed, oldest first: one row for each change; -o json: every record\n" +
			"verify  check that no record was changed, removed or added\n" +
			"export  the records as JSON lines",
		flags: func(fs *pflag.FlagSet) {
			outputFlag(fs, "table", "json")
			fs.Duration("since", 0, "only what is younger than `DURATION`")
			fs.String("id", "", "only the change `ID`")
			fs.Int("last", 0, "only the last `N` changes (json: records)")
			fs.String("verb", "", "only the verb `VERB`")
			fs.String("ref", "", "only objects whose path has `TEXT`")
			fs.Bool("redact", true, "export without secrets and without the words of the systems")
		},
		run: runJournal,
	}
}

func runJournal(_ context.Context, r *run, args []string) int {
	word, err := oneOf(args, "list", "verify", "export")
	if err != nil {
		return r.usage(err)
	}
	format, err := r.output("table", "json")
	if err != nil {
		return r.usage(err)
	}
	j, err := journal.Open(r.stateDir())
	if err != nil && word != "verify" {
		r.complain(err)
		return exitFailed
	}
	switch word {
	case "verify":
		return r.journalVerify(j, format)
	case "export":
		redact, _ := r.flags.GetBool("redact")
		return r.wrote(j.Export(r.stdout, redact))
	}
	f := journal.Filter{}
	if since, _ := r.flags.GetDuration("since"); since > 0 {
		f.Since = time.Now().Add(-since)
	}
	last, _ := r.flags.GetInt("last")
	if format == "json" {
		f.Last = last
	}
	f.ID, _ = r.flags.GetString("id")
	f.Verb, _ = r.flags.GetString("verb")
	f.Ref, _ = r.flags.GetString("ref")
	records, err := j.List(f)
	if err != nil {
		r.complain(err)
		return exitFailed
	}
	if format == "json" {
		for _, rec := range records {
			if err := writeJSON(r.stdout, rec, false); err != nil {
				return r.wrote(err)
			}
		}
		return exitOK
	}
	changes := journalRows(records)
	if last > 0 && len(changes) > last {
		changes = changes[len(changes)-last:]
	}
	r.journalTable(changes)
	return exitOK
}

// journalVerify exits 1 when a record is not what was written.
func (r *run) journalVerify(j *journal.Journal, format string) int {
	report, err := j.Verify()
	if err != nil {
		r.complain(err)
		return exitFailed
	}
	code := exitOK
	if !report.OK() {
		code = exitFailed
	}
	if format == "json" {
		out := struct {
			Schema  string       `json:"schema"`
			OK      bool         `json:"ok"`
			Records int          `json:"records"`
			Bad     *journal.Bad `json:"bad,omitempty"`
			Note    string       `json:"note,omitempty"`
			Open    []string     `json:"open,omitempty"`
			Path    string       `json:"path"`
		}{"devops-tui/journal-verify/v1", report.OK(), report.Records, report.Bad, report.Note, report.Open, j.Path()}
		if err := writeJSON(r.stdout, out, true); err != nil {
			return r.wrote(err)
		}
		return code
	}
	if report.Bad != nil {
		fmt.Fprintln(r.stdout, text.CleanLong(report.Bad.String()).String())
	}
	fmt.Fprintf(r.stdout, "%d records hold in %s\n", report.Records, scrub(j.Path()))
	if report.Note != "" {
		fmt.Fprintln(r.stdout, text.CleanLong(report.Note).String())
	}
	for _, id := range report.Open {
		fmt.Fprintf(r.stdout, "change %s has no outcome: the process ended, or is still at it\n", text.Clean(id))
	}
	return code
}
