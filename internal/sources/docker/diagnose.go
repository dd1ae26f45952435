package docker

import (
	"context"
	"strings"

	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Diagnose implements sources.Diagnoser.
func (s *Source) Diagnose(ctx context.Context) []core.Finding {
	finding := func(level core.FindingLevel, says, fix text.Safe) core.Finding {
		return core.Finding{Source: ID, Scope: s.host.scope, Level: level, Text: says, Fix: fix}
	}
	problem := func(err error) []core.Finding {
		p := s.Problem(err)
		return []core.Finding{finding(core.FindingProblem, p.Summary, p.Hint)}
	}
	api, err := s.connect(ctx)
	if err != nil {
		return problem(err)
	}
	version, err := api.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return problem(err)
	}
	out := []core.Finding{finding(core.FindingOK, text.Sprintf("%s, API %s, %s/%s at %s", productVersion(version), api.ClientVersion(),
		version.Os, version.Arch, s.where()), text.Safe{})}
	info, err := api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return append(out, problem(err)...)
	}
	i := info.Info
	out = append(out, finding(core.FindingOK, text.Sprintf("%d containers (%d running), %d images, storage %s, cgroup v%s, %d CPUs, %d MiB",
		i.Containers, i.ContainersRunning, i.Images, i.Driver, i.CgroupVersion, i.NCPU, i.MemTotal>>20), text.Safe{}))
	switch i.LoggingDriver {
	case "json-file", "local", "journald", "":
	default:
		out = append(out, finding(core.FindingInfo, text.Sprintf("the default logging driver is %s: logs may not be readable here", i.LoggingDriver),
			text.Lit("docs.docker.com/engine/logging/dual-logging")))
	}
	if !i.MemoryLimit {
		out = append(out, finding(core.FindingInfo, text.Lit("the kernel does not account memory: no memory usage"), text.Lit("cgroup_enable=memory on the kernel's command line")))
	}
	for _, w := range i.Warnings {
		if w = strings.TrimPrefix(w, "WARNING: "); strings.HasPrefix(w, "API is accessible") {
			out = append(out, finding(core.FindingProblem, text.CleanLong(w), text.Lit("docs.docker.com/engine/security/protect-access")))
		}
	}
	if c, err := s.composer(ctx); err == nil {
		out = append(out, finding(core.FindingOK, text.Sprintf("projects are brought up and down by %s %s", c.words(), c.version), text.Safe{}))
	} else {
		p := s.Problem(err)
		out = append(out, finding(core.FindingInfo, p.Summary, p.Hint))
	}
	if err := s.memory.problem(); err != nil {
		out = append(out, finding(core.FindingProblem, text.Sprintf("what images ran before is not remembered: %s", err.Error()),
			text.Lit("look at docker-images.json in the state folder; a broken one was set aside")))
	}
	return out
}
