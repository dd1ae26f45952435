package argo

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// CommitInfo is what is known of a revision besides its name.
type CommitInfo struct {
	Author, Message string
	At              time.Time
}

// Entry is one deployment of the history with what could be told of it.
type Entry struct {
	HistoryEntry
	Commit CommitInfo // zero: not known here
	Images []string   // nil: not known
	Now    bool       // it is what was synced last
}

// Entries are the deployments, newest first. about tells of a revision; nil:
// nothing is known. The images of past deployments are known for the newest one
// only: Argo CD keeps no more.
func (a *Application) Entries(about func(revision string) CommitInfo) []Entry {
	var out []Entry
	for i, h := range slices.Backward(a.Status.History) {
		e := Entry{HistoryEntry: h, Now: i == len(a.Status.History)-1}
		if about != nil {
			for _, rev := range h.All() {
				if e.Commit = about(rev); e.Commit != (CommitInfo{}) {
					break
				}
			}
		}
		if e.Now && slices.Equal(a.Status.Sync.All(), h.All()) && a.Status.Sync.Status == "Synced" {
			e.Images = a.Status.Summary.Images
		}
		out = append(out, e)
	}
	if s := a.Status.State; len(out) > 0 && out[0].Images == nil && s != nil && s.Phase == "Succeeded" && slices.Equal(s.SyncResult.All(), out[0].All()) {
		for _, r := range s.SyncResult.Resources {
			out[0].Images = append(out[0].Images, r.Images...)
		}
	}
	return out
}

// Revision is the entry's revision as drawn.
func (e *Entry) Revision() string { return Revisions(e.All()) }

// Find finds an entry by its id, or by a revision or the begin of one; "" is
// the one before the newest that differs from it. nil: there is none.
func Find(all []Entry, to string) *Entry {
	if to == "" {
		for i := range all {
			if i > 0 && !slices.Equal(all[i].All(), all[0].All()) {
				return &all[i]
			}
		}
		return nil
	}
	for i := range all {
		if strconv.FormatInt(all[i].ID, 10) == to {
			return &all[i]
		}
	}
	if len(to) < 4 { // too little to mean a revision
		return nil
	}
	for i := range all {
		if slices.ContainsFunc(all[i].All(), func(r string) bool { return strings.HasPrefix(r, to) }) {
			return &all[i]
		}
	}
	return nil
}

// EntryColumns are the headings of Cells.
func EntryColumns() []text.Safe {
	return []text.Safe{text.Lit("ID"), text.Lit("REVISION"), text.Lit("COMMIT"), text.Lit("IMAGES"), text.Lit("BY"), text.Lit("AGE")}
}

// Cells are the entry in a table of choices.
func (e *Entry) Cells(now time.Time) []text.Safe {
	commit := text.Clean(firstLine(e.Commit.Message))
	if e.Commit.Author != "" {
		commit = text.Sprintf("%s (%s)", firstLine(e.Commit.Message), e.Commit.Author)
	}
	return []text.Safe{
		text.Sprintf("%d", e.ID), text.Clean(e.Revision()), commit, text.Clean(strings.Join(e.Images, ", ")), text.Clean(e.InitiatedBy.Who()), ageOf(e.DeployedAt.Time, now),
	}
}

func ageOf(t, now time.Time) text.Safe {
	if t.IsZero() {
		return text.Safe{}
	}
	return text.Age(now.Sub(t))
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

// History is the document of what was deployed, newest first.
func (a *Application) History(about func(revision string) CommitInfo, now time.Time) core.Document {
	all := a.Entries(about)
	doc := core.Document{Title: text.Sprintf("History of application %s", a.Meta.Name)}
	add := func(s text.Safe) { doc.Lines = append(doc.Lines, s.Line()) }
	if len(all) == 0 {
		add(text.Lit("nothing was deployed yet"))
		return doc
	}
	unknown := false
	for i := range all {
		e := &all[i]
		head := text.Sprintf("%d  %s  deployed %s ago", e.ID, e.Revision(), ageOf(e.DeployedAt.Time, now))
		if who := e.InitiatedBy.Who(); who != "" {
			head = text.Concat(head, text.Sprintf(" by %s", who))
		}
		if e.Now {
			head = text.Concat(head, text.Lit("  (now)"))
		}
		add(head)
		src := e.Sources
		if len(src) == 0 {
			src = []Source{e.Source}
		}
		for j, s := range src {
			rev := ""
			if all := e.All(); j < len(all) {
				rev = all[j]
			}
			add(text.Sprintf("   %s %s (%s) at %s", s.RepoURL, s.Path+s.Chart, s.TargetRevision, rev))
		}
		if e.Commit.Message != "" {
			add(text.Sprintf("   %s, %s", firstLine(e.Commit.Message), e.Commit.Author))
		} else {
			unknown = true
		}
		for _, image := range e.Images {
			add(text.Sprintf("   image %s", image))
		}
		if !e.StartedAt.IsZero() && e.DeployedAt.After(e.StartedAt.Time) {
			add(text.Sprintf("   took %s, at %s", text.Duration(e.DeployedAt.Sub(e.StartedAt.Time)), e.DeployedAt.UTC().Format(time.RFC3339)))
		}
	}
	if unknown {
		add(text.Safe{})
		add(text.Lit("Commit messages and images of past deployments are not in the object: Argo CD's API server knows the messages."))
	}
	return doc
}
