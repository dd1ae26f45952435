package kube

import (
	"context"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Deployer = (*Source)(nil)

// PlanDeploy plans something new: an image for a container of a workload, a
// manifest that is applied, or a run of a cron job.
func (s *Source) PlanDeploy(ctx context.Context, ref core.Ref, what core.Deploy) (*core.Operation, error) {
	if ref.Kind == kindApplication {
		return s.planSync(ctx, ref, what)
	}
	switch {
	case what.Image != "" && what.File != "":
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("image= and file= cannot be given together")}
	case what.File != "":
		return s.planApply(ctx, ref, what)
	case what.Ref != "" || what.Revision != "" || len(what.Inputs) > 0:
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("a %s takes no ref, revision or inputs", ref.Kind), Hint: text.Lit("image=[container=]IMAGE, or file=PATH")}
	case what.Image != "":
		return s.planImage(ctx, ref, what)
	case ref.Kind == "cronjob":
		return s.planTrigger(ctx, ref)
	}
	return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("nothing to deploy to %s %s was named", ref.Kind, ref.Name), Hint: text.Lit("image=[container=]IMAGE, or file=PATH")}
}

// deployForm asks for what there is to choose; a cron job and a namespace
// have no image of their own.
func (s *Source) deployForm(ctx context.Context, k *kind, ref core.Ref) (core.Form, error) {
	switch k.Name {
	case kindApplication:
		return s.syncForm(ctx, ref)
	case "cronjob":
		return core.Form{Note: text.Lit("one run, now, beside its schedule")}, nil
	case "namespace":
		return core.Form{Fields: []core.Field{{
			Name: "file", Title: text.Lit("Manifest"), Type: core.FieldFile, Required: true, Help: text.Lit("a YAML or JSON file, a folder of them, or one with a kustomization"),
		}, applyForce}}, nil
	}
	return s.imageForm(ctx, ref)
}
