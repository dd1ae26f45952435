package actions_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"devops-tui/internal/actions"
	"devops-tui/internal/actions/journal"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// What each verb takes, what it makes of it, and what it says of the rest.
func TestParametersAreStrict(t *testing.T) {
	w := newWorld("a", "web")
	b := setUp(t, w)
	file := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(file, []byte("9"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.ask = core.Form{Fields: []core.Field{
		{Name: "pull", Type: core.FieldBool},
		{Name: "wait", Type: core.FieldNumber, Min: 1, Max: 60},
		{Name: "profile", Type: core.FieldChoice, Choices: []core.Choice{choice("small"), choice("large")}},
	}}
	for _, c := range []struct {
		verb, params string // name=value, separated by |
		refused      string // "": it is taken
	}{
		{"restart", "replicas=3", "restart takes no parameters"},
		{"scale", "", "scale needs replicas"},
		{"scale", "replicas=0", ""},
		{"scale", "replicas=many", "a whole number from 0 to 10000"},
		{"scale", "replicas=-1", "the nearest is 0"},
		{"scale", "replicas=99999", "the nearest is 10000"},
		{"scale", "replica=3|replicas=3", "did you mean replicas?"},
		{"stop", "grace=-1", ""},
		{"stop", "grace=soon", "a whole number"},
		{"kill", "signal=SIGHUP", ""},
		{"kill", "signal=term", ""},
		{"kill", "signal=TREM", "did you mean TERM?"},
		{"delete", "cascade=orphan|grace=0|force=true", ""},
		{"delete", "cascade=foregroud", "did you mean foreground?"},
		{"delete", "volumes=yes", "there are true, false"},
		{"rerun", "failed-only=true", ""},
		{"rerun", "failed-only=yes", "there are true, false"},
		{"rerun", "failed=true", "did you mean failed-only?"},
		{"cancel", "force=true", ""},
		{"cancel", "forced=true", "did you mean force?"},
		{"approve", "gate=production|comment=go|input.size=3", ""},
		{"approve", "inputs=3", "approve has no parameter"},
		{"reject", "gate=production,staging", ""},
		{"reject", "input.size=3", "reject has no parameter"},
		{"rollback", "to=4|profile=small", ""},
		{"rollback", "to=4|profile=tiny", "there are small, large"},
		{"drain", "delete-emptydir=true|force=false|grace=30", ""},
		{"drain", "delete-empty-dir=true", "did you mean delete-emptydir?"},
		{"deploy", "image=app:2", ""},
		{"deploy", "image=web=app:2|container=web", ""},
		{"deploy", "image=web=app:2|container=db", "give the container once"},
		{"deploy", "container=db", "--set image=…"},
		{"deploy", "file=" + file, ""},
		{"deploy", "file=" + file + "x", "no such file"},
		{"deploy", "file=" + file + "|image=x", "deploy one of them"},
		{"deploy", "ref=main|input.tag=v1|input.who=me", ""},
		{"deploy", "input.=v1", "has no parameter"},
		{"deploy", "pull=true|wait=5|profile=small", ""},
		{"deploy", "pull=maybe", "there are true, false"},
		{"deploy", "wait=61", "the nearest is 60"},
		{"deploy", "profile=larg", "did you mean large?"},
		{"deploy", "pul=true", "did you mean pull?"},
		{"edit", "file=" + file, ""},
		{"edit", "file=" + empty, "is empty"},
		{"edit", "file=" + filepath.Dir(file), "no regular file"},
		{"edit", "file=" + file + "|after=x", "not both"},
		{"edit", "before=x", "needs the edited definition"},
		{"port-forward", "port=8080", ""},
		{"port-forward", "port=8080:http", ""},
		{"port-forward", "port=127.0.0.1:0:80", ""},
		{"port-forward", "port=[::1]:81:80", ""},
		{"port-forward", "port=8080:", "the remote port is missing"},
		{"port-forward", "port=70000", "from 1 to 65535"},
		{"port-forward", "port=x:80", "a local port is a number"},
		{"port-forward", "port=1:2:3:80", "too many colons"},
		{"port-forward", "port=:9:80", "give the address"},
		{"copy", "from=:/etc/hosts|to=.", ""},
		{"copy", "from=" + file + "|to=web:/tmp/|container=web", ""},
		{"copy", "from=a|to=b", "neither end"},
		{"copy", "from=:/a|to=:/b", "both ends"},
		{"copy", "from=:|to=b", "the path inside is missing"},
		{"copy", "from=web:/a|to=b|container=db", "give the container once"},
		{"copy", "from=" + file + "x|to=:/b", "no such file"},
		{"shell", `command=sh -c "ls /"`, ""},
		{"shell", `command=sh -c "ls`, "a quote is not closed"},
		{"restore", "saved=x", "no verb"},
	} {
		params := actions.Params{}
		for p := range strings.SplitSeq(c.params, "|") {
			if name, value, ok := strings.Cut(p, "="); ok {
				params[name] = value
			}
		}
		_, err := b.Plan(t.Context(), c.verb, []core.Ref{w.ref("web")}, params)
		switch {
		case c.refused == "" && err != nil:
			t.Errorf("%s %s: %v", c.verb, c.params, err)
		case c.refused != "" && (err == nil || kindOf(err) != core.Invalid || !strings.Contains(err.Error(), c.refused)):
			t.Errorf("%s %s: %v, want an Invalid problem with %q", c.verb, c.params, err, c.refused)
		}
	}
}

func TestWhatDeployPassesOn(t *testing.T) {
	w := newWorld("a", "web")
	b := setUp(t, w)
	w.ask = core.Form{Fields: []core.Field{{Name: "pull", Type: core.FieldBool}}}
	p, err := b.Plan(t.Context(), core.VerbDeploy, []core.Ref{w.ref("web")}, actions.Params{
		"image": "web=reg:5000/app:2", "pull": "true", "input.a.b": "=1", "revision": "r",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := core.Deploy{
		Image: "reg:5000/app:2", Container: "web", Revision: "r",
		Inputs: map[string]string{"a.b": "=1"}, Options: map[string]string{"pull": "true"},
	}
	wantString(t, p.Targets[0].Plan.Title, text.Sprintf("%v", want))
	p, err = b.Plan(t.Context(), core.VerbKill, []core.Ref{w.ref("web")}, actions.Params{"signal": "sigusr1"})
	if err != nil {
		t.Fatal(err)
	}
	wantString(t, p.Targets[0].Plan.Title, "USR1")
}

// The verbs of pipelines hand their parameters on as they are.
func TestWhatPipelineVerbsPassOn(t *testing.T) {
	w := newWorld("a", "web")
	b := setUp(t, w)
	w.ask = core.Form{Fields: []core.Field{{Name: "full", Type: core.FieldBool}}}
	for _, c := range []struct {
		verb   string
		params map[string]string
		want   string
	}{
		{"rerun", map[string]string{"failed-only": "true", "full": "true"}, "{true map[full:true]}"},
		{"cancel", map[string]string{"force": "true"}, "{true map[]}"},
		{"approve", map[string]string{"gate": "prod, stage", "comment": "go", "input.size": "3", "full": "true"}, "{[prod stage] go map[size:3] map[full:true]}"},
		{"reject", map[string]string{"comment": "no"}, "{[] no map[] map[]}"},
	} {
		if _, err := b.Plan(t.Context(), c.verb, []core.Ref{w.ref("web")}, c.params); err != nil {
			t.Errorf("%s: %v", c.verb, err)
			continue
		}
		wantString(t, w.last, c.want)
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[string][]string{
		"":                       nil,
		"  a\tb\n":               {"a", "b"},
		`sh -c "echo 'a b'"`:     {"sh", "-c", "echo 'a b'"},
		`a\ b '\' "\"\\\n" ''`:   {"a b", `\`, `"\\n`, ""},
		`pre"fix"'ed' "" $HOME*`: {"prefixed", "", "$HOME*"},
	} {
		got, err := actions.Words(in)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q %v, want %q", in, got, err, want)
		}
	}
	for _, bad := range []string{`"`, `'a`, `a\`} {
		if got, err := actions.Words(bad); err == nil {
			t.Errorf("%q: %q", bad, got)
		}
	}
}

func TestGroupsAndHiddenVerbs(t *testing.T) {
	b := setUp(t, newWorld("a", "web"))
	ids := func(group string) string {
		s := ""
		for _, v := range b.Group(group) {
			s += v.ID + " "
		}
		return s
	}
	wantString(t, ids("scale"), "scale stop start kill ")
	wantString(t, ids("pause"), "pause resume cordon uncordon drain ")
	wantString(t, ids("delete"), "delete prune ")
	wantString(t, ids("restart"), "restart rerun ")
	wantString(t, ids("approve"), "approve reject ")
	wantString(t, ids("cancel"), "cancel ")
	wantString(t, ids("x"), "")
	if _, ok := b.Verb("restore"); ok {
		t.Error("a hidden verb is found")
	}
	for _, o := range b.Verbs(&core.Resource{Ref: b.w.ref("web")}) {
		if o.Verb.Hidden {
			t.Errorf("%s is offered", o.Verb.ID)
		}
	}
}

func TestDefinitionIsJournaled(t *testing.T) {
	w := newWorld("a", "web")
	b := setUp(t, w)
	got, err := b.Definition(t.Context(), w.ref("web"))
	if err != nil || string(got) != "2" {
		t.Fatal(got, err)
	}
	r := b.journal.records[0]
	wantString(t, []any{b.journal.events(), r.Verb, r.Ref, r.User}, []any{"opened ", "edit", "box/ns/web", "kim"})
	b.policy.Level = actions.Deny
	_, err = b.Definition(t.Context(), w.ref("web"))
	wantKind(t, err, core.Refused)
	b.policy.Level = actions.Confirm
	b.journal.full = func(journal.Record) bool { return true }
	_, err = b.Definition(t.Context(), w.ref("web"))
	wantKind(t, err, core.Refused)
	b.journal.full = nil
	bare := actions.New(actions.Options{Verbs: testVerbs(), Resolver: one{plain{w}}, Journal: b.journal})
	_, err = bare.Definition(context.Background(), w.ref("web"))
	wantKind(t, err, core.Unsupported)
}
