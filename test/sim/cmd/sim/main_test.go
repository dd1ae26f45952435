package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/testkit"
)

type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func TestTheWorldsAreServedAndConfigured(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out output
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"-speed", "50"}, &out) }()
	testkit.PollTrue(t, 20*time.Second, "the command is printed", func() bool { return strings.Contains(out.String(), "--config") })
	path := strings.TrimSpace(out.String()[strings.Index(out.String(), "--config ")+len("--config "):])
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Sources map[string]any `yaml:"sources"`
	}
	if err := yaml.Unmarshal(b, &config); err != nil || len(config.Sources) != 4 {
		t.Errorf("%v\n%s", err, b)
	}
	if strings.Contains(string(b), token) {
		t.Error("a token is in the configuration")
	}
	for line := range strings.Lines(out.String()) {
		if f := strings.Fields(line); len(f) == 2 && strings.HasPrefix(f[1], "http://127.0.0.1:") {
			resp, err := http.Get(f[1] + "/")
			if err != nil {
				t.Errorf("%s: %v", f[0], err)
				continue
			}
			resp.Body.Close()
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the folder with the tokens is left behind")
	}
	if err := run(t.Context(), []string{"-only", "none"}, &out); err == nil {
		t.Error("a simulator that is not there was started")
	}
}
