package app

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/actions"
	verbs "devops-tui/internal/actions/all"
	"devops-tui/internal/actions/journal"
	"devops-tui/internal/config"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/all"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
)

// demoID is the source that is there only when it is asked for.
const demoID = "demo"

// world is everything behind the screen: the sources that were found, the
// store that they fill, the engine that changes things.
type world struct {
	cfg        *config.Config
	store      *store.Store
	hub        *sources.Hub
	gate       *sources.Gate
	engine     *actions.Engine
	journal    *journal.Journal
	journalErr error
	findings   []core.Finding
	infos      []sources.Info
	demo       bool
	openDemo   func() // adds the demo world to a cockpit that runs

	stop context.CancelFunc
	done chan struct{}
}

// open finds the sources and wires everything; it sends nothing. The error is
// one of usage or configuration.
func (r *run) open(ctx context.Context) (*world, error) {
	cfg, err := r.loadConfig()
	if err != nil {
		return nil, err
	}
	if err := r.checkSources(); err != nil {
		return nil, err
	}
	w := &world{cfg: cfg, store: store.New(), gate: &sources.Gate{}}
	w.gate.SetReadOnly(cfg.ReadOnly)
	w.hub = sources.NewHub(func(s sources.Source) sources.Sink { return w.store.Sink(s.Info().Instance()) }, w.store.SetHealth)
	w.journal, w.journalErr = journal.Open(r.stateDir())
	w.engine = actions.New(actions.Options{
		Verbs: verbs.Verbs(), Resolver: w.hub, Config: actions.FromConfig(cfg), Gate: w.gate, Journal: w.journal,
		User: r.userName(), Host: hostName(),
	})
	if err := r.discover(ctx, w); err != nil {
		return nil, err
	}
	return w, nil
}

// loadConfig reads the configuration and lays the flags over it.
func (r *run) loadConfig() (*config.Config, error) {
	cfg, problems := config.LoadDefault(r.getenv)
	if r.config != "" {
		cfg, problems = config.Load(r.config)
	}
	problems = append(problems, cfg.CheckSections(sourceIDs())...)
	for _, p := range problems {
		if p.Warning {
			r.complain(p)
		}
	}
	if config.Fatal(problems) {
		problems = slices.DeleteFunc(problems, func(p config.Problem) bool { return p.Warning })
		return nil, &usageError{config.Problems(problems).Error()}
	}
	cfg.ReadOnly = cfg.ReadOnly || r.readOnly
	cfg.Slow = cfg.Slow || r.slow
	if r.theme != "" {
		cfg.Theme = r.theme
	}
	return cfg, nil
}

func sourceIDs() []string {
	var ids []string
	for _, g := range all.Registrations {
		ids = append(ids, g.ID)
	}
	return ids
}

// checkSources checks the ids of --source; a scope behind a colon is compared
// with what is found.
func (r *run) checkSources() error {
	for _, s := range r.sources {
		id, _, _ := strings.Cut(s, ":")
		if !slices.Contains(sourceIDs(), id) {
			return badUsage("source", id, sourceIDs())
		}
	}
	return nil
}

// wanted reports whether a source is to be looked for, as --source and --demo
// say; the demo is there only when it is asked for.
func (r *run) wanted(id string) bool {
	for _, s := range r.sources {
		if name, _, _ := strings.Cut(s, ":"); name == id {
			return true
		}
	}
	if len(r.sources) > 0 {
		return id == demoID && r.demo
	}
	return (id == demoID) == r.demo
}

// wantedInstance is wanted for one instance: --source may name its scope.
func (r *run) wantedInstance(i core.Instance) bool {
	named := false
	for _, s := range r.sources {
		if s == i.Source || s == i.String() {
			return true
		}
		named = named || strings.HasPrefix(s, i.Source+":")
	}
	return !named
}

// discoverLimit bounds what a discovery may take: it reads files only, but a
// home folder can lie on a server that is gone.
const discoverLimit = 3 * time.Second

// discover asks every registered source for its instances.
func (r *run) discover(ctx context.Context, w *world) error {
	ctx, cancel := context.WithTimeout(ctx, discoverLimit)
	defer cancel()
	dir, _ := os.Getwd()
	o := sources.Options{
		Contexts: r.contexts, Namespace: r.namespace, AllNamespaces: r.allNamespaces, DockerHosts: r.dockerHosts, Repos: r.repos,
		Getenv: r.getenv, Home: r.home(), WorkDir: dir, StateDir: r.stateDir(), Gate: w.gate, Section: w.cfg.Section,
	}
	w.openDemo = func() {
		for _, g := range all.Registrations {
			if g.ID != demoID {
				continue
			}
			if found, err := g.Discover(context.Background(), o); err == nil {
				for _, s := range found.Sources {
					w.add(s)
				}
			}
		}
	}
	for _, g := range all.Registrations {
		if !r.wanted(g.ID) {
			continue
		}
		found, err := g.Discover(ctx, o)
		w.findings = append(w.findings, found.Findings...)
		if err != nil {
			return &usageError{fmt.Sprintf("%s: %v", g.ID, err)}
		}
		for _, s := range found.Sources {
			info := s.Info()
			if !r.wantedInstance(info.Instance()) {
				continue
			}
			w.add(s)
			w.infos = append(w.infos, info)
			w.demo = w.demo || info.Demo
		}
	}
	if len(r.sources) > 0 && len(w.infos) == 0 {
		for _, s := range r.sources {
			if strings.Contains(s, ":") {
				w.findings = append(w.findings, core.Finding{Source: s, Level: core.FindingMissing, Text: text.Sprintf("no instance %s was found", s)})
			}
		}
	}
	return nil
}

// add gives a source its place in the store and lets the hub run it.
func (w *world) add(s sources.Source) {
	info := s.Info()
	w.store.AddInstance(info.Instance(), info.Kinds)
	w.hub.Add(s)
}

// start lets the sources run until close.
func (w *world) start(ctx context.Context) {
	ctx, w.stop = context.WithCancel(ctx)
	w.done = make(chan struct{})
	core.Go("sources", func() {
		defer close(w.done)
		w.hub.Run(ctx)
	})
}

// How long the end waits: for requests on their way, and for sources to close
// their connections.
const (
	sendGrace   = 800 * time.Millisecond
	sourceGrace = 500 * time.Millisecond
)

// close ends everything. What a source does not end in time is left to the end
// of the process.
func (w *world) close() {
	ctx, cancel := context.WithTimeout(context.Background(), sendGrace)
	defer cancel()
	w.engine.Close(ctx)
	if w.stop == nil {
		return
	}
	w.stop()
	t := time.NewTimer(sourceGrace)
	defer t.Stop()
	select {
	case <-w.done:
	case <-t.C:
	}
}

// empty reports whether nothing was found.
func (w *world) empty() bool { return len(w.infos) == 0 }

// kinds are all declared kinds, those found at run time included.
func (w *world) kinds() []core.Kind {
	var out []core.Kind
	seen := map[string]bool{}
	add := func(kinds []core.Kind) {
		for _, k := range kinds {
			if !seen[k.Name] {
				seen[k.Name] = true
				out = append(out, k)
			}
		}
	}
	snap := w.store.Snapshot()
	for _, i := range w.infos {
		add(snap.Kinds[i.Instance()])
		add(i.Kinds)
	}
	return out
}

// stateDir is where the journal, crash reports and saved logs lie.
func (r *run) stateDir() string { return journal.Dir(r.getenv, r.home()) }

func (r *run) themesDir() string {
	if dir := config.Dir(r.getenv); dir != "" {
		return filepath.Join(dir, "themes")
	}
	return ""
}

func (r *run) userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return r.getenv("USER")
}

func hostName() string {
	h, err := os.Hostname()
	if err != nil {
		return ""
	}
	return h
}
