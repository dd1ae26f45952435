package argocd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/diff"
	"devops-tui/internal/text"
)

// Get implements sources.Getter.
func (s *Source) Get(ctx context.Context, ref core.Ref) (*core.Resource, error) {
	a, err := s.read(ctx, ref)
	if err != nil {
		return nil, err
	}
	return s.row(a), nil
}

// Outline implements sources.Outliner with the tree of what the application made.
func (s *Source) Outline(ctx context.Context, ref core.Ref) (core.Outline, error) {
	a, err := s.read(ctx, ref)
	if err != nil {
		return core.Outline{}, err
	}
	r := s.of(s.ref(a), "resource-tree")
	note := text.Safe{}
	var tree *argo.Tree
	if resp, err := s.client.Do(ctx, r); err == nil {
		tree, err = argo.DecodeTree(resp.Body)
		if err != nil {
			return core.Outline{}, err
		}
	} else if p := s.Problem(err); p.Kind == core.Unreachable || p.Kind == core.Throttled {
		return core.Outline{}, err
	} else {
		note = text.Sprintf("what its resources made is not known: %s", p.Summary)
	}
	out := a.Outline(tree, nil)
	if out.Note.Empty() {
		out.Note = note
	}
	return out, nil
}

// Explain implements sources.Explainer.
func (s *Source) Explain(ctx context.Context, ref core.Ref) (core.Explanation, error) {
	a, err := s.read(ctx, ref)
	if err != nil {
		return core.Explanation{}, err
	}
	e := a.Explain(nil, s.now())
	for _, rev := range a.Status.Sync.All() {
		if c := s.commit(ctx, s.ref(a), rev); c.Message != "" {
			title, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
			e.Commits = append(e.Commits, core.Commit{SHA: rev, Title: text.Clean(title), Author: text.Clean(c.Author), At: argo.Time{Time: c.At}.Nano()})
		}
	}
	return e, nil
}

// History implements sources.Historian.
func (s *Source) History(ctx context.Context, ref core.Ref) (core.Document, error) {
	a, err := s.read(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	return a.History(s.about(ctx, a), s.now()), nil
}

// managed is one resource, as it is and as it should be.
type managed struct {
	Group     string `json:"group"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Target    string `json:"targetState"`
	Live      string `json:"liveState"`
	Before    string `json:"normalizedLiveState"`
	After     string `json:"predictedLiveState"`
	Modified  bool   `json:"modified"`
	Hook      bool   `json:"hook"`
}

func (m *managed) title() string {
	name := m.Name
	if m.Namespace != "" {
		name = m.Namespace + "/" + m.Name
	}
	return m.Kind + " " + name
}

// missing reports that the cluster does not have it; gone that Git does not.
func (m *managed) missing() bool { return m.Live == "" || m.Live == "null" }
func (m *managed) gone() bool    { return m.Target == "" || m.Target == "null" }

func (s *Source) managed(ctx context.Context, ref core.Ref) ([]managed, error) {
	var m struct {
		Items []managed `json:"items"`
	}
	if err := s.get(ctx, ref, &m, "managed-resources"); err != nil {
		return nil, err
	}
	return m.Items, nil
}

// diffContext is how many lines stand around a difference.
const diffContext = 3

// compare is what a sync would change, as a unified diff. The server itself
// hides the values of secrets.
func compare(items []managed) (lines []text.Line, changed, pruned []string) {
	for i := range items {
		m := &items[i]
		if m.Hook || !m.Modified && !m.missing() && !m.gone() {
			continue
		}
		before, after := m.Before, m.After
		if before == "" || m.missing() {
			before = m.Live
		}
		if after == "" || m.gone() {
			after = m.Target
		}
		d := diff.Lines(manifestLines(before), manifestLines(after), diffContext)
		if len(d) == 0 {
			continue
		}
		if m.gone() {
			pruned = append(pruned, m.title())
		} else {
			changed = append(changed, m.title())
		}
		lines = append(append(lines, text.Sprintf("=== %s", m.title()).Line()), d...)
	}
	return lines, changed, pruned
}

// manifestLines is a manifest of JSON as lines of YAML.
func manifestLines(manifest string) []string {
	var v any
	if manifest == "" || manifest == "null" || json.Unmarshal([]byte(manifest), &v) != nil {
		return nil
	}
	b, err := toYAML(v)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimRight(string(b), "\n"), "\n")
}

func toYAML(v any) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Diff implements sources.Differ: "-" is how it is, "+" how Git says it should be.
func (s *Source) Diff(ctx context.Context, ref core.Ref) (core.Document, error) {
	items, err := s.managed(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	lines, _, pruned := compare(items)
	doc := core.Document{Title: text.Sprintf("Difference of application %s from Git", ref.Name), Lines: lines}
	if len(lines) == 0 {
		doc.Lines = []text.Line{text.Lit("all of its resources are as Git says").Line()}
	}
	for _, p := range pruned {
		doc.Lines = append(doc.Lines, text.Sprintf("%s is not in Git any more: a sync deletes it only with prune", p).Line())
	}
	return doc, nil
}

var passwordInURL = regexp.MustCompile(`(://)[^/@\s"']+@`)

// Manifest implements sources.Manifester with the application's own object.
func (s *Source) Manifest(ctx context.Context, ref core.Ref) (core.Document, error) {
	raw, _, err := s.raw(ctx, ref, "")
	if err != nil {
		return core.Document{}, err
	}
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&v); err != nil {
		return core.Document{}, fmt.Errorf("read the application: %w", err)
	}
	if m, ok := v["metadata"].(map[string]any); ok {
		delete(m, "managedFields")
		if a, ok := m["annotations"].(map[string]any); ok {
			delete(a, "kubectl.kubernetes.io/last-applied-configuration")
		}
	}
	v["apiVersion"], v["kind"] = argo.Group+"/"+argo.Version, "Application"
	b, err := toYAML(v)
	if err != nil {
		return core.Document{}, fmt.Errorf("write the application as YAML: %w", err)
	}
	shown := passwordInURL.ReplaceAllString(string(b), "${1}…@")
	return core.Document{Title: text.Sprintf("Application %s", ref.Name), Syntax: "yaml", Lines: text.Document(shown)}, nil
}

// Describe implements sources.Describer.
func (s *Source) Describe(ctx context.Context, ref core.Ref) (core.Document, error) {
	a, err := s.read(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	doc := core.Document{Title: text.Sprintf("Application %s", a.Meta.Name)}
	add := func(label text.Safe, value text.Safe) {
		if !value.Empty() {
			doc.Lines = append(doc.Lines, text.Concat(label.Pad(14), value).Line())
		}
	}
	row := s.row(a)
	add(text.Lit("Status"), text.Join(text.Lit(": "), row.Reason, row.Message))
	add(text.Lit("Sync"), text.Clean(a.Status.Sync.Status))
	add(text.Lit("Health"), text.Clean(a.Status.Health.Status))
	add(text.Lit("Project"), text.Clean(a.Spec.Project))
	for _, src := range a.AllSources() {
		add(text.Lit("Source"), text.Sprintf("%s %s at %s", passwordInURL.ReplaceAllString(src.RepoURL, "${1}…@"), src.Path+src.Chart, src.TargetRevision))
	}
	add(text.Lit("Destination"), text.Clean(a.Spec.Destination.String()))
	for _, rev := range a.Status.Sync.All() {
		c := s.commit(ctx, s.ref(a), rev)
		title, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
		add(text.Lit("Revision"), text.Sprintf("%s %s", rev, title))
		if c.Author != "" {
			add(text.Lit("Author"), text.Sprintf("%s, %s ago", c.Author, text.Age(s.now().Sub(c.At))))
		}
	}
	auto := text.Lit("off")
	if a.AutoSync() {
		auto = text.Lit("on")
	}
	add(text.Lit("Auto-sync"), auto)
	if w, err := s.windows(ctx, s.ref(a)); err == nil {
		for _, line := range w.words() {
			add(text.Lit("Sync window"), line)
		}
		add(text.Lit("Sync window"), w.closed())
	}
	for _, c := range a.Status.Conditions {
		add(text.Lit("Condition"), text.Sprintf("%s: %s", c.Type, c.Message))
	}
	for _, image := range a.Status.Summary.Images {
		add(text.Lit("Image"), text.Clean(image))
	}
	for _, u := range a.Status.Summary.ExternalURLs {
		add(text.Lit("Opens at"), text.Clean(u))
	}
	add(text.Lit("Page"), text.Clean(s.page(a)))
	return doc, nil
}

// Events implements sources.Eventer.
func (s *Source) Events(ctx context.Context, ref core.Ref) ([]core.Event, error) {
	var list struct {
		Items []struct {
			Reason  string    `json:"reason"`
			Message string    `json:"message"`
			Type    string    `json:"type"`
			Count   int       `json:"count"`
			First   argo.Time `json:"firstTimestamp"`
			Last    argo.Time `json:"lastTimestamp"`
			At      argo.Time `json:"eventTime"`
			Source  struct {
				Component string `json:"component"`
			} `json:"source"`
		} `json:"items"`
	}
	if err := s.get(ctx, ref, &list, "events"); err != nil {
		return nil, err
	}
	out := make([]core.Event, 0, len(list.Items))
	for i := len(list.Items) - 1; i >= 0; i-- {
		e := &list.Items[i]
		at := e.Last
		if at.IsZero() {
			at = e.At
		}
		out = append(out, core.Event{
			At: at.Nano(), First: e.First.Nano(), Count: max(1, e.Count), Warning: e.Type == "Warning",
			Reason: text.Clean(e.Reason), Message: text.CleanLong(e.Message), From: text.Clean(e.Source.Component), Ref: ref,
		})
	}
	sortEvents(out)
	return out, nil
}
