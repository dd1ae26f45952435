package change

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

// patience is how long a step may take that no promise is about.
const patience = 60 * time.Second

// program is the built program with a home of its own, where its journal
// stays from one run to the next.
type program struct {
	t    *testing.T
	home string
	env  []string
	args []string // of every run
}

// newProgram makes a home. env names the engines; config is of the
// configuration file, "" for none.
func newProgram(t *testing.T, config string, env ...string) *program {
	t.Helper()
	home := t.TempDir()
	p := &program{t: t, home: home, env: append([]string{
		"HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, "config"), "XDG_STATE_HOME=" + filepath.Join(home, "state"),
		"KUBECONFIG=" + filepath.Join(home, "none"), "DOCKER_HOST=unix://" + filepath.Join(home, "none.sock"),
		"PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "LANG=C.UTF-8",
	}, env...)}
	if config != "" {
		p.write("config/devops-tui/config.yaml", config)
	}
	return p
}

// write makes a file below the home and returns its path.
func (p *program) write(name, content string) string {
	p.t.Helper()
	path := filepath.Join(p.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// answer is what a run said.
type answer struct {
	code           int
	stdout, stderr string
	lines          []line
}

// line is one of `act -o json`.
type line struct {
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

// all is every line of one event.
func (a answer) all(event string) []line {
	var out []line
	for _, l := range a.lines {
		if l.Event == event {
			out = append(out, l)
		}
	}
	return out
}

// plan is the first plan.
func (a answer) plan(t *testing.T) line {
	t.Helper()
	plans := a.all("plan")
	if len(plans) == 0 {
		t.Fatalf("no plan: exit %d\n%s\n%s", a.code, a.stdout, a.stderr)
	}
	return plans[0]
}

// run runs the program once, without a terminal.
func (p *program) run(args ...string) answer {
	p.t.Helper()
	return p.runIn("", args...)
}

func (p *program) runIn(stdin string, args ...string) answer {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, testkit.Binary(p.t), append(append([]string(nil), p.args...), args...)...)
	cmd.Env, cmd.Dir = p.env, p.home
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatalf("%v: %v", args, err)
	}
	a := answer{code: cmd.ProcessState.ExitCode(), stdout: out.String(), stderr: errs.String()}
	for _, s := range strings.Split(a.stdout, "\n") {
		var l line
		if strings.HasPrefix(s, "{") && json.Unmarshal([]byte(s), &l) == nil {
			a.lines = append(a.lines, l)
		}
	}
	return a
}

// act carries out a verb and waits until it is verified; it must end healthy.
// It returns the plan.
func (p *program) act(args ...string) line {
	p.t.Helper()
	a := p.run(append([]string{"act", "--yes", "--wait", "-o", "json"}, args...)...)
	results := a.all("result")
	if a.code != 0 || len(results) == 0 {
		p.t.Fatalf("act %v: exit %d\n%s\n%s", args, a.code, a.stdout, a.stderr)
	}
	for _, r := range results {
		if r.Outcome != "healthy" {
			p.t.Fatalf("act %v: %s: %s", args, r.Outcome, r.Problem)
		}
	}
	plan := a.plan(p.t)
	if plan.Undo == "" || plan.Title == "" {
		p.t.Errorf("act %v: a plan without title or word on undo: %+v", args, plan)
	}
	return plan
}

// undo takes back the last change.
func (p *program) undo() line {
	p.t.Helper()
	return p.act("undo")
}

// records are the journal's, after its chain was verified.
func (p *program) records() []journal.Record {
	p.t.Helper()
	j, err := journal.Open(filepath.Join(p.home, "state", "devops-tui"))
	if err != nil {
		p.t.Fatal(err)
	}
	report, err := j.Verify()
	if err != nil || !report.OK() || len(report.Open) != 0 {
		p.t.Errorf("journal verify: %+v, %v", report, err)
	}
	records, err := j.List(journal.Filter{})
	if err != nil {
		p.t.Fatal(err)
	}
	return records
}

// open starts the cockpit in a terminal and waits until it shows all of texts.
func (p *program) open(cols, rows int, args []string, texts ...string) *testkit.Term {
	p.t.Helper()
	term := testkit.StartTerm(p.t, testkit.TermOptions{Cols: cols, Rows: rows, Env: p.env, Dir: p.home}, testkit.Binary(p.t), append(append([]string(nil), p.args...), args...)...)
	term.WaitText(patience, texts...)
	return term
}
