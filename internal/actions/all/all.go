// Package all is the table of the verbs: one line each.
package all

import (
	"devops-tui/internal/actions"
	"devops-tui/internal/actions/approve"
	"devops-tui/internal/actions/cancel"
	transfer "devops-tui/internal/actions/copy"
	"devops-tui/internal/actions/cordon"
	remove "devops-tui/internal/actions/delete"
	"devops-tui/internal/actions/deploy"
	"devops-tui/internal/actions/drain"
	"devops-tui/internal/actions/edit"
	"devops-tui/internal/actions/forward"
	"devops-tui/internal/actions/kill"
	"devops-tui/internal/actions/pause"
	"devops-tui/internal/actions/prune"
	"devops-tui/internal/actions/reject"
	"devops-tui/internal/actions/rerun"
	"devops-tui/internal/actions/restart"
	"devops-tui/internal/actions/restore"
	"devops-tui/internal/actions/resume"
	"devops-tui/internal/actions/rollback"
	"devops-tui/internal/actions/scale"
	"devops-tui/internal/actions/shell"
	"devops-tui/internal/actions/start"
	"devops-tui/internal/actions/stop"
	"devops-tui/internal/actions/uncordon"
)

// Verbs are all verbs, in the order of menus; hidden ones too.
func Verbs() []actions.Verb {
	return []actions.Verb{
		restart.Verb(),
		rerun.Verb(),
		rollback.Verb(),
		deploy.Verb(),
		cancel.Verb(),
		approve.Verb(),
		reject.Verb(),
		scale.Verb(),
		stop.Verb(),
		start.Verb(),
		kill.Verb(),
		pause.Verb(),
		resume.Verb(),
		cordon.Verb(),
		uncordon.Verb(),
		drain.Verb(),
		edit.Verb(),
		shell.Verb(),
		forward.Verb(),
		transfer.Verb(),
		remove.Verb(),
		prune.Verb(),
		restore.Verb(),
	}
}
