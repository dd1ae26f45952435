package docker

import (
	"cmp"
	"slices"
	"time"

	"github.com/moby/moby/api/types/container"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// projectRow makes the row of a Compose project from its containers, which
// have their rows. There is at least one.
func (s *Source) projectRow(name string, items []*item) *core.Resource {
	slices.SortFunc(items, func(a, b *item) int { return cmp.Compare(a.row.Ref.Name, b.row.Ref.Name) })
	r := &core.Resource{Ref: s.ref(kindProject, name, name)}
	services := map[string]bool{}
	count := [core.Failed + 1]int{}
	running, restarts := 0, 0
	var worst *core.Resource
	facts := &core.Facts{}
	var dir, files string
	for _, it := range items {
		c := &it.sum
		services[c.Labels[labelService]] = true
		count[it.row.Phase]++
		if c.State == container.StateRunning {
			running++
		}
		if it.detail != nil {
			restarts += it.detail.restarts
		}
		if worst == nil || it.row.Phase.Trouble() > worst.Phase.Trouble() {
			worst = it.row
		}
		if at := time.Unix(c.Created, 0).UnixNano(); r.Started == 0 || at < r.Started {
			r.Started = at
		}
		r.Changed = max(r.Changed, it.row.Changed)
		dir, files = cmp.Or(dir, c.Labels[labelDir]), cmp.Or(files, c.Labels[labelFiles])
		addFacts(facts, it.row.Facts)
	}
	r.Facts = facts
	r.Phase, r.Reason = aggregate(count, running, len(items))
	if r.Phase.IsProblem() {
		r.Message = text.Sprintf("%s: %s", text.Clean(worst.Ref.Name), worst.Reason)
	}
	r.Cells = []core.Cell{
		label(name),
		{Text: r.Reason},
		number(running), number(len(items)), number(len(services)),
		{},
		{},
		number(restarts),
		{Num: float64(r.Started / int64(time.Second))},
		label(dir), label(files),
	}
	return r
}

// aggregate judges a project by its containers. One that did its job and
// exited with 0 (a migration) takes nothing away.
func aggregate(count [core.Failed + 1]int, running, all int) (core.Phase, text.Safe) {
	reason := text.Sprintf("%d/%d running", running, all)
	switch {
	case count[core.Failed] == all:
		return core.Failed, text.Lit("all failed")
	case count[core.Failed] > 0:
		return core.Degraded, text.Sprintf("%d failed, %s", count[core.Failed], reason)
	case count[core.Degraded] > 0:
		return core.Degraded, text.Sprintf("%d degraded, %s", count[core.Degraded], reason)
	case count[core.Pending] > 0:
		return core.Pending, reason
	case count[core.Running] > 0:
		return core.Running, reason
	case count[core.Unknown] > 0:
		return core.Unknown, reason
	}
	return core.Succeeded, text.Lit("all exited (0)")
}

// addFacts joins the facts of a container into those of its project.
func addFacts(f, c *core.Facts) {
	for _, x := range c.Image {
		if !slices.Contains(f.Image, x) {
			f.Image = append(f.Image, x)
		}
	}
	for _, x := range c.Digest {
		if !slices.Contains(f.Digest, x) {
			f.Digest = append(f.Digest, x)
		}
	}
	f.Containers = append(f.Containers, c.Containers...)
	f.Commit, f.Repo = cmp.Or(f.Commit, c.Commit), cmp.Or(f.Repo, c.Repo)
}

// byProject groups the containers that belong to a Compose project.
func byProject(items map[string]*item) map[string][]*item {
	groups := map[string][]*item{}
	for _, it := range items {
		if p := it.sum.Labels[labelProject]; p != "" {
			groups[p] = append(groups[p], it)
		}
	}
	return groups
}
