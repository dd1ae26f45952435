package kube

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/process"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// helmTool is the user's helm, and what is known of releases.
type helmTool struct {
	getenv     func(string) string
	kubeconfig string // as KUBECONFIG has it; "": none, in a cluster
	gate       *sources.Gate

	mu     sync.Mutex
	path   string
	err    *core.Problem
	at     time.Time // of the last look
	charts map[chartID]chartInfo
	lives  map[releaseName]int // how often a release of that name was seen to end
}

type chartID struct {
	releaseName
	version int
}

// maxKnownCharts bounds what is remembered of charts.
const maxKnownCharts = 4096

func (h *helmTool) init(o sources.Options) {
	h.getenv, h.gate = o.Getenv, o.Gate
	if h.getenv == nil {
		h.getenv = os.Getenv
	}
	h.kubeconfig = h.getenv("KUBECONFIG")
	if h.kubeconfig == "" && o.Home != "" {
		if f := filepath.Join(o.Home, ".kube", "config"); exists(f) {
			h.kubeconfig = f
		}
	}
	h.charts, h.lives = map[chartID]chartInfo{}, map[releaseName]int{}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

var missingHelm = text.Lit("install Helm 3 or later: https://helm.sh/docs/intro/install/")

// find returns the binary's path; it looks again after a few seconds.
func (h *helmTool) find() (string, *core.Problem) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.at) > 10*time.Second {
		h.at, h.err = time.Now(), nil
		var err error
		if h.path, err = process.Look("helm", h.getenv); err != nil {
			h.err = &core.Problem{
				Kind: core.Unsupported, Summary: text.Lit("there is no helm on the PATH, which rolls releases back"),
				Hint: missingHelm, Cause: err,
			}
		}
	}
	return h.path, h.err
}

// environment is this process', with the kubeconfig that the cockpit uses, and
// without what would send helm to another cluster or make it look elsewhere for
// its records (https://helm.sh/docs/helm/helm/).
func (h *helmTool) environment() []string {
	var out []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "HELM_KUBE") && !strings.HasPrefix(e, "HELM_DRIVER=") && !strings.HasPrefix(e, "HELM_NAMESPACE=") && !strings.HasPrefix(e, "KUBECONFIG=") {
			out = append(out, e)
		}
	}
	out = append(out, "HELM_DRIVER=secret")
	if h.kubeconfig != "" {
		out = append(out, "KUBECONFIG="+h.kubeconfig)
	}
	return out
}

// version asks which Helm it is: 3, 4.
func (h *helmTool) version(ctx context.Context, path string) (major int, full string, err error) {
	var first string
	_, err = process.Run(ctx, process.Spec{Path: path, Args: []string{"version", "--short"}, Env: h.environment(), Line: func(stderr bool, l text.Line) {
		if !stderr && first == "" {
			first = l.String()
		}
	}})
	full = strings.TrimPrefix(first, "v")
	m, _, _ := strings.Cut(full, ".")
	major, _ = strconv.Atoi(m)
	full, _, _ = strings.Cut(full, "+")
	return major, full, err
}

// target are the flags that name the place of a release.
func (s *Source) helmTarget(namespace string) []string {
	out := []string{"-n", namespace}
	if s.helm.kubeconfig != "" {
		out = append(out, "--kube-context", s.scope)
	}
	return out
}

func (h *helmTool) chartOf(namespace, name string, version int) (chartInfo, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.charts[chartID{releaseName{namespace, name}, version}]
	return c, ok
}

func (h *helmTool) setChart(namespace, name string, version int, c chartInfo) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.charts) >= maxKnownCharts {
		clear(h.charts)
	}
	h.charts[chartID{releaseName{namespace, name}, version}] = c
}

// uid identifies one life of a release: Helm has no identity of its own, and a
// name comes back after an uninstall.
func (h *helmTool) uid(namespace, name string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := h.lives[releaseName{namespace, name}]; n > 0 {
		return namespace + "/" + name + "#" + strconv.Itoa(n)
	}
	return namespace + "/" + name
}

func (h *helmTool) died(id releaseName) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lives[id]++
	for k := range h.charts {
		if k.releaseName == id {
			delete(h.charts, k)
		}
	}
}
