package docker

import (
	"slices"

	"github.com/moby/moby/api/types/container"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// verbRule says which kinds have a verb, and what speaks against it.
type verbRule struct {
	kinds []string
	// why tells from what is known already why it makes no sense now; nil: it
	// always does.
	why func(s *Source, r *core.Resource) text.Safe
}

// lived are the kinds that run.
var lived = []string{kindContainer, kindProject}

// verbRules is the table of the verbs of this source. It names no function
// that needs kinds(): that one is made from it.
var verbRules = map[string]verbRule{
	core.VerbRestart:  {kinds: lived, why: unlessLost},
	core.VerbRollback: {kinds: lived, why: unlessLost},
	core.VerbDeploy:   {kinds: lived, why: unlessLost},
	core.VerbStop:     {kinds: lived, why: onlyIf(text.Lit("it is not running"), container.StateRunning, container.StatePaused, container.StateRestarting)},
	core.VerbStart:    {kinds: lived, why: onlyIf(text.Lit("it is running already"), container.StateCreated, container.StateExited)},
	core.VerbKill:     {kinds: lived, why: onlyIf(text.Lit("it is not running"), container.StateRunning, container.StatePaused, container.StateRestarting)},
	core.VerbPause:    {kinds: lived, why: onlyIf(text.Lit("it is not running"), container.StateRunning)},
	core.VerbResume:   {kinds: lived, why: onlyIf(text.Lit("it is not paused"), container.StatePaused)},
	core.VerbDelete:   {kinds: []string{kindContainer, kindProject, kindImage, kindVolume, kindNetwork}, why: deleteWhy},
	core.VerbPrune:    {kinds: []string{kindHost}},
	core.VerbShell:    {kinds: lived, why: onlyIf(text.Lit("it is not running"), container.StateRunning)},
	core.VerbCopy:     {kinds: []string{kindContainer}},
}

// verbsOf are the verbs of a kind in the order of core.Verbs.
func verbsOf(kind string) []string {
	var out []string
	for _, verb := range core.Verbs() {
		if rule, ok := verbRules[verb]; ok && slices.Contains(rule.kinds, kind) {
			out = append(out, verb)
		}
	}
	return out
}

// Disabled implements sources.Permitter.
func (s *Source) Disabled(verb string, r *core.Resource) text.Safe {
	rule, ok := verbRules[verb]
	switch {
	case r == nil || !ok:
		return text.Lit("not something Docker can do")
	case !slices.Contains(rule.kinds, r.Ref.Kind):
		return text.Sprintf("%s is not possible with a Docker %s", verb, r.Ref.Kind)
	case rule.why != nil:
		return rule.why(s, r)
	}
	return text.Safe{}
}

// lifeState is what the watch knows of a container's life.
type lifeState struct {
	state   container.ContainerState
	project string
}

// states are the states of the container, or of all of the project, as the
// watch saw them last; none while nothing is watched.
func (s *Source) states(ref core.Ref) []container.ContainerState {
	var out []container.ContainerState
	if ref.Kind == kindContainer {
		if l, ok := s.phases.Load(ref.UID); ok {
			out = append(out, l.(lifeState).state)
		}
		return out
	}
	s.phases.Range(func(_, l any) bool {
		if l := l.(lifeState); l.project == ref.Name {
			out = append(out, l.state)
		}
		return true
	})
	return out
}

// unlessLost: what is being removed or dead takes no command.
func unlessLost(s *Source, r *core.Resource) text.Safe {
	if r.Ref.Kind != kindContainer {
		return text.Safe{}
	}
	for _, st := range s.states(r.Ref) {
		switch st {
		case container.StateRemoving:
			return text.Lit("it is being removed")
		case container.StateDead:
			return text.Lit("it is dead: it can only be removed")
		}
	}
	return text.Safe{}
}

// onlyIf allows a verb for containers in one of the states, and for projects
// that have such a container. What is not known is allowed: the plan looks.
func onlyIf(why text.Safe, in ...container.ContainerState) func(*Source, *core.Resource) text.Safe {
	return func(s *Source, r *core.Resource) text.Safe {
		if lost := unlessLost(s, r); !lost.Empty() {
			return lost
		}
		states := s.states(r.Ref)
		if len(states) == 0 || slices.ContainsFunc(states, func(st container.ContainerState) bool { return slices.Contains(in, st) }) {
			return text.Safe{}
		}
		if r.Ref.Kind == kindProject {
			return text.Sprintf("none of its containers can: %s", why)
		}
		return why
	}
}

// builtinNetworks belong to the engine.
var builtinNetworks = []string{"bridge", "host", "none"}

func deleteWhy(_ *Source, r *core.Resource) text.Safe {
	switch r.Ref.Kind {
	case kindNetwork:
		if slices.Contains(builtinNetworks, r.Ref.Name) {
			return text.Lit("it belongs to the engine")
		}
	case kindVolume:
		if r.Phase == core.Running {
			return text.Lit("containers use it: the engine removes it only after them")
		}
	}
	return text.Safe{}
}
