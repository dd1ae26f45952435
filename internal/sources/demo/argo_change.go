package demo

import (
	"fmt"
	"slices"
	"strconv"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// planSync plans that the cluster becomes what Git says.
func (s *Source) planSync(a *application, what core.Deploy) (*core.Operation, error) {
	if a.syncing != nil {
		p := problemf(core.Conflict, "application %s is being synced to %s already", a.name, a.syncing.rev.short())
		p.Hint = text.Lit("wait for it, or terminate it")
		return nil, p
	}
	to := a.target()
	if what.Revision != "" {
		i := slices.IndexFunc(a.git, func(c *commit) bool { return c.short() == what.Revision || c.sha == what.Revision })
		if i < 0 {
			return nil, problemf(core.NotFound, "the repository of %s has no revision %q", a.name, what.Revision)
		}
		if to = a.git[i]; to != a.target() && a.auto {
			p := problemf(core.Refused, "application %s syncs by itself to what is on main: %s would not stay", a.name, to.short())
			p.Hint = text.Lit("roll it back instead: that offers to switch auto-sync off")
			return nil, p
		}
	}
	live := a.live()
	plan := core.Plan{
		Verb: core.VerbDeploy, Target: a.ref(), Rev: a.rev(), Danger: 1,
		Title:    text.Sprintf("Sync application %s to %s", a.name, to.short()),
		Changes:  []core.FieldChange{change("revision", live.rev.short(), to.short()), change("image of rollout shop/"+a.name, live.image, a.imageAt(to))},
		Diff:     a.difference(to),
		Impact:   []text.Safe{text.Sprintf("%s (%s)", to.message, to.author), text.Sprintf("rollout shop/%s goes through its %d steps", a.name, len(canarySteps))},
		Command:  text.Sprintf("argocd app sync argocd/%s --revision %s%s", a.name, to.sha, syncFlags(what.Options)),
		UndoHint: text.Sprintf("U plans a rollback to %s, which runs now", live.rev.short()),
		Inverse:  &core.Inverse{Verb: core.VerbRollback, Params: map[string]string{"to": strconv.Itoa(live.id), "auto-sync": "off"}},
	}
	if live.rev == to && !a.drift {
		plan.Impact = []text.Safe{text.Lit("it is as Git says: nothing is replaced")}
	}
	return s.applied(a, plan, func() { a.sync(to, you) }), nil
}

func syncFlags(options map[string]string) string {
	out := ""
	for _, o := range []string{"prune", "force"} {
		if options[o] == "true" {
			out += " --" + o
		}
	}
	return out
}

// difference compares what runs with what a commit says.
func (a *application) difference(to *commit) []text.Line {
	if a.live().image == a.imageAt(to) {
		return nil
	}
	return difference("Rollout shop/"+a.name+": spec.template.spec.containers[app]", [3]string{"image", a.live().image, a.imageAt(to)})
}

// applied binds a change of an application to its sync.
func (s *Source) applied(a *application, plan core.Plan, do func()) *core.Operation {
	var id int
	return s.operation(plan,
		func() (core.Ref, string) { return a.ref(), a.rev() },
		func() {
			do()
			id = a.live().id
			if a.syncing != nil {
				id = a.syncing.id
			}
		},
		func() verdict {
			v := verdict{total: 2, text: "syncing", done: 0}
			switch c := a.rollout(); {
			case a.syncing != nil && a.syncing.id == id:
			case a.live().id != id:
				v.superseded = true
			case c == nil:
				v.broken = "its rollout was deleted"
			case c.aborted:
				v.broken = "the rollout was aborted"
			case !c.settled():
				v.done = 1
				v.text = fmt.Sprintf("synced; rollout at %d%%", c.weight())
				if c.paused() { // the rest is a human's: the sync itself has gone well
					v.done, v.settled, v.text = 2, true, v.text+", waits for promotion"
				}
			default:
				v.done, v.settled, v.text = 2, true, "synced and healthy"
			}
			return v
		})
}

func (a *application) syncForm() core.Form {
	f := core.Field{
		Name: "revision", Title: text.Lit("Revision"), Help: text.Lit("empty: what is on main"), Type: core.FieldChoice,
		Columns: []text.Safe{text.Lit("REVISION"), text.Lit("MESSAGE"), text.Lit("AUTHOR")},
	}
	for _, c := range slices.Backward(a.git) {
		x := core.Choice{Value: c.short(), Cells: []text.Safe{text.Clean(c.short()), text.Clean(c.message), text.Clean(c.author)}, Current: c == a.live().rev}
		if a.auto && c != a.target() {
			x.Disabled = text.Lit("auto-sync is on: only what is on main stays")
		}
		f.Choices = append(f.Choices, x)
	}
	return core.Form{Fields: []core.Field{
		f,
		{Name: "prune", Title: text.Lit("Prune"), Help: text.Lit("delete what Git does not have any more"), Type: core.FieldBool, Value: "false"},
		{Name: "force", Title: text.Lit("Force"), Help: text.Lit("replace what cannot be changed"), Type: core.FieldBool, Value: "false"},
	}}
}

// planTerminate plans that a sync ends.
func (s *Source) planTerminate(a *application) (*core.Operation, error) {
	if a.syncing == nil {
		return nil, problemf(core.Conflict, "nothing of application %s is in progress", a.name)
	}
	at := a.syncing
	plan := core.Plan{
		Verb: core.VerbCancel, Target: a.ref(), Rev: a.rev(), Danger: 1,
		Title:    text.Sprintf("Terminate the sync of application %s to %s", a.name, at.rev.short()),
		Changes:  []core.FieldChange{change("operation", "Syncing", "none")},
		Command:  text.Sprintf("argocd app terminate-op argocd/%s", a.name),
		UndoHint: text.Lit("cannot be undone: sync it again"),
	}
	if a.auto {
		plan.Warnings = []text.Safe{text.Lit("auto-sync is on: the next commit is synced again")}
	}
	return s.operation(plan,
		func() (core.Ref, string) { return a.ref(), a.rev() },
		func() {
			a.syncing = nil
			a.asked++
			a.touched()
			a.place.murmur(a.ref(), "OperationTerminated", "argocd-application-controller", "Sync operation terminated by "+you)
		},
		func() verdict { return arrived(a.syncing != at, "the sync has ended") }), nil
}

// planReturn plans that an application goes back to an entry of its history. With
// auto-sync on that would not stay: the option switches it off.
func (s *Source) planReturn(a *application, to core.Rollback) (*core.Operation, error) {
	entry, err := a.entry(to.To)
	if err != nil {
		return nil, err
	}
	if a.syncing != nil {
		return nil, problemf(core.Conflict, "application %s is being synced to %s", a.name, a.syncing.rev.short())
	}
	off := to.Options["auto-sync"] == "off"
	if a.auto && !off {
		p := problemf(core.Refused, "auto-sync is on for application %s: a rollback would be taken back at once", a.name)
		p.Hint = text.Sprintf("choose to switch it off (--set auto-sync=off), or revert %s in Git", a.live().rev.short())
		return nil, p
	}
	live := a.live()
	plan := core.Plan{
		Verb: core.VerbRollback, Target: a.ref(), Rev: a.rev(), Danger: 1,
		Title:    text.Sprintf("Roll application %s back to history entry %d (%s)", a.name, entry.id, entry.rev.short()),
		Changes:  []core.FieldChange{change("revision", live.rev.short(), entry.rev.short()), change("image of rollout shop/"+a.name, live.image, entry.image)},
		Diff:     a.difference(entry.rev),
		Impact:   []text.Safe{text.Sprintf("%s (%s), synced by %s", entry.rev.message, entry.rev.author, entry.by)},
		Warnings: []text.Safe{text.Sprintf("Git goes on to say %s: the application is OutOfSync until it is reverted there", a.target().short())},
		Command:  text.Sprintf("argocd app rollback argocd/%s %d", a.name, entry.id),
		UndoHint: text.Sprintf("U plans a rollback to entry %d, which runs now", live.id),
		Inverse:  &core.Inverse{Verb: core.VerbRollback, Params: map[string]string{"to": strconv.Itoa(live.id), "auto-sync": "off"}},
	}
	if a.auto {
		plan.Changes = append(plan.Changes, change("auto-sync", "on", "off"))
		plan.Command = text.Sprintf("argocd app set argocd/%s --sync-policy none && %s", a.name, plan.Command)
		plan.Warnings = append(plan.Warnings, text.Lit("auto-sync stays off until somebody switches it on again"))
	}
	return s.applied(a, plan, func() {
		if a.auto {
			a.auto = false
			a.place.murmur(a.ref(), "ResourceUpdated", "argocd-server", "auto-sync switched off by "+you)
		}
		a.sync(entry.rev, you)
	}), nil
}

// entry is an entry of the history; "" is the last one with another image.
func (a *application) entry(to string) (*synced, error) {
	for _, s := range slices.Backward(a.past) {
		if to == "" && s.image != a.live().image || strconv.Itoa(s.id) == to {
			if s == a.live() {
				return nil, problemf(core.Refused, "entry %s is what application %s was synced to last", to, a.name)
			}
			return s, nil
		}
	}
	return nil, problemf(core.NotFound, "application %s has no history entry %q", a.name, to)
}

func (a *application) rollbackForm() core.Form {
	f := core.Field{
		Name: "to", Title: text.Lit("Entry"), Help: text.Lit("empty: the last one with another image"), Type: core.FieldChoice,
		Columns: []text.Safe{text.Lit("ID"), text.Lit("REVISION"), text.Lit("MESSAGE"), text.Lit("IMAGE"), text.Lit("AGE")},
	}
	for _, s := range slices.Backward(a.past) {
		c := core.Choice{
			Value: strconv.Itoa(s.id), Current: s == a.live(),
			Cells: []text.Safe{text.Int(s.id), text.Clean(s.rev.short()), text.Clean(s.rev.message), text.Clean(s.image), text.Age(a.place.w.now.Sub(s.ended))},
		}
		if c.Current {
			c.Disabled = text.Lit("it was synced last")
		} else if f.Value == "" && s.image != a.live().image {
			f.Value = c.Value
		}
		f.Choices = append(f.Choices, c)
	}
	out := core.Form{Fields: []core.Field{f}}
	if a.auto {
		out.Note = text.Sprintf("auto-sync is on: it would take a rollback back; the other way is to revert %s in Git", a.live().rev.short())
		out.Fields = append(out.Fields, core.Field{
			Name: "auto-sync", Title: text.Lit("Auto-sync"), Help: text.Lit("off: switched off as a part of the plan"), Type: core.FieldChoice, Value: "off", Choices: choices("on", "off", "on"),
		})
	}
	return out
}

// Diff compares an application with what Git says.
func (a *application) diff() []text.Line {
	if a.inSync() {
		return nil
	}
	return a.difference(a.target())
}
