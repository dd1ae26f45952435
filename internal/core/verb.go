package core

import "slices"

// The verbs: every change to the outside world has one of these names, on the
// command line, in the policy of an environment and in the journal.
const (
	VerbRestart  = "restart"
	VerbRollback = "rollback"
	VerbDeploy   = "deploy"
	VerbScale    = "scale"
	VerbStop     = "stop"
	VerbStart    = "start"
	VerbKill     = "kill"
	VerbPause    = "pause"
	VerbResume   = "resume"
	VerbCancel   = "cancel"
	VerbRerun    = "rerun"
	VerbApprove  = "approve"
	VerbReject   = "reject"
	VerbEdit     = "edit"
	VerbDelete   = "delete"
	VerbPrune    = "prune"
	VerbCordon   = "cordon"
	VerbUncordon = "uncordon"
	VerbDrain    = "drain"
	VerbSilence  = "silence"
	VerbUndo     = "undo"
	VerbShell    = "shell"
	VerbForward  = "port-forward"
	VerbCopy     = "copy"
	VerbRestore  = "restore" // put a saved definition back; only undo plans it
)

var verbs = []string{
	VerbRestart, VerbRollback, VerbDeploy, VerbScale, VerbStop, VerbStart, VerbKill, VerbPause, VerbResume, VerbCancel, VerbRerun,
	VerbApprove, VerbReject, VerbEdit, VerbDelete, VerbPrune, VerbCordon, VerbUncordon, VerbDrain, VerbSilence, VerbUndo,
	VerbShell, VerbForward, VerbCopy, VerbRestore,
}

// Verbs returns the names of all verbs.
func Verbs() []string { return slices.Clone(verbs) }

// IsVerb reports whether name is a verb.
func IsVerb(name string) bool { return slices.Contains(verbs, name) }

// Opens reports whether a verb opens a window onto an object instead of
// changing it: a shell, a port-forward. Where nothing is configured for it, it
// needs no confirmation unless changes are confirmed by name or denied.
func Opens(verb string) bool { return verb == VerbShell || verb == VerbForward }
