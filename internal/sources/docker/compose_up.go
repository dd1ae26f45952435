package docker

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func upForm() core.Form {
	return core.Form{
		Note: text.Lit("brought to what its Compose files say, by the Compose of this machine"),
		Fields: []core.Field{
			{Name: "pull", Title: text.Lit("pull first"), Type: core.FieldBool, Value: "false", Help: text.Lit("fetch the images that the files name")},
			{Name: "remove-orphans", Title: text.Lit("remove orphans"), Type: core.FieldBool, Value: "false", Help: text.Lit("containers of services that the files do not have")},
		},
	}
}

// composing is a command of Compose for a project, planned.
type composing struct {
	s        *Source
	c        *composer
	project  string
	files    *composeFiles // nil: none are needed
	rev      string
	commands [][]string // one after another
	check    func(ctx context.Context, report func(core.Progress)) (core.Outcome, error)

	end error // why it failed half-way
}

func (c *composing) operation(p core.Plan) *core.Operation {
	p.Target, p.Rev = c.s.ref(kindProject, c.project, c.project), c.rev
	p.Preview = text.Lit("this compares the containers with the files; Compose itself was not asked to try it")
	return &core.Operation{Plan: p, Execute: c.execute, Verify: c.verify, SendLimit: composeRuns}
}

func (c *composing) execute(ctx context.Context, out core.Output) error {
	list, err := c.s.members(ctx, c.project)
	if err != nil {
		return err
	}
	if membersRev(list) != c.rev {
		return &core.Problem{
			Kind: core.Conflict, Summary: text.Sprintf("the containers of %s have changed meanwhile", c.project), Hint: text.Lit("look again and plan anew"),
		}
	}
	for _, command := range c.commands {
		started, err := c.s.runCompose(ctx, c.c, c.project, c.files, out, command...)
		switch {
		case err == nil:
		case !started, command[0] == "pull", errors.Is(err, core.ErrOutcomeUnknown):
			return err // nothing that runs has changed, or it must be read back
		default:
			c.end = err
			return nil
		}
	}
	return nil
}

func (c *composing) verify(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
	if c.end != nil {
		return core.OutcomeFailed, c.end
	}
	return c.check(ctx, report)
}

// membersRev is what Execute compares of a project: who is there, and runs.
func membersRev(list []container.Summary) string {
	var all []string
	for i := range list {
		all = append(all, list[i].ID+" "+string(list[i].State)+"\n")
	}
	slices.Sort(all)
	return strings.Join(all, "")
}

// planUp plans what Compose would change to bring a project to its files.
func (s *Source) planUp(ctx context.Context, ref core.Ref, options map[string]string) (*core.Operation, error) {
	list, err := s.members(ctx, ref.Name)
	if err != nil {
		return nil, err
	}
	if err := s.composeReach(); err != nil {
		return nil, err
	}
	c, err := s.composer(ctx)
	if err != nil {
		return nil, err
	}
	files, err := projectFiles(ref.Name, list)
	if err != nil {
		return nil, err
	}
	all, err := s.drifts(ctx, c, files, list)
	if err != nil {
		return nil, err
	}
	pull, orphans := options["pull"] == "true", options["remove-orphans"] == "true"
	p := core.Plan{
		Verb: core.VerbDeploy, Danger: 1, Title: text.Sprintf("Bring project %s to what its files say", ref.Name),
		UndoHint: text.Lit("cannot be undone as one: roll each service back to the image it ran before (B); its old configuration is in the old file only"),
	}
	todo := 0
	for i := range all {
		d := &all[i]
		switch {
		case d.orphan && !orphans:
			p.Warnings = append(p.Warnings, text.Sprintf("service %s (%d containers) is not in the files: it stays, unless remove-orphans=true", d.service, len(d.have)))
			continue
		case d.orphan:
			todo++
			p.Changes = append(p.Changes, core.FieldChange{Field: text.Clean(d.service), Before: d.now(), After: text.Lit("removed: not in the files")})
		case len(d.why) > 0:
			todo++
			p.Changes = append(p.Changes, core.FieldChange{Field: text.Clean(d.service), Before: d.now(), After: text.Sprintf("as in the file: %s", strings.Join(d.why, "; "))})
		default:
			p.Impact = append(p.Impact, text.Sprintf("service %s is as in the file", d.service))
		}
		for _, x := range d.have { // the way back must be known also when nothing watches
			st := assess(x, nil, s.now())
			s.seen(x, &detail{started: time.Unix(x.Created, 0)}, &st)
		}
	}
	if todo == 0 && !pull {
		return nil, &core.Problem{
			Kind: core.Conflict, Summary: text.Sprintf("nothing to do: project %s is as its files say", ref.Name),
			Hint: text.Lit("pull=true looks for newer images"),
		}
	}
	up := []string{"up", "-d"}
	if orphans {
		up = append(up, "--remove-orphans")
	}
	p.Impact = append(p.Impact, text.Sprintf("files: %s", strings.Join(files.files, " ")), text.Sprintf("by %s %s", c.words(), c.version))
	x := &composing{s: s, c: c, project: ref.Name, files: files, rev: membersRev(list), commands: [][]string{up}}
	p.Command = s.composeCommand(c, ref.Name, files, up...)
	if pull {
		x.commands = [][]string{{"pull"}, up}
		p.Command = text.Sprintf("%s && %s", s.composeCommand(c, ref.Name, files, "pull"), p.Command)
		p.Impact = append(p.Impact, text.Lit("images are pulled first: services whose image is newer there are made again too"))
	}
	x.check = func(ctx context.Context, report func(core.Progress)) (core.Outcome, error) {
		return s.allWell(ctx, ref.Name, report)
	}
	return x.operation(p), nil
}

// allWell reads back until every container of a project is well, or one is
// not.
func (s *Source) allWell(ctx context.Context, project string, report func(core.Progress)) (core.Outcome, error) {
	last := core.Progress{Done: -1}
	for {
		done, total, waiting, err := s.wellMembers(ctx, project)
		var bad *unwell
		switch {
		case ctx.Err() != nil:
			return core.OutcomeUnknown, ctx.Err()
		case errors.As(err, &bad):
			return core.OutcomeFailed, &core.Problem{Kind: core.Conflict, Summary: bad.says, Hint: text.Lit("look at its logs")}
		case err != nil && s.Problem(err).Kind != core.Unreachable:
			return core.OutcomeFailed, err
		case err != nil:
			waiting = s.Problem(err).Summary
		case done == total:
			report(core.Progress{Done: done, Total: total, Text: text.Lit("running")})
			return core.OutcomeHealthy, nil
		}
		if p := (core.Progress{Done: done, Total: total, Text: waiting}); p != last {
			report(p)
			last = p
		}
		if !pause(ctx, verifyEvery) {
			return core.OutcomeUnknown, ctx.Err()
		}
	}
}

func (s *Source) wellMembers(ctx context.Context, project string) (done, total int, waiting text.Safe, err error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	list, err := s.members(ctx, project)
	if err != nil {
		return 0, 0, text.Safe{}, err
	}
	for i := range list {
		x := &list[i]
		if x.Labels[labelOneOff] == "True" {
			continue
		}
		total++
		c, err := s.inspect(ctx, x.ID)
		if err != nil {
			return done, total, waiting, err
		}
		d := detailOf(&c)
		st := assess(x, d, s.now())
		name := containerName(x)
		switch {
		case st.phase == core.Failed || st.phase == core.Degraded:
			return done, total, waiting, &unwell{text.Sprintf("%s: %s %s", name, st.reason, st.message)}
		case st.phase == core.Succeeded:
			done++
		case st.phase == core.Running && (st.health != "" || s.now().Sub(d.started) >= verifyStable):
			done++
		case waiting.Empty():
			waiting = text.Sprintf("%s: %s", name, st.reason)
		}
	}
	return done, total, waiting, nil
}
