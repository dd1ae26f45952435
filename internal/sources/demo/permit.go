package demo

import (
	"slices"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Disabled tells why a verb cannot be done to a row now.
func (s *Source) Disabled(verb string, r *core.Resource) text.Safe {
	if r == nil {
		return text.Lit("nothing is selected")
	}
	k := kindOf(s.info.Kinds, r.Ref.Kind)
	switch {
	case k == nil:
		return text.Sprintf("the demo has no %s", r.Ref.Kind)
	case verb == core.VerbRestore && restorable(k.Name):
	case len(k.Verbs) == 0:
		return text.Sprintf("a %s cannot be changed", k.Name)
	case !slices.Contains(k.Verbs, verb):
		return text.Sprintf("a %s cannot be asked to %s", k.Name, verb)
	case s.w.gate.ReadOnly():
		return text.Lit("read-only")
	case verb == core.VerbCopy:
		return text.Lit("the demo world has no files to copy")
	}
	if why := pipelineUnfit(verb, r); !why.Empty() {
		return why
	}
	return unfit(verb, r.Ref.Kind, r.Reason.String())
}

// unfit tells from the word of a row's state why a verb makes no sense.
func unfit(verb, kind, state string) text.Safe {
	paused := state == "Paused" || state == "Suspended"
	stopped := kind == "container" && len(state) > 6 && state[:6] == "Exited"
	switch {
	case verb == core.VerbPause && paused:
		return text.Lit("it is held already")
	case verb == core.VerbResume && !paused && kind != "project":
		return text.Lit("it is not held")
	case verb == core.VerbCordon && state == "Ready,SchedulingDisabled":
		return text.Lit("it is cordoned already")
	case verb == core.VerbUncordon && state == "Ready":
		return text.Lit("it is not cordoned")
	case verb == core.VerbStart && kind == "container" && !stopped:
		return text.Lit("it is running already")
	case stopped && slices.Contains([]string{core.VerbStop, core.VerbKill, core.VerbPause, core.VerbShell}, verb):
		return text.Lit("it is not running")
	case paused && kind == "deployment" && slices.Contains([]string{core.VerbRestart, core.VerbRollback}, verb):
		return text.Lit("its rollout is paused: resume it first")
	}
	return text.Safe{}
}
