package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"devops-tui/internal/actions"
	"devops-tui/internal/config"
	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/text"
	"devops-tui/internal/views"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

func cockpitCommand() *command {
	return &command{
		short: "the cockpit: live panes over builds, pods, containers, logs and metrics",
		run:   runCockpit,
	}
}

// runCockpit opens the cockpit, or prints a snapshot where there is no
// terminal to open it in.
func runCockpit(ctx context.Context, r *run, args []string) int {
	if len(args) > 0 {
		return r.usage(badUsage("command", args[0], commandNames()))
	}
	if !r.terminal(r.stdout) || !r.terminal(r.stdin) {
		return r.plain(ctx)
	}
	if r.link == nil {
		if code, done := r.supervise(ctx); done {
			return code
		}
	}
	return r.cockpit(ctx)
}

// cockpit runs the screen in this process.
func (r *run) cockpit(ctx context.Context) int {
	log, closeLog, err := r.openLog()
	if err != nil {
		return r.usage(err)
	}
	defer closeLog()
	w, err := r.open(ctx)
	if err != nil {
		return r.usage(err)
	}
	o, err := r.viewOptions(w)
	if err != nil {
		return r.usage(err)
	}
	for _, f := range w.findings {
		log.Info("discovery", "source", f.Source, "scope", f.Scope, "level", f.Level.String(), "text", f.Text.String())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w.start(ctx)
	model := views.New(o)
	gather := w.cfg.Gather
	if w.cfg.Slow {
		gather = max(gather, gatherSlow)
	}
	pump := newPump(w.store, gather)
	if r.link != nil {
		pump.suspend = askSuspend
	}
	p := tea.NewProgram(withFaults(model, r.getenv), r.teaOptions(ctx, w.cfg, o.Profile, pump)...)
	pump.send = p.Send
	if r.link == nil {
		core.OnPanic(func(err error) { r.fatal(err, p) })
	}
	unsubscribe := w.engine.Subscribe(w.store.Touch)
	core.Go("pump", func() { pump.run(ctx) })
	signals := r.watchSignals(ctx, p)
	_, err = p.Run()
	r.link.restored()
	unsubscribe()
	cancel()
	model.Close()
	w.close()
	return r.ended(err, signals.signal(), log)
}

// fatal ends the program for a panic in one of our goroutines, where no parent
// process looks after the terminal.
func (r *run) fatal(err error, p *tea.Program) {
	p.Kill()
	words := err.Error()
	var panicked *core.PanicError
	if errors.As(err, &panicked) {
		words = stackOf(err, panicked.Stack)
	}
	r.reportCrash("the cockpit crashed", words)
	os.Exit(2)
}

// ended turns the program's end into an exit code and, if it is not what the
// user asked for, a line on stderr.
func (r *run) ended(err error, sig int, log *slog.Logger) int {
	log.Info("ended", "error", err, "signal", sig)
	switch {
	case sig != 0:
		return 128 + sig
	case err == nil:
		return exitOK
	case errors.Is(err, tea.ErrInterrupted):
		return exitInterrupted
	}
	r.complain(err)
	return exitFailed
}

func (r *run) teaOptions(ctx context.Context, cfg *config.Config, profile colorprofile.Profile, p *pump) []tea.ProgramOption {
	fps := 60
	if cfg.Slow {
		fps = 10
	}
	o := []tea.ProgramOption{
		tea.WithContext(ctx), tea.WithInput(r.stdin), tea.WithOutput(r.stdout), tea.WithEnvironment(r.env),
		tea.WithFPS(fps), tea.WithColorProfile(profile), tea.WithFilter(p.filter), tea.WithoutSignalHandler(),
	}
	if r.link != nil {
		// A panic ends the process; the parent restores the terminal and keeps
		// the trace, as it does for faults that nothing can recover from.
		o = append(o, tea.WithoutCatchPanics())
	}
	return o
}

// profile is what colours the terminal has.
func (r *run) profile(w io.Writer) colorprofile.Profile {
	env := r.env
	if r.noColor {
		env = append(env[:len(env):len(env)], "NO_COLOR=1")
	}
	return colorprofile.Detect(w, env)
}

// viewOptions makes the screen's options of the configuration.
func (r *run) viewOptions(w *world) (views.Options, error) {
	cfg := w.cfg
	km, problems := keyMap(cfg)
	for _, p := range problems {
		r.complain(p)
	}
	set, fixed, err := r.themeSet(cfg)
	if err != nil {
		return views.Options{}, err
	}
	glyphs, err := kit.ParseGlyphMode(cfg.Glyphs)
	if err != nil {
		return views.Options{}, &usageError{err.Error()}
	}
	o := views.Options{
		Store:   w.store,
		Backend: &backend{Hub: w.hub, store: w.store, logLines: cfg.Log.Buffer, save: r.save},
		Engine:  w.engine, Keys: km, Theme: fixed,
		Themes: func(dark bool) *themes.Theme {
			t, _ := set.Get(themes.Detect(dark))
			return t
		},
		Profile: r.profile(r.stdout), Glyphs: glyphs, Clock: time.Now, Demo: w.demo,
		ReadOnly: w.gate.ReadOnly, Scope: pane.Scope{Namespace: r.namespace}, Badge: badge(cfg),
		Mouse:   cfg.Mouse == "on" || cfg.Mouse == "auto" && r.getenv("SSH_CONNECTION") == "" && r.getenv("SSH_TTY") == "",
		Start:   cfg.View,
		Log:     views.LogOptions{Tail: cfg.Log.Tail, Wrap: cfg.Log.Wrap, Timestamps: cfg.Log.Timestamps},
		OpenURL: views.BrowserFor(runtime.GOOS, r.getenv, exec.LookPath),
		Editor:  editor{r}, Bell: views.BellFor(r.getenv), Audit: w.audit,
	}
	if canLend {
		o.Terminal = r.lendTo
	}
	for _, name := range set.Names() {
		t, _ := set.Get(name)
		o.AllThemes = append(o.AllThemes, t)
	}
	if w.empty() {
		o.OpenDemo = w.openDemo
		o.Offer = text.Lit("Nothing was found to watch. devops-tui --demo shows a world that plays a bad deploy; devops-tui doctor says what was looked for.")
	}
	return o, nil
}

// keyMap is the preset with the user's own keys.
func keyMap(cfg *config.Config) (*keys.Map, []keys.Problem) {
	remaps := make([]keys.Remap, len(cfg.Keys))
	for i, k := range cfg.Keys {
		remaps[i] = keys.Remap(k)
	}
	return keys.New(cfg.Keymap, remaps)
}

// themeSet loads the themes and finds the one that is chosen; nil: automatic.
func (r *run) themeSet(cfg *config.Config) (*themes.Set, *themes.Theme, error) {
	set := themes.Builtin()
	if dir := r.themesDir(); dir != "" {
		loaded, err := themes.LoadDir(dir)
		if err != nil {
			r.complain(fmt.Errorf("themes: %w", err))
		}
		if loaded != nil {
			set = loaded
		}
	}
	if cfg.Theme == "" || cfg.Theme == "auto" {
		return set, nil, nil
	}
	t, ok := set.Get(cfg.Theme)
	if !ok {
		return nil, nil, badUsage("theme", cfg.Theme, append(set.Names(), "auto"))
	}
	return set, t, nil
}

// badge is the environment of an object, coloured by how changes are confirmed
// there.
func badge(cfg *config.Config) func(core.Ref) (text.Safe, themes.Token) {
	return func(ref core.Ref) (text.Safe, themes.Token) {
		env := cfg.Environment(ref)
		if env.ReadOnly {
			return text.Clean(env.Name), themes.EnvDeny
		}
		level, err := actions.ParseLevel(env.Policy(core.VerbRestart, 1).String())
		if err != nil {
			level = actions.Deny
		}
		return text.Clean(env.Name), views.BadgeToken(env.Color, level)
	}
}

// audit checks the whole journal.
func (w *world) audit() views.AuditTrail {
	report, err := w.journal.Verify()
	a := views.AuditTrail{OK: err == nil && report.OK(), Records: report.Records}
	switch {
	case err != nil:
		a.Says = text.Error(err)
	case report.Bad != nil:
		a.Says = text.CleanLong(report.Bad.String())
	}
	return a
}
