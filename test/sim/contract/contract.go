// Package contract checks what simulators answer against the descriptions that
// the services publish, and against answers that were recorded from real ones.
// The descriptions are not part of the project: where they are not at hand, the
// check is reported as missing, and fails on CI.
package contract

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"devops-tui/internal/testkit"
)

// EnvFolder names the folder with the descriptions.
const EnvFolder = "DEVOPS_TUI_CONTRACTS"

// Folder is where the descriptions lie: $DEVOPS_TUI_CONTRACTS, or
// shared/contracts beside the project's folder.
func Folder(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv(EnvFolder)
	if dir == "" {
		_, file, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(file), "..", "..", "..", "..", "shared", "contracts")
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		testkit.Missing(tb, "the services' descriptions are not here", "set "+EnvFolder+" to their folder")
	}
	return dir
}

// Sample reads a recorded answer of the folder: "argocd/real-3.2.11/resource-tree.json".
func Sample(tb testing.TB, file string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(Folder(tb), filepath.FromSlash(file)))
	if err != nil {
		testkit.Missing(tb, "no "+file, "update the folder of descriptions")
	}
	return b
}

// Spec is one description. Its methods are safe for use by several goroutines.
type Spec struct {
	name   string
	routes []*route
	// Strict makes a member that the description does not know an error too.
	Strict bool
	// Prefix is taken off paths before they are looked up: "/api/v3".
	Prefix string
	// nulls says that null stands for a member that is left out.
	nulls bool
}

var loaded sync.Map // file -> func() (*Spec, error)

// OpenAPI3 reads a description of OpenAPI 3: "github/openapi-trimmed.json".
func OpenAPI3(tb testing.TB, file string) *Spec { return open(tb, file, nil) }

// Swagger2 reads a description of Swagger 2. Where it refers to definitions
// that it does not have, only paths and parameters are checked.
func Swagger2(tb testing.TB, file string) *Spec { return open(tb, file, upgrade) }

func open(tb testing.TB, file string, convert func(map[string]any) map[string]any) *Spec {
	tb.Helper()
	b := Sample(tb, file)
	once, _ := loaded.LoadOrStore(file, sync.OnceValues(func() (*Spec, error) { return parse(file, b, convert) }))
	s, err := once.(func() (*Spec, error))()
	if err != nil {
		tb.Fatal(err)
	}
	c := *s // the settings are the caller's own
	return &c
}

func parse(file string, b []byte, convert func(map[string]any) map[string]any) (*Spec, error) {
	if convert != nil {
		var doc map[string]any
		if err := json.Unmarshal(b, &doc); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		var err error
		if b, err = json.Marshal(convert(doc)); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	routes, err := readRoutes(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &Spec{name: file, routes: routes, nulls: convert != nil}, nil
}

// Paths are the paths of the description that begin with the prefix, with
// their methods: "GET /repos/{owner}/{repo}".
func (s *Spec) Paths(prefix string) []string {
	var out []string
	for _, r := range s.routes {
		if strings.HasPrefix(r.template, prefix) {
			out = append(out, r.method+" "+r.template)
		}
	}
	return out
}
