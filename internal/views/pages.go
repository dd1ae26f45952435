package views

import (
	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/text"
	"devops-tui/internal/views/list"
	"devops-tui/internal/views/logs"
	"devops-tui/internal/views/metrics"
	"devops-tui/internal/views/object"
	"devops-tui/internal/views/pane"
	"devops-tui/internal/views/tasks"
)

// The numbered views, by the name of their command.
const (
	viewCockpit    = "cockpit"
	viewBuilds     = "builds"
	viewWorkloads  = "workloads"
	viewContainers = "containers"
	viewLogs       = "logs"
	viewMetrics    = "metrics"
	viewTasks      = "tasks"
)

// The slots of the cockpit.
const (
	slotBuilds = iota
	slotPods
	slotLogs
	slotMetrics
)

// workloadKinds are what the Workloads view joins in its first tab.
var workloadKinds = []string{"deployment", "statefulset", "daemonset", "job", "cronjob"}

// page returns the view of that name, made when it is first shown; nil if
// there is none. Views keep their state for the whole session.
func (m *Model) page(name string) *page {
	if p := m.pages[name]; p != nil {
		return p
	}
	p := m.makePage(name)
	if p != nil {
		p.id = name
		m.pages[name] = p
	}
	return p
}

func (m *Model) makePage(name string) *page {
	switch name {
	case viewCockpit:
		return m.cockpit()
	case viewBuilds:
		return m.buildsPage()
	case viewWorkloads:
		return m.workloads()
	case viewContainers:
		p := &page{title: text.Lit("Containers")}
		for _, k := range []string{"container", "project", "image", "volume", "network"} {
			p.slots = append(p.slots, m.kindSlot(k))
		}
		return p
	case viewLogs:
		return &page{title: text.Lit("Logs"), slots: []slot{{title: text.Lit("Logs"), pane: m.newLogs(false)}}}
	case viewMetrics:
		return &page{title: text.Lit("Metrics"), slots: []slot{{title: text.Lit("Metrics"), pane: metrics.New()}}}
	case viewTasks:
		return &page{title: text.Lit("Changes & tasks"), slots: []slot{{title: text.Lit("Changes & tasks"), pane: tasks.New(m.o.Engine, m.o.Audit)}}}
	}
	return nil
}

func (m *Model) cockpit() *page {
	runs := list.New(list.Options{
		Title: text.Lit("Pods"), Kinds: m.runningKinds(),
		Columns: []string{"name", "status", "ready", "restarts", "cpu", "mem", "age"},
		Empty:   text.Lit("nothing runs here"), Hint: text.Lit("; chooses another scope"),
	})
	return &page{title: text.Lit("Cockpit"), grid: true, focus: slotPods, lead: slotPods, slots: []slot{
		slotBuilds:  {title: text.Lit("Builds"), pane: m.builds(true)},
		slotPods:    {title: text.Lit("Pods"), pane: runs},
		slotLogs:    {title: text.Lit("Logs"), pane: m.newLogs(true)},
		slotMetrics: {title: text.Lit("Metrics"), pane: metrics.New()},
	}}
}

// runningKinds are the kinds that run by themselves, as far as sources have them.
func (m *Model) runningKinds() []string { return []string{"pod", "container"} }

func (m *Model) newLogs(compact bool) *logs.Pane {
	return logs.New(logs.Options{Tail: m.o.Log.Tail, Wrap: m.o.Log.Wrap, Timestamps: m.o.Log.Timestamps, Compact: compact})
}

func (m *Model) workloads() *page {
	p := &page{title: text.Lit("Workloads"), slots: []slot{{
		title: text.Lit("All"),
		pane: list.New(list.Options{
			Title: text.Lit("Workloads"), Kinds: workloadKinds, Workloads: true,
			Columns: []string{"name", "ready", "status", "up-to-date", "available", "images", "age"},
			Empty:   text.Lit("no workloads here"), Hint: text.Lit("; chooses another scope"),
		}),
	}}}
	for _, k := range []string{"pod", "deployment", "statefulset", "daemonset", "job", "cronjob", "service", "node", "event"} {
		if k == "pod" || m.kindDecl(k) != nil { // no tab for what no source has
			p.slots = append(p.slots, m.kindSlot(k))
		}
	}
	return p
}

// kindSlot is a tab that lists one kind.
func (m *Model) kindSlot(kind string) slot {
	title := m.kindTitle(kind)
	return slot{title: title, make: func() pane.Pane {
		return list.New(list.Options{Title: title, Kinds: []string{kind}, Empty: text.Sprintf("no %s here", m.plural(kind)), Hint: text.Lit("; chooses another scope")})
	}}
}

func (m *Model) kindDecl(kind string) *core.Kind {
	for _, ks := range m.o.Store.Snapshot().Kinds {
		for i := range ks {
			if ks[i].Name == kind && listed(&ks[i]) {
				return &ks[i]
			}
		}
	}
	return nil
}

// listed reports whether objects of the kind are on any list. The jobs of a
// pipeline are only in the outline of their run.
func listed(k *core.Kind) bool { return !k.Unlisted }

func (m *Model) plural(kind string) string {
	if k := m.kindDecl(kind); k != nil {
		return k.Plural
	}
	return kind + "s"
}

func (m *Model) kindTitle(kind string) text.Safe {
	if k := m.kindDecl(kind); k != nil && !k.Title.Empty() {
		return k.Title
	}
	return text.Clean(m.plural(kind))
}

// kindPage is a view of one kind, opened by name.
func (m *Model) kindPage(kind string) *page {
	id := "kind:" + kind
	if p := m.pages[id]; p != nil {
		return p
	}
	s := m.kindSlot(kind)
	p := &page{id: id, title: s.title, slots: []slot{s}}
	m.pages[id] = p
	return p
}

// The tabs of an object page, by the ID of the command that opens them.
const (
	tabOverview = "overview"
	tabHistory  = "history"
)

// objectPage is the page of one object: one tab per capability of its source.
func (m *Model) objectPage(ref core.Ref, row *core.Resource) *page {
	id := "object:" + ref.String() + "#" + ref.UID
	if p := m.pages[id]; p != nil {
		return p
	}
	can, kind := m.o.Backend.Abilities(ref), m.env.Snap.Kind(ref)
	p := &page{id: id, title: text.Clean(ref.Path()), tabs: []string{tabOverview}}
	p.slots = []slot{{title: text.Lit("Overview"), pane: object.NewOverview(ref, kind, can, row)}}
	add := func(tab string, title text.Safe, make func() pane.Pane) {
		p.tabs = append(p.tabs, tab)
		p.slots = append(p.slots, slot{title: title, make: make})
	}
	if logs.HasLogs(&m.env, ref) {
		add(keys.ViewLogs, text.Lit("Logs"), func() pane.Pane {
			l := m.newLogs(false)
			m.later = append(m.later, l.Open(&m.env, core.LogRequest{Ref: ref}))
			return l
		})
	}
	if can.Events {
		add(keys.Events, text.Lit("Events"), func() pane.Pane { return object.Events(ref, m.o.Clock) })
	}
	if can.Manifest {
		add(keys.Manifest, text.Lit("Manifest"), func() pane.Pane { return object.Manifest(ref) })
	}
	if can.Describe {
		add(keys.Describe, text.Lit("Describe"), func() pane.Pane { return object.Describe(ref) })
	}
	if can.History && kind != nil && kind.History {
		add(tabHistory, text.Lit("History"), func() pane.Pane { return object.History(ref) })
	}
	if can.Diff && kind != nil && kind.Diff {
		add(keys.Diff, text.Lit("Diff"), func() pane.Pane { return object.Diff(ref) })
	}
	if measurable(ref.Kind, kind) {
		add(keys.Metrics, text.Lit("Metrics"), func() pane.Pane {
			c := metrics.New()
			c.Show(&m.env, ref)
			return c
		})
	}
	m.pages[id] = p
	return p
}

// measurable reports whether objects of the kind use CPU and memory, or are
// made of objects that do.
func measurable(kind string, decl *core.Kind) bool {
	if decl != nil && decl.Unlisted { // the job of a pipeline
		return false
	}
	switch kind {
	case "pod", "container", "project", "node", "deployment", "statefulset", "daemonset", "replicaset", "rollout", "job", "service":
		return true
	}
	return false
}

// tab returns the index of a tab by the command that opens it; -1 if the
// object has none.
func (p *page) tab(name string) int {
	for i, t := range p.tabs {
		if t == name {
			return i
		}
	}
	return -1
}
