package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"devops-tui/internal/testkit"
)

// The environment variables that name ready-made programs, which
// BuildRollouts and BuildRolloutsCLI then return as they are.
const (
	EnvRollouts    = "DEVOPS_TUI_ROLLOUTS"
	EnvRolloutsCLI = "DEVOPS_TUI_ROLLOUTS_CLI"
)

const nameRollouts = "rollouts-controller"

var (
	rolloutsModule = module{
		folder: "rollouts", pkg: "github.com/argoproj/argo-rollouts/cmd/rollouts-controller", about: "the Argo Rollouts controller: about 10 CPU minutes", ldflags: "-s -w",
	}
	rolloutsCLI = module{
		folder: "rollouts", pkg: "github.com/argoproj/argo-rollouts/cmd/kubectl-argo-rollouts", about: "the Argo Rollouts command line: about 1 CPU minute after the controller", ldflags: "-s -w",
	}
)

// BuildRollouts is [Build] for Argo Rollouts' controller.
func BuildRollouts(ctx context.Context, log io.Writer) (string, error) {
	if path := os.Getenv(EnvRollouts); path != "" {
		return path, nil
	}
	return rolloutsModule.build(ctx, log)
}

// BuildRolloutsCLI is [Build] for the kubectl plugin of Argo Rollouts.
func BuildRolloutsCLI(ctx context.Context, log io.Writer) (string, error) {
	if path := os.Getenv(EnvRolloutsCLI); path != "" {
		return path, nil
	}
	return rolloutsCLI.build(ctx, log)
}

// InstallArgo installs the definitions of Argo CD and Argo Rollouts, of the
// versions in the go.mod files of the folders argocd and rollouts, and waits until
// they are served. Nothing acts on their objects: for rollouts, see [Cluster.StartRollouts].
func (c *Cluster) InstallArgo(ctx context.Context) error {
	var names []string
	for folder, mod := range map[string]string{"rollouts": "github.com/argoproj/argo-rollouts", "argocd": "github.com/argoproj/argo-cd/v3"} {
		dir, err := moduleDir(ctx, folder, mod)
		if err != nil {
			return err
		}
		files, err := filepath.Glob(filepath.Join(dir, "manifests", "crds", "*-crd.yaml"))
		if err != nil || len(files) == 0 {
			return fmt.Errorf("no definitions in %s: %w", dir, err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				return err
			}
			b = append([]byte("\n"), b...)
			if err := c.ApplyNew(ctx, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", b); err != nil {
				return fmt.Errorf("install %s: %w", filepath.Base(f), err)
			}
			names = append(names, filepath.Base(f))
		}
	}
	return c.poll(ctx, "Argo's definitions", func() error {
		var list struct {
			Items []struct {
				Spec   struct{ Group string }
				Status struct {
					Conditions []struct{ Type, Status string }
				}
			}
		}
		if err := c.Get(ctx, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &list); err != nil {
			return err
		}
		ready := 0
		for _, d := range list.Items {
			for _, cond := range d.Status.Conditions {
				if d.Spec.Group == "argoproj.io" && cond.Type == "Established" && cond.Status == "True" {
					ready++
				}
			}
		}
		if ready < len(names) {
			return fmt.Errorf("%d of %d are established", ready, len(names))
		}
		// established is not yet served
		for _, r := range []string{"applications", "appprojects", "rollouts", "analysisruns"} {
			if _, err := c.Do(ctx, "GET", "/apis/argoproj.io/v1alpha1/"+r+"?limit=1", "", nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// moduleDir is where a module that a folder's go.mod requires is unpacked; it is
// downloaded if it is not there.
func moduleDir(ctx context.Context, folder, mod string) (string, error) {
	dir, err := sourceDir()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", mod)
	cmd.Dir = filepath.Join(dir, folder)
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	out, err := cmd.Output()
	var answer struct{ Dir, Error string }
	switch jsonErr := json.Unmarshal(out, &answer); {
	case answer.Error != "":
		return "", fmt.Errorf("fetch %s: %s", mod, answer.Error)
	case err != nil || jsonErr != nil:
		return "", fmt.Errorf("fetch %s: %w", mod, errors.Join(err, jsonErr))
	}
	return answer.Dir, nil
}

// StartRollouts starts Argo Rollouts' own controller as a host process, after
// [Cluster.InstallArgo]; it is built on first use, see [BuildRollouts].
//
// It has no flag for the address of its metrics and health servers, which would
// listen everywhere. It goes on when they cannot listen, so it gets ports
// that no address has.
func (c *Cluster) StartRollouts(ctx context.Context) error {
	binary, err := BuildRollouts(ctx, c.log)
	if err != nil {
		return err
	}
	if err := c.InstallArgo(ctx); err != nil {
		return err
	}
	if err := c.CreateNamespace(ctx, "argo-rollouts"); err != nil && !strings.Contains(err.Error(), "AlreadyExists") {
		return err
	}
	if err := c.spawn(binary, nameRollouts, []string{
		"--kubeconfig=" + c.Kubeconfig, "--leader-elect=false", "--metricsPort=-1", "--healthzPort=-1", "--qps=200", "--burst=400", "--loglevel=warn",
	}); err != nil {
		return err
	}
	// It is up when it gives a rollout its status.
	const probe = `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: probe, namespace: argo-rollouts}
spec:
  replicas: 0
  selector: {matchLabels: {app: probe}}
  template: {metadata: {labels: {app: probe}}, spec: {containers: [{name: main, image: probe}]}}
  strategy: {canary: {}}
`
	const collection = "/apis/argoproj.io/v1alpha1/namespaces/argo-rollouts/rollouts"
	if err := c.ApplyNew(ctx, collection, []byte(probe)); err != nil {
		return err
	}
	if err := c.poll(ctx, "the rollouts controller", func() error {
		var o struct{ Status struct{ Phase string } }
		if err := c.Get(ctx, collection+"/probe", &o); err != nil {
			return err
		}
		if o.Status.Phase == "" {
			return errors.New("it has not looked at a rollout yet")
		}
		return nil
	}); err != nil {
		return err
	}
	_, err = c.Do(ctx, "DELETE", collection+"/probe", "", nil)
	return err
}

var sharedArgo struct {
	sync.Once
	cluster *Cluster
	err     error
}

// SharedArgo is [Shared] for a cluster of its own with [Cluster.StartRollouts]:
// Argo's definitions, and the real controller of rollouts. Nothing acts on
// applications. It has a user eve without rights of her own.
func SharedArgo(tb testing.TB) *Cluster {
	tb.Helper()
	sharedArgo.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 40*time.Minute) // a cold build
		defer cancel()
		c, err := Start(ctx, Options{Nodes: 2, Audit: true, Users: map[string][]string{"eve": nil}, Log: os.Stderr})
		if err == nil {
			testkit.AtExit(tb, c.Stop)
			err = c.StartRollouts(ctx)
		}
		sharedArgo.cluster, sharedArgo.err = c, err
	})
	if sharedArgo.err != nil {
		tb.Fatal(sharedArgo.err)
	}
	return sharedArgo.cluster
}

// KubectlPath is the multi-call binary, which is kubectl by that name.
func (c *Cluster) KubectlPath() string { return c.hyper }
