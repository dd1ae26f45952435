package demo

import (
	"context"
	"strconv"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Form tells what a verb asks before it is planned.
func (s *Source) Form(ctx context.Context, verb string, ref core.Ref) (core.Form, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	defer done()
	switch verb {
	case core.VerbRollback:
		return s.rollbackForm(o), nil
	case core.VerbDeploy:
		return s.deployForm(o), nil
	case core.VerbScale:
		if d, ok := o.(*deployment); ok {
			return d.scaleForm(), nil
		}
	case core.VerbStop:
		return core.Form{Fields: []core.Field{{
			Name: "grace", Title: text.Lit("Grace"), Help: text.Lit("seconds from SIGTERM to SIGKILL"), Type: core.FieldNumber, Value: "10", Max: 3600,
		}}}, nil
	case core.VerbKill:
		return core.Form{Fields: []core.Field{{
			Name: "signal", Title: text.Lit("Signal"), Type: core.FieldChoice, Value: "KILL", Choices: choices("KILL", "KILL", "TERM", "HUP", "INT", "QUIT"),
		}}}, nil
	case core.VerbDelete:
		return deleteForm(o), nil
	case core.VerbDrain:
		return core.Form{Fields: []core.Field{
			{Name: "grace", Title: text.Lit("Grace"), Help: text.Lit("seconds; -1: each pod's own"), Type: core.FieldNumber, Value: "-1", Min: -1, Max: 3600},
			{Name: "delete-emptydir", Title: text.Lit("Local data"), Help: text.Lit("also pods that lose data of an emptyDir"), Type: core.FieldBool, Value: "false"},
			{Name: "force", Title: text.Lit("Force"), Help: text.Lit("also pods that nothing starts again"), Type: core.FieldBool, Value: "false"},
		}}, nil
	case core.VerbEdit:
		return core.Form{Fields: []core.Field{{
			Name: "file", Title: text.Lit("File"), Help: text.Lit("the edited definition; the demo honours replicas, image, labels, data"), Type: core.FieldFile, Required: true,
		}}}, nil
	case core.VerbPrune:
		return s.pruneForm(), nil
	case core.VerbRerun:
		return rerunForm(o), nil
	case core.VerbApprove, core.VerbReject:
		if c, ok := o.(*canary); ok && verb == core.VerbApprove {
			return c.promoteForm(), nil
		}
		return answerForm(o), nil
	case core.VerbShell:
		return shellForm(o), nil
	case core.VerbForward:
		return forwardForm(o), nil
	}
	return core.Form{}, nil
}

// choices are values without columns; current is the one that holds now.
func choices(current string, values ...string) []core.Choice {
	var out []core.Choice
	for _, v := range values {
		out = append(out, core.Choice{Value: v, Cells: []text.Safe{text.Clean(v)}, Current: v == current})
	}
	return out
}

func (d *deployment) scaleForm() core.Form {
	f := core.Form{Fields: []core.Field{{
		Name: "replicas", Title: text.Lit("Replicas"), Type: core.FieldNumber, Value: strconv.Itoa(d.replicas), Max: mostReplicas, Required: true,
	}}}
	if d.scaler != nil {
		f.Note = d.scaler.warning(d)
	}
	return f
}
