package dockertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestAContainerRunsAndLogsOnBothStreams(t *testing.T) {
	e := Shared(t)
	id := e.RunFor(t, RunSpec{Args: []string{"-name", "x", "-rate", "200", "-lines", "10", "-exit", "3"}})
	waitState(t, e, id, func(s State) bool { return s.Status == "exited" && s.ExitCode == 3 })
	b, err := e.Do(t.Context(), "GET", "/containers/"+id+"/logs?stdout=1&stderr=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	for seq := 1; seq <= 10; seq++ {
		if !bytes.Contains(b, fmt.Appendf(nil, "seq=%d name=x level=", seq)) {
			t.Errorf("line %d is missing in %q", seq, b)
		}
	}
	// a frame's first byte is its stream, see the API's "Attach to a container"
	if n := bytes.Count(b, []byte("\x02\x00\x00\x00")); n != 2 {
		t.Errorf("%d frames on stderr, want 2: %q", n, b)
	}
}

func TestExecTurnsTheHealthCheck(t *testing.T) {
	e := Shared(t)
	id := e.RunFor(t, RunSpec{Health: 200 * time.Millisecond})
	waitState(t, e, id, func(s State) bool { return s.Health.Status == "healthy" })
	if err := e.Exec(t.Context(), id, "sicken"); err != nil {
		t.Fatal(err)
	}
	waitState(t, e, id, func(s State) bool { return s.Health.Status == "unhealthy" })
	if err := e.Exec(t.Context(), id, "exit", "4"); err == nil || !strings.Contains(err.Error(), "status 4") {
		t.Errorf("exec of exit 4: %v", err)
	}
}

func TestThreeProjectsOfTwentyContainers(t *testing.T) {
	e := StartFor(t, Options{})
	ids, err := e.Compose3Projects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) != 20 {
		t.Fatalf("%d containers, want 20", len(ids))
	}
	waitState(t, e, ids["shop-import-1"], func(s State) bool { return s.Status == "exited" && s.ExitCode == 3 })
	waitState(t, e, ids["billing-mailer-1"], func(s State) bool { return s.Restarts >= 2 })
	waitState(t, e, ids["platform-search-1"], func(s State) bool { return s.Health.Status == "unhealthy" })
	waitState(t, e, ids["platform-etl-1"], func(s State) bool { return s.OOMKilled && s.ExitCode == 137 })
	waitState(t, e, ids["shop-web-1"], func(s State) bool { return s.Health.Status == "healthy" })

	var list []struct{ Labels map[string]string }
	b, err := e.Do(t.Context(), "GET", "/containers/json?all=1", nil)
	if err == nil {
		err = json.Unmarshal(b, &list)
	}
	if err != nil {
		t.Fatal(err)
	}
	perProject := map[string]int{}
	for _, c := range list {
		perProject[c.Labels["com.docker.compose.project"]]++
	}
	if perProject["shop"] != 8 || perProject["billing"] != 7 || perProject["platform"] != 5 {
		t.Errorf("containers per project: %v", perProject)
	}
	out, err := e.Docker(t.Context(), "ps", "--quiet", "--all")
	if err != nil || len(strings.Fields(string(out))) != 20 {
		t.Errorf("docker ps shows %d, %v", len(strings.Fields(string(out))), err)
	}
}

func TestAKilledEngineComesBackOnTheSameSocket(t *testing.T) {
	e := StartFor(t, Options{})
	id, err := e.Run(t.Context(), RunSpec{Restart: "always"})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Do(t.Context(), "GET", "/_ping", nil); err == nil {
		t.Fatal("a killed engine answers")
	}
	if err := e.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitState(t, e, id, func(s State) bool { return s.Status == "running" })
	if err := e.Restart(t.Context()); err != nil { // an orderly one
		t.Fatal(err)
	}
	waitState(t, e, id, func(s State) bool { return s.Status == "running" })

	if err := e.Pause(); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := e.Do(short, "GET", "/_ping", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a paused engine: %v, want silence", err)
	}
	if err := e.Resume(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Do(t.Context(), "GET", "/_ping", nil); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestStopLeavesNothing(t *testing.T) {
	e := StartFor(t, Options{})
	if _, err := e.Run(t.Context(), RunSpec{Name: "left-over", Args: []string{"-deaf"}}); err != nil {
		t.Fatal(err)
	}
	marker := []byte(filepath.Base(e.Dir))
	if len(processesWith(marker)) == 0 {
		t.Fatal("the engine's processes are not found to begin with")
	}
	e.Stop()
	testkit.Poll(t, 5*time.Second, func() error {
		if left := processesWith(marker); len(left) > 0 {
			return fmt.Errorf("left over: %q", left)
		}
		return nil
	})
	if _, err := os.Stat(e.Dir); !os.IsNotExist(err) {
		t.Errorf("left over: %s", e.Dir)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil || bytes.Contains(mounts, marker) {
		t.Errorf("left over mounts (%v):\n%s", err, mounts)
	}
	if groups := cgroupDirs(filepath.Base(e.Dir)); len(groups) > 0 {
		t.Errorf("left over: %v", groups)
	}
}

func TestAnEngineOnTCP(t *testing.T) {
	e := StartFor(t, Options{HostNetwork: true, Args: []string{"--host=tcp://127.0.0.1:0", "--tls=false"}})
	if _, err := e.Do(t.Context(), "GET", "/_ping", nil); err != nil {
		t.Fatal(err)
	}
}

// processesWith returns the command lines that contain the marker.
func processesWith(marker []byte) (found []string) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && bytes.Contains(b, marker) {
			found = append(found, string(b))
		}
	}
	return found
}

func waitState(t *testing.T, e *Engine, id string, ok func(State) bool) {
	t.Helper()
	testkit.Poll(t, 30*time.Second, func() error {
		s, err := e.State(t.Context(), id)
		if err == nil && !ok(s) {
			err = fmt.Errorf("state %+v", s)
		}
		return err
	})
}
