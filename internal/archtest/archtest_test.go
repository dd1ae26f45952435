package archtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTheHouseKeepsItsPlan(t *testing.T) {
	violations, err := check("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Error(v)
	}
}

// A check that never finds anything proves nothing: here it has to.
func TestEveryRuleFindsItsViolation(t *testing.T) {
	imports := func(pkg string, paths ...string) string {
		return "package " + pkg + "\nimport (\n_ \"" + strings.Join(paths, "\"\n_ \"") + "\"\n)\n"
	}
	long := strings.Repeat("// line\n", maxLines+1)
	for _, c := range []struct{ name, file, content, want string }{
		{"core looks up", "internal/core/a.go", imports("core", "devops-tui/internal/store"), "internal/core may not import internal/store"},
		{"core uses an SDK", "internal/core/a.go", imports("core", "github.com/moby/moby/client"), "may not import github.com/moby/moby/client"},
		{"text uses the framework", "internal/text/a.go", imports("text", "charm.land/bubbletea/v2"), "may not import charm.land"},
		{"themes know the vocabulary", "themes/a.go", imports("themes", "devops-tui/internal/core"), "may not import internal/core"},
		{"the contract knows a source", "internal/sources/a.go", imports("sources", "devops-tui/internal/sources/kube"), "may not import internal/sources/kube"},
		{"a source knows another", "internal/sources/kube/a.go", imports("kube", "devops-tui/internal/sources/docker"), "may not import internal/sources/docker"},
		{"a source knows another's SDK", "internal/sources/docker/a.go", imports("docker", "k8s.io/client-go/rest"), "may not import k8s.io"},
		{"a source knows the store", "internal/sources/docker/a.go", imports("docker", "devops-tui/internal/store"), "may not import internal/store"},
		{"a source draws", "internal/sources/demo/a.go", imports("demo", "charm.land/lipgloss/v2"), "may not import charm.land/lipgloss/v2"},
		{"the store knows sources", "internal/store/a.go", imports("store", "devops-tui/internal/sources"), "may not import internal/sources"},
		{"keys draw", "internal/keys/a.go", imports("keys", "charm.land/bubbletea/v2"), "may not import charm.land"},
		{"query knows the store", "internal/query/a.go", imports("query", "devops-tui/internal/store"), "may not import internal/store"},
		{"config knows actions", "internal/config/a.go", imports("config", "devops-tui/internal/actions"), "may not import internal/actions"},
		{"a verb knows a source", "internal/actions/restart/a.go", imports("restart", "devops-tui/internal/sources/kube"), "may not import internal/sources/kube"},
		{"actions draw", "internal/actions/a.go", imports("actions", "devops-tui/internal/views"), "may not import internal/views"},
		{"the kit knows the store", "internal/views/kit/a.go", imports("kit", "devops-tui/internal/store"), "may not import internal/store"},
		{"the kit knows a pane", "internal/views/kit/a.go", imports("kit", "devops-tui/internal/views/list"), "may not import internal/views/list"},
		{"a view knows a source", "internal/views/a.go", imports("views", "devops-tui/internal/sources/kube"), "may not import internal/sources/kube"},
		{"a view knows a verb", "internal/views/list/a.go", imports("list", "devops-tui/internal/actions/restart"), "may not import internal/actions/restart"},
		{"a view uses an SDK", "internal/views/a.go", imports("views", "k8s.io/api/core/v1"), "may not import k8s.io"},
		{"a view knows the application", "internal/views/a.go", imports("views", "devops-tui/internal/app"), "may not import internal/app"},
		{"the application uses an SDK", "internal/app/a.go", imports("app", "k8s.io/client-go/rest"), "may not import k8s.io"},
		{"main does more than start", "cmd/devops-tui/main.go", imports("main", "devops-tui/internal/core"), "may not import internal/core"},
		{"the product ships test tools", "internal/store/a.go", imports("store", "devops-tui/internal/testkit"), "may not import internal/testkit"},
		{"a test goes where its package may not", "internal/store/a_test.go", imports("store", "devops-tui/internal/views"), "may not import internal/views"},
		{"a folder without a room", "internal/stuff/a.go", "package stuff\n", "no room in the import table"},
		{"a vague folder", "internal/views/util/a.go", "package x\n", `a package called "util"`},
		{"a vague package", "internal/views/x/a.go", "package helpers\n", `a package called "helpers"`},
		{"a long file", "internal/core/a.go", "package core\n" + long, "split it"},
		{"a long file without a reason", "internal/core/a.go", "// Long: \npackage core\n" + long, "split it"},
		{"a test sleeps", "internal/core/a_test.go", "package core\nimport \"time\"\nfunc f() { time.Sleep(1) }\n", "line 3: time.Sleep"},
		{"a test sleeps under another name", "internal/core/a_test.go", "package core\nimport t \"time\"\nvar f = t.Sleep\n", "line 3: time.Sleep"},
		{"a test sleeps beside a bubble", "internal/core/a_test.go", "package core\nimport (\n\"time\"\n\"testing/synctest\"\n)\nfunc f() { synctest.Test(nil, nil); time.Sleep(1) }\n", "line 6: time.Sleep"},
		{"a test sleeps without a name", "internal/core/a_test.go", "package core\nimport . \"time\"\nvar f = Sleep\n", "line 3: time.Sleep"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := checkTree(t, map[string]string{c.file: c.content})
			if len(got) != 1 || !strings.HasPrefix(got[0], c.file+": ") || !strings.Contains(got[0], c.want) {
				t.Errorf("found %q, want one in %s with %q", got, c.file, c.want)
			}
		})
	}
}

func TestAHouseInOrderPasses(t *testing.T) {
	got := checkTree(t, map[string]string{
		"cmd/devops-tui/main.go":             "package main\nimport _ \"devops-tui/internal/app\"\n",
		"internal/core/a.go":                 "// Long: one table that is only readable as a whole\npackage core\n" + strings.Repeat("// line\n", maxLines+1),
		"internal/core/generated.go":         "// Code generated by a tool. DO NOT EDIT.\npackage core\n" + strings.Repeat("// line\n", maxLines+1),
		"internal/core/a_test.go":            "package core_test\nimport (\n_ \"devops-tui/internal/core\"\n_ \"devops-tui/internal/testkit\"\n_ \"time\"\n)\n",
		"internal/text/cells/a.go":           "package cells\nimport (\n_ \"devops-tui/internal/text\"\n_ \"github.com/charmbracelet/x/ansi\"\n)\n",
		"internal/sources/kube/rows/a.go":    "package rows\nimport (\n_ \"k8s.io/api/core/v1\"\n_ \"devops-tui/internal/sources\"\n_ \"devops-tui/internal/sources/kube/wire\"\n)\n",
		"internal/sources/all/a.go":          "package all\nimport (\n_ \"devops-tui/internal/sources/demo\"\n_ \"devops-tui/internal/sources/docker\"\n)\n",
		"internal/actions/all/a.go":          "package all\nimport _ \"devops-tui/internal/actions/restart\"\n",
		"internal/views/list/a.go":           "package list\nimport (\n_ \"charm.land/bubbletea/v2\"\n_ \"devops-tui/internal/views/kit\"\n_ \"devops-tui/internal/views/pane\"\n)\n",
		"internal/app/a.go":                  "package app\nimport (\n_ \"devops-tui/internal/sources/all\"\n_ \"devops-tui/internal/views\"\n)\n",
		"internal/app/a_test.go":             "package app\nimport \"time\"\ntype clock struct{}\nfunc (clock) Sleep(time.Duration) {}\nfunc f() { clock{}.Sleep(1) }\n",
		"internal/keys/a_test.go":            "package keys\nimport (\n\"time\"\n\"testing/synctest\"\n)\nfunc f() { synctest.Test(nil, func() { time.Sleep(1) }) }\n",
		"internal/keys/b_test.go":            "package keys\nimport (\n\"time\"\n\"testing/synctest\"\n)\nfunc inBubble() { time.Sleep(1); synctest.Wait() }\n",
		"test/cluster/own/go.mod":            "module own\n",
		"test/cluster/own/util/a.go":         "package util\nimport _ \"k8s.io/kubernetes\"\n",
		"internal/core/testdata/util/bad.go": "not Go at all",
	})
	if len(got) > 0 {
		t.Errorf("found %q", got)
	}
}

func checkTree(t *testing.T, files map[string]string) []string {
	t.Helper()
	root := t.TempDir()
	files["go.mod"] = "module " + module + "\n"
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	violations, err := check(root)
	if err != nil {
		t.Fatal(err)
	}
	return violations
}

// The table has one room for each package, and each room can be reached.
func TestNoRoomIsHiddenByAnEarlierOne(t *testing.T) {
	for i := range table {
		folder := strings.TrimSuffix(table[i].folder, "/...")
		if r := roomOf(folder); r != &table[i] {
			t.Errorf("%s is answered by %s", table[i].folder, r.folder)
		}
	}
	names := []string{}
	for _, r := range table {
		names = append(names, r.folder)
	}
	slices.Sort(names)
	if compact := slices.Compact(slices.Clone(names)); len(compact) != len(names) {
		t.Errorf("a room stands twice: %v", names)
	}
}
