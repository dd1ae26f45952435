package docker

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// page of text with titled sections.
type sheet struct{ lines []text.Line }

// head begins a section.
func (b *sheet) head(title text.Safe) {
	if len(b.lines) > 0 {
		b.lines = append(b.lines, text.Line{})
	}
	b.lines = append(b.lines, title.Line())
}

// field adds a name and its value; nothing for no value.
func (b *sheet) field(name text.Safe, value string) {
	if value != "" {
		b.lines = append(b.lines, text.Sprintf("  %s %s", name.Pad(16), value).Line())
	}
}

// line adds a line of foreign text.
func (b *sheet) line(value string) {
	b.lines = append(b.lines, text.Sprintf("  %s", value).Line())
}

// Describe implements sources.Describer.
func (s *Source) Describe(ctx context.Context, ref core.Ref) (core.Document, error) {
	d := core.Document{Title: text.Sprintf("%s %s", ref.Kind, ref.Name)}
	var b sheet
	switch ref.Kind {
	case kindContainer:
		c, err := s.resolve(ctx, ref)
		if err != nil {
			return d, err
		}
		row, err := s.Get(ctx, ref)
		if err != nil {
			return d, err
		}
		describeContainer(&b, &c, row)
	case kindProject:
		if err := s.describeProject(ctx, &b, ref); err != nil {
			return d, err
		}
	case kindHost:
		if err := s.describeHost(ctx, &b, ref); err != nil {
			return d, err
		}
	default:
		row, err := s.Get(ctx, ref)
		if err != nil {
			return d, err
		}
		s.describeRow(&b, row)
	}
	d.Lines = b.lines
	return d, nil
}

func describeContainer(b *sheet, c *container.InspectResponse, row *core.Resource) {
	b.head(text.Lit("State"))
	b.field(text.Lit("status"), row.Reason.String())
	b.field(text.Lit("why"), row.Message.String())
	if st := c.State; st != nil {
		b.field(text.Lit("started"), stamp(parseTime(st.StartedAt)))
		b.field(text.Lit("finished"), stamp(parseTime(st.FinishedAt)))
		if st.Pid > 0 {
			b.field(text.Lit("pid"), fmt.Sprint(st.Pid))
		}
	}
	b.field(text.Lit("created"), stamp(parseTime(c.Created)))
	b.field(text.Lit("restarts"), fmt.Sprint(c.RestartCount))
	b.field(text.Lit("id"), c.ID)

	b.head(text.Lit("Image"))
	if c.Config != nil {
		b.field(text.Lit("name"), c.Config.Image)
	}
	b.field(text.Lit("id"), c.Image)
	if f := row.Facts; f != nil {
		b.field(text.Lit("commit"), f.Commit)
		b.field(text.Lit("source"), redactText(f.Repo))
	}
	describeCommand(b, c)
	describeHealth(b, c.State)
	describeNetworks(b, c)
	describeMounts(b, c)
	describeLimits(b, c)
	if c.Config != nil {
		if len(c.Config.Env) > 0 {
			b.head(text.Lit("Environment"))
			for _, e := range slices.Sorted(slices.Values(c.Config.Env)) {
				b.line(redactEnv(e))
			}
		}
		describeLabels(b, c.Config.Labels)
	}
}

func describeCommand(b *sheet, c *container.InspectResponse) {
	b.head(text.Lit("Command"))
	b.field(text.Lit("runs"), strings.Join(redactArgs(append([]string{c.Path}, c.Args...)), " "))
	if x := c.Config; x != nil {
		b.field(text.Lit("folder"), x.WorkingDir)
		b.field(text.Lit("user"), x.User)
		if x.Tty {
			b.field(text.Lit("terminal"), "yes")
		}
		b.field(text.Lit("stop signal"), x.StopSignal)
		b.field(text.Lit("stop timeout"), stopTimeout(c).String())
	}
	if h := c.HostConfig; h != nil {
		b.field(text.Lit("restart policy"), restartPolicy(c))
		b.field(text.Lit("log driver"), h.LogConfig.Type)
		if h.Privileged {
			b.field(text.Lit("privileged"), "yes")
		}
	}
}

func describeHealth(b *sheet, st *container.State) {
	if st == nil || st.Health == nil || st.Health.Status == container.NoHealthcheck {
		return
	}
	b.head(text.Lit("Health"))
	b.field(text.Lit("status"), string(st.Health.Status))
	b.field(text.Lit("failures"), fmt.Sprint(st.Health.FailingStreak))
	for _, r := range slices.Backward(st.Health.Log) {
		if r != nil {
			b.line(fmt.Sprintf("%s exit %d  %s", stamp(r.Start), r.ExitCode, redactText(strings.TrimSpace(r.Output))))
		}
	}
}

func describeNetworks(b *sheet, c *container.InspectResponse) {
	n := c.NetworkSettings
	if n == nil {
		return
	}
	if len(n.Networks) > 0 {
		b.head(text.Lit("Networks"))
		for _, name := range slices.Sorted(maps.Keys(n.Networks)) {
			e := n.Networks[name]
			at := ""
			if e != nil && e.IPAddress.IsValid() {
				at = e.IPAddress.String()
			}
			if e != nil && len(e.Aliases) > 0 {
				at += "  aliases " + strings.Join(e.Aliases, " ")
			}
			b.line(strings.TrimSpace(name + "  " + at))
		}
	}
	if len(n.Ports) == 0 {
		return
	}
	b.head(text.Lit("Ports"))
	var out []string
	for p, bindings := range n.Ports {
		if len(bindings) == 0 {
			out = append(out, p.String()+" not published")
		}
		for _, x := range bindings {
			host := x.HostPort
			if x.HostIP.IsValid() {
				host = x.HostIP.String() + ":" + host
			}
			out = append(out, p.String()+" → "+host)
		}
	}
	slices.Sort(out)
	for _, x := range out {
		b.line(x)
	}
}

func describeMounts(b *sheet, c *container.InspectResponse) {
	if len(c.Mounts) == 0 {
		return
	}
	b.head(text.Lit("Mounts"))
	for _, m := range c.Mounts {
		mode := "rw"
		if !m.RW {
			mode = "ro"
		}
		b.line(fmt.Sprintf("%s  %s %s (%s)", m.Destination, m.Type, cmp.Or(m.Name, m.Source), mode))
	}
}

func describeLimits(b *sheet, c *container.InspectResponse) {
	d := detailOf(c)
	if d.cpuLimit == 0 && d.memLimit == 0 {
		return
	}
	b.head(text.Lit("Limits"))
	if d.cpuLimit > 0 {
		b.field(text.Lit("cpu"), fmt.Sprintf("%.0fm", d.cpuLimit))
	}
	if d.memLimit > 0 {
		b.field(text.Lit("memory"), fmt.Sprintf("%.0f MiB", d.memLimit/(1<<20)))
	}
}

func describeLabels(b *sheet, labels map[string]string) {
	if len(labels) == 0 {
		return
	}
	b.head(text.Lit("Labels"))
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		b.line(k + "=" + redactValue(k, labels[k]))
	}
}

func (s *Source) describeProject(ctx context.Context, b *sheet, ref core.Ref) error {
	row, err := s.Get(ctx, ref)
	if err != nil {
		return err
	}
	list, err := s.members(ctx, ref.Name)
	if err != nil {
		return err
	}
	b.head(text.Lit("Project"))
	b.field(text.Lit("status"), row.Reason.String())
	b.field(text.Lit("why"), row.Message.String())
	b.field(text.Lit("folder"), list[0].Labels[labelDir])
	b.field(text.Lit("files"), list[0].Labels[labelFiles])
	b.head(text.Lit("Containers"))
	slices.SortFunc(list, func(x, y container.Summary) int { return cmp.Compare(containerName(&x), containerName(&y)) })
	for i := range list {
		c := &list[i]
		b.line(fmt.Sprintf("%s  %s  %s  %s", containerName(c), c.Labels[labelService], imageName(c), c.Status))
	}
	return nil
}

// describeRow writes a row as a list: for the objects that have little more.
func (s *Source) describeRow(b *sheet, row *core.Resource) {
	for _, k := range kinds() {
		if k.Name != row.Ref.Kind {
			continue
		}
		b.head(k.Title)
		for i, c := range k.Columns {
			cell := row.Cells[i]
			value := cell.Text.String()
			switch {
			case c.Type == core.Age && cell.Num > 0:
				value = stamp(time.Unix(int64(cell.Num), 0))
			case c.Type == core.Bytes && value == "":
				value = fmt.Sprintf("%.1f MiB", cell.Num/(1<<20))
			}
			b.field(text.Clean(strings.ToLower(c.Title.String())), value)
		}
	}
	b.field(text.Lit("id"), row.Ref.UID)
	if f := row.Facts; f != nil {
		b.field(text.Lit("commit"), f.Commit)
		b.field(text.Lit("source"), redactText(f.Repo))
		for _, d := range f.Digest {
			b.field(text.Lit("digest"), d)
		}
	}
}

// restartPolicy says when the engine restarts the container by itself.
func restartPolicy(c *container.InspectResponse) string {
	if c.HostConfig == nil {
		return ""
	}
	p := c.HostConfig.RestartPolicy
	if p.IsNone() {
		return "no"
	}
	if p.MaximumRetryCount > 0 {
		return fmt.Sprintf("%s, at most %d times", p.Name, p.MaximumRetryCount)
	}
	return string(p.Name)
}

// stopTimeout is how long the engine waits before it kills.
func stopTimeout(c *container.InspectResponse) time.Duration {
	if c.Config != nil && c.Config.StopTimeout != nil {
		return time.Duration(*c.Config.StopTimeout) * time.Second
	}
	return 10 * time.Second
}
