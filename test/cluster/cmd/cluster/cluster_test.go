package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The command is used the way make cluster does: up, kubectl, up again, down.
func TestUpPrintsAKubeconfigAndDownLeavesNothing(t *testing.T) {
	command := filepath.Join(t.TempDir(), "cluster")
	if out, err := exec.Command("go", "build", "-o", command, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dir := filepath.Join(t.TempDir(), "state")
	call := func(ctx context.Context, name string, flags ...string) string {
		t.Helper()
		cmd := exec.CommandContext(ctx, command, append([]string{name, "-dir", dir}, flags...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("cluster %s: %v\n%s", name, err, stderr.Bytes())
		}
		return strings.TrimSpace(string(out))
	}
	t.Cleanup(func() { call(context.Background(), "down") })
	config := call(t.Context(), "up", "-nodes", "1", "-demo-load", "24")
	pid, alive := supervisor(dir)
	if !alive {
		t.Fatal("no supervisor after up")
	}
	if again := call(t.Context(), "up", "-nodes", "1"); again != config {
		t.Errorf("a second up says %q, the first said %q", again, config)
	}
	out := call(t.Context(), "kubectl", "get", "pods", "-A", "-o", "json")
	var pods struct{ Items []struct{} }
	if err := json.Unmarshal([]byte(out), &pods); err != nil || len(pods.Items) != 24 {
		t.Errorf("%d pods (%v), want 24", len(pods.Items), err)
	}
	call(t.Context(), "down")
	if syscall.Kill(pid, 0) == nil {
		t.Errorf("process %d is still there after down", pid)
	}
	if _, err := os.Stat(filepath.Join(dir, readyFile)); !os.IsNotExist(err) {
		t.Error("the ready file was left over")
	}
}
