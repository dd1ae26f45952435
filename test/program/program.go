// Package program drives the built program for tests: from the command line,
// and by keys in a pseudo-terminal.
package program

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/actions/journal"
	"devops-tui/internal/testkit"
)

// Patience is how long a step may take that no promise is about.
const Patience = 60 * time.Second

// Program is the built program with a home of its own, where its journal
// stays from one run to the next.
type Program struct {
	T    *testing.T
	Home string
	Env  []string
	Args []string // of every run
}

// New makes a home. env names the engines; config is of the
// configuration file, "" for none.
func New(t *testing.T, config string, env ...string) *Program {
	t.Helper()
	home := t.TempDir()
	p := &Program{T: t, Home: home, Env: append([]string{
		"HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, "config"), "XDG_STATE_HOME=" + filepath.Join(home, "state"),
		"KUBECONFIG=" + filepath.Join(home, "none"), "DOCKER_HOST=unix://" + filepath.Join(home, "none.sock"),
		"PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "LANG=C.UTF-8",
	}, env...)}
	if config != "" {
		p.Write("config/devops-tui/config.yaml", config)
	}
	return p
}

// Write makes a file below the home and returns its path.
func (p *Program) Write(name, content string) string {
	p.T.Helper()
	path := filepath.Join(p.Home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.T.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		p.T.Fatal(err)
	}
	return path
}

// Answer is what a run said.
type Answer struct {
	Code           int
	Stdout, Stderr string
	Lines          []Line
}

// Line is one of `act -o json`.
type Line struct {
	Event    string   `json:"event"`
	Verb     string   `json:"verb"`
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Diff     []string `json:"diff"`
	Impact   []string `json:"impact"`
	Warnings []string `json:"warnings"`
	Preview  string   `json:"preview"`
	Command  string   `json:"command"`
	Undo     string   `json:"undo"`
	Confirm  string   `json:"confirm"`
	Outcome  string   `json:"outcome"`
	Problem  string   `json:"problem"`
	Hint     string   `json:"hint"`
	Text     string   `json:"text"`
	Changes  []struct{ Field, Before, After string }
}

// All is every line of one event.
func (a Answer) All(event string) []Line {
	var out []Line
	for _, l := range a.Lines {
		if l.Event == event {
			out = append(out, l)
		}
	}
	return out
}

// Plan is the first plan.
func (a Answer) Plan(t *testing.T) Line {
	t.Helper()
	plans := a.All("plan")
	if len(plans) == 0 {
		t.Fatalf("no plan: exit %d\n%s\n%s", a.Code, a.Stdout, a.Stderr)
	}
	return plans[0]
}

// Run runs the program once, without a terminal.
func (p *Program) Run(args ...string) Answer {
	p.T.Helper()
	return p.RunIn("", args...)
}

// RunIn runs it with an input.
func (p *Program) RunIn(stdin string, args ...string) Answer {
	p.T.Helper()
	ctx, cancel := context.WithTimeout(p.T.Context(), 2*Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, testkit.Binary(p.T), append(append([]string(nil), p.Args...), args...)...)
	cmd.Env, cmd.Dir = p.Env, p.Home
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.T.Fatalf("%v: %v", args, err)
	}
	a := Answer{Code: cmd.ProcessState.ExitCode(), Stdout: out.String(), Stderr: errs.String()}
	for _, s := range strings.Split(a.Stdout, "\n") {
		var l Line
		if strings.HasPrefix(s, "{") && json.Unmarshal([]byte(s), &l) == nil {
			a.Lines = append(a.Lines, l)
		}
	}
	return a
}

// Act carries out a verb and waits until it is verified; it must end healthy.
// It returns the plan.
func (p *Program) Act(args ...string) Line {
	p.T.Helper()
	a := p.Run(append([]string{"act", "--yes", "--wait", "-o", "json"}, args...)...)
	results := a.All("result")
	if a.Code != 0 || len(results) == 0 {
		p.T.Fatalf("act %v: exit %d\n%s\n%s", args, a.Code, a.Stdout, a.Stderr)
	}
	for _, r := range results {
		if r.Outcome != "healthy" {
			p.T.Fatalf("act %v: %s: %s", args, r.Outcome, r.Problem)
		}
	}
	plan := a.Plan(p.T)
	if plan.Undo == "" || plan.Title == "" {
		p.T.Errorf("act %v: a plan without title or word on undo: %+v", args, plan)
	}
	return plan
}

// Undo takes back the last change.
func (p *Program) Undo() Line {
	p.T.Helper()
	return p.Act("undo")
}

// Records are the journal's, after its chain was verified.
func (p *Program) Records() []journal.Record {
	p.T.Helper()
	j, err := journal.Open(filepath.Join(p.Home, "state", "devops-tui"))
	if err != nil {
		p.T.Fatal(err)
	}
	report, err := j.Verify()
	if err != nil || !report.OK() || len(report.Open) != 0 {
		p.T.Errorf("journal verify: %+v, %v", report, err)
	}
	records, err := j.List(journal.Filter{})
	if err != nil {
		p.T.Fatal(err)
	}
	return records
}

// Open starts the cockpit in a terminal and waits until it shows all of texts.
func (p *Program) Open(cols, rows int, args []string, texts ...string) *testkit.Term {
	p.T.Helper()
	term := testkit.StartTerm(p.T, testkit.TermOptions{Cols: cols, Rows: rows, Env: p.Env, Dir: p.Home}, testkit.Binary(p.T), append(append([]string(nil), p.Args...), args...)...)
	term.WaitText(Patience, texts...)
	return term
}
