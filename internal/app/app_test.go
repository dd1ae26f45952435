package app

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// result is what one command line gave.
type result struct {
	code           int
	stdout, stderr string
}

// environment is a clean one: a home of its own, nothing of this machine.
func environment(t *testing.T, more ...string) []string {
	t.Helper()
	return append([]string{"HOME=" + t.TempDir(), "TERM=xterm-256color", "PATH=" + os.Getenv("PATH")}, more...)
}

// command runs a command line in this process, without a terminal.
func commandLine(t *testing.T, env []string, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	code := Main(context.Background(), append([]string{"devops-tui"}, args...), env, strings.NewReader(""), &out, &err)
	return result{code, out.String(), err.String()}
}

func TestCommandLines(t *testing.T) {
	for _, c := range []struct {
		args   string
		code   int
		stdout string // regular expressions
		stderr string
	}{
		{"--help", 0, `(?s)Usage:.*doctor.*snapshot.*--read-only.*130  interrupted`, `^$`},
		{"snapshot --help", 0, `(?s)snapshot \[KIND…\].*--problems.*Global flags`, `^$`},
		{"help logs", 0, `(?s)logs REF….*--since`, `^$`},
		{"--version", 0, `^devops-tui \S+`, `^$`},
		{"version -o json", 0, `"schema": "devops-tui/version/v1"`, `^$`},
		{"version -o yaml", 64, `^$`, `no output format "yaml"; there are: text json`},
		{"snapsht", 64, `^$`, `no command "snapsht"; did you mean snapshot\?`},
		{"snapshot --problms", 64, `^$`, `no flag "--problms"; did you mean --problems`},
		{"snapshot --wait soon", 64, `^$`, `invalid argument "soon"`},
		{"--demo snapshot podd", 64, `^$`, `no kind "podd"; did you mean pod\?`},
		{"snapshot --source dokcer", 64, `^$`, `no source "dokcer"; did you mean docker\?`},
		{"snapshot --demo --theme drak themes", 64, `^$`, `no kind "themes"`},
		{"themes --theme drak", 64, `^$`, `no theme "drak"; did you mean dark\?`},
		{"snapshot --demo pods runs", 2, `(?s)^demo:prod +live.*runs \(\d+\)[^(]*REPOSITORY +NAME.*pods \(\d+\)[^(]*NAMESPACE +NAME`, `^$`},
		{"snapshot --demo po --namespace nowhere", 0, `pods \(0\)`, `^$`},
		{"snapshot --demo --filter cpuu>1", 64, `^$`, `no field cpuu; did you mean cpu`},
		{"snapshot --demo container --filter name=shop-web-1", 2, `containers \(1\)`, `^$`},
		{"snapshot", 69, `^$`, `nothing was found to watch`},
		{"snapshot -o json", 69, `"resources": \[\]`, `^$`},
		{"doctor", 69, `(?s)docker.*missing.*kube.*missing`, `^$`},
		{"doctor --demo -o json", 0, `"schema": "devops-tui/doctor/v1"`, `^$`},
		{"logs", 64, `^$`, `a REF is missing`},
		{"logs --demo api", 64, `^$`, `(?s)"api" is ambiguous.*demo:prod/deployment/shop/api.*demo:staging/deployment/shop/api`},
		{"logs --demo container/shop-webb-1", 64, `^$`, `(?s)no object.*did you mean.*shop-web-1`},
		{"logs --demo --tail 2 container/shop-web-1", 0, `\A[^\n]+\n[^\n]+\n\z`, ``},
		{"logs --demo --tail 2 -o json container/shop-web-1", 0, `^{"time":"[^"]+","ref":{"source":"demo","scope":"laptop","kind":"container","name":"shop-web-1"`, ``},
		{"logs --demo --grep ( container/shop-web-1", 64, `^$`, `--grep: error parsing`},
		{"logs web-1", 69, `^$`, `nothing was found`},
		{"act", 64, `^$`, `a verb is missing; there are: restart`},
		{"act restrat x --demo", 64, `^$`, `no verb "restrat"; did you mean restart\?`},
		{"act silence x --demo", 64, `^$`, `silence is not in this version`},
		{"act restart --demo container/shop-web-1", 3, `(?s)Restart container shop-web-1.*same as: docker restart shop-web-1`, `planned, not done; --yes confirms`},
		{"act restart --demo --dry-run container/shop-web-1 -o json", 0, `"event":"plan","verb":"restart"`, `^$`},
		{"act restart --demo --yes --read-only container/shop-web-1", 4, `^$`, `read-only`},
		{"act restart --demo --yes --dry-run container/shop-web-1", 64, `^$`, `contradict`},
		{"config check", 0, `no file, and none is needed`, `^$`},
		{"config show --read-only", 0, `read_only: true`, `^$`},
		{"config schema", 0, `"\$schema"`, `^$`},
		{"config chekc", 64, `^$`, `did you mean check`},
		{"keys", 0, `(?m)^Move$`, `^$`},
		{"keys -o md", 0, `^# Keys`, `^$`},
		{"themes", 0, `(?m)^  dark +dark`, `^$`},
		{"journal list", 0, `^$`, `no records`},
		{"journal verify", 0, `^0 records hold`, `^$`},
		{"completion bash", 0, `complete -F _devops_tui devops-tui`, `^$`},
		{"completion zsh", 0, `^#compdef devops-tui`, `^$`},
		{"completion fish", 0, `complete -c devops-tui`, `^$`},
		{"completion tcsh", 64, `^$`, `no argument "tcsh"`},
		{"man", 0, `(?s)^\.TH DEVOPS-TUI 1.*\.SH EXIT STATUS`, `^$`},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			got := commandLine(t, environment(t), strings.Fields(c.args)...)
			if got.code != c.code {
				t.Errorf("exit code %d, want %d", got.code, c.code)
			}
			if !regexp.MustCompile(c.stdout).MatchString(got.stdout) {
				t.Errorf("stdout does not match %s:\n%.3000s", c.stdout, got.stdout)
			}
			if !regexp.MustCompile(c.stderr).MatchString(got.stderr) {
				t.Errorf("stderr does not match %s:\n%.3000s", c.stderr, got.stderr)
			}
			if i := strings.IndexByte(got.stdout+got.stderr, 0x1b); i >= 0 {
				t.Errorf("there is an escape sequence without a terminal")
			}
		})
	}
}

// Each flag has its variable; the command line wins.
func TestVariablesMirrorFlags(t *testing.T) {
	env := environment(t, "DEVOPS_TUI_DEMO=true", "DEVOPS_TUI_READ_ONLY=1", "DEVOPS_TUI_SOURCE=demo:laptop")
	if got := commandLine(t, env, "act", "restart", "--yes", "container/shop-web-1"); got.code != exitRefused {
		t.Errorf("read-only by variable: exit code %d: %s", got.code, got.stderr)
	}
	if got := commandLine(t, env, "act", "restart", "--dry-run", "--read-only=false", "container/shop-web-1"); got.code != exitOK {
		t.Errorf("the flag does not win: exit code %d: %s", got.code, got.stderr)
	}
	if got := commandLine(t, env, "snapshot"); strings.Contains(got.stdout, "demo:prod") || !strings.Contains(got.stdout, "demo:laptop") {
		t.Errorf("DEVOPS_TUI_SOURCE is not obeyed:\n%s", got.stdout)
	}
	if got := commandLine(t, environment(t, "DEVOPS_TUI_DEMO=perhaps"), "snapshot"); got.code != exitUsage || !strings.Contains(got.stderr, "DEVOPS_TUI_DEMO=perhaps") {
		t.Errorf("a bad variable: exit code %d: %s", got.code, got.stderr)
	}
}

// A configuration that is not understood is not half in force.
func TestBadConfigurationStopsEverything(t *testing.T) {
	env := environment(t)
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte("thme: dark\nread_only: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"snapshot", "--demo"}, {"config", "check"}, {"doctor"}} {
		got := commandLine(t, env, append(args, "--config", file)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, "config.yaml:1:1: ") || !strings.Contains(got.stderr, "theme") {
			t.Errorf("%v: exit code %d: %s", args, got.code, got.stderr)
		}
	}
}

// The schema of cli.md: its fields are there, with its types.
func TestSnapshotSchema(t *testing.T) {
	got := commandLine(t, environment(t), "snapshot", "--demo", "-o", "json", "pod", "deployment", "container")
	if got.code != exitDegraded {
		t.Errorf("exit code %d, want %d; stderr %s", got.code, exitDegraded, got.stderr)
	}
	var doc struct {
		Schema  string    `json:"schema"`
		Taken   time.Time `json:"taken"`
		Sources []struct {
			ID, Scope, State, Problem string
			Age                       *float64 `json:"age_seconds"`
		} `json:"sources"`
		Resources []struct {
			Ref     map[string]string `json:"ref"`
			Owner   map[string]string `json:"owner"`
			Phase   string            `json:"phase"`
			Reason  *string           `json:"reason"`
			Cells   map[string]string `json:"cells"`
			Started time.Time         `json:"started"`
			Facts   *struct {
				Image   []string `json:"image"`
				Service string   `json:"service"`
			} `json:"facts"`
		} `json:"resources"`
	}
	if err := json.Unmarshal([]byte(got.stdout), &doc); err != nil {
		t.Fatalf("%v in\n%.2000s", err, got.stdout)
	}
	if doc.Schema != "devops-tui/snapshot/v1" || doc.Taken.IsZero() || len(doc.Sources) != 3 {
		t.Errorf("schema %q, taken %v, %d sources", doc.Schema, doc.Taken, len(doc.Sources))
	}
	for _, s := range doc.Sources {
		if s.ID != "demo" || s.Scope == "" || s.State != "live" || s.Age == nil || *s.Age < 0 {
			t.Errorf("source %+v", s)
		}
	}
	phases := []string{"pending", "running", "succeeded", "degraded", "failed", "unknown"}
	kinds := map[string]int{}
	for _, r := range doc.Resources {
		kinds[r.Ref["kind"]]++
		if r.Ref["source"] != "demo" || r.Ref["scope"] == "" || r.Ref["name"] == "" || r.Ref["uid"] == "" || r.Reason == nil {
			t.Errorf("resource %+v", r)
		}
		if !slices.Contains(phases, r.Phase) || r.Started.IsZero() || len(r.Cells) == 0 {
			t.Errorf("%s: phase %q, started %v, cells %v", r.Ref["name"], r.Phase, r.Started, r.Cells)
		}
		if r.Ref["kind"] == "pod" {
			if r.Owner["kind"] == "" || r.Cells["ready"] == "" || r.Cells["restarts"] == "" || r.Facts == nil || len(r.Facts.Image) == 0 {
				t.Errorf("pod %s: owner %v, cells %v, facts %+v", r.Ref["name"], r.Owner, r.Cells, r.Facts)
			}
		}
	}
	if kinds["pod"] == 0 || kinds["deployment"] == 0 || kinds["container"] == 0 || len(kinds) != 3 {
		t.Errorf("kinds %v", kinds)
	}
}

// Without a terminal the bare command prints the state, of the demo world when
// nothing real is there, and how to open the cockpit.
func TestBareCommandWithoutTerminal(t *testing.T) {
	for _, env := range [][]string{environment(t), environment(t, "TERM=dumb")} {
		got := commandLine(t, env)
		for _, want := range []string{"This is the demo world", "demo:prod", "pods (", "opens with: devops-tui --demo"} {
			if !strings.Contains(got.stdout, want) {
				t.Errorf("stdout does not say %q:\n%.2000s", want, got.stdout)
			}
		}
		if got.stderr != "" || got.code == exitUsage || got.code == exitFailed {
			t.Errorf("exit code %d, stderr %s", got.code, got.stderr)
		}
	}
}

// A confirmed change is recorded, and the journal holds.
func TestActIsJournaled(t *testing.T) {
	env := environment(t)
	got := commandLine(t, env, "act", "restart", "--demo", "--yes", "-o", "json", "container/shop-web-1")
	if got.code != exitOK || !strings.Contains(got.stdout, `"event":"result"`) {
		t.Fatalf("exit code %d:\n%s%s", got.code, got.stdout, got.stderr)
	}
	list := commandLine(t, env, "journal", "list", "-o", "json")
	if strings.Count(list.stdout, `"verb":"restart"`) != 2 || !strings.Contains(list.stdout, `"event":"intent"`) {
		t.Errorf("the journal:\n%s%s", list.stdout, list.stderr)
	}
	if v := commandLine(t, env, "journal", "verify", "-o", "json"); v.code != exitOK || !strings.Contains(v.stdout, `"ok": true`) {
		t.Errorf("verify: exit code %d:\n%s%s", v.code, v.stdout, v.stderr)
	}
	file := filepath.Join(strings.TrimPrefix(env[0], "HOME="), ".local/state/devops-tui/journal.jsonl")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(b, []byte("shop-web-1"), []byte("shop-web-2"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if v := commandLine(t, env, "journal", "verify"); v.code != exitFailed || !strings.Contains(v.stdout, "line 1") {
		t.Errorf("a forged journal: exit code %d:\n%s%s", v.code, v.stdout, v.stderr)
	}
}
