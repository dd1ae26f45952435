// Package deploy is the verb that brings something new: another image, a
// manifest, a run of a job, a project that is brought up.
package deploy

import (
	"context"
	"os"
	"strings"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

const inputs = "input."

var verb = actions.Verb{
	ID: core.VerbDeploy, Key: "D", Title: text.Lit("deploy"), Danger: 1,
	Params: []actions.Param{
		{Name: "image", Title: text.Lit("image")}, // "[container=]reference"
		{Name: "container", Title: text.Lit("container")},
		{Name: "file", Title: text.Lit("file"), Type: core.FieldFile},
		{Name: "ref", Title: text.Lit("branch or tag")},
		{Name: "revision", Title: text.Lit("revision")},
		{Name: inputs, Title: text.Lit("input"), Family: true},
		{Name: "option", Title: text.Lit("what its form offers"), Further: true},
	},
}

// Verb is the registration.
func Verb() actions.Verb { return actions.Of(verb, plan) }

func plan(ctx context.Context, src sources.Deployer, ref core.Ref, p actions.Params) (*core.Operation, error) {
	what := core.Deploy{
		Image: p["image"], Container: p["container"], File: p["file"], Revision: p["revision"], Ref: p["ref"],
		Inputs: p.Family(inputs), Options: p.Further(verb),
	}
	if container, image, ok := strings.Cut(what.Image, "="); ok {
		if what.Container != "" && what.Container != container {
			return nil, actions.Invalid(text.Lit("give the container once"), text.Sprintf("the image is for container %s, and container says %s", container, what.Container))
		}
		what.Container, what.Image = container, image
	}
	switch {
	case what.Image != "" && what.File != "":
		return nil, actions.Invalid(text.Lit("deploy one of them, then the other"), text.Lit("an image and a file cannot be deployed in one change"))
	case what.Container != "" && what.Image == "":
		return nil, actions.Invalid(text.Lit("--set image=…"), text.Sprintf("an image for container %s is missing", what.Container))
	}
	if what.File != "" {
		if _, err := os.Stat(what.File); err != nil {
			return nil, &core.Problem{Kind: core.Invalid, Summary: text.Error(err), Cause: err}
		}
	}
	return src.PlanDeploy(ctx, ref, what)
}
