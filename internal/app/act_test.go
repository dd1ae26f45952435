package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
)

// Command lines of act over the demo world.
func TestActCommandLines(t *testing.T) {
	for _, c := range []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"act --help", 0, `(?s)Verbs: restart rerun rollback.*--choices.*--break-glass`, `^$`},
		{"act scale --help", 0, `(?s)^scale: sets.*replicas +how many.*required.*In the cockpit: S`, `^$`},
		{"act --help rollback", 0, `(?s)^rollback: .*to +revision, history id or image.*In the cockpit: B`, `^$`},
		{"help act drain", 0, `(?s)^drain: .*delete-emptydir.*true\|false.*default false.*In the cockpit: P, then the choice`, `^$`},
		{"act copy --help", 0, `(?s)^copy: .*:PATH inside.*the menu of the key a`, `^$`},
		{"act undo --help", 0, `(?s)act undo \[ID\]`, `^$`},
		{"act nonsense --help", 0, `(?s)^Plan a change.*Verbs:`, `^$`},
		{"act restore x --demo", 64, `^$`, `no verb "restore"`},
		{"act silence x --demo", 64, `^$`, `silence is not in this version`},
		{"act scale x --demo -- ls", 64, `^$`, `scale takes no command behind --`},
		{"act undo a b --demo", 64, `^$`, `undo takes the id of one change`},
		{"act shell x --demo -o json", 64, `^$`, `-o json goes with --dry-run only`},
		{"act restart x --demo --break-glass=", 64, `^$`, `--break-glass needs a reason`},
		{"act scale demo:staging/deployment/shop/web --demo", 64, `^$`, `scale needs replicas \(--set replicas=`},
		{"act scale demo:staging/deployment/shop/web --demo --set replicas=many", 64, `^$`, `replicas="many".*whole number`},
		{"act drain demo:staging/node/staging-node-1 --demo --set delete-emptydr=true", 64, `^$`, `(?s)no parameter "delete-emptydr".*did you mean delete-emptydir`},
		{"act scale demo:staging/deployment/shop/web --demo --choices", 0, `^--set replicas=2  Replicas \(0 to 20\) \(required\)\n$`, `^$`},
		{"act rollback demo:staging/deployment/shop/web --demo --choices", 0, `(?s)--set to=.*REVISION +IMAGE.*\n\* .*\(it runs now\)`, `^$`},
		{"act cordon demo:prod/node/prod-node-1 --demo --choices", 0, `^$`, `cordon asks nothing`},
		{"act drain demo:staging/node/staging-node-1 --demo", 4, `^$`, `delete-emptydir=true`},
		{"act shell container/shop-api-1 --demo -- sh -c", 0, `^$`, `^$`},
		{"act shell container/shop-api-1 --demo -- cat /app/VERSION", 0, `^shop-api:dev\n$`, `^$`},
		{"act shell container/shop-api-1 --demo -- nope", 127, `not found`, `^$`},
		{"act shell container/shop-api-1 --demo --read-only -- ls", 4, `^$`, `read-only`},
		{"act shell container/shop-api-1 --demo --dry-run -o json", 0, `"event":"plan","verb":"shell"`, `^$`},
		{"act copy pod --demo --set from=:/x --set to=.", 64, `^$`, `no object`},
		{"act edit demo:staging/deployment/shop/web --demo", 64, `^$`, `needs --set file=FILE, or a terminal`},
		{"act undo --demo", 64, `^$`, `nothing`},
		{"act stop container/shop-redis-1 --demo --yes --wait", 0, `stop demo:laptop/container/shop-redis-1: healthy`, `verifying`},
		{"act approve demo:prod/rollout/shop/checkout --demo --yes", 0, `(?m)^approve demo:prod/rollout/shop/checkout: sent$`, `verifying`},
		{"act deploy container/shop-redis-1 --demo --set image=redis:8.2-alpine --yes", 0, `(?m)^    Status: Downloaded newer image`, `sending`},
		{"act prune host/laptop --demo --set what=images --dry-run", 0, `(?s)Prune images.*same as: docker image prune`, `^$`},
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
		})
	}
}

// events are the lines of `act -o json`.
func events(t *testing.T, stdout string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range strings.Lines(stdout) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		out = append(out, e)
	}
	return out
}

func TestSeveralRefsAreOnePlan(t *testing.T) {
	got := commandLine(t, environment(t), "act", "stop", "container/shop-redis-1", "container/shop-postgres-1", "--demo", "--yes", "--wait", "-o", "json")
	if got.code != exitOK {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	ids, kinds := map[any]bool{}, map[any]int{}
	for _, e := range events(t, got.stdout) {
		ids[e["id"]] = true
		kinds[e["event"]]++
	}
	if len(ids) != 1 || kinds["plan"] != 2 || kinds["result"] != 2 {
		t.Errorf("ids %v, events %v", ids, kinds)
	}
}

func TestAProgramsOutputIsStreamed(t *testing.T) {
	got := commandLine(t, environment(t), "act", "deploy", "container/shop-postgres-1", "--demo", "--set", "image=postgres:17.6", "--yes", "-o", "json")
	var said []string
	order := []string{}
	for _, e := range events(t, got.stdout) {
		if k := e["event"].(string); len(order) == 0 || order[len(order)-1] != k {
			order = append(order, k)
		}
		if e["event"] == "output" {
			said = append(said, e["text"].(string))
		}
	}
	if len(said) != 5 || said[0] != "Pulling from postgres" || !strings.HasPrefix(said[4], "Status:") {
		t.Errorf("output %q", said)
	}
	if order[0] != "plan" || order[len(order)-1] != "result" {
		t.Errorf("events %v", order)
	}
}

func TestAPipedShell(t *testing.T) {
	var out, errOut bytes.Buffer
	args := []string{"devops-tui", "act", "shell", "demo:staging/deployment/shop/web", "--demo"}
	code := Main(context.Background(), args, environment(t), strings.NewReader("cd /etc\npwd\nexit 5\n"), &out, &errOut)
	if code != 5 || !strings.Contains(out.String(), "\n/etc\n") || strings.Contains(out.String(), "# ") || errOut.Len() > 0 {
		t.Errorf("exit code %d\n%s%s", code, out.String(), errOut.String())
	}
}

func TestAForwardRunsUntilItIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r, w := io.Pipe()
	var errOut bytes.Buffer
	code := make(chan int, 1)
	env := environment(t)
	go func() {
		code <- Main(ctx, []string{"devops-tui", "act", "port-forward", "demo:staging/service/shop/web", "--demo", "--set", "port=0:http"}, env, strings.NewReader(""), w, &errOut)
		w.Close()
	}()
	lines := bufio.NewScanner(r)
	address := ""
	for address == "" && lines.Scan() {
		if a, _, ok := strings.Cut(lines.Text(), " → "); ok && strings.HasPrefix(a, "127.0.0.1:") {
			address = a
		}
	}
	rest := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(r)
		rest <- string(b)
	}()
	client := &http.Client{Timeout: paint, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	cancel()
	select {
	case c := <-code:
		if c != exitOK {
			t.Errorf("exit code %d: %s", c, errOut.String())
		}
	case <-time.After(paint):
		t.Fatal("it goes on")
	}
	if _, err := client.Get("http://" + address + "/"); err == nil {
		t.Error("the port is open still")
	}
	if list := commandLine(t, env, "journal", "list", "--verb", "port-forward"); !strings.Contains(list.stdout, "healthy") {
		t.Errorf("the journal:\n%s%s", list.stdout, list.stderr)
	}
	<-rest
}

// record writes a change to a journal as an earlier run would have.
func record(t *testing.T, env []string, id string, in *journal.Inverse) {
	t.Helper()
	j, err := journal.Open(filepath.Join(strings.TrimPrefix(env[0], "HOME="), ".local/state/devops-tui"))
	if err != nil {
		t.Fatal(err)
	}
	r := journal.Record{
		Time: time.Now().UTC(), ID: id, Event: journal.Intent, Verb: core.VerbScale, User: "kim",
		Instance: in.Target.Instance().String(), Ref: in.Target.Path(), Plan: &journal.Plan{Title: "scale", Inverse: in},
	}
	if err := j.Append(r); err != nil {
		t.Fatal(err)
	}
	r.Event, r.Plan, r.Result = journal.Outcome, nil, &journal.Result{Outcome: "healthy"}
	if err := j.Append(r); err != nil {
		t.Fatal(err)
	}
}

func TestUndoOutOfTheJournal(t *testing.T) {
	env := environment(t)
	web := core.Ref{Source: demoID, Scope: "staging", Kind: "deployment", Namespace: "shop", Name: "web"}
	record(t, env, "earlier", &journal.Inverse{Verb: core.VerbScale, Target: web, Params: map[string]string{"replicas": "4"}})
	if got := commandLine(t, env, "act", "undo", "--demo", "--dry-run"); got.code != exitOK || !strings.Contains(got.stdout, "from 2 to 4") {
		t.Errorf("the plan, exit code %d:\n%s%s", got.code, got.stdout, got.stderr)
	}
	got := commandLine(t, env, "act", "undo", "earlier", "--demo", "--yes", "--wait", "-o", "json")
	if got.code != exitOK || !strings.Contains(got.stdout, `"undo_of":"earlier"`) || !strings.Contains(got.stdout, `"outcome":"healthy"`) {
		t.Fatalf("exit code %d:\n%s%s", got.code, got.stdout, got.stderr)
	}
	list := commandLine(t, env, "journal", "list")
	if !regexp.MustCompile(`(?m)^TIME +ID +VERB +OBJECT +ENV +BY +OUTCOME +NOTE$`).MatchString(list.stdout) ||
		!regexp.MustCompile(`(?m)undo.* demo:staging/deployment/shop/web .*healthy +undoes earlier$`).MatchString(list.stdout) {
		t.Errorf("the journal:\n%s%s", list.stdout, list.stderr)
	}
	if n := strings.Count(commandLine(t, env, "journal", "list", "--id", "earlier").stdout, "\n"); n != 2 {
		t.Errorf("%d lines of one change", n)
	}
	if n := strings.Count(commandLine(t, env, "journal", "list", "--last", "1").stdout, "\n"); n != 2 {
		t.Errorf("%d lines of the last change", n)
	}
	if got := commandLine(t, env, "act", "undo", "earlier", "--demo"); got.code == exitOK || !strings.Contains(got.stderr, "undone already") {
		t.Errorf("a second time, exit code %d: %s", got.code, got.stderr)
	}
}

// What policy denies is denied to --yes too, and not to a reason that is
// journaled.
func TestBreakGlass(t *testing.T) {
	env := environment(t)
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte("environments: [{name: frozen, match: {source: [demo]}, policy: deny}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	line := []string{"act", "stop", "container/shop-redis-1", "--demo", "--config", file, "--yes"}
	if got := commandLine(t, env, line...); got.code != exitRefused || !strings.Contains(got.stderr, "policy denies stop in frozen") {
		t.Errorf("denied: exit code %d: %s", got.code, got.stderr)
	}
	if got := commandLine(t, env, append(line, "--break-glass", "because")...); got.code != exitUsage || !strings.Contains(got.stderr, "at least") {
		t.Errorf("without a real reason: exit code %d: %s", got.code, got.stderr)
	}
	if got := commandLine(t, env, append(line, "--break-glass", "incident 4711, asked by kim")...); got.code != exitOK || !strings.Contains(got.stderr, "break-glass until") {
		t.Errorf("with one: exit code %d: %s%s", got.code, got.stdout, got.stderr)
	}
	list := commandLine(t, env, "journal", "list")
	if !regexp.MustCompile(`(?m)stop.* frozen .*break-glass: incident 4711, asked by kim$`).MatchString(list.stdout) || !strings.Contains(list.stdout, "end-glass") {
		t.Errorf("the journal:\n%s", list.stdout)
	}
	if v := commandLine(t, env, "journal", "verify"); v.code != exitOK {
		t.Errorf("verify: %s%s", v.stdout, v.stderr)
	}
}

func TestChoicesAsJSON(t *testing.T) {
	got := commandLine(t, environment(t), "act", "rollback", "demo:prod/deployment/shop/api", "--demo", "--choices", "-o", "json")
	var doc struct {
		Schema, Verb string
		Refs         []core.Ref
		Fields       []struct {
			Name, Type, Default string
			Columns             []string
			Choices             []struct {
				Value   string
				Cells   []string
				Current bool
			}
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &doc); err != nil {
		t.Fatalf("%v in\n%s%s", err, got.stdout, got.stderr)
	}
	if doc.Schema != "devops-tui/choices/v1" || doc.Verb != core.VerbRollback || len(doc.Refs) != 1 || len(doc.Fields) != 1 {
		t.Fatalf("%+v", doc)
	}
	f := doc.Fields[0]
	if f.Name != "to" || f.Type != "choice" || f.Default == "" || len(f.Choices) < 2 || len(f.Choices[0].Cells) != len(f.Columns) {
		t.Errorf("%+v", f)
	}
}

func TestCompletionsKnowTheParameters(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		got := commandLine(t, environment(t), "completion", shell)
		for _, want := range []string{"replicas=", "delete-emptydir=", "input.", "port-forward", "undo", "choices"} {
			if !strings.Contains(got.stdout, want) {
				t.Errorf("%s: no %q", shell, want)
			}
		}
		if strings.Contains(got.stdout, "saved=") || strings.Contains(got.stdout, "restore") {
			t.Errorf("%s completes what only undo uses", shell)
		}
	}
	if man := commandLine(t, environment(t), "man").stdout; !strings.Contains(man, ".SH VERBS") || !strings.Contains(man, `\fIdelete\-emptydir\fR`) {
		t.Error("the manual page does not have the verbs")
	}
	for _, v := range verbNames() {
		if verbHelp[v].does == "" || len(verbHelp[v].examples) == 0 {
			t.Errorf("no help for %s", v)
		}
	}
}
