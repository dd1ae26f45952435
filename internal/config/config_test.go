package config

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
)

const full = `
theme: light
glyphs: ascii
keymap: k9s
keys:
  describe: [f2, d]
  zoom: f3
  pin: []
mouse: off
read_only: true
slow: true
gather: 100ms
view: workloads
namespaces: payments
log:
  tail: 100
  buffer_lines: 2000
  wrap: true
notifications: {bell: false, desktop: true, after: 1m}
environments:
  - name: live
    match: {context: [prod-*, "*-live"], namespace: [payments]}
    policy: {default: name, restart: confirm, delete: deny, harmless: free}
    color: red
    max_bulk: 3
  - name: ci
    match: {repo: acme/*}
    policy: free
  - name: boxes
    match: {host: ["box-?"]}
    read_only: true
sources:
  docker:
    hosts: [{name: box-1, url: ssh://ops@box-1}]
`

func TestParse(t *testing.T) {
	c, problems := Parse([]byte(full))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if c.Theme != "light" || c.Glyphs != "ascii" || c.Keymap != "k9s" || c.Mouse != "off" || !c.ReadOnly || !c.Slow || c.Gather != 100*time.Millisecond || c.View != "workloads" {
		t.Errorf("%+v", c)
	}
	if !slices.Equal(c.Namespaces, []string{"payments"}) || c.Log != (Log{Tail: 100, Buffer: 2000, Wrap: true}) || c.Notifications != (Notifications{false, true, time.Minute}) {
		t.Errorf("%+v", c)
	}
	want := Keys{{"describe", []string{"f2", "d"}, 6, 3}, {"zoom", []string{"f3"}, 7, 3}, {"pin", []string{}, 8, 3}}
	if !reflect.DeepEqual(c.Keys, want) {
		t.Errorf("%+v", c.Keys)
	}
	if len(c.Environments) != 3 || c.Environments[0].Policy.Default != Name || c.Environments[0].Policy.Verbs["delete"] != Deny || c.Environments[0].Policy.Danger[0] != Free {
		t.Errorf("%+v", c.Environments)
	}
}

func TestNoFileIsNeeded(t *testing.T) {
	for _, in := range []string{"", "\n# nothing\n", "---\n", "null\n", "log:\nkeys:\nenvironments:\nsources:\ntheme:\n"} {
		c, problems := Parse([]byte(in))
		if len(problems) > 0 || !reflect.DeepEqual(c, Default()) {
			t.Errorf("%q: %v %+v", in, problems, c)
		}
	}
	none := func(k string) string { return map[string]string{"XDG_CONFIG_HOME": t.TempDir()}[k] }
	if c, problems := LoadDefault(none); len(problems) > 0 || c.Path() != "" {
		t.Error(problems)
	}
	if c, problems := Load(os.DevNull); len(problems) > 0 || !reflect.DeepEqual(c, Default()) {
		t.Error(problems)
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"thme: dark", "1:1: no setting \"thme\"; did you mean theme?"},
		{"log:\n  tial: 5", "2:3: no setting \"tial\" in log; did you mean tail?"},
		{"zzz: 1", "there are theme, glyphs"},
		{"glyphs: unicod", "1:9: glyphs cannot be \"unicod\"; did you mean unicode?"},
		{"glyphs: xyz", "there are ascii, unicode, nerd"},
		{"mouse: maybe", "there are auto, on, off"},
		{"read_only: perhaps", "1:12: read_only wants true or false, not \"perhaps\""},
		{"log: {tail: many}", "1:13: log.tail wants a whole number, not \"many\""},
		{"log: {tail: -1}", "log.tail is -1; it must be at least 0"},
		{"log: {buffer_lines: 5}", "at least 1000"},
		{"gather: 100", "gather wants a time such as 150ms"},
		{"gather: 1ms", "at least 20ms"},
		{"gather: 1h", "at most 5s"},
		{"log: 5", "1:6: log wants a mapping, not \"5\""},
		{"log: [1]", "log wants a mapping, not a list"},
		{"namespaces: {a: b}", "namespaces wants a list, not a mapping"},
		{"theme: [a]", "theme wants a text, not a list"},
		{"theme: a\ntheme: b", "2:1: theme is set twice, first in line 1"},
		{"- a", "the file wants a mapping, not a list"},
		{"a: b: c", "1:1: not YAML"},
		{"\tx: 1", "not YAML"},
		{"theme: a\n---\ntheme: b", "more than one document"},
		{"<<: {theme: a}", "merge keys (<<) are not supported"},
		{"? [a]\n: b", "a key must be a plain word, not a list"},
		{"keys: {a: {b: c}}", "keys.a wants a list, not a mapping"},
		{"environments: [{name: a, policy: nam}]", "1:34: environments[0].policy cannot be \"nam\"; did you mean name?"},
		{"environments: [{name: a, policy: {restrat: name}}]", "no setting \"restrat\" in environments[0].policy; did you mean restart?"},
		{"environments: [{name: a, policy: {restart: nope}}]", "environments[0].policy.restart cannot be \"nope\""},
		{"environments: [{name: a, policy: [name]}]", "wants a mapping, not a list"},
		{"environments: [{name: a, match: {contxt: b}}]", "did you mean context?"},
		{"environments: [{name: a, color: pink}]", "color cannot be \"pink\""},
		{"environments: [{match: {context: a}}]", "1:16: an environment needs a name"},
		{"environments: [{name: a}]", "1:16: environment a matches everything"},
		{"environments: [{name: a, match: {source: [\"*\"]}}, {name: b, match: {context: x}}]", ""},
		{"sources: {github: {token: abc}}", "1:27: token would be a secret: secrets do not belong in this file; use token_command"},
		{"sources: {x: {api_key: 5}}", "api_key_env: NAME"},
		{"sources: {x: {headers: [ghp_abcdefghijklmnopqrstuvwxyz0123]}}", "looks like a secret"},
		{"sources: {x: {url: \"https://u:p@host\"}}", "the address holds a password"},
		{"sources: {x: {db_password: y}}", "db_password would be a secret"},
	} {
		_, problems := Parse([]byte(c.in))
		if c.want == "" {
			if len(problems) > 0 {
				t.Errorf("%q: %v", c.in, problems)
			}
			continue
		}
		if len(problems) == 0 || !strings.Contains(Problems(problems).Error(), c.want) || !Fatal(problems) {
			t.Errorf("%q: %v, want %s", c.in, problems, c.want)
		}
	}
	// What only says where a secret comes from may stand.
	for _, in := range []string{
		"sources: {x: {token_command: [pass, show, ci]}}", "sources: {x: {token_env: CI_TOKEN}}", "sources: {x: {url: \"ssh://ops@box\", tokens: 5, private_key_file: ~/.ssh/id}}", "sources: {x: {secret: ''}}",
	} {
		if problems := Check([]byte(in)); len(problems) > 0 {
			t.Errorf("%q: %v", in, problems)
		}
	}
}

// TestProblemsNeverQuoteSecrets: a message goes to terminals and CI logs.
func TestProblemsNeverQuoteSecrets(t *testing.T) {
	for _, in := range []string{
		"sources: {x: {token: canary123}}", "sources: {x: {url: \"https://u:canary123@h\"}}", "password: canary123", "sources: {x: [glpat-canary123canary123]}", "log: {token: canary123}", "x: &c canary123\nsources: {y: {token: *c}}",
	} {
		problems := Check([]byte(in))
		if len(problems) == 0 || strings.Contains(Problems(problems).Error(), "canary123") {
			t.Errorf("%q: %v", in, problems)
		}
	}
	c, _ := Parse([]byte("sources: {x: {token: canary123, url: \"https://u:canary123@h\"}} # canary123"))
	if b, err := c.YAML(); err != nil || strings.Contains(string(b), "canary123") || !strings.Contains(string(b), redacted) {
		t.Errorf("%s %v", b, err)
	}
}

// TestWrongSettingsStayDefault: one slip does not take the rest down.
func TestWrongSettingsStayDefault(t *testing.T) {
	c, problems := Parse([]byte("theme: light\ngather: 1ms\nlog: {tail: 7, wrap: maybe}\n"))
	if len(problems) != 2 || c.Theme != "light" || c.Gather != Default().Gather || c.Log.Tail != 7 || c.Log.Wrap {
		t.Errorf("%v %+v", problems, c)
	}
}

func TestBombs(t *testing.T) {
	laughs := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for i := 'b'; i < 'k'; i++ {
		p := string(i - 1)
		laughs += string(i) + ": &" + string(i) + " [*" + strings.Repeat(p+",*", 8) + p + "]\n"
	}
	for _, in := range []string{
		laughs, "namespaces: " + strings.Repeat("[", 500) + strings.Repeat("]", 500), "log: &a {tail: *a}", "environments: &a [*a]", "sources: {x: &a {y: *a}}",
		"environments: [" + strings.Repeat("{name: a},", 20_000) + "]",
	} {
		c, problems := Parse([]byte(in))
		if len(problems) > maxProblems {
			t.Errorf("%.40q: %d problems", in, len(problems))
		}
		if _, err := c.YAML(); err == nil && len(problems) == 0 {
			t.Errorf("%.40q passes", in)
		}
	}
}

func TestYAMLReadsBack(t *testing.T) {
	for _, in := range []string{"", full} {
		c, problems := Parse([]byte(in))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		b, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		again, problems := Parse(b)
		if len(problems) > 0 {
			t.Fatalf("%v\n%s", problems, b)
		}
		second, err := again.YAML()
		if err != nil || string(second) != string(b) {
			t.Errorf("%v\n%s\n%s", err, b, second)
		}
		for _, ref := range []core.Ref{{Source: "kube", Scope: "prod-1", Namespace: "payments"}, {Source: "github", Namespace: "acme/shop"}, {Source: "docker", Scope: "box-1"}} {
			if x, y := c.Environment(ref), again.Environment(ref); !reflect.DeepEqual(x, y) {
				t.Errorf("%v: %+v, %+v", ref, x, y)
			}
		}
	}
}

func TestSection(t *testing.T) {
	type host struct {
		Name string `yaml:"name"`
		URL  string `yaml:"url"`
	}
	type section struct {
		Hosts []host        `yaml:"hosts"`
		Wait  time.Duration `yaml:"wait"`
		Limit *int          `yaml:"limit"`
	}
	c, _ := Parse([]byte(full))
	v := section{Wait: time.Second}
	if err := c.Section("docker", &v); err != nil || len(v.Hosts) != 1 || v.Hosts[0].Name != "box-1" || v.Wait != time.Second {
		t.Errorf("%+v, %v", v, err)
	}
	if err := c.Section("kube", &v); err != nil {
		t.Error(err)
	}
	c, _ = Parse([]byte("sources:\n  docker:\n    hosts:\n      - nam: x\n    limit: 5\n"))
	err := c.Section("docker", &v)
	var problems Problems
	if !errors.As(err, &problems) || err.Error() != "4:9: no setting \"nam\" in sources.docker.hosts[0]; did you mean name?" || v.Limit == nil || *v.Limit != 5 {
		t.Errorf("%v %+v", err, v)
	}
	c, _ = Parse([]byte("sources:\n  dokcer: {}\n"))
	if p := c.CheckSections([]string{"docker", "kube"}); len(p) != 1 || !strings.Contains(p[0].Error(), "did you mean docker?") || p[0].Line != 2 {
		t.Error(p)
	}
}

// TestFileIsNoWeapon is promise 32 for this file: what others can write or
// lead elsewhere is refused, with the command that mends it.
func TestFileIsNoWeapon(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("modes mean nothing here")
		return
	}
	home, outside := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	write := func(dir, name string, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("theme: light\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := func(target, name string) string {
		path := filepath.Join(home, name)
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	big := filepath.Join(home, "big.yaml")
	if err := os.WriteFile(big, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	inside := write(home, "inside.yaml", 0o644)
	foreign := write(outside, "foreign.yaml", 0o644)
	for _, x := range []struct{ path, want, fix string }{
		{inside, "", ""},
		{write(home, "group.yaml", 0o664), "", ""},
		{foreign, "", ""}, // named by the user
		{link(inside, "link-in"), "", ""},
		{link(foreign, "link-out"), "symbolic link to " + outside, "copy the file into place"},
		{link(filepath.Join(home, "nowhere"), "link-broken"), "leads nowhere", "rm "},
		{write(home, "world.yaml", 0o666), "anybody on this machine may write it", "chmod o-w"},
		{home, "not a regular file", "--config"},
		{big, "larger than", "right file"},
		{filepath.Join(home, "missing.yaml"), "no such file", "no file is needed"},
	} {
		c, problems := Load(x.path)
		if x.want == "" {
			if len(problems) > 0 || c.Theme != "light" || c.Path() != x.path {
				t.Errorf("%s: %v", x.path, problems)
			}
			continue
		}
		if len(problems) != 1 || !strings.Contains(problems[0].Text, x.want) || !strings.Contains(problems[0].Fix, x.fix) || c.Theme != "auto" {
			t.Errorf("%s: %v", x.path, problems)
		}
	}
	path := write(home, "slip.yaml", 0o600)
	if err := os.WriteFile(path, []byte("\nthme: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, problems := Load(path); len(problems) != 1 || problems[0].Error() != path+":2:1: no setting \"thme\"; did you mean theme?" {
		t.Error(problems)
	}
}

func TestDefaultPath(t *testing.T) {
	for _, x := range []struct{ xdg, home, want string }{
		{"/x", "/h", "/x/devops-tui/config.yaml"}, {"", "/h", "/h/.config/devops-tui/config.yaml"}, {"relative", "/h", "/h/.config/devops-tui/config.yaml"}, {"", "", ""},
	} {
		got := DefaultPath(func(k string) string { return map[string]string{"XDG_CONFIG_HOME": x.xdg, "HOME": x.home}[k] })
		if got != filepath.FromSlash(x.want) {
			t.Errorf("%+v: %s", x, got)
		}
	}
}

// TestEverySettingIsDocumented: nobody can add a setting without words.
func TestEverySettingIsDocumented(t *testing.T) {
	var walk func(typ reflect.Type, path string)
	walk = func(typ reflect.Type, path string) {
		for typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ.PkgPath() != reflect.TypeFor[Config]().PkgPath() {
			return
		}
		for _, f := range settings(typ) {
			if _, special := reflect.New(typ).Interface().(nodeDecoder); special {
				continue
			}
			if f.Tag.Get("doc") == "" || f.Tag.Get("yaml") == "" {
				t.Errorf("%s has no doc or name", join(path, f.Name))
			}
			for _, b := range []string{"min", "max"} {
				if s := f.Tag.Get(b); s != "" {
					bound(f.Type, s)
				}
			}
			if f.Type != reflect.TypeFor[Keys]() && f.Type != reflect.TypeFor[Policies]() {
				walk(f.Type, join(path, settingName(f)))
			}
		}
	}
	walk(reflect.TypeFor[Config](), "")
}

func TestSchema(t *testing.T) {
	type section struct {
		Wait time.Duration `yaml:"wait" doc:"How long."`
	}
	b, err := Schema(map[string]any{"docker": &section{Wait: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	if s.Properties["theme"].Default != "auto" || !slices.Equal(s.Properties["glyphs"].Enum, []string{"ascii", "unicode", "nerd"}) || *s.Properties["log"].Properties["buffer_lines"].Minimum != 1000 {
		t.Errorf("%s", b)
	}
	if s.Properties["sources"].Properties["docker"].Properties["wait"].Default != "1s" || s.Additional != false {
		t.Errorf("%s", b)
	}
	if !strings.Contains(Reference(map[string]any{"docker": &section{}}), "## sources.docker") {
		t.Error("the reference leaves the sections out")
	}
}

// FuzzParse: no file breaks the decoder, what is shown reads back without a
// problem, and a place in a problem is one in the file.
func FuzzParse(f *testing.F) {
	for _, s := range []string{full, "log: &a {tail: *a}", "? [a]\n: b", "a: !!binary x", "<<: *x", "\xff\xfe", "theme: |\n  a\n b", "keys: {a: ~, b: [c, 1, ~]}", "environments: [~, 5, {}]", "sources: {a: ~, b: 5, c: [1]}", "--- !!set {a, b}", "gather: !!timestamp 1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, problems := Parse(b)
		for _, p := range problems {
			if p.Line < 0 || p.Column < 0 || p.Text == "" {
				t.Errorf("%+v", p)
			}
		}
		c.Environment(core.Ref{Source: "kube", Scope: "prod", Kind: "pod", Name: "x"})
		var section struct {
			A []map[string]*int
			B any
		}
		for id := range c.Sources {
			_ = c.Section(id, &section)
		}
		out, err := c.YAML()
		if err != nil {
			return // an alias that leads out of its section cannot be shown
		}
		if len(problems) > 0 {
			return
		}
		if again := Check(out); len(again) > 0 {
			t.Errorf("%q is shown as %q: %v", b, out, again)
		}
	})
}
