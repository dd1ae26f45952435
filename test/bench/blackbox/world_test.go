package blackbox

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
)

// datasetVersion is part of the cache's name: change it with what load makes.
const datasetVersion = 1

// nodesFor is how many nodes hold that many pods; a kwok node takes 1,000.
func nodesFor(pods int) int { return pods/900 + 2 }

// startCluster starts a control plane that holds the wanted number of healthy
// pods: nothing in it changes by itself. Many pods are made once and kept as an
// etcd folder in the user's cache.
func startCluster(b *testing.B) *cluster.Cluster {
	b.Helper()
	ctx := b.Context()
	o := cluster.Options{Nodes: nodesFor(*pods), Name: "bench"}
	if *pods >= 2000 {
		o.Etcd = dataset(b, *pods)
	}
	c, err := cluster.Start(ctx, o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Stop)
	if o.Etcd == "" {
		if err := load(ctx, c, *pods); err != nil {
			b.Fatal(err)
		}
	}
	if err := probePod(ctx, c); err != nil {
		b.Fatal(err)
	}
	return c
}

// dataset returns the etcd folder with that many pods, and makes it if needed.
func dataset(b *testing.B, pods int) string {
	b.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		b.Fatal(err)
	}
	dir := filepath.Join(cache, "devops-tui-test", fmt.Sprintf("etcd-%d-pods-v%d-%s", pods, datasetVersion, cluster.Version))
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	b.Logf("making %d pods once, kept in %s: several minutes", pods, dir)
	state := b.TempDir()
	c, err := cluster.Start(b.Context(), cluster.Options{
		Nodes: nodesFor(pods), Dir: state,
		Overrides: map[string][]string{
			"kube-controller-manager": {"--kube-api-qps=400", "--kube-api-burst=800", "--concurrent-deployment-syncs=10", "--concurrent-replicaset-syncs=20"},
			"kube-scheduler":          {"--kube-api-qps=400", "--kube-api-burst=800"},
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	err = load(b.Context(), c, pods)
	c.Stop()
	if err != nil {
		b.Fatal(err)
	}
	part := dir + ".part"
	_ = os.RemoveAll(part)
	if err := os.CopyFS(part, os.DirFS(filepath.Join(state, "etcd"))); err != nil {
		b.Fatal(err)
	}
	if err := os.Rename(part, dir); err != nil {
		b.Fatal(err)
	}
	return dir
}

// load makes healthy pods in deployments of up to 50 and waits until all run.
func load(ctx context.Context, c *cluster.Cluster, pods int) error {
	namespaces := []string{"billing", "platform", "search", "shop"}
	names := []string{"web", "api", "worker", "cache", "gateway", "indexer", "mailer", "ledger"}
	for _, ns := range namespaces {
		if err := c.CreateNamespace(ctx, ns); err != nil {
			return err
		}
	}
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	work := make(chan cluster.Workload)
	for range 6 {
		wg.Go(func() {
			for w := range work {
				if err := c.Deploy(ctx, w); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	size := min(50, max(pods/20, 1))
	for i, left := 0, pods; left > 0; i++ {
		n := min(size, left)
		left -= n
		work <- cluster.Workload{
			Namespace: namespaces[i%4], Name: fmt.Sprintf("%s-%d", names[i%8], i/8), Replicas: n, CPU: "20m", Memory: "64Mi",
			Labels: map[string]string{"team": fmt.Sprintf("team-%d", i%5)},
		}
	}
	close(work)
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	last := -1
	for quiet := time.Now(); ; {
		n, err := count(ctx, c, "status.phase=Running")
		switch {
		case err != nil:
			return err
		case n >= pods:
			return nil
		case n != last:
			last, quiet = n, time.Now()
		case time.Since(quiet) > 3*time.Minute:
			return fmt.Errorf("%d of %d pods run, and no more come", n, pods)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// count counts the pods that a field selector selects.
func count(ctx context.Context, c *cluster.Cluster, selector string) (int, error) {
	n, next := 0, ""
	for {
		b, err := c.Do(ctx, "GET", "/api/v1/pods?limit=500&fieldSelector="+selector+"&continue="+next, "", nil)
		if err != nil {
			return 0, err
		}
		var list struct {
			Items    []struct{}
			Metadata struct{ Continue string }
		}
		if err := json.Unmarshal(b, &list); err != nil {
			return 0, err
		}
		n += len(list.Items)
		if next = list.Metadata.Continue; next == "" {
			return n, nil
		}
	}
}

// The probe is the first row of both programs: the cockpit shows what is not
// ready first, the floor what is first in the alphabet.
const probeNamespace, probeName = "aaa", "probe"

func probePod(ctx context.Context, c *cluster.Cluster) error {
	if err := c.CreateNamespace(ctx, probeNamespace); err != nil {
		return err
	}
	return c.Deploy(ctx, cluster.Workload{Namespace: probeNamespace, Name: probeName, Replicas: 1, Fail: cluster.NotReady})
}

// podNames returns namespace/name of all pods of a namespace ("": all).
func podNames(b *testing.B, c *cluster.Cluster, namespace string) []string {
	b.Helper()
	path := "/api/v1/pods"
	if namespace != "" {
		path = "/api/v1/namespaces/" + namespace + "/pods"
	}
	var names []string
	testkit.Poll(b, time.Minute, func() error {
		var list struct {
			Items []struct {
				Metadata struct{ Namespace, Name string }
				Status   struct{ ContainerStatuses []struct{} }
			}
		}
		if err := c.Get(b.Context(), path+"?limit=2000", &list); err != nil {
			return err
		}
		names = names[:0]
		for _, i := range list.Items {
			if len(i.Status.ContainerStatuses) > 0 {
				names = append(names, i.Metadata.Namespace+"/pods/"+i.Metadata.Name)
			}
		}
		if len(names) == 0 {
			return fmt.Errorf("no pod of %q has a status yet", namespace)
		}
		return nil
	})
	return names
}

// setRestarts changes what the screen shows of a pod.
func setRestarts(ctx context.Context, c *cluster.Cluster, pod string, n int) error {
	patch := fmt.Appendf(nil, `[{"op":"replace","path":"/status/containerStatuses/0/restartCount","value":%d}]`, n)
	_, err := c.Do(ctx, "PATCH", "/api/v1/namespaces/"+pod+"/status", "application/json-patch+json", patch)
	return err
}

// churned makes every change one, over both programs: a value that is there
// already would make no event.
var churned atomic.Int64

// churn changes perSecond pods a second until stop, which returns the rate
// that was reached.
func churn(b *testing.B, c *cluster.Cluster, names []string, perSecond int) (stop func() float64) {
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	var done atomic.Int64
	began := time.Now()
	const workers = 4
	for w := range workers {
		wg.Go(func() {
			tick := time.NewTicker(time.Second * workers / time.Duration(perSecond))
			defer tick.Stop()
			for i := w; ; i += workers {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				if setRestarts(ctx, c, names[(i*7919)%len(names)], int(churned.Add(1))) == nil {
					done.Add(1)
				}
			}
		})
	}
	return func() float64 {
		cancel()
		wg.Wait()
		return float64(done.Load()) / time.Since(began).Seconds()
	}
}
