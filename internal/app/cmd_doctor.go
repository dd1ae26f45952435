package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"devops-tui/internal/config"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/store"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/themes"
)

// doctorLimit bounds how long doctor waits for an answer of a source.
const doctorLimit = 6 * time.Second

func doctorCommand() *command {
	return &command{
		name: "doctor", short: "what was found, what is missing, and the command that fixes it",
		long:  "The exit code is 2 when something is wrong, 69 when no source can be reached.",
		flags: func(fs *pflag.FlagSet) { outputFlag(fs, "text", "json") },
		run:   runDoctor,
	}
}

// group is the findings of one thing that doctor looks at.
type group struct {
	id, scope string
	health    *core.Health
	findings  []core.Finding
}

func runDoctor(ctx context.Context, r *run, args []string) int {
	ctx, stop := interruptible(ctx)
	defer stop()
	format, err := r.output("text", "json")
	if err == nil {
		err = noArguments(args)
	}
	if err != nil {
		return r.usage(err)
	}
	w, err := r.open(ctx)
	if err != nil {
		return r.usage(err)
	}
	defer w.close()
	w.hub.Want(core.Interest{Kinds: []string{}})
	w.start(ctx)
	w.awaitHealth(ctx, doctorLimit)
	groups := r.examine(ctx, w)
	if ctx.Err() != nil {
		return exitInterrupted
	}
	if format == "json" {
		if err := writeJSON(r.stdout, doctorDocument(groups), true); err != nil {
			return r.wrote(err)
		}
	} else {
		r.printDoctor(w, groups)
	}
	w.store.Publish()
	bad := false
	for _, g := range groups {
		bad = bad || g.health != nil && g.health.State != core.Live
		for _, f := range g.findings {
			bad = bad || f.Level == core.FindingProblem
		}
	}
	switch {
	case w.reachable(w.store.Snapshot()) == 0:
		return exitNoSource
	case bad:
		return exitDegraded
	}
	return exitOK
}

// awaitHealth waits until every instance has answered or failed.
func (w *world) awaitHealth(ctx context.Context, limit time.Duration) {
	w.awaitUntil(ctx, limit, func(snap *store.Snapshot) bool {
		for _, i := range w.infos {
			if h, ok := snap.HealthOf(i.Instance()); !ok || h.State == core.Connecting {
				return false
			}
		}
		return true
	})
}

// examine gathers the findings: of the program itself, of the discovery, and
// of each instance that can tell more.
func (r *run) examine(ctx context.Context, w *world) []group {
	ctx, cancel := context.WithTimeout(ctx, doctorLimit)
	defer cancel()
	groups := []group{{id: "devops-tui", findings: r.examineSelf(w)}}
	at := map[core.Instance]int{}
	for _, info := range w.infos {
		i := info.Instance()
		h := w.hub.Health(i)
		at[i] = len(groups)
		groups = append(groups, group{id: i.Source, scope: i.Scope, health: &h})
	}
	for _, f := range w.findings {
		i := core.Instance{Source: f.Source, Scope: f.Scope}
		if _, ok := at[i]; !ok {
			at[i] = len(groups)
			groups = append(groups, group{id: f.Source, scope: f.Scope})
		}
		groups[at[i]].findings = append(groups[at[i]].findings, f)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, info := range w.infos {
		i := info.Instance()
		d, ok := w.hub.Source(i).(sources.Diagnoser)
		if !ok {
			continue
		}
		wg.Add(1)
		core.Go("diagnose "+i.String(), func() {
			defer wg.Done()
			found := d.Diagnose(ctx)
			mu.Lock()
			defer mu.Unlock()
			groups[at[i]].findings = append(groups[at[i]].findings, found...)
		})
	}
	wg.Wait()
	return groups
}

// examineSelf looks at what the program needs on this machine.
func (r *run) examineSelf(w *world) []core.Finding {
	finding := func(level core.FindingLevel, says, fix text.Safe) core.Finding {
		return core.Finding{Source: "devops-tui", Level: level, Text: says, Fix: fix}
	}
	v := buildVersion()
	out := []core.Finding{finding(core.FindingOK, text.Sprintf("version %s, %s %s/%s", v.Version, v.Go, v.OS, v.Arch), text.Safe{})}
	switch path := w.cfg.Path(); path {
	case "":
		out = append(out, finding(core.FindingOK, text.Sprintf("no configuration file, and none is needed (it would be %s)", config.DefaultPath(r.getenv)), text.Safe{}))
	default:
		out = append(out, finding(core.FindingOK, text.Sprintf("configuration %s", path), text.Safe{}))
	}
	if w.journalErr == nil {
		w.journalErr = w.journal.Ready()
	}
	if w.journalErr != nil {
		out = append(out, finding(core.FindingProblem, text.Sprintf("changes are refused, for the journal cannot be written: %s", w.journalErr), text.Safe{}))
	} else {
		out = append(out, finding(core.FindingOK, text.Sprintf("journal %s", w.journal.Path()), text.Safe{}))
	}
	if dir := r.themesDir(); dir != "" {
		if _, err := themes.LoadDir(dir); err != nil {
			out = append(out, finding(core.FindingProblem, text.Sprintf("themes: %s", err), text.Lit("devops-tui themes")))
		}
	}
	if w.gate.ReadOnly() {
		out = append(out, finding(core.FindingInfo, text.Lit("read-only: nothing will be changed"), text.Safe{}))
	}
	if w.empty() {
		out = append(out, finding(core.FindingMissing, text.Lit("nothing was found to watch"), text.Lit("devops-tui --demo")))
	}
	term := r.getenv("TERM")
	if term == "" || term == "dumb" {
		out = append(out, finding(core.FindingInfo, text.Sprintf("TERM=%s: the cockpit needs a terminal that can be drawn on", term), text.Lit("TERM=xterm-256color devops-tui")))
	} else {
		out = append(out, finding(core.FindingOK, text.Sprintf("terminal %s, %s", term, r.profile(os.Stdout).String()), text.Safe{}))
	}
	if exe, err := os.Executable(); err == nil {
		out = append(out, finding(core.FindingOK, text.Sprintf("program %s", filepath.Clean(exe)), text.Safe{}))
	}
	return out
}

var levelMarks = map[core.FindingLevel]struct {
	mark text.Safe
	tok  themes.Token
}{
	core.FindingOK:      {text.Lit("✓ ok"), themes.OK},
	core.FindingInfo:    {text.Lit("· info"), themes.Muted},
	core.FindingMissing: {text.Lit("○ missing"), themes.Pending},
	core.FindingProblem: {text.Lit("✗ problem"), themes.Failed},
}

func (r *run) printDoctor(w *world, groups []group) {
	p := r.painter(w.cfg)
	for n, g := range groups {
		if n > 0 {
			fmt.Fprintln(r.stdout)
		}
		title := text.Clean(g.id)
		if g.scope != "" {
			title = text.Clean(g.id + ":" + g.scope)
		}
		head := p.paint(themes.Title, title.String())
		if g.health != nil {
			head += "  " + p.paint(kit.StateToken(g.health.State), g.health.State.String())
			if !g.health.Version.Empty() {
				head += "  " + g.health.Version.String()
			}
		}
		fmt.Fprintln(r.stdout, head)
		findings := g.findings
		if h := g.health; h != nil && h.Problem != nil {
			findings = append(findings[:len(findings):len(findings)], core.Finding{Level: core.FindingProblem, Text: h.Problem.Summary, Fix: h.Problem.Hint})
		}
		said := map[text.Safe]bool{}
		for _, f := range findings {
			if said[f.Text] { // what failed twice is one problem
				continue
			}
			said[f.Text] = true
			m := levelMarks[f.Level]
			fmt.Fprintf(r.stdout, "  %s %s\n", p.paint(m.tok, m.mark.Pad(9).String()), f.Text)
			if !f.Fix.Empty() {
				fmt.Fprintf(r.stdout, "            → %s\n", p.paint(themes.Accent, f.Fix.String()))
			}
		}
	}
}

type doctorJSON struct {
	Schema   string        `json:"schema"`
	Sources  []sourceJSON  `json:"sources"`
	Findings []findingJSON `json:"findings"`
}

type findingJSON struct {
	Source string    `json:"source"`
	Scope  string    `json:"scope,omitempty"`
	Level  string    `json:"level"`
	Text   text.Safe `json:"text"`
	Fix    text.Safe `json:"fix,omitzero"`
}

func doctorDocument(groups []group) doctorJSON {
	d := doctorJSON{Schema: "devops-tui/doctor/v1", Sources: []sourceJSON{}, Findings: []findingJSON{}}
	for _, g := range groups {
		if h := g.health; h != nil {
			s := sourceJSON{ID: g.id, Scope: g.scope, State: h.State.String(), Version: h.Version}
			if h.Problem != nil {
				s.Problem, s.Hint = h.Problem.Summary, h.Problem.Hint
			}
			d.Sources = append(d.Sources, s)
		}
		for _, f := range g.findings {
			d.Findings = append(d.Findings, findingJSON{g.id, g.scope, f.Level.String(), f.Text, f.Fix})
		}
	}
	return d
}
