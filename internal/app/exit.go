package app

// The exit codes of every command.
const (
	exitOK          = 0
	exitFailed      = 1
	exitDegraded    = 2 // snapshot: some resource failed or a source is down
	exitUnconfirmed = 3 // a change was planned and not confirmed
	exitRefused     = 4 // by policy or read-only
	exitUnknown     = 5 // a change was sent and its outcome is not known
	exitUsage       = 64
	exitNoSource    = 69
	exitInterrupted = 130
)

// exitCodes is what help and the man page say of them.
var exitCodes = []struct {
	code int
	text string
}{
	{exitOK, "done; nothing is broken"},
	{exitFailed, "failed"},
	{exitDegraded, "degraded: some object failed or a source is down (snapshot, doctor)"},
	{exitUnconfirmed, "a change was planned; it needs a confirmation (--yes)"},
	{exitRefused, "refused by policy, by read-only or by a guardrail of the system"},
	{exitUnknown, "a change was sent; its outcome is not known"},
	{exitUsage, "usage: a flag, command, kind or REF that does not exist, or a configuration that was not understood"},
	{exitNoSource, "no source can be reached"},
	{exitInterrupted, "interrupted"},
}
